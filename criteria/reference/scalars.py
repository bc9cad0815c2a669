"""What the record says outright: the latest result, the age, a row's attribute, what was attested."""

from datetime import date
from decimal import Decimal

from criteria.language.tree import Measurement, Node, Type
from criteria.reference.context import Context
from criteria.reference.days import completed_years, days_between
from criteria.reference.quantities import RESULTS_TABLE
from criteria.reference.record import Event, Record, Result
from criteria.reference.sets import PARTIAL_DATE
from criteria.reference.values import (
    NO,
    NO_REASONS,
    YES,
    DateValue,
    NumberValue,
    Reasons,
    TruthValue,
    Value,
    any_date,
    any_number,
    any_word,
    date_value,
    number_value,
    truth_value,
    word_value,
)
from schemas.facts import ATTRIBUTES


def measurement(node: Measurement, record: Record, as_of: date) -> Value:
    """A part of the latest result if that is fresh enough, else anything."""
    result = record.latest.get(node.concept)
    if result is None:
        captured = RESULTS_TABLE in record.coverage
        return _anything(node, frozenset({"never_recorded" if captured else "not_captured"}))
    if days_between(result.when.latest, as_of) > node.lookback_days:
        return _anything(node, frozenset({"stale"}))
    if days_between(result.when.earliest, as_of) > node.lookback_days:
        return _anything(node, PARTIAL_DATE)
    return result_part(result, node.part, node.type)


def _anything(node: Node, reasons: Reasons) -> Value:
    if node.type is Type.DATE:
        return any_date(reasons)
    return any_word(node.domain, reasons) if node.type is Type.WORD else any_number(reasons)


def result_part(result: Result, part: str, kind: Type) -> Value:
    """The value, a limit or the date of a result."""
    if part == "date":
        return date_value(result.when.earliest, result.when.latest, PARTIAL_DATE)
    parts = {"value": result.value, "upper_limit": result.upper_limit, "lower_limit": result.lower_limit}
    value = parts[part]
    return _of_type(kind, value.low, value.high, value.reasons)


def _of_type(kind: Type, low: Decimal | int, high: Decimal | int, reasons: Reasons) -> Value:
    """A truth (0 or 1), a word (its rank) or a number between two numbers."""
    if kind is Type.TRUTH:
        return truth_value(low == 1, high == 1, reasons)
    if kind is Type.WORD:
        return word_value(int(low), int(high), reasons)
    return number_value(Decimal(low), Decimal(high), reasons)


def constant(value: Decimal, kind: Type) -> Value:
    """What is written in the expression."""
    return _of_type(kind, value, value, NO_REASONS)


def row_attribute(event: Event, name: str, kind: Type) -> Value:
    """An attribute of a row."""
    low, high = event.attribute(name)
    return _of_type(kind, low, high, frozenset({ATTRIBUTES[name].blank_reason}))


def patient_fact(record: Record, name: str) -> Value:
    """``sex`` or ``childbearing_potential``."""
    if name == "sex":
        return word_value(record.sex.low, record.sex.high, record.sex.reasons)
    potential = record.childbearing_potential
    return truth_value(potential.must, potential.may, potential.reasons)


def age(birth: DateValue, day: DateValue) -> NumberValue:
    """Completed years, tried on every pair of ends."""
    pairs = [(born, when) for born in (birth.earliest, birth.latest) for when in (day.earliest, day.latest)]
    years = [Decimal(completed_years(born, when)) for born, when in pairs]
    return number_value(min(years), max(years), birth.reasons | day.reasons)


def attested(context: Context) -> TruthValue:
    """What a person answered: an inclusion's statement holds on ``pass``, an exclusion's on ``fail``.

    ``not_applicable`` answers for the criterion as a whole, so the statement stays open for it to take.
    """
    if context.attestation in (None, "not_applicable"):
        return TruthValue(False, True, frozenset({"needs_attestation"}))
    return YES if context.attestation == ("pass" if context.kind == "inclusion" else "fail") else NO


def anchor_day(context: Context, name: str) -> DateValue:
    """``as_of``, ``enrollment`` or ``first_dose``."""
    day = {
        "as_of": context.anchors.as_of,
        "enrollment": context.anchors.enrollment,
        "first_dose": context.anchors.first_dose,
    }[name]
    return DateValue(day, day)
