"""Every criterion for one patient, with what it rests on: read from the published run alone.

The run's folder holds the facts and the trial files that made it, so an explanation given later, on another
day's registry, still says what the list of that night was made from.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from criteria.engine.batch import Anchors
from criteria.evidence import Evidence, evidence_for, readings_used
from criteria.reference.days import completed_years
from criteria.trial import Criterion, Trial, load_trial
from criteria.usage import usage_of
from criteria.windows import windows_of
from criteria.worklist import few, look_up_sentence, what_to_look_up
from data.catalogue import Catalogue, load_catalogue
from flows.identity import PRE_SCREEN_ONLY
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.wording import (
    CURABILITY_WORDS,
    day_in_words,
    interval_in_words,
    is_number,
    printable,
    verdict_in_words,
)
from schemas.errors import UsageError, nearest
from schemas.facts import EVERYBODY, FRAME_NAMES, Facts
from schemas.words import BEGINNING, FOREVER, RESULT_WORDS, SEXES, YES_NO

DIMENSIONLESS = "1"
# More rows of one set than this are counted, not listed.
MOST_ROWS = 8


@dataclass(frozen=True)
class _Patient:
    """One patient of one run, with what is needed to tell about it."""

    run: Path
    manifest: Mapping[str, Any]
    facts: Facts
    patient_id: str
    catalogue: Catalogue

    @property
    def anchors(self) -> Anchors:
        days = (date.fromisoformat(self.manifest[name]) for name in ("as_of", "enrollment", "first_dose"))
        return Anchors(*days)


def explain(out: Path, patient_id: str, trial_id: str | None = None) -> Iterator[str]:
    """Lines of text about one patient: place in the list, then each criterion with its evidence.

    Raises ``UsageError`` if the newest run does not hold the patient or the trial, ``StorageFailed`` if there
    is no run.
    """
    run = latest_run(OutputFolder(out))
    manifest = read_manifest(run)
    wanted = _trials(manifest, trial_id)
    patient = _find(run, manifest, unicodedata.normalize("NFC", patient_id).strip())
    yield PRE_SCREEN_ONLY
    dates = ", ".join(
        f"{name.replace('_', ' ')} {manifest[name]}" for name in ("as_of", "enrollment", "first_dose")
    )
    yield f"run {manifest['run_id']}, {dates}"
    for name in wanted:
        yield from (printable(line) for line in _trial_lines(patient, name))


def _trials(manifest: Mapping[str, Any], trial_id: str | None) -> list[str]:
    known = sorted(manifest["trials"])
    if trial_id is None:
        return known
    if trial_id not in known:
        hint = nearest(trial_id, known) or f"The run has: {', '.join(known)}."
        raise UsageError("--trial", f"the newest run has no trial '{trial_id}'.", hint)
    return [trial_id]


def _find(run: Path, manifest: Mapping[str, Any], patient_id: str) -> _Patient:
    patients = pl.scan_parquet(run / "facts" / "patients.parquet")
    found = patients.filter(pl.col("patient_id") == patient_id).collect()
    if found.is_empty():
        raise UsageError(
            "PATIENT_ID",
            "no patient of the newest run has this id.",
            "Check the id; letters and zeros count.",
        )
    place = found["patient"][0]
    frames = {
        name: pl.scan_parquet(run / "facts" / f"{name}.parquet")
        .filter(pl.col("patient").is_in([place, EVERYBODY]))
        .collect()
        for name in FRAME_NAMES
    }
    facts = Facts(as_of=date.fromisoformat(manifest["as_of"]), **frames)
    return _Patient(run, manifest, facts, patient_id, load_catalogue())


def _trial_lines(patient: _Patient, trial_id: str) -> Iterator[str]:
    path = patient.run / "trials" / f"{trial_id}.toml"
    trial = load_trial(str(path), patient.catalogue, patient.manifest["readings"][trial_id])
    yield ""
    yield f"== {trial.id}: {trial.title}"
    yield _standing(patient, trial_id)
    verdicts = _own_rows(patient, "verdicts", trial_id)
    for verdict in verdicts.iter_rows(named=True):
        yield ""
        yield from _criterion_lines(patient, trial, trial.criterion(verdict["criterion_id"]), verdict)


def _own_rows(patient: _Patient, output: str, trial_id: str) -> pl.DataFrame:
    own = (pl.col("trial_id") == trial_id) & (pl.col("patient_id") == patient.patient_id)
    return pl.scan_parquet(patient.run / f"{output}.parquet").filter(own).collect(engine="in-memory")


def _standing(patient: _Patient, trial_id: str) -> str:
    listed = _own_rows(patient, "candidates", trial_id)
    if listed.is_empty():
        return f"not listed: {_own_rows(patient, 'not_listed', trial_id)['reason'][0]}"
    row = listed.row(0, named=True)
    days = [f"{name.replace('_', ' ')} {row[name]}" for name in ("opens_on", "closes_on") if row[name]]
    counts = f"{row['failing_count']} failed, {row['unknown_count']} unknown"
    return ", ".join([f"rank {row['rank']}, tier {row['tier']}", counts, *days])


def _criterion_lines(
    patient: _Patient, trial: Trial, criterion: Criterion, verdict: Mapping[str, Any]
) -> Iterator[str]:
    yield f"{criterion.id} ({criterion.kind}): {verdict_in_words(verdict)}"
    for sentence in criterion.protocol:
        yield f'    "{sentence}"'
    if criterion.manual:
        yield f"    asks      {criterion.manual}"
    pieces = evidence_for(criterion, patient.facts)
    yield from (f"    has       {line}" for line in _evidence_lines(patient, trial, criterion, pieces))
    for window in windows_of(criterion, patient.anchors):
        yield f"    window    {window.text}: {window.first} to {window.last}"
    for question in readings_used(trial, criterion.id):
        departs = " (departs from the text)" if question in trial.departures else ""
        yield f"    reading   {question} = {trial.readings[question]}{departs}"
    yield f"    changes   {what_would_change(criterion, verdict, pieces, patient.catalogue)}"


def what_would_change(
    criterion: Criterion, verdict: Mapping[str, Any], pieces: Sequence[Evidence], catalogue: Catalogue
) -> str:
    """What could give another verdict, and until when this one holds."""
    if verdict["verdict"] == "fail":
        told = CURABILITY_WORDS[verdict["curability"]]
    elif verdict["verdict"] == "unknown":
        told = _look_up(criterion, verdict["reason"], pieces, catalogue)
    else:
        told = "New data may change it."
    until = verdict["holds_until"]
    if until is None or until == FOREVER:
        return f"{told} Time alone does not change it."
    return f"{told} Holds until {until}; from {until + timedelta(days=1)} on time alone may change it."


def _look_up(criterion: Criterion, reason: str, pieces: Sequence[Evidence], catalogue: Catalogue) -> str:
    """What to look up for this patient: of what the criterion reads, that which is missing or too old."""
    wanting = {
        "never_recorded": [piece.name for piece in pieces if not piece.found],
        "stale": [piece.name for piece in pieces if piece.stale],
    }.get(reason)
    if not wanting:
        return look_up_sentence(criterion, reason, catalogue)
    return what_to_look_up(reason, few(label_of(name, catalogue) for name in wanting), "")


def _evidence_lines(
    patient: _Patient, trial: Trial, criterion: Criterion, pieces: Sequence[Evidence]
) -> Iterator[str]:
    shown: dict[str, int] = {}
    for piece in pieces:
        shown[piece.name] = shown.get(piece.name, 0) + 1
        if shown[piece.name] <= MOST_ROWS:
            yield _line(piece, patient)
    for name, count in shown.items():
        if count > MOST_ROWS:
            yield f"{label_of(name, patient.catalogue)}: and {count - MOST_ROWS} more rows"
    if any(not piece.found for piece in pieces):
        yield from _coverage_lines(patient, criterion)
    yield from _attestation_lines(patient, trial, criterion)


def _line(piece: Evidence, patient: _Patient) -> str:
    label = label_of(piece.name, patient.catalogue)
    if not piece.found:
        return f"{label}: not recorded"
    value = _age(piece, patient) if piece.name == "birth" else _value(piece, patient.catalogue)
    told = [text for text in (value, _dates(piece), *piece.details, _source(piece)) if text]
    if piece.at_limit:
        told.append("EXACTLY AT THE LIMIT")
    if piece.stale:
        told.append("too old")
    if not piece.certain:
        told.append("may not count")
    if piece.reasons:
        told.append(f"not exact: {', '.join(piece.reasons)}")
    return f"{label}: {'; '.join(told)}"


def _age(piece: Evidence, patient: _Patient) -> str:
    """The age on the as-of date, from the possible days of birth."""
    if piece.first is None or piece.first == (BEGINNING, FOREVER):
        return "open"
    ages = dict.fromkeys(completed_years(born, patient.anchors.as_of) for born in reversed(piece.first))
    return f"age {' or '.join(str(age) for age in ages)}"


def label_of(name: str, catalogue: Catalogue) -> str:
    """The plain name of a measurement, a set or a personal fact."""
    if name in catalogue.measurements:
        return catalogue.measurements[name].label
    if name in catalogue.sets:
        return catalogue.sets[name].label
    return name.replace("_", " ")


def _value(piece: Evidence, catalogue: Catalogue) -> str:
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


def _dates(piece: Evidence) -> str:
    parts = [day_in_words(piece.first)] if piece.first else []
    if piece.last and piece.last != piece.first:
        parts.append(f"to {day_in_words(piece.last)}")
    return " ".join(parts)


def _source(piece: Evidence) -> str:
    if not piece.rows:
        return piece.table
    name = "row" if len(piece.rows) == 1 else "rows"
    return f"{piece.table} {name} {', '.join(str(row) for row in piece.rows)}"


def _coverage_lines(patient: _Patient, criterion: Criterion) -> Iterator[str]:
    """For what is not recorded: where that means that it did not happen."""
    tables = {table for rows in usage_of(criterion).sets for table in rows.home_tables}
    coverage = patient.facts.coverage
    for table in sorted(tables):
        own = coverage.filter(pl.col("table") == table).sort("patient", descending=True)
        row = None if own.is_empty() else own.row(0, named=True)
        if row is None or row["complete_through"] == BEGINNING:
            yield f"{table}: not declared complete"
        else:
            since = "" if row["complete_from"] == BEGINNING else f"from {row['complete_from']} "
            yield f"{table}: complete {since}through {row['complete_through']}"


def _attestation_lines(patient: _Patient, trial: Trial, criterion: Criterion) -> Iterator[str]:
    names = [name.casefold() for name in (trial.id, *trial.registry_ids)]
    own = patient.facts.attestations.filter(
        pl.col("trial_id").str.to_lowercase().is_in(names)
        & (pl.col("criterion_id").str.to_lowercase() == criterion.id.lower())
    )
    for row in own.iter_rows(named=True):
        answer = row["answer"] or "no clear answer"
        yield f"attested: {answer}; {row['date']}; attestations row {row['source_row']}"
