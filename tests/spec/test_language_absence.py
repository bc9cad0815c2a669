"""The manual of the language: no row is a "no" only where a table is declared complete for the days asked.

A row that is there needs no declaration. Tables may trail the day of the run by 7 days (``max_lag_days``).
"""

import pytest

from tests.spec.language import Patient, Row, check, title

EVER = "ever(radiotherapy)"
IN_100_DAYS = "within_days(radiotherapy, 100, as_of)"
THERE = {"radiotherapy": {"start": "-5"}}


def complete(first: str, last: str, table: str = "procedures", **more: str) -> Patient:
    """A table declared complete from a day through another; an empty day is the beginning of time."""
    return {"complete": {table: (first, last)}, **more}


NO_TABLE: Patient = {"not_captured": ["procedures"]}

ABSENCE = (
    Row("complete and silent: a no", {}, EVER, "fail"),
    Row("not captured: no answer", NO_TABLE, EVER, "unknown", "not_captured"),
    Row("nor its opposite", NO_TABLE, f"not {EVER}", "unknown", "not_captured"),
    Row("a row needs no declaration", NO_TABLE | THERE, EVER, "pass"),
    Row("another table does not matter", {"not_captured": ["conditions"]}, EVER, "fail"),
    Row(
        "drugs look to the treatments",
        {"not_captured": ["treatments"]},
        "ever(bortezomib)",
        "unknown",
        "not_captured",
    ),
    Row(
        "some drugs look to the medications",
        {"not_captured": ["medications"]},
        "ever(omeprazole)",
        "unknown",
        "not_captured",
    ),
    Row("and not to the treatments", {"not_captured": ["treatments"]}, "ever(omeprazole)", "fail"),
    Row("conditions", {"not_captured": ["conditions"]}, "ongoing(copd)", "unknown", "not_captured"),
    Row("allergies", {"not_captured": ["allergies"]}, "ever(allergy_to_boron)", "unknown", "not_captured"),
    Row(
        "participation in trials",
        {"not_captured": ["trial_participation"]},
        "ever(trial_participation)",
        "unknown",
        "not_captured",
    ),
    Row(
        "responses",
        {"not_captured": ["responses"]},
        "ever(only(responses, response = 'CR'))",
        "unknown",
        "not_captured",
    ),
    Row(
        "lines of therapy look to the treatments",
        {"not_captured": ["treatments"]},
        "prior_lines = 0",
        "unknown",
        "not_captured",
    ),
    Row(
        "progression looks to the responses",
        {"not_captured": ["responses"]},
        "ever(progression)",
        "unknown",
        "not_captured",
    ),
)

FROM = (
    Row("complete since birth: ever is answered", complete("1960-05", "0", birth="1960-05-01"), EVER, "fail"),
    Row(
        "complete a month after birth: it is not",
        complete("1960-06", "0", birth="1960-05-31"),
        EVER,
        "unknown",
        "not_captured",
    ),
    Row(
        "a window needs only its own days: complete from its first day",
        complete("-100", "0"),
        IN_100_DAYS,
        "fail",
    ),
    Row("complete from the day after", complete("-99", "0"), IN_100_DAYS, "unknown", "not_captured"),
    Row(
        "a window by the calendar begins where it begins",
        complete("2025-06", "0", as_of="2026-06-01"),
        "within_years(radiotherapy, 1, as_of)",
        "fail",
    ),
    Row(
        "and not a day later",
        complete("2025-07", "0", as_of="2026-06-30"),
        "within_years(radiotherapy, 1, as_of)",
        "unknown",
        "not_captured",
    ),
    Row(
        "ongoing may have begun at any time of life",
        complete("-100", "0", table="conditions"),
        "ongoing(copd)",
        "unknown",
        "not_captured",
    ),
    Row(
        "a length that depends on the row needs the longest one",
        complete("-5", "0", table="conditions"),
        "within_days(copd, grade, as_of)",
        "fail",
    ),
    Row(
        "to the day",
        complete("-4", "0", table="conditions"),
        "within_days(copd, grade, as_of)",
        "unknown",
        "not_captured",
    ),
)

