"""Exact calendar arithmetic on days; what leaves the calendar stays at its first or last day."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from criteria.reference.values import EXACT, DateValue
from schemas.words import BEGINNING, FOREVER

_MONTHS_A_YEAR = 12
_DAYS_A_WEEK = 7


def whole(number: Decimal) -> int:
    """The number rounded down: so many full days, weeks, months or years."""
    return int(number.to_integral_value(rounding=ROUND_FLOOR, context=EXACT))


def add_days(day: date, days: int) -> date:
    """The day so many days later."""
    ordinal = day.toordinal() + days
    return date.fromordinal(max(BEGINNING.toordinal(), min(FOREVER.toordinal(), ordinal)))


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the last day of the month where the month is shorter."""
    year, month_before = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    if year < BEGINNING.year:
        return BEGINNING
    if year > FOREVER.year:
        return FOREVER
    month = month_before + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def moved(day: date, length: int, unit: str) -> date:
    """The day so many days, weeks, months or years later (earlier if negative)."""
    if unit == "days":
        return add_days(day, length)
    if unit == "weeks":
        return add_days(day, length * _DAYS_A_WEEK)
    if unit == "months":
        return add_months(day, length)
    return add_months(day, length * _MONTHS_A_YEAR)


def days_between(first: date, last: date) -> int:
    """Days from the first to the last."""
    return last.toordinal() - first.toordinal()


def completed_months(first: date, last: date) -> int:
    """The most months that can be added to the first day without passing the last."""
    months = (last.year - first.year) * _MONTHS_A_YEAR + last.month - first.month
    return months if add_months(first, months) <= last else months - 1


def completed_years(birth: date, day: date) -> int:
    """Birthdays since birth; who is born on 29 February has the birthday on 1 March of other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def candidates(when: DateValue, edges: Iterable[date]) -> list[date]:
    """Days worth trying: both ends, and each edge and its neighbours as far as they are possible."""
    if when.exact:
        return [when.earliest]
    days = {add_days(edge, step) for edge in edges for step in (-1, 0, 1)}
    return sorted({when.earliest, when.latest} | {day for day in days if when.earliest <= day <= when.latest})
