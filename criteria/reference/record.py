"""What is recorded about one patient, as plain Python objects."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from criteria.reference.values import (
    DateValue,
    NumberValue,
    TruthValue,
    WordValue,
    any_date,
    any_word,
    reasons_of,
)
from schemas.facts import ATTRIBUTES, EVERYBODY, Facts

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a measurement: its day, value and limits of the normal range."""

    concept: str
    when: DateValue
    value: NumberValue
    upper_limit: NumberValue
    lower_limit: NumberValue


@dataclass(frozen=True, slots=True)
class Event:
    """One event row. An attribute that is not named may be anything; ranks, 0 / 1 and numbers as integers."""

    concept: str
    source_table: str
    source_row: int
    start: DateValue
    end: DateValue
    certain: bool = True
    reasons: frozenset[str] = frozenset()
    attributes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def attribute(self, name: str) -> tuple[int, int]:
        """The lowest and highest value that the attribute may have."""
        return self.attributes.get(name, (ATTRIBUTES[name].low, ATTRIBUTES[name].high))


@dataclass(frozen=True, slots=True)
class LineMember:
    """A drug or procedure of a line of therapy; ``line_row`` is the line's source row."""

    line_row: int
    concept: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Covered:
    """The days over which a table is complete."""

    complete_from: date
    complete_through: date


_NEVER_RECORDED = frozenset({"never_recorded"})
_ANY_BIRTH = any_date(_NEVER_RECORDED)
_ANY_SEX = any_word("sex", _NEVER_RECORDED)
_ANY_TRUTH = TruthValue(False, True, _NEVER_RECORDED)


@dataclass(frozen=True)
class Record:
    """Everything the reference needs to know about one patient.

    ``coverage`` has the tables that were captured for this patient; ``latest`` is by concept;
    ``attestations`` is by trial and criterion.
    """

    birth: DateValue = _ANY_BIRTH
    sex: WordValue = _ANY_SEX
    childbearing_potential: TruthValue = _ANY_TRUTH
    latest: Mapping[str, Result] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    events: tuple[Event, ...] = ()
    line_members: tuple[LineMember, ...] = ()
    coverage: Mapping[str, Covered] = field(default_factory=dict)
    attestations: Mapping[tuple[str, str], str] = field(default_factory=dict)


def records(facts: Facts) -> list[Record]:
    """The records of every patient of the facts, in the order of the patients frame."""
    grouped = {name: _by_patient(getattr(facts, name)) for name in _GROUPED}
    everybody = grouped["coverage"].get(EVERYBODY, [])
    return [_record(row, grouped, everybody) for row in facts.patients.to_dicts()]


def record(facts: Facts, patient: int) -> Record:
    """The record of one patient of the facts."""
    rows = facts.patients.get_column("patient").to_list()
    return records(facts)[rows.index(patient)]


_GROUPED = ("latest", "results", "events", "line_members", "coverage", "attestations")


def _by_patient(frame: pl.DataFrame) -> Mapping[int, list[Row]]:
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in frame.to_dicts():
        rows[row["patient"]].append(row)
    return rows


def _record(patient: Row, grouped: Mapping[str, Mapping[int, list[Row]]], everybody: list[Row]) -> Record:
    own = {name: rows.get(patient["patient"], []) for name, rows in grouped.items()}
    childbearing = "childbearing_potential"
    return Record(
        birth=_date(patient, "birth", patient["birth_reasons"]),
        sex=WordValue(patient["sex_low"], patient["sex_high"], reasons_of(patient["sex_reasons"])),
        childbearing_potential=TruthValue(
            patient[f"{childbearing}_low"] == 1,
            patient[f"{childbearing}_high"] == 1,
            reasons_of(patient[f"{childbearing}_reasons"]),
        ),
        latest={row["concept"]: _result(row) for row in own["latest"]},
        results=tuple(_result(row) for row in own["results"]),
        events=tuple(_event(row) for row in own["events"]),
        line_members=tuple(_line_member(row) for row in own["line_members"]),
        coverage={
            row["table"]: Covered(row["complete_from"], row["complete_through"])
            for row in everybody + own["coverage"]
        },
        attestations={(row["trial_id"], row["criterion_id"]): row["answer"] for row in own["attestations"]},
    )


def _date(row: Row, name: str, mask: int = 0) -> DateValue:
    return DateValue(row[f"{name}_earliest"], row[f"{name}_latest"], reasons_of(mask))


def _number(row: Row, name: str) -> NumberValue:
    return NumberValue(row[f"{name}_low"], row[f"{name}_high"], reasons_of(row[f"{name}_reasons"]))


def _result(row: Row) -> Result:
    return Result(
        concept=row["concept"],
        when=_date(row, "date"),
        value=_number(row, "value"),
        upper_limit=_number(row, "upper_limit"),
        lower_limit=_number(row, "lower_limit"),
    )


def _line_member(row: Row) -> LineMember:
    return LineMember(row["line_row"], row["concept"], row["certain"])


def _event(row: Row) -> Event:
    return Event(
        concept=row["concept"],
        source_table=row["source_table"],
        source_row=row["source_row"],
        start=_date(row, "start"),
        end=_date(row, "end"),
        certain=row["certain"],
        reasons=reasons_of(row["reasons"]),
        attributes={name: (row[f"{name}_low"], row[f"{name}_high"]) for name in ATTRIBUTES},
    )
