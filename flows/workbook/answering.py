"""The sheets of the workbook that a coordinator writes in; ``prescreen answers`` reads them back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from criteria.worklist import look_up_sentence
from flows.answers.in_force import COUNTS
from flows.answers.store import TAKE_BACK
from flows.evidence_key import evidence_key, standing_text
from flows.report import ReportedRun
from flows.stories import Judged, Story
from flows.workbook.sheets import Sheet
from schemas.extract import TABLES
from schemas.words import ANSWERS, SCREENING_STATUSES

# What a person may answer tonight.
ASKED_REASONS = ("needs_attestation", "needs_review")
ANSWER_COLUMNS = {
    "trial_id": pl.String,
    "patient_id": pl.String,
    "criterion_id": pl.String,
    "question": pl.String,
    "earlier": pl.String,
    "answer": pl.String,
    "answered_by": pl.String,
    "date": pl.Date,
    "comment": pl.String,
    "evidence": pl.String,
}
STATUS_COLUMNS = {
    "trial_id": pl.String,
    "patient_id": pl.String,
    "rank": pl.Int64,
    "tier": pl.String,
    "earlier": pl.String,
    "status": pl.String,
    "answered_by": pl.String,
    "date": pl.Date,
    "comment": pl.String,
    "evidence": pl.String,
}
CORRECTION_COLUMNS = {
    "patient_id": pl.String,
    "table": pl.String,
    "source_row": pl.Int64,
    "column": pl.String,
    "corrected_value": pl.String,
    "source": pl.String,
    "answered_by": pl.String,
    "date": pl.Date,
    "comment": pl.String,
}
GIVEN = ("answered_by", "date", "comment")
# What tells the rows of a sheet apart, what may be written in, and what one of its cells may say.
KEYS = {"answers": ("trial_id", "patient_id", "criterion_id"), "status": ("trial_id", "patient_id")}
OPEN = {
    "answers": ("answer", *GIVEN),
    "status": ("status", *GIVEN),
    "corrections": tuple(CORRECTION_COLUMNS),
}
CORRECTED_TABLES = tuple(name for name in TABLES if name not in ("attestations", "screening_log", "coverage"))
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "answers": {"answer": (*ANSWERS, TAKE_BACK)},
    "status": {"status": (*SCREENING_STATUSES, TAKE_BACK)},
    "corrections": {"table": CORRECTED_TABLES},
}
COLUMNS = {"answers": ANSWER_COLUMNS, "status": STATUS_COLUMNS, "corrections": CORRECTION_COLUMNS}
CORRECTION_ROWS = 200
ANSWERING = (
    "Answer in the yellow cells; nothing else can be written in. Save the workbook and have it read: "
    "prescreen answers WORKBOOK --out OUT. The next night uses what it says."
)
_NOTES = {
    "answers": "Does the criterion stand in the way? pass: no; fail: yes. take_back: the earlier answer "
    "shall not count. An answer counts until what it rests on changes.",
    "status": "What came of it: contacted, declined, enrolled and so on. Who declined or failed screening "
    "comes back when new data give another verdict.",
    "corrections": "What the registry has wrong: table, row and column as the evidence names them (no row: "
    "it is missing), the right value, and where it stands. The registry's data manager is asked to correct "
    "it; until then no verdict changes.",
}


@dataclass(frozen=True)
class Told:
    """One patient of one trial's workbook: the place in the list (None: taken off it by an answer)."""

    run: ReportedRun
    story: Story
    rank: int | None
    tier: str


def answering_frames(told: Sequence[Told]) -> dict[str, pl.DataFrame]:
    """The rows of one trial on the sheets answers and status."""
    return {
        "answers": _frame("answers", [row for one in told if one.rank for row in _answer_rows(one)]),
        "status": _frame("status", [_status_row(one) for one in told]),
    }


def answering_sheets(trials: Sequence[Mapping[str, pl.DataFrame]], widths: Mapping[str, int]) -> list[Sheet]:
    """The sheets answers, status and corrections; each trial's rows are given by ``answering_frames``."""
    frames = {name: pl.concat([trial[name] for trial in trials]) for name in KEYS}
    blank = [(None,) * len(CORRECTION_COLUMNS)] * CORRECTION_ROWS
    frames["corrections"] = _frame("corrections", blank)
    return [
        Sheet(name, frames[name], widths=widths, open=OPEN[name], choices=CHOICES[name], hidden=("evidence",))
        for name in COLUMNS
    ]


def _frame(sheet: str, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS[sheet], orient="row")


def answering_notes() -> Iterator[tuple[str, str]]:
    """What a reader must know to answer, for the sheet about the workbook."""
    yield "answers", ANSWERING
    for name, note in _NOTES.items():
        yield f"sheet {name}", note


def taken_off(run: ReportedRun, most: int) -> list[str]:
    """The patients whom an answer in a workbook keeps off the list, the newest first."""
    closed = run.answers.filter(pl.col("criterion_id").is_null(), pl.col("state") == COUNTS)
    off = closed.join(run.not_listed, on="patient_id", how="semi")
    ids: list[str] = off.sort("date", "patient_id", descending=[True, False])["patient_id"].to_list()
    return ids[:most]


def _answer_rows(told: Told) -> Iterator[tuple[Any, ...]]:
    trial, story = told.run.trial, told.story
    for one in story.judged:
        # Who answered may think again, as long as only a person can decide.
        if one.verdict["reason"] in ASKED_REASONS or one.answered:
            key = evidence_key(trial, story.patient_id, one.criterion, one.pieces)
            asked, earlier = _question(told.run, one), "; ".join(one.answered) or None
            blank = (None,) * len(OPEN["answers"])
            yield trial.id, story.patient_id, one.criterion.id, asked, earlier, *blank, key


def _question(run: ReportedRun, one: Judged) -> str:
    reason = one.verdict["reason"]
    if reason not in ASKED_REASONS:
        reason = "needs_attestation" if one.criterion.manual else "needs_review"
    return look_up_sentence(one.criterion, reason, run.catalogue)


def _status_row(told: Told) -> tuple[Any, ...]:
    trial, story = told.run.trial, told.story
    standing = standing_text(
        (one.verdict, evidence_key(trial, story.patient_id, one.criterion, one.pieces))
        for one in story.judged
    )
    earlier = "; ".join(story.status) or None
    blank = (None,) * len(OPEN["status"])
    return trial.id, story.patient_id, told.rank, told.tier, earlier, *blank, standing
