"""What stands in the workbook of a run: the list, why, what to look up, what changed, room for answers."""

from collections.abc import Iterator, Sequence

import polars as pl

from criteria.evidence import Evidence
from criteria.trial import Criterion
from criteria.worklist import label_of, look_up_sentence
from flows.evidence_key import evidence_key
from flows.evidence_words import days_of, flags_of, how_long, source_of, value_of
from flows.report import ReportedRun
from flows.stories import Judged, Story, stories
from flows.wording import REASON_WORDS, verdict_in_words
from flows.workbook.sheets import Sheet
from schemas.words import ANSWERS, SCREENING_STATUSES

# The best of each trial's list are told criterion by criterion and have room for answers.
MOST_PATIENTS = 250
_ANSWERING = (
    "Answer in the yellow cells; nothing else can be written in. This workbook is not read back: the next "
    "night knows an answer when it stands in the registry's tables attestations and screening_log."
)
# What a person may answer tonight.
ASKED_REASONS = ("needs_attestation", "needs_review")
ANSWER_COLUMNS = {
    "trial_id": pl.String,
    "patient_id": pl.String,
    "criterion_id": pl.String,
    "question": pl.String,
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
    "status": pl.String,
    "date": pl.Date,
    "comment": pl.String,
}
_CRITERIA_COLUMNS = {
    "trial_id": pl.String,
    "rank": pl.Int64,
    "patient_id": pl.String,
    "criterion_id": pl.String,
    "verdict": pl.String,
    "what_next": pl.String,
    "how_long": pl.String,
    "rests_on": pl.String,
}
_TEXT_COLUMNS = ("trial_id", "criterion_id", "kind", "protocol", "asks", "not_checked")
_WIDTHS = {
    "trial_id": 28,
    "patient_id": 22,
    "failing_criteria": 40,
    "unknown_criteria": 40,
    "question": 60,
    "comment": 45,
    "verdict": 30,
    "what_next": 60,
    "how_long": 45,
    "rests_on": 90,
    "what": 60,
    "criteria": 30,
    "reasons": 40,
    "patient_ids": 60,
    "before": 18,
    "after": 18,
    "causes": 30,
    "protocol": 90,
    "asks": 60,
    "not_checked": 60,
    "reason": 60,
    "rule": 24,
    "name": 30,
    "table": 22,
    "text": 100,
}


def workbook_sheets(runs: Sequence[ReportedRun], about: Sequence[tuple[str, str]]) -> list[Sheet]:
    """The sheets of a run whose tables are written; ``runs`` are its trials, of the same folder."""
    told = [list(_told(run)) for run in runs]
    every = list(zip(runs, told, strict=True))
    changes = [run.changes for run in runs if run.changes is not None]
    return [
        _sheet("candidates", pl.concat([run.candidates for run in runs])),
        _sheet("criteria", _frame(_CRITERIA_COLUMNS, [row for one in every for row in _criteria_rows(*one)])),
        _answers([row for one in every for row in _answer_rows(*one)]),
        _status([row for run in runs for row in _status_rows(run)]),
        _sheet("worklist", pl.concat([run.lookups for run in runs])),
        *([_sheet("changes", pl.concat(changes))] if changes else []),
        _sheet("criteria text", _texts(runs)),
        *_quality(runs[0]),
        _sheet(
            "about", pl.DataFrame([*about, *_notes(runs)], schema=["what", "text"], orient="row"), what=24
        ),
    ]


def _sheet(name: str, frame: pl.DataFrame, **widths: int) -> Sheet:
    return Sheet(name, frame, widths={**_WIDTHS, **widths})


def _frame(columns: dict[str, type[pl.DataType]], rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=columns, orient="row")


def _told(run: ReportedRun) -> Iterator[tuple[int, Story]]:
    """The stories of the best of the list, with their rank."""
    best = run.candidates.head(MOST_PATIENTS)
    told = stories(run.folder, run.trial, run.anchors.as_of, run.catalogue, best["patient_id"].to_list())
    yield from zip(best["rank"].to_list(), told, strict=True)


