"""The values of the language, each what it may be: two ends and, where they differ, the reasons why.

Numbers are exact decimals on a grid of nine places, words are ranks in their domain, dates are days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from schemas.words import BEGINNING, DECIMAL_PLACES, FOREVER, REASONS, UNBOUNDED, WORD_DOMAINS

Reasons = frozenset[str]
NO_REASONS: Reasons = frozenset()
GRID = Decimal(1).scaleb(-DECIMAL_PLACES)
EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class TruthValue:
    """Whether something must hold and whether it may hold."""

    must: bool
    may: bool
    reasons: Reasons = NO_REASONS

    @property
    def exact(self) -> bool:
        return self.must == self.may


@dataclass(frozen=True, slots=True)
class NumberValue:
    """A number somewhere in [low, high]."""

    low: Decimal
    high: Decimal
    reasons: Reasons = NO_REASONS

    @property
    def exact(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class DateValue:
    """A day somewhere in [earliest, latest]."""

    earliest: date
    latest: date
    reasons: Reasons = NO_REASONS

    @property
    def exact(self) -> bool:
        return self.earliest == self.latest


@dataclass(frozen=True, slots=True)
class WordValue:
    """A word of a closed domain, by rank, somewhere in [low, high]."""

    low: int
    high: int
    reasons: Reasons = NO_REASONS

    @property
    def exact(self) -> bool:
        return self.low == self.high


Value = TruthValue | NumberValue | DateValue | WordValue

YES = TruthValue(True, True)
NO = TruthValue(False, False)


def reasons_of(mask: int) -> Reasons:
    """The names of the reasons in a bit mask."""
    return frozenset(reason for place, reason in enumerate(REASONS) if mask >> place & 1)


def joined(reasons: Iterable[Reasons]) -> Reasons:
    """Every reason that is in any of the sets."""
    return NO_REASONS.union(*reasons)


def truth_value(must: bool, may: bool, reasons: Reasons) -> TruthValue:
    """A truth; a decided one has no reasons."""
    return TruthValue(must, may, NO_REASONS if must == may else reasons)


def number_value(low: Decimal, high: Decimal, reasons: Reasons) -> NumberValue:
    """A number cut to the unbounded ends; an exact one has no reasons."""
    low, high = clipped(low), clipped(high)
    return NumberValue(low, high, NO_REASONS if low == high else reasons)


def date_value(earliest: date, latest: date, reasons: Reasons) -> DateValue:
    """A date; an exact one has no reasons."""
    return DateValue(earliest, latest, NO_REASONS if earliest == latest else reasons)


def word_value(low: int, high: int, reasons: Reasons) -> WordValue:
    """A word; an exact one has no reasons."""
    return WordValue(low, high, NO_REASONS if low == high else reasons)


def clipped(number: Decimal) -> Decimal:
    """The number, not beyond the unbounded ends."""
    return max(-UNBOUNDED, min(UNBOUNDED, number))


def on_grid(number: Decimal) -> Decimal:
    """The number at nine places, halves away from zero."""
    return number.quantize(GRID, rounding=ROUND_HALF_UP, context=EXACT)


def any_number(reasons: Reasons) -> NumberValue:
    """A number of which nothing is known."""
    return NumberValue(-UNBOUNDED, UNBOUNDED, reasons)


def any_date(reasons: Reasons) -> DateValue:
    """A date of which nothing is known."""
    return DateValue(BEGINNING, FOREVER, reasons)


def any_word(domain: str, reasons: Reasons) -> WordValue:
    """A word of which only the domain is known."""
    return word_value(0, len(WORD_DOMAINS[domain]) - 1, reasons)
