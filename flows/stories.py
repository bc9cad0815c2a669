"""Each listed patient's criteria with what they rest on: what the report and the workbook tell.

Read from the folder of a run alone, as ``prescreen explain`` does, but for many patients at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from criteria.evidence import Evidence, evidence_in, reads_of
from criteria.patient_rows import PatientRows, rows_by_patient
from criteria.trial import Criterion, Trial
from data.catalogue import Catalogue
from flows.answers.told import read_told
from flows.evidence_words import attestations_told, coverage_told, wanting_names, what_to_do
from schemas.facts import EVERYBODY, FRAME_NAMES, Facts

# Patients whose rows are held as plain rows at a time.
_BATCH_PATIENTS = 250


@dataclass(frozen=True)
class Judged:
    """One criterion for one patient: the row of verdicts.parquet, and what it rests on.

    ``coverage`` says since when and until when tables are complete, where something is not recorded;
    ``attested`` what the registry says that somebody answered, ``answered`` what somebody did in a workbook;
    ``to_do`` what could give another verdict.
    """

    criterion: Criterion
    verdict: Mapping[str, Any]
    pieces: Sequence[Evidence]
    coverage: Sequence[tuple[str, str]]
    attested: Sequence[str]
    to_do: str
    answered: Sequence[str] = ()


@dataclass(frozen=True)
class Story:
    """One patient and every criterion, in protocol order; ``status`` says what came of the patient."""

    patient_id: str
    site: str
    judged: Sequence[Judged]
    status: Sequence[str] = ()


def stories(
    folder: Path, trial: Trial, as_of: date, catalogue: Catalogue, patient_ids: Sequence[str]
) -> Iterator[Story]:
    """The stories of these patients, in this order; all must be patients of the run."""
    facts = facts_of(folder, as_of, patient_ids)
    place = dict(facts.patients.select("patient_id", "patient").iter_rows())
    verdicts = _verdicts(folder, trial.id, patient_ids)
    judge = _Judge(trial, as_of, catalogue)
    told = read_told(folder, trial.id, patient_ids)
    for first in range(0, len(patient_ids), _BATCH_PATIENTS):
        ids = patient_ids[first : first + _BATCH_PATIENTS]
        own = rows_by_patient(facts, [place[patient_id] for patient_id in ids])
        for patient_id, (_, rows) in zip(ids, own, strict=True):
            judged = [
                judge.judged(verdict, rows, told.get((patient_id, verdict["criterion_id"]), ()))
                for verdict in verdicts[patient_id]
            ]
            status = told.get((patient_id, ""), ())
            yield Story(patient_id, rows.person["site"] or "", judged, status)


def facts_of(folder: Path, as_of: date, patient_ids: Sequence[str]) -> Facts:
    """The facts of a run about these patients, and what its extract declares of everybody."""
    patients = pl.scan_parquet(folder / "facts" / "patients.parquet")
    places = patients.filter(pl.col("patient_id").is_in(list(patient_ids))).select("patient").collect()
    wanted = pl.concat([places, pl.DataFrame({"patient": [EVERYBODY]}, schema=places.schema)])
    frames = {
        name: pl.scan_parquet(folder / "facts" / f"{name}.parquet")
        .join(wanted.lazy(), on="patient", how="semi", maintain_order="left")
        .collect()
        for name in FRAME_NAMES
    }
    return Facts(as_of=as_of, **frames)


def _verdicts(folder: Path, trial_id: str, patient_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    wanted = pl.LazyFrame({"patient_id": list(patient_ids)}, schema={"patient_id": pl.String})
    rows = (
        pl.scan_parquet(folder / "verdicts.parquet")
        .filter(pl.col("trial_id") == trial_id)
        .join(wanted, on="patient_id", how="semi", maintain_order="left")
        .drop("trial_id", "kind")
        .collect()
    )
    found: dict[str, list[dict[str, Any]]] = {patient_id: [] for patient_id in patient_ids}
    for row in rows.iter_rows(named=True):
        found[row["patient_id"]].append(row)
    return found


class _Judge:
    """What is the same for all patients is worked out once."""

    def __init__(self, trial: Trial, as_of: date, catalogue: Catalogue) -> None:
        self.trial = trial
        self.catalogue = catalogue
        self.criteria = {criterion.id: criterion for criterion in trial.criteria}
        self.reads = {criterion.id: reads_of(criterion, as_of) for criterion in trial.criteria}
        self.told: dict[tuple[object, ...], str] = {}

    def judged(self, verdict: dict[str, Any], rows: PatientRows, answered: Sequence[str]) -> Judged:
        criterion = self.criteria[verdict["criterion_id"]]
        read = self.reads[criterion.id]
        pieces = evidence_in(rows, read)
        absent = any(not piece.found for piece in pieces)
        return Judged(
            criterion,
            verdict,
            pieces,
            coverage=list(coverage_told(rows, read.tables)) if absent else [],
            attested=list(attestations_told(rows, self.trial, criterion)),
            to_do=self._to_do(criterion, verdict, pieces),
            answered=answered,
        )

    def _to_do(self, criterion: Criterion, verdict: dict[str, Any], pieces: Sequence[Evidence]) -> str:
        words = (verdict[name] for name in ("criterion_id", "verdict", "reason", "curability"))
        key = (*words, wanting_names(verdict["reason"], pieces, self.catalogue))
        if key not in self.told:
            self.told[key] = what_to_do(criterion, verdict, pieces, self.catalogue)
        return self.told[key]
