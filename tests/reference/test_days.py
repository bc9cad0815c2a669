"""The calendar: birthdays, ends of months, leap days and the ends of the calendar."""

from datetime import date
from decimal import Decimal

import pytest

from criteria.reference.days import (
    add_days,
    add_months,
    candidates,
    completed_months,
    completed_years,
    days_between,
    moved,
    whole,
)
from schemas.words import BEGINNING, FOREVER
from tests.reference.builders import when


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-03-31", -6, "2023-09-30"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-12-15", 1, "2025-01-15"),
        ("2024-01-15", -1, "2023-12-15"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(
    day: str, months: int, expected: str
) -> None:
    assert add_months(when(day).earliest, months) == when(expected).earliest


def test_dates_that_leave_the_calendar_stay_at_its_ends() -> None:
    assert add_months(date(9999, 12, 1), 1) == FOREVER
    assert add_months(date(1, 1, 31), -1) == BEGINNING
    assert add_days(FOREVER, 1) == FOREVER
    assert add_days(BEGINNING, -1) == BEGINNING
    assert add_days(date(2024, 1, 1), 10**12) == FOREVER


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        ("2006-03-31", "2024-03-30", 17),
        ("2006-03-31", "2024-03-31", 18),
        ("2004-02-29", "2022-02-28", 17),
        ("2004-02-29", "2022-03-01", 18),
        ("2004-02-29", "2024-02-28", 19),
        ("2004-02-29", "2024-02-29", 20),
        ("2024-04-01", "2024-03-31", -1),
    ],
)
def test_a_year_is_completed_on_the_birthday_and_for_leap_days_on_1_march(
    birth: str, day: str, years: int
) -> None:
    assert completed_years(when(birth).earliest, when(day).earliest) == years


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2024-01-31", "2024-02-28", 0),
        ("2024-01-31", "2024-02-29", 1),
        ("2023-09-30", "2024-03-30", 6),
        ("2023-09-30", "2024-03-29", 5),
        ("2024-03-31", "2024-03-31", 0),
    ],
)
def test_a_month_is_completed_on_the_same_day_or_the_last_of_a_shorter_month(
    first: str, last: str, months: int
) -> None:
    assert completed_months(when(first).earliest, when(last).earliest) == months


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("days", "2024-03-02"), ("weeks", "2024-03-14"), ("months", "2024-04-29"), ("years", "2026-02-28")],
)
def test_lengths_are_in_their_unit(unit: str, expected: str) -> None:
    assert moved(date(2024, 2, 29), 2, unit) == when(expected).earliest


def test_part_of_a_day_is_not_a_day() -> None:
    assert whole(Decimal("14.999999999")) == 14
    assert whole(Decimal("-0.5")) == -1
    assert whole(Decimal(10) ** 12) == 10**12


def test_days_between_two_dates_count_the_leap_day() -> None:
    assert days_between(date(2024, 2, 28), date(2024, 3, 1)) == 2


def test_days_worth_trying_are_the_ends_and_what_lies_beside_an_edge() -> None:
    assert candidates(when("2024-03-05"), [date(2024, 3, 5)]) == [date(2024, 3, 5)]
    tried = candidates(when("2024-03"), [date(2024, 3, 10), date(2024, 4, 1)])
    assert [day.day for day in tried] == [1, 9, 10, 11, 31]