def _criteria_rows(run: ReportedRun, told: list[tuple[int, Story]]) -> Iterator[tuple[object, ...]]:
    for rank, story in told:
        for one in story.judged:
            verdict = verdict_in_words({**one.verdict, "kind": one.criterion.kind})
            rests_on = "; ".join(_piece(run, piece) for piece in one.pieces)
            lasts = how_long(one.verdict["holds_until"])
            yield run.trial.id, rank, story.patient_id, one.criterion.id, verdict, one.to_do, lasts, rests_on


def _piece(run: ReportedRun, piece: Evidence) -> str:
    label = label_of(piece.name, run.catalogue)
    if not piece.found:
        return f"{label}: not recorded"
    value = value_of(piece, run.catalogue, run.anchors.as_of)
    parts = (value, days_of(piece), *piece.details, source_of(piece), *flags_of(piece))
    return f"{label}: {', '.join(part for part in parts if part)}"


def _answer_rows(run: ReportedRun, told: list[tuple[int, Story]]) -> Iterator[tuple[object, ...]]:
    questions: dict[tuple[str, str], str] = {}
    for _, story in told:
        for one in story.judged:
            if one.verdict["reason"] in ASKED_REASONS:
                key = evidence_key(run.trial, story.patient_id, one)
                about = one.criterion.id, one.verdict["reason"]
                asked = questions.get(about) or questions.setdefault(about, _question(run, one))
                yield run.trial.id, story.patient_id, one.criterion.id, asked, None, None, None, None, key


def _question(run: ReportedRun, one: Judged) -> str:
    return look_up_sentence(one.criterion, one.verdict["reason"], run.catalogue)


def _answers(rows: list[tuple[object, ...]]) -> Sheet:
    return Sheet(
        "answers",
        _frame(ANSWER_COLUMNS, rows),
        widths=_WIDTHS,
        open=("answer", "answered_by", "date", "comment"),
        choices={"answer": ANSWERS},
        hidden=("evidence",),
    )


def _status_rows(run: ReportedRun) -> Iterator[tuple[object, ...]]:
    for row in run.candidates.head(MOST_PATIENTS).iter_rows(named=True):
        yield run.trial.id, row["patient_id"], row["rank"], row["tier"], None, None, None


def _status(rows: list[tuple[object, ...]]) -> Sheet:
    return Sheet(
        "status",
        _frame(STATUS_COLUMNS, rows),
        widths=_WIDTHS,
        open=("status", "date", "comment"),
        choices={"status": SCREENING_STATUSES},
    )


def _texts(runs: Sequence[ReportedRun]) -> pl.DataFrame:
    rows = [_text(run, criterion) for run in runs for criterion in run.trial.criteria]
    return pl.DataFrame(rows, schema=dict.fromkeys(_TEXT_COLUMNS, pl.String), orient="row")


def _text(run: ReportedRun, criterion: Criterion) -> tuple[str | None, ...]:
    note = criterion.note.strip() or None
    return run.trial.id, criterion.id, criterion.kind, " ".join(criterion.protocol), criterion.manual, note


def _quality(run: ReportedRun) -> list[Sheet]:
    """Rows of each table, rules that rows broke, and names that no code list has: the same for all trials."""
    load = [{"table": table, **counts} for table, counts in sorted(run.manifest["rows"]["load"].items())]
    kinds = dict.fromkeys(("read", "accepted", "quarantined", "duplicates"), pl.Int64)
    rules = run.quarantine.group_by("table", "column", "rule", "reason").len("rows").cast({"rows": pl.Int64})
    order = ["rows", "table", "column", "rule", "reason"]
    return [
        _sheet("data quality", pl.DataFrame(load, schema={"table": pl.String, **kinds})),
        _sheet("quarantine", rules.sort(order, descending=[True, *[False] * 4])),
        _sheet("unlisted names", run.unmapped),
    ]


def _notes(runs: Sequence[ReportedRun]) -> Iterator[tuple[str, str]]:
    yield "sheet answers", _ANSWERING
    yield "sheet status", "Say what came of it for a patient: contacted, declined, enrolled and so on."
    for run in runs:
        if run.candidates.height > MOST_PATIENTS:
            told = f"the best {MOST_PATIENTS} of {run.candidates.height} patients of {run.trial.id}"
            yield "long list", f"the sheets criteria, answers and status hold {told}"
    for reason, words in REASON_WORDS.items():
        yield f"unknown: {reason}", words
