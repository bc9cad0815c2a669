"""One patient's facts as plain rows by what they are about, for telling what a verdict rests on.

A frame is filtered and walked once for all patients of interest, not once per patient and criterion.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from schemas.facts import EVERYBODY, Facts

Row = dict[str, Any]


@dataclass
class PatientRows:
    """What the facts hold about one patient: the person, results and events by concept, coverage by table.

    ``results`` are those that are counted one by one, ``latest`` the newest of each measurement. A table
    without an entry in ``coverage`` was not captured.
    """

    person: Row
    latest: dict[str, list[Row]] = field(default_factory=dict)
    results: dict[str, list[Row]] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=dict)
    coverage: dict[str, Row] = field(default_factory=dict)
    attestations: list[Row] = field(default_factory=list)


def rows_by_patient(facts: Facts, patients: Iterable[int]) -> Iterator[tuple[int, PatientRows]]:
    """The rows of each of these patients, with the patient's place in the extract."""
    wanted = list(patients)
    found = {row["patient"]: PatientRows(row) for row in _rows(facts.patients, wanted)}
    for name in ("latest", "results", "events"):
        for row in _rows(getattr(facts, name), wanted):
            getattr(found[row["patient"]], name).setdefault(row["concept"], []).append(row)
    for row in _rows(facts.attestations, wanted):
        found[row["patient"]].attestations.append(row)
    shared = {row["table"]: row for row in _rows(facts.coverage, [EVERYBODY])}
    for rows in found.values():
        rows.coverage = dict(shared)
    for row in _rows(facts.coverage, wanted):
        found[row["patient"]].coverage[row["table"]] = row
    return ((patient, found[patient]) for patient in wanted)


def only_patient(facts: Facts) -> PatientRows:
    """The rows of the one patient of ``facts``."""
    ((_, rows),) = rows_by_patient(facts, facts.patients["patient"].to_list())
    return rows


def _rows(frame: pl.DataFrame, patients: list[int]) -> Iterator[Row]:
    own = pl.Series("patient", patients, dtype=frame.schema["patient"])
    return frame.join(own.to_frame(), on="patient", how="semi", maintain_order="left").iter_rows(named=True)