TRAILING = (
    Row("complete through 7 days ago is complete", complete("", "-7"), EVER, "fail"),
    Row("complete through 8 days ago trails too far", complete("", "-8"), EVER, "unknown", "source_stale"),
    Row(
        "a row that is there does not mind",
        complete("", "-8") | {"radiotherapy": {"start": "-50"}},
        EVER,
        "pass",
    ),
    Row(
        "a window in the past needs its own days",
        complete("", "-20"),
        "within_days(radiotherapy, 10, as_of - 20)",
        "fail",
    ),
    Row(
        "to its last day",
        complete("", "-21"),
        "within_days(radiotherapy, 10, as_of - 20)",
        "unknown",
        "source_stale",
    ),
    Row(
        "a window into the future needs no more than today's tables",
        complete("", "-7", first_dose="2026-07-20"),
        "within_days(radiotherapy, 100, first_dose)",
        "fail",
    ),
    Row(
        "and no less",
        complete("", "-8", first_dose="2026-07-20"),
        "within_days(radiotherapy, 100, first_dose)",
        "unknown",
        "source_stale",
    ),
    Row("not captured comes before trailing", complete("-99", "-8"), IN_100_DAYS, "unknown", "not_captured"),
)

COMBINED = (
    Row(
        "what follows is asked of its own table",
        {"bortezomib": {"start": "-400", "end": "-200"}, "not_captured": ["responses"]},
        "followed_within_days(bortezomib, progression, 60)",
        "unknown",
        "not_captured",
    ),
    Row(
        "for the days in reach",
        {"bortezomib": {"start": "-400", "end": "-200"}, **complete("-400", "-140", "responses")},
        "followed_within_days(bortezomib, progression, 60)",
        "fail",
    ),
    Row(
        "to the first of them",
        {"bortezomib": {"start": "-400", "end": "-200"}, **complete("-399", "-140", "responses")},
        "followed_within_days(bortezomib, progression, 60)",
        "unknown",
        "not_captured",
    ),
    Row(
        "to the last of them",
        {"bortezomib": {"start": "-400", "end": "-200"}, **complete("-400", "-141", "responses")},
        "followed_within_days(bortezomib, progression, 60)",
        "unknown",
        "source_stale",
    ),
    Row(
        "no course, no need to know what follows",
        {"not_captured": ["responses"]},
        "followed_within_days(bortezomib, progression, 60)",
        "fail",
    ),
    Row(
        "what follows needs the courses",
        {"not_captured": ["treatments"]},
        "followed_within_days(bortezomib, progression, 60)",
        "unknown",
        "not_captured",
    ),
    Row("a certain no elsewhere decides an and", NO_TABLE | {"ecog": 3}, f"{EVER} and ecog < 2", "fail"),
    Row("a certain yes elsewhere decides an or", NO_TABLE | {"ecog": 1}, f"{EVER} or ecog < 2", "pass"),
    Row(
        "never recorded comes before not captured",
        NO_TABLE,
        f"{EVER} and ecog < 2",
        "unknown",
        "never_recorded",
    ),
    Row(
        "only needs the same table as its set",
        NO_TABLE,
        "ever(only(surgery, major))",
        "unknown",
        "not_captured",
    ),
    Row(
        "days since: never, or not known",
        NO_TABLE,
        "days_since(radiotherapy, as_of) >= 28",
        "unknown",
        "not_captured",
    ),
)


@pytest.mark.parametrize("row", ABSENCE, ids=title)
def test_silence_is_a_no_only_where_the_table_is_complete(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", FROM, ids=title)
def test_a_table_must_be_complete_from_the_first_day_asked(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", TRAILING, ids=title)
def test_a_table_may_trail_by_the_lag_of_the_trial(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", COMBINED, ids=title)
def test_absence_inside_larger_questions(row: Row) -> None:
    check(row)
