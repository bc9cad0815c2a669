"""What a verdict rests on, as one says it: the value, its days, its source, what is wrong with it.

``prescreen explain``, the report and the workbook all tell evidence in these words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from criteria.evidence import Evidence
from criteria.patient_rows import PatientRows
from criteria.reference.days import completed_years
from criteria.trial import Criterion, Trial
from criteria.worklist import few, label_of, look_up_sentence, what_to_look_up
from data.catalogue import Catalogue
from flows.wording import CURABILITY_WORDS, day_in_words, interval_in_words, is_number
from schemas.words import BEGINNING, FOREVER, RESULT_WORDS, SEXES, YES_NO

DIMENSIONLESS = "1"


def what_would_change(
    criterion: Criterion, verdict: Mapping[str, Any], pieces: Sequence[Evidence], catalogue: Catalogue
) -> str:
    """What could give another verdict, and until when this one holds."""
    return f"{what_to_do(criterion, verdict, pieces, catalogue)} {how_long(verdict['holds_until'])}"


def what_to_do(
    criterion: Criterion, verdict: Mapping[str, Any], pieces: Sequence[Evidence], catalogue: Catalogue
) -> str:
    """What could give another verdict."""
    if verdict["verdict"] == "fail":
        return CURABILITY_WORDS[verdict["curability"]]
    if verdict["verdict"] == "unknown":
        return _look_up(criterion, verdict["reason"], pieces, catalogue)
    return "New data may change it."


def how_long(until: date | None) -> str:
    """Until when a verdict holds if no data come."""
    if until is None or until == FOREVER:
        return "Time alone does not change it."
    return f"Holds until {until}; from {until + timedelta(days=1)} on time alone may change it."


def _look_up(criterion: Criterion, reason: str, pieces: Sequence[Evidence], catalogue: Catalogue) -> str:
    """What to look up for this patient: of what the criterion reads, that which is missing or too old."""
    wanting = wanting_names(reason, pieces, catalogue)
    if not wanting:
        return look_up_sentence(criterion, reason, catalogue)
    return what_to_look_up(reason, few(label_of(name, catalogue) for name in wanting), "")


def wanting_names(reason: str | None, pieces: Sequence[Evidence], catalogue: Catalogue) -> tuple[str, ...]:
    """Of what a criterion reads, that which is missing or too old; nothing for any other reason.

    A set without rows is not missing: where its table is complete, no row means that nothing happened, and
    where it is not, that is another reason.
    """
    if reason == "never_recorded":
        absent = (piece.name for piece in pieces if not piece.found)
        return tuple(name for name in absent if name not in catalogue.sets)
    return tuple(piece.name for piece in pieces if piece.stale) if reason == "stale" else ()


def flags_of(piece: Evidence) -> list[str]:
    """What makes a piece of evidence less, or more, than a plain value."""
    told = ["EXACTLY AT THE LIMIT"] if piece.at_limit else []
    told += ["too old"] if piece.stale else []
    told += [] if piece.certain else ["may not count"]
    return [*told, f"not exact: {', '.join(piece.reasons)}"] if piece.reasons else told


def _age(piece: Evidence, as_of: date) -> str:
    """The age on the as-of date, from the possible days of birth."""
    if piece.first is None or piece.first == (BEGINNING, FOREVER):
        return "open"
    ages = dict.fromkeys(completed_years(born, as_of) for born in reversed(piece.first))
    return f"age {' or '.join(str(age) for age in ages)}"


def value_of(piece: Evidence, catalogue: Catalogue, as_of: date) -> str:
    """The value as recorded and, where that differs, in the canonical unit; empty where there is none."""
    if piece.name == "birth":
        return _age(piece, as_of)
    if piece.low is None or piece.high is None:
        return piece.recorded
    info = catalogue.measurements.get(piece.name)
    if info is None or info.value_type == "positive_negative":
        words = RESULT_WORDS if info else SEXES if piece.name == "sex" else YES_NO
        return words[int(piece.low)] if piece.low == piece.high else "open"
    unit = "" if info.unit == DIMENSIONLESS else f" {info.unit}"
    canonical = f"{interval_in_words(piece.low, piece.high)}{unit}"
    number, _, unit = piece.recorded.partition(" ")
    is_same = unit in ("", info.unit) and is_number(number, piece.low) and piece.low == piece.high
    return canonical if is_same or not piece.recorded else f"{piece.recorded} = {canonical}"


def days_of(piece: Evidence) -> str:
    """The day of a result, or the days from start to end."""
    parts = [day_in_words(piece.first)] if piece.first else []
    if piece.last and piece.last != piece.first:
        parts.append(f"to {day_in_words(piece.last)}")
    return " ".join(parts)


def source_of(piece: Evidence) -> str:
    """The table and the rows of the extract that say it."""
    if not piece.rows:
        return piece.table
    name = "row" if len(piece.rows) == 1 else "rows"
    return f"{piece.table} {name} {', '.join(str(row) for row in piece.rows)}"


def coverage_told(rows: PatientRows, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """For each table in which an event would stand: since when and until when no row means no event."""
    return ((table, coverage_words(rows.coverage.get(table))) for table in tables)


def coverage_words(row: Mapping[str, Any] | None) -> str:
    """Since when and until when a table is complete; ``row`` is that of the coverage, if there is one."""
    if row is None or row["complete_through"] == BEGINNING:
        return "not declared complete"
    since = "" if row["complete_from"] == BEGINNING else f"from {row['complete_from']} "
    return f"complete {since}through {row['complete_through']}"


def attestations_told(rows: PatientRows, trial: Trial, criterion: Criterion) -> Iterator[str]:
    """What the registry says that somebody attested about the criterion, under any name of the trial."""
    return (attestation_words(row) for row in rows.attestations if is_about(row, trial, criterion))


def is_about(row: Mapping[str, Any], trial: Trial, criterion: Criterion) -> bool:
    """Whether an attestation of the registry is about a criterion, under any name of its trial."""
    names = {name.casefold() for name in (trial.id, *trial.registry_ids)}
    is_named = row["trial_id"].lower() in names and row["criterion_id"].lower() == criterion.id.lower()
    # What was answered in a workbook has no row; the run's answers tell of it.
    return is_named and row["source_row"] is not None


def attestation_words(row: Mapping[str, Any]) -> str:
    """The answer that an attestation gives, its day and its row."""
    return f"{row['answer'] or 'no clear answer'}; {row['date']}; attestations row {row['source_row']}"
