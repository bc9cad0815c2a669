"""What an expression is worth for each patient (or row): a pair or an interval, never a null.

Dates are days since 1970-01-01 as Int64. ``reasons`` are bit masks of why a value is not exact, 0 where
it is.
``until`` is the last as-of day through which the value cannot change with the same facts, when the as-of
date, enrollment and first dose all advance together; ``NEVER`` if it cannot change at all. It is held as
twice the day, plus one where the day moves on with every delivery of the registry (``standing``,
``moving``): so the smaller of two untils still says which kind it is.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

import polars as pl

from schemas.facts import NUMBER
from schemas.words import BEGINNING, FOREVER, UNBOUNDED, reason_bit

EPOCH = date(1970, 1, 1)
DAY_OF_BEGINNING = (BEGINNING - EPOCH).days
DAY_OF_FOREVER = (FOREVER - EPOCH).days
NEVER = 10**9
# More days ahead than this are counted from the ends of time, where nothing is known of a date: they never
# come.
FAR_DAYS = 150_000

PARTIAL_DATE = reason_bit("partial_date")
NEEDS_REVIEW = reason_bit("needs_review")
UNMAPPED_CODE = reason_bit("unmapped_code")


@dataclass(frozen=True)
class Truth:
    """``must`` be true, ``may`` be true; unknown is may but not must."""

    must: pl.Series
    may: pl.Series
    reasons: pl.Series
    until: pl.Series

    @property
    def unknown(self) -> pl.Series:
        """Where the truth is open."""
        return self.may & ~self.must


@dataclass(frozen=True)
class Interval:
    """A number (decimals), a word (its rank) or a date (days): somewhere in [low, high].

    ``rate`` is 1 where the bounds grow by one each day with the as-of date (an anchor, days since), else 0.
    """

    low: pl.Series
    high: pl.Series
    reasons: pl.Series
    until: pl.Series
    rate: int = 0


def days(value: date) -> int:
    """A date as days since 1970-01-01."""
    return (value - EPOCH).days


def standing(day: pl.Series) -> pl.Series:
    """A day that stays where it is, as an ``until``."""
    return day * 2


def moving(day: pl.Series) -> pl.Series:
    """A day that is one later with each day that the registry reaches further, as an ``until``."""
    return day * 2 + 1


def day_of(until: pl.Series) -> pl.Series:
    """The day of an ``until``."""
    return until // 2


def moves(until: pl.Series) -> pl.Series:
    """Whether the day of an ``until`` moves on with the registry."""
    return until % 2 == 1


def whole(value: int, height: int) -> pl.Series:
    """One whole number for every patient."""
    return _repeated(value, pl.Int64, height)


def flag(value: bool, height: int) -> pl.Series:
    """One truth value for every patient."""
    return _repeated(value, pl.Boolean, height)


def number(value: Decimal, height: int) -> pl.Series:
    """One decimal number for every patient."""
    return _repeated(value, NUMBER, height)


@lru_cache(maxsize=64)
def _repeated(value: object, dtype: pl.DataType | type[pl.DataType], height: int) -> pl.Series:
    """One value, repeated; a series is never changed, so the few that return all the time are kept."""
    return pl.Series([value], dtype=dtype).new_from_index(0, height)


def choose(mask: pl.Series, then: pl.Series, otherwise: pl.Series) -> pl.Series:
    """``then`` where the mask holds, ``otherwise`` elsewhere."""
    return then.zip_with(mask, otherwise)


def smaller(left: pl.Series, right: pl.Series) -> pl.Series:
    """The smaller of each pair."""
    return choose(left <= right, left, right)


def larger(left: pl.Series, right: pl.Series) -> pl.Series:
    """The larger of each pair."""
    return choose(left >= right, left, right)


def take(values: pl.Series, places: pl.Series) -> pl.Series:
    """The value at each place; faster for few rows than ``gather``, which goes through an expression."""
    return values[places]


def bounded(value: pl.Series, low: int, high: int) -> pl.Series:
    """Days or whole numbers kept between two; faster for few rows than ``clip``, as above."""
    lowest, highest = (_repeated(end, value.dtype, len(value)) for end in (low, high))
    return choose(value < lowest, lowest, choose(value > highest, highest, value))


def clip(value: pl.Series) -> pl.Series:
    """A number kept inside the unbounded ends, with nine decimals."""
    height = len(value)
    top, bottom = number(UNBOUNDED, height), number(-UNBOUNDED, height)
    return larger(smaller(value.cast(NUMBER), top), bottom)


def truth(must: pl.Series, may: pl.Series, reasons: pl.Series, until: pl.Series) -> Truth:
    """A truth whose reasons are kept only where it is open."""
    return Truth(must, may, choose(may & ~must, reasons, whole(0, len(must))), until)


def interval(
    low: pl.Series, high: pl.Series, reasons: pl.Series, until: pl.Series, rate: int = 0
) -> Interval:
    """An interval whose reasons are kept only where it is not exact."""
    return Interval(low, high, choose(low == high, whole(0, len(low)), reasons), until, rate)


def settled(value: bool, height: int) -> Truth:
    """A truth that is the same for everybody, for ever."""
    same = flag(value, height)
    return Truth(same, same, whole(0, height), whole(NEVER, height))
