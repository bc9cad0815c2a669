"""Operators on what values may be: each tries the worlds that its arguments allow."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from criteria.reference.days import add_days, candidates, days_between, whole
from criteria.reference.values import (
    EXACT,
    GRID,
    DateValue,
    NumberValue,
    Reasons,
    TruthValue,
    Value,
    WordValue,
    clipped,
    date_value,
    joined,
    number_value,
    on_grid,
    truth_value,
    word_value,
)

_TESTS: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_NUMBERS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": lambda left, right: on_grid(EXACT.multiply(left, right)),
}


def unknowns(parts: Sequence[Value]) -> Reasons:
    """The reasons of every part that is not exact."""
    return joined(part.reasons for part in parts if not part.exact)


def negation(part: TruthValue) -> TruthValue:
    """``not``."""
    return TruthValue(not part.may, not part.must, part.reasons)


def _worlds(part: TruthValue) -> list[bool]:
    return [part.must] if part.exact else [False, True]


def _truth_over_worlds(parts: Sequence[TruthValue], holds: Callable[[int], bool]) -> TruthValue:
    """Tries every number of true parts that some world has."""
    open_parts = sum(not part.exact for part in parts)
    true_parts = sum(part.must for part in parts)
    answers = {holds(true_parts + more) for more in range(open_parts + 1)}
    return truth_value(False not in answers, True in answers, unknowns(parts))


def conjunction(parts: Sequence[TruthValue]) -> TruthValue:
    """``and``."""
    return _truth_over_worlds(parts, lambda true_parts: true_parts == len(parts))


def disjunction(parts: Sequence[TruthValue]) -> TruthValue:
    """``or``."""
    return _truth_over_worlds(parts, lambda true_parts: true_parts > 0)


def at_least(minimum: int, parts: Sequence[TruthValue]) -> TruthValue:
    """At least so many of the parts hold."""
    return _truth_over_worlds(parts, lambda true_parts: true_parts >= minimum)


def choice(condition: TruthValue, then: Value, otherwise: Value) -> Value:
    """``if``: one branch where the condition is decided, what both allow where it is not."""
    if condition.exact:
        return then if condition.must else otherwise
    reasons = unknowns([condition, then, otherwise])
    if isinstance(then, TruthValue) and isinstance(otherwise, TruthValue):
        answers = {*_worlds(then), *_worlds(otherwise)}
        return truth_value(False not in answers, True in answers, reasons)
    if isinstance(then, DateValue) and isinstance(otherwise, DateValue):
        return date_value(min(then.earliest, otherwise.earliest), max(then.latest, otherwise.latest), reasons)
    if isinstance(then, WordValue) and isinstance(otherwise, WordValue):
        return word_value(min(then.low, otherwise.low), max(then.high, otherwise.high), reasons)
    if isinstance(then, NumberValue) and isinstance(otherwise, NumberValue):
        return number_value(min(then.low, otherwise.low), max(then.high, otherwise.high), reasons)
    raise TypeError("the branches of if(...) are of different types")


def points(value: Value, others: Sequence[Any]) -> list[Any]:
    """What a value may be, as far as it matters beside the others: its ends, the others, their neighbours."""
    if isinstance(value, NumberValue):
        numbers = {other + step for other in others for step in (-GRID, 0, GRID)}
        inside = {number for number in numbers if value.low <= number <= value.high}
        return sorted({value.low, value.high} | inside)
    if isinstance(value, DateValue):
        return list(candidates(value, others))
    if isinstance(value, WordValue):
        return list(range(value.low, value.high + 1))
    raise TypeError("a truth has no points to compare")


def _ends(value: Value) -> tuple[Any, Any]:
    if isinstance(value, DateValue):
        return value.earliest, value.latest
    if isinstance(value, TruthValue):
        raise TypeError("a truth cannot be compared")
    return value.low, value.high


def comparison(operator: str, left: Value, right: Value) -> TruthValue:
    """``=``, ``<>``, ``<``, ``<=``, ``>`` or ``>=``, tried on every pair of points."""
    pairs = product(points(left, _ends(right)), points(right, _ends(left)))
    answers = {_TESTS[operator](first, second) for first, second in pairs}
    return truth_value(False not in answers, True in answers, unknowns([left, right]))


def membership(item: Value, choices: Sequence[Any]) -> TruthValue:
    """``in``: the item is one of the choices."""
    answers = {point in choices for point in points(item, choices)}
    return truth_value(False not in answers, True in answers, unknowns([item]))


def number_arithmetic(operator: str, left: NumberValue, right: NumberValue) -> NumberValue:
    """``+``, ``-`` or ``*``, tried on every pair of ends."""
    pairs = product((left.low, left.high), (right.low, right.high))
    results = [_NUMBERS[operator](first, second) for first, second in pairs]
    return number_value(min(results), max(results), unknowns([left, right]))


def date_shift(operator: str, left: DateValue, right: NumberValue) -> DateValue:
    """A date some full days later (``+``) or earlier (``-``)."""
    sign = 1 if operator == "+" else -1
    pairs = product((left.earliest, left.latest), (right.low, right.high))
    results = [add_days(day, sign * whole(days)) for day, days in pairs]
    return date_value(min(results), max(results), unknowns([left, right]))


def date_difference(left: DateValue, right: DateValue) -> NumberValue:
    """Days from the right date to the left."""
    pairs = product((left.earliest, left.latest), (right.earliest, right.latest))
    results = [Decimal(days_between(second, first)) for first, second in pairs]
    return number_value(min(results), max(results), unknowns([left, right]))


def extreme(which: str, parts: Sequence[NumberValue]) -> NumberValue:
    """``greatest`` or ``least`` of all low ends and of all high ends: neither falls where a part rises."""
    pick = max if which == "greatest" else min
    low = pick(clipped(part.low) for part in parts)
    high = pick(clipped(part.high) for part in parts)
    return number_value(low, high, unknowns(parts))
