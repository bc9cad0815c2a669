"""From the frames of facts to the record of one patient."""

from datetime import date
from decimal import Decimal

import polars as pl

from criteria.reference.record import Covered, Event, LineMember, Record, Result, record, records
from criteria.reference.values import DateValue, NumberValue, TruthValue, WordValue
from schemas.facts import ATTRIBUTES, EVERYBODY, SCHEMAS, Facts, empty_facts
from schemas.words import BEGINNING, FOREVER, reason_bit
from tests.reference.builders import AS_OF

DAY = date(2024, 3, 1)


def _patient(number: int) -> dict[str, object]:
    bounds = {"birth_earliest": date(1960, 1, 1), "birth_latest": date(1960, 12, 31)}
    childbearing = {"childbearing_potential_low": 1, "childbearing_potential_high": 1}
    return {
        "patient": number,
        **bounds,
        "birth_reasons": reason_bit("partial_date"),
        "sex_low": 0,
        "sex_high": 0,
        "sex_reasons": 0,
        **childbearing,
        "childbearing_potential_reasons": 0,
    }


RESULT = {
    "patient": 1,
    "concept": "alt",
    "date_earliest": DAY,
    "date_latest": DAY,
    "value_low": Decimal(0),
    "value_high": Decimal("0.499999999"),
    "value_reasons": reason_bit("censored_value"),
    "upper_limit_low": Decimal(30),
    "upper_limit_high": Decimal(65),
    "upper_limit_reasons": reason_bit("no_upper_limit"),
    "lower_limit_low": Decimal(5),
    "lower_limit_high": Decimal(5),
    "lower_limit_reasons": 0,
}
EVENT = {
    "patient": 1,
    "concept": "drug",
    "source_table": "treatments",
    "source_row": 7,
    "start_earliest": DAY,
    "start_latest": DAY,
    "end_earliest": DAY,
    "end_latest": FOREVER,
    "certain": False,
    "reasons": reason_bit("never_recorded") | reason_bit("quarantined"),
    **{f"{name}_low": attribute.low for name, attribute in ATTRIBUTES.items()},
    **{f"{name}_high": attribute.high for name, attribute in ATTRIBUTES.items()},
    "grade_low": 3,
    "grade_high": 3,
}
ROWS: dict[str, list[dict[str, object]]] = {
    "patients": [_patient(0), _patient(1)],
    "latest": [RESULT],
    "results": [RESULT],
    "events": [EVENT],
    "line_members": [{"patient": 1, "line_row": 2, "concept": "drug", "certain": True}],
    "coverage": [
        {
            "table": "observations",
            "patient": EVERYBODY,
            "complete_from": BEGINNING,
            "complete_through": AS_OF,
        },
        {"table": "treatments", "patient": EVERYBODY, "complete_from": BEGINNING, "complete_through": AS_OF},
        {"table": "treatments", "patient": 1, "complete_from": DAY, "complete_through": DAY},
    ],
    "attestations": [{"patient": 1, "trial_id": "trial", "criterion_id": "I1", "answer": "pass"}],
}


def _facts() -> Facts:
    frames = {name: pl.DataFrame(ROWS.get(name, []), schema=schema) for name, schema in SCHEMAS.items()}
    return Facts(AS_OF, **frames)


def test_a_record_holds_what_the_frames_say_of_the_patient() -> None:
    found = Result(
        "alt",
        DateValue(DAY, DAY),
        NumberValue(Decimal(0), Decimal("0.499999999"), frozenset({"censored_value"})),
        NumberValue(Decimal(30), Decimal(65), frozenset({"no_upper_limit"})),
        NumberValue(Decimal(5), Decimal(5)),
    )
    known = record(_facts(), 1)
    assert known.birth == DateValue(date(1960, 1, 1), date(1960, 12, 31), frozenset({"partial_date"}))
    assert known.sex == WordValue(0, 0)
    assert known.childbearing_potential == TruthValue(True, True)
    assert (known.latest, known.results) == ({"alt": found}, (found,))
    assert known.line_members == (LineMember(2, "drug", True),)
    assert known.attestations == {("trial", "I1"): "pass"}


def test_an_event_keeps_its_days_its_doubts_and_its_attributes() -> None:
    (event,) = record(_facts(), 1).events
    everything = {name: (attribute.low, attribute.high) for name, attribute in ATTRIBUTES.items()}
    assert event == Event(
        "drug",
        "treatments",
        7,
        DateValue(DAY, DAY),
        DateValue(DAY, FOREVER),
        False,
        frozenset({"never_recorded", "quarantined"}),
        {**everything, "grade": (3, 3)},
    )


def test_a_patients_own_coverage_stands_for_everybodys() -> None:
    first, second = records(_facts())
    everybody = Covered(BEGINNING, AS_OF)
    assert first.coverage == {"observations": everybody, "treatments": everybody}
    assert second.coverage == {"observations": everybody, "treatments": Covered(DAY, DAY)}


def test_a_patient_without_rows_has_an_empty_record() -> None:
    first = records(_facts())[0]
    assert (first.latest, first.results, first.events, first.attestations) == ({}, (), (), {})
    assert records(empty_facts(AS_OF)) == []


def test_a_record_of_nothing_knows_nothing() -> None:
    nothing = Record()
    assert nothing.birth == DateValue(BEGINNING, FOREVER, frozenset({"never_recorded"}))
    assert not nothing.coverage
