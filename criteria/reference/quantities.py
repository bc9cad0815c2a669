"""Numbers and dates about event sets and results: how many, how long ago, when first and last."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from criteria.language.tree import Times
from criteria.reference.coverage import Capture
from criteria.reference.days import add_days, completed_months, days_between
from criteria.reference.record import Result
from criteria.reference.sets import PARTIAL_DATE, SetValue
from criteria.reference.values import (
    NO_REASONS,
    DateValue,
    NumberValue,
    Reasons,
    TruthValue,
    any_date,
    date_value,
    joined,
    number_value,
)
from schemas.words import BEGINNING, FOREVER, UNBOUNDED

RESULTS_TABLE = "observations"


def count(rows: SetValue, capture: Capture) -> NumberValue:
    """How many rows: at least those that surely belong, at most all, any number if others may be missing."""
    gaps = capture.gaps_ever(rows.home_tables)
    certain = sum(member.certain for member in rows.members)
    high = UNBOUNDED if gaps else Decimal(len(rows.members))
    unsure = joined(member.undated_reasons for member in rows.members if not member.certain)
    return number_value(Decimal(certain), high, unsure | gaps)


def since(rows: SetValue, anchor: DateValue, unit: str, capture: Capture) -> NumberValue:
    """Days or completed months from the last day of a row, not later than the anchor, to the anchor."""
    gaps = capture.gaps_ever(rows.home_tables)
    possible = [member for member in rows.members if member.start.earliest <= anchor.latest]
    sure = [member for member in possible if member.certain and member.start.latest <= anchor.earliest]
    latest = max((member.end.latest for member in possible), default=None)
    earliest = max((member.end.earliest for member in sure), default=None)
    low = Decimal(0) if gaps else _elapsed(latest, anchor.earliest, unit)
    reasons = joined([gaps, anchor.reasons, *(member.reasons for member in possible)])
    return number_value(low, _elapsed(earliest, anchor.latest, unit), reasons)


def _elapsed(last_day: date | None, anchor: date, unit: str) -> Decimal:
    """Time from the last day to the anchor; what never happened is longer ago than anything."""
    if last_day is None:
        return UNBOUNDED
    span = days_between if unit == "days" else completed_months
    return Decimal(span(min(last_day, anchor), anchor))


def set_date(rows: SetValue, which: str, capture: Capture) -> DateValue:
    """The first start or the last end."""
    gaps = capture.gaps_ever(rows.home_tables)
    certain = [member for member in rows.members if member.certain]
    if not certain:
        # There may be no such day at all, so nothing about it is known.
        return any_date(joined([frozenset({"never_recorded"}), *(member.reasons for member in rows.members)]))
    reasons = joined([gaps, *(member.reasons for member in rows.members)])
    if which == "start":
        earliest = BEGINNING if gaps else min(member.start.earliest for member in rows.members)
        latest = min(member.start.latest for member in certain)
    else:
        earliest = max(member.end.earliest for member in certain)
        latest = FOREVER if gaps else max(member.end.latest for member in rows.members)
    return date_value(earliest, latest, reasons)


def times(
    node: Times,
    results: Iterable[Result],
    condition: Callable[[Result], TruthValue],
    anchor: DateValue,
    capture: Capture,
) -> NumberValue:
    """On how many days of the window, so many days apart, a result met the condition."""
    first = add_days(anchor.earliest, -node.days)
    counts = [_counted(result, condition(result), node.days, anchor) for result in results]
    sure = [count.day for count in counts if count.must and count.day]
    dated = [count.day for count in counts if count.may and count.day]
    undated = sum(count.may and count.day is None for count in counts)
    gaps = capture.gaps([RESULTS_TABLE], first, anchor.latest)
    high = UNBOUNDED if gaps else Decimal(_spaced(dated, node.apart) + undated)
    open_counts = (count.reasons for count in counts if count.may and not count.must)
    return number_value(Decimal(_spaced(sure, node.apart)), high, joined([gaps, *open_counts]))


@dataclass(frozen=True, slots=True)
class _Counted:
    """Whether a result must and may count, on which day (none: its day is not known) and why not surely."""

    must: bool
    may: bool
    day: date | None
    reasons: Reasons


def _counted(result: Result, met: TruthValue, days: int, anchor: DateValue) -> _Counted:
    when = result.when
    windows = [(add_days(last, -days), last) for last in (anchor.earliest, anchor.latest)]
    always = all(first <= when.earliest and when.latest <= last for first, last in windows)
    sometimes = when.latest >= windows[0][0] and when.earliest <= windows[1][1]
    reasons = met.reasons | anchor.reasons | (NO_REASONS if when.exact else PARTIAL_DATE)
    day = when.earliest if when.exact else None
    return _Counted(met.must and always and when.exact, met.may and sometimes, day, reasons)


def _spaced(days: Iterable[date], apart: int) -> int:
    """How many of the days can be counted from the earliest on, each so many days after the one before."""
    counted: list[date] = []
    for day in sorted(days):
        if not counted or days_between(counted[-1], day) >= apart:
            counted.append(day)
    return len(counted)
