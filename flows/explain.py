"""Every criterion for one patient, with what it rests on: read from the published run alone.

The run's folder holds the facts and the trial files that made it, so an explanation given later, on another
day's registry, still says what the list of that night was made from.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from criteria.engine.batch import Anchors
from criteria.evidence import Evidence, evidence_for, readings_used, reads_of
from criteria.patient_rows import only_patient
from criteria.trial import Criterion, Trial, load_trial
from criteria.windows import windows_of
from criteria.worklist import label_of
from data.catalogue import Catalogue, load_catalogue
from flows.answers.told import read_told
from flows.evidence_words import (
    attestations_told,
    coverage_told,
    days_of,
    flags_of,
    source_of,
    value_of,
    what_would_change,
)
from flows.identity import PRE_SCREEN_ONLY
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.wording import printable, verdict_in_words
from schemas.errors import UsageError, nearest
from schemas.facts import EVERYBODY, FRAME_NAMES, Facts

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
    told = read_told(patient.run, trial_id, [patient.patient_id])
    yield from (f"answered  {line}" for line in told.get((patient.patient_id, ""), ()))
    verdicts = _own_rows(patient, "verdicts", trial_id)
    for verdict in verdicts.iter_rows(named=True):
        yield ""
        answered = told.get((patient.patient_id, verdict["criterion_id"]), ())
        yield from _criterion_lines(
            patient, trial, trial.criterion(verdict["criterion_id"]), verdict, answered
        )


def _own_rows(patient: _Patient, output: str, trial_id: str) -> pl.DataFrame:
    own = (pl.col("trial_id") == trial_id) & (pl.col("patient_id") == patient.patient_id)
    return pl.scan_parquet(patient.run / f"{output}.parquet").filter(own).collect(engine="in-memory")


def _standing(patient: _Patient, trial_id: str) -> str:
    listed = _own_rows(patient, "candidates", trial_id)
    if listed.is_empty():
        return f"not listed: {_own_rows(patient, 'not_listed', trial_id)['reason'][0]}"
    row = listed.row(0, named=True)
    days = [f"{name.replace('_', ' ')} {row[name]}" for name in ("opens_on", "closes_on") if row[name]]
    if row["repeat_labs_before"]:
        criteria = ", ".join(row["repeat_labs_criteria"])
        days.append(f"repeat labs before {row['repeat_labs_before']} (for {criteria})")
    counts = f"{row['failing_count']} failed, {row['unknown_count']} unknown"
    return ", ".join([f"rank {row['rank']}, tier {row['tier']}", counts, *days])


def _criterion_lines(
    patient: _Patient,
    trial: Trial,
    criterion: Criterion,
    verdict: Mapping[str, Any],
    answered: Sequence[str],
) -> Iterator[str]:
    yield f"{criterion.id} ({criterion.kind}): {verdict_in_words(verdict)}"
    for sentence in criterion.protocol:
        yield f'    "{sentence}"'
    if criterion.manual:
        yield f"    asks      {criterion.manual}"
    pieces = evidence_for(criterion, patient.facts)
    yield from (f"    has       {line}" for line in _evidence_lines(patient, trial, criterion, pieces))
    yield from (f"    answered  {line}" for line in answered)
    for window in windows_of(criterion, patient.anchors):
        yield f"    window    {window.text}: {window.first} to {window.last}"
    for question in readings_used(trial, criterion.id):
        departs = " (departs from the text)" if question in trial.departures else ""
        yield f"    reading   {question} = {trial.readings[question]}{departs}"
    yield f"    changes   {what_would_change(criterion, verdict, pieces, patient.catalogue)}"


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
    rows = only_patient(patient.facts)
    if any(not piece.found for piece in pieces):
        yield from (
            f"{table}: {told}"
            for table, told in coverage_told(rows, reads_of(criterion, patient.anchors.as_of).tables)
        )
    yield from (f"attested: {told}" for told in attestations_told(rows, trial, criterion))


def _line(piece: Evidence, patient: _Patient) -> str:
    label = label_of(piece.name, patient.catalogue)
    if not piece.found:
        return f"{label}: not recorded"
    value = value_of(piece, patient.catalogue, patient.anchors.as_of)
    told = [text for text in (value, days_of(piece), *piece.details, source_of(piece)) if text]
    return f"{label}: {'; '.join([*told, *flags_of(piece)])}"
