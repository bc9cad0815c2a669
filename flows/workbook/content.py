"""What stands in the workbook of a run: the list, why, what to look up, what changed, room for answers."""

from collections.abc import Iterator, Sequence

import polars as pl

from criteria.evidence import Evidence
from criteria.trial import Criterion
from criteria.worklist import label_of
from flows.evidence_words import days_of, flags_of, how_long, source_of, value_of
from flows.report import ReportedRun
from flows.stories import Judged, stories
from flows.wording import REASON_WORDS, verdict_in_words
from flows.workbook.answering import Told, answering_frames, answering_notes, answering_sheets, taken_off
from flows.workbook.sheets import Sheet

# The best of each trial's list are told criterion by criterion and have room for answers.
MOST_PATIENTS = 250
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
    "repeat_labs_before": 20,
    "repeat_labs_criteria": 30,
    "unknown_criteria": 40,
    "question": 60,
    "earlier": 45,
    "corrected_value": 24,
    "source": 45,
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
    told = [_of_trial(run) for run in runs]
    changes = [run.changes for run in runs if run.changes is not None]
    return [
        _sheet("candidates", pl.concat([run.whole_list() for run in runs])),
        _sheet("criteria", pl.concat([trial["criteria"] for trial in told])),
        *answering_sheets(told, _WIDTHS),
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


def _of_trial(run: ReportedRun) -> dict[str, pl.DataFrame]:
    """The rows that are told patient by patient; the patients themselves are let go of, as they are large."""
    told = list(_told(run))
    rows = [row for one in told if one.rank for row in _criteria_rows(one)]
    return {"criteria": pl.DataFrame(rows, schema=_CRITERIA_COLUMNS, orient="row"), **answering_frames(told)}


def _told(run: ReportedRun) -> Iterator[Told]:
    """The best of the list, then those whom an answer took off it."""
    best = run.candidates.head(MOST_PATIENTS)
    off = taken_off(run, MOST_PATIENTS)
    listed: list[tuple[int | None, str]] = list(best.select("rank", "tier").iter_rows())
    places = listed + [(None, "not listed")] * len(off)
    told = stories(run.folder, run.trial, run.anchors.as_of, run.catalogue, [*best["patient_id"], *off])
    for story, (rank, tier) in zip(told, places, strict=True):
        yield Told(run, story, rank, tier)


def _criteria_rows(told: Told) -> Iterator[tuple[object, ...]]:
    run, story = told.run, told.story
    for one in story.judged:
        verdict = verdict_in_words({**one.verdict, "kind": one.criterion.kind})
        rests_on = "; ".join([*(_piece(run, piece) for piece in one.pieces), *_answered(one)])
        lasts = how_long(one.verdict["holds_until"])
        yield run.trial.id, told.rank, story.patient_id, one.criterion.id, verdict, one.to_do, lasts, rests_on


def _answered(one: Judged) -> Iterator[str]:
    yield from (f"attested: {text}" for text in one.attested)
    yield from (f"answered: {text}" for text in one.answered)


def _piece(run: ReportedRun, piece: Evidence) -> str:
    label = label_of(piece.name, run.catalogue)
    if not piece.found:
        return f"{label}: not recorded"
    value = value_of(piece, run.catalogue, run.anchors.as_of)
    parts = (value, days_of(piece), *piece.details, source_of(piece), *flags_of(piece))
    return f"{label}: {', '.join(part for part in parts if part)}"


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
    rules = run.broken_rules.select("table", "column", "rule", "reason", pl.col("rows").cast(pl.Int64))
    order = ["rows", "table", "column", "rule", "reason"]
    return [
        _sheet("data quality", pl.DataFrame(load, schema={"table": pl.String, **kinds})),
        _sheet("quarantine", rules.sort(order, descending=[True, *[False] * 4])),
        _sheet("unlisted names", run.unmapped),
    ]


def _notes(runs: Sequence[ReportedRun]) -> Iterator[tuple[str, str]]:
    yield from answering_notes()
    for run in runs:
        if run.candidates.height > MOST_PATIENTS:
            told = f"the best {MOST_PATIENTS} of {run.candidates.height} patients of {run.trial.id}"
            yield "long list", f"the sheets criteria, answers and status hold {told}"
    for reason, words in REASON_WORDS.items():
        yield f"unknown: {reason}", words
