"""Interval arithmetic and comparisons, exact on nine decimals."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce

import polars as pl

from criteria.engine.values import (
    DAY_OF_BEGINNING,
    DAY_OF_FOREVER,
    FAR_DAYS,
    NEVER,
    Interval,
    Truth,
    bounded,
    choose,
    clip,
    flag,
    interval,
    larger,
    number,
    smaller,
    standing,
    truth,
    whole,
)
from schemas.words import DECIMAL_PLACES

_UNITS_PER_ONE = 10**DECIMAL_PLACES
_GRID = Decimal(1).scaleb(-DECIMAL_PLACES)
Elementwise = Callable[[pl.Series, pl.Series], pl.Series]


def add(left: Interval, right: Interval, today: pl.Series) -> Interval:
    """Sum of two numbers, or a date and a number of days."""
    return _moved(left.low + right.low, left.high + right.high, left, right, left.rate + right.rate, today)


def subtract(left: Interval, right: Interval, today: pl.Series) -> Interval:
    """Difference of two numbers, of a date and days, or of two dates (in days)."""
    return _moved(left.low - right.high, left.high - right.low, left, right, left.rate - right.rate, today)


def multiply(left: Interval, right: Interval, today: pl.Series) -> Interval:
    """Product: the hull of the four products of the ends."""
    ends = [clip(_product(a, b)) for a in (left.low, left.high) for b in (right.low, right.high)]
    steady = left.rate == right.rate == 0
    return _moved(reduce(smaller, ends), reduce(larger, ends), left, right, 0 if steady else -1, today)


def _product(left: pl.Series, right: pl.Series) -> pl.Series:
    """The product rounded half away from zero; polars rounds half to even.

    The two differ where the tenth decimal is a lone 5 after an even ninth.
    """
    period = pl.Series([2 * _UNITS_PER_ONE], dtype=pl.Int128)
    units, others = ((side.to_physical().abs() % period).cast(pl.Int64) for side in (left, right))
    cut_short = units * others % (2 * _UNITS_PER_ONE) == _UNITS_PER_ONE // 2
    away = left.sign() * right.sign() * number(_GRID, len(left))
    return left * right + choose(cut_short, away, number(Decimal(0), len(left)))


def _moved(
    low: pl.Series, high: pl.Series, left: Interval, right: Interval, rate: int, today: pl.Series
) -> Interval:
    """The result with its own rate; a rate that is neither 0 nor 1 counts as changing tomorrow."""
    until = smaller(left.until, right.until)
    if rate not in (0, 1):
        rate, until = 0, smaller(until, standing(today))
    if low.dtype.is_decimal():
        low, high = clip(low), clip(high)
    else:
        low, high = (bounded(end, DAY_OF_BEGINNING, DAY_OF_FOREVER) for end in (low, high))
    return interval(low, high, left.reasons | right.reasons, until, rate)


def extreme(which: str, parts: list[Interval], today: pl.Series) -> Interval:
    """``greatest`` or ``least``, end by end."""
    pick: Elementwise = larger if which == "greatest" else smaller
    reasons = reduce(lambda bits, part: bits | part.reasons, parts, whole(0, len(parts[0].low)))
    until = reduce(smaller, (part.until for part in parts))
    if any(part.rate for part in parts):
        until = smaller(until, standing(today))
    low = reduce(pick, (part.low for part in parts))
    high = reduce(pick, (part.high for part in parts))
    return interval(low, high, reasons, until)


def compare(operator: str, left: Interval, right: Interval, turns: pl.Series) -> Truth:
    """A comparison of two intervals: must hold for every pair, may hold for some pair. ``turns``: their
    ``crossing``."""
    must, may = _pairs(operator, left, right)
    until = smaller(smaller(left.until, right.until), turns)
    return truth(must, may, left.reasons | right.reasons, until)


def _pairs(operator: str, left: Interval, right: Interval) -> tuple[pl.Series, pl.Series]:
    if operator == "<":
        return left.high < right.low, left.low < right.high
    if operator == "<=":
        return left.high <= right.low, left.low <= right.high
    if operator in (">", ">="):
        return _pairs(operator.replace(">", "<"), right, left)
    same = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
    meet = (left.low <= right.high) & (right.low <= left.high)
    return (same, meet) if operator == "=" else (~meet, ~same)


def crossing(operator: str, left: Interval, right: Interval, today: pl.Series) -> pl.Series:
    """The last day before a bound that grows daily passes a bound that stands still.

    ``<`` from the left, and ``<=`` from the right, turn on the day on which the growing bound reaches the
    other; ``<=`` from the left, and ``<`` from the right, on the day on which it exceeds it; ``=`` on both.
    """
    height = len(left.low)
    if left.rate == right.rate:
        return whole(NEVER, height)
    if operator in (">", ">="):
        return crossing(operator.replace(">", "<"), right, left, today)
    growing, still = (left, right) if left.rate else (right, left)
    reaching = operator in ("=", "<>") or (operator == "<") == bool(left.rate)
    exceeding = operator in ("=", "<>") or not reaching
    soonest = whole(NEVER, height)
    for fixed in (still.low, still.high):
        for moving in (growing.low, growing.high):
            gap = bounded(fixed.cast(pl.Float64) - moving.cast(pl.Float64), -NEVER, NEVER)
            steps = [gap.ceil()] if reaching else []
            steps += [gap.floor() + 1] if exceeding else []
            for step in (days.cast(pl.Int64) for days in steps):
                soonest = choose((step >= 1) & (step < soonest), step, soonest)
    return choose(soonest > FAR_DAYS, whole(NEVER, height), standing(soonest + (today - 1)))


def crossing_of(item: Interval, choices: list[Decimal], today: pl.Series) -> pl.Series:
    """The last day before a number that grows daily reaches or leaves one of the choices."""
    until = whole(NEVER, len(item.low))
    for choice in choices:
        chosen = number(choice, len(item.low))
        still = Interval(chosen, chosen, item.reasons, item.until)
        until = smaller(until, crossing("=", item, still, today))
    return until


def among(item: Interval, choices: list[Decimal], words: bool, turns: pl.Series) -> Truth:
    """``in``: for a word every rank in its interval must be chosen, a number must be exactly one of them.
    ``turns``: their ``crossing_of``."""
    height = len(item.low)
    must, may = flag(False, height), flag(False, height)
    for choice in choices:
        chosen = number(choice, height)
        may = may | ((item.low <= chosen) & (chosen <= item.high))
        must = must | ((item.low == chosen) & (item.high == chosen))
    if words:
        must = must | _all_ranks_chosen(item, choices)
    return truth(must, may, item.reasons, smaller(item.until, turns))


def _all_ranks_chosen(item: Interval, choices: list[Decimal]) -> pl.Series:
    chosen = reduce(
        lambda total, rank: total + ((item.low <= rank) & (item.high >= rank)).cast(pl.Int64),
        choices,
        whole(0, len(item.low)),
    )
    return chosen == (item.high - item.low).cast(pl.Int64) + 1
