"""The manual of the language: a window is closed, [anchor - n, anchor]; a row that shares a day is in it."""

import pytest

from tests.spec.language import Patient, Row, check, title

DAYS = "within_days(radiotherapy, 14, as_of)"
MONTH = "within_months(radiotherapy, 1, as_of)"
BY_GRADE = "within_days(bacterial_infection, if(grade >= 3, 28, 7), as_of)"


def radiotherapy(start: str, end: str | None = None, **more: str) -> Patient:
    """A course of radiotherapy; without an end, of one day."""
    row = {"start": start} if end is None else {"start": start, "end": end}
    return {"radiotherapy": row, **more}


def infection(end: str, **attributes: int) -> Patient:
    """A bacterial infection that began 60 days ago."""
    return {"bacterial_infection": {"start": "-60", "end": end, **attributes}}


WHOLE_DAYS = (
    Row("the 13th day before is within 14 days", radiotherapy("-13"), DAYS, "pass"),
    Row("the 14th day before is within 14 days", radiotherapy("-14"), DAYS, "pass"),
    Row("the 15th day before is not", radiotherapy("-15"), DAYS, "fail"),
    Row("the anchor itself is in the window", radiotherapy("0"), DAYS, "pass"),
    Row("a course counts to its last day", radiotherapy("-50", "-14"), DAYS, "pass"),
    Row("a course that ended before the window is out", radiotherapy("-50", "-15"), DAYS, "fail"),
    Row("a course that spans the window is in", radiotherapy("-50", "ongoing"), DAYS, "pass"),
    Row("nothing recorded, all complete: not in the window", {}, DAYS, "fail"),
    Row("0 days are the anchor alone", radiotherapy("0"), "within_days(radiotherapy, 0, as_of)", "pass"),
    Row("and not the day before", radiotherapy("-1"), "within_days(radiotherapy, 0, as_of)", "fail"),
    Row(
        "two weeks are 14 days: the 13th", radiotherapy("-13"), "within_weeks(radiotherapy, 2, as_of)", "pass"
    ),
    Row(
        "two weeks are 14 days: the 14th", radiotherapy("-14"), "within_weeks(radiotherapy, 2, as_of)", "pass"
    ),
    Row(
        "two weeks are 14 days: not the 15th",
        radiotherapy("-15"),
        "within_weeks(radiotherapy, 2, as_of)",
        "fail",
    ),
    Row("within n turned round excludes day n", radiotherapy("-14"), f"not {DAYS}", "fail"),
    Row(
        "at least n days since includes day n",
        radiotherapy("-14"),
        "days_since(radiotherapy, as_of) >= 14",
        "pass",
    ),
)

# The run is on 30 June 2026 unless the row says otherwise.
CALENDAR = (
    Row("a month before 30 June is 30 May: the day after", radiotherapy("2026-05-31"), MONTH, "pass"),
    Row("a month before 30 June is 30 May", radiotherapy("2026-05-30"), MONTH, "pass"),
    Row("a month before 30 June is 30 May: not the day before", radiotherapy("2026-05-29"), MONTH, "fail"),
    Row(
        "a month before 31 March is 28 February",
        radiotherapy("2026-02-28", as_of="2026-03-31"),
        MONTH,
        "pass",
    ),
    Row("and not 27 February", radiotherapy("2026-02-27", as_of="2026-03-31"), MONTH, "fail"),
    Row("in a leap year it is 29 February", radiotherapy("2028-02-29", as_of="2028-03-31"), MONTH, "pass"),
    Row("and not 28 February", radiotherapy("2028-02-28", as_of="2028-03-31"), MONTH, "fail"),
    Row(
        "a month before 29 March is 28 February, too",
        radiotherapy("2026-02-28", as_of="2026-03-29"),
        MONTH,
        "pass",
    ),
    Row(
        "a month before 28 February is 28 January",
        radiotherapy("2026-01-28", as_of="2026-02-28"),
        MONTH,
        "pass",
    ),
    Row("and not 27 January", radiotherapy("2026-01-27", as_of="2026-02-28"), MONTH, "fail"),
    Row(
        "a month before 15 January is in the year before",
        radiotherapy("2025-12-15", as_of="2026-01-15"),
        MONTH,
        "pass",
    ),
    Row(
        "six months before 31 May is 30 November",
        radiotherapy("2025-11-30", as_of="2026-05-31"),
        "within_months(radiotherapy, 6, as_of)",
        "pass",
    ),
    Row(
        "and not 29 November",
        radiotherapy("2025-11-29", as_of="2026-05-31"),
        "within_months(radiotherapy, 6, as_of)",
        "fail",
    ),
    Row("a month is not 28 days", radiotherapy("-30"), MONTH, "pass"),
    Row(
        "two years ago, a day less",
        radiotherapy("2024-07-01"),
        "within_years(radiotherapy, 2, as_of)",
        "pass",
    ),
    Row(
        "two years ago to the day", radiotherapy("2024-06-30"), "within_years(radiotherapy, 2, as_of)", "pass"
    ),
    Row(
        "two years and a day ago", radiotherapy("2024-06-29"), "within_years(radiotherapy, 2, as_of)", "fail"
    ),
    Row(
        "a year before 29 February is 28 February",
        radiotherapy("2027-02-28", as_of="2028-02-29"),
        "within_years(radiotherapy, 1, as_of)",
        "pass",
    ),
    Row(
        "and not 27 February",
        radiotherapy("2027-02-27", as_of="2028-02-29"),
        "within_years(radiotherapy, 1, as_of)",
        "fail",
    ),
    Row(
        "four years before 29 February is 29 February",
        radiotherapy("2024-02-29", as_of="2028-02-29"),
        "within_years(radiotherapy, 4, as_of)",
        "pass",
    ),
    Row(
        "and not 28 February",
        radiotherapy("2024-02-28", as_of="2028-02-29"),
        "within_years(radiotherapy, 4, as_of)",
        "fail",
    ),
    Row(
        "a year before 28 February reaches over 29 February",
        radiotherapy("2028-02-28", as_of="2029-02-28"),
        "within_years(radiotherapy, 1, as_of)",
        "pass",
    ),
)

ANCHORS = (
    Row(
        "14 days before a first dose in ten days",
        radiotherapy("-4", first_dose="2026-07-10"),
        "within_days(radiotherapy, 14, first_dose)",
        "pass",
    ),
    Row(
        "15 days before it",
        radiotherapy("-5", first_dose="2026-07-10"),
        "within_days(radiotherapy, 14, first_dose)",
        "fail",
    ),
    Row("the same day asked of the run", radiotherapy("-5", first_dose="2026-07-10"), DAYS, "pass"),
    Row(
        "an anchor may be moved by days",
        radiotherapy("-21"),
        "within_days(radiotherapy, 14, as_of - 7)",
        "pass",
    ),
    Row(
        "what starts after the anchor is not in the window",
        radiotherapy("-5"),
        "within_days(radiotherapy, 14, as_of - 7)",
        "fail",
    ),
    Row(
        "what starts on the anchor is", radiotherapy("-7"), "within_days(radiotherapy, 14, as_of - 7)", "pass"
    ),
    Row(
        "an anchor may be the day of another event",
        radiotherapy("-40") | {"autologous_transplant": {"start": "-30"}},
        "within_days(radiotherapy, 10, start_date(autologous_transplant))",
        "pass",
    ),
    Row(
        "an anchor known by its month only leaves open what depends on the day",
        radiotherapy("2026-04-20") | {"autologous_transplant": {"start": "2026-05"}},
        "within_days(radiotherapy, 14, start_date(autologous_transplant))",
        "unknown",
        "partial_date",
    ),
    Row(
        "and decides what does not",
        radiotherapy("2026-04-20") | {"autologous_transplant": {"start": "2026-05"}},
        "within_days(radiotherapy, 60, start_date(autologous_transplant))",
        "pass",
    ),
    Row(
        "an anchor that is not known leaves a row open",
        radiotherapy("-40"),
        "within_days(radiotherapy, 14, start_date(autologous_transplant))",
        "unknown",
        "never_recorded",
    ),
)

PARTIAL = (
    Row(
        "a month wholly inside is inside",
        radiotherapy("2026-06"),
        "within_days(radiotherapy, 29, as_of)",
        "pass",
    ),
    Row(
        "a month that begins a day early may be outside",
        radiotherapy("2026-06"),
        "within_days(radiotherapy, 28, as_of)",
        "unknown",
        "partial_date",
    ),
    Row(
        "a month of which one day is inside may be inside",
        radiotherapy("2026-05"),
        "within_days(radiotherapy, 30, as_of)",
        "unknown",
        "partial_date",
    ),
    Row(
        "a month wholly outside is outside",
        radiotherapy("2026-05"),
        "within_days(radiotherapy, 29, as_of)",
        "fail",
    ),
    Row("a year wholly inside", radiotherapy("2025"), "within_years(radiotherapy, 2, as_of)", "pass"),
    Row(
        "a year partly inside",
        radiotherapy("2025"),
        "within_years(radiotherapy, 1, as_of)",
        "unknown",
        "partial_date",
    ),
    Row(
        "a year of which two days are inside",
        radiotherapy("2025"),
        "within_months(radiotherapy, 6, as_of)",
        "unknown",
        "partial_date",
    ),
    Row("a year wholly outside", radiotherapy("2025"), "within_months(radiotherapy, 5, as_of)", "fail"),
    Row("only the end matters for a course that began before", radiotherapy("2025", "-3"), DAYS, "pass"),
    Row("an end known by its month only", radiotherapy("-100", "2026-06"), DAYS, "unknown", "partial_date"),
    Row(
        "no end recorded may have ended long ago",
        radiotherapy("-100", "unknown"),
        DAYS,
        "unknown",
        "never_recorded",
    ),
    Row("no end recorded, begun inside", radiotherapy("-10", "unknown"), DAYS, "pass"),
    Row(
        "one certain row is enough beside an open one",
        {"radiotherapy": [{"start": "2026-06"}, {"start": "-2"}]},
        DAYS,
        "pass",
    ),
    Row(
        "a row that may not belong cannot decide",
        {"radiotherapy": {"start": "-2", "certain": False}},
        DAYS,
        "unknown",
        "needs_review",
    ),
    Row("nor does it matter outside", {"radiotherapy": {"start": "-20", "certain": False}}, DAYS, "fail"),
)

LENGTHS = (
    Row(
        "or on the drugs of a line",
        {"lines": {"start": "-60", "end": "-20", "includes": ["bortezomib"]}},
        "within_days(lines, if(includes(bortezomib), 28, 7), as_of)",
        "pass",
    ),
    Row(
        "for another line it is short",
        {"lines": {"start": "-60", "end": "-20", "includes": ["daratumumab"]}},
        "within_days(lines, if(includes(bortezomib), 28, 7), as_of)",
        "fail",
    ),
    Row("a length that the row decides: long for grade 3", infection("-20", grade=3), BY_GRADE, "pass"),
    Row("short for grade 2", infection("-20", grade=2), BY_GRADE, "fail"),
    Row(
        "grade not recorded: both lengths are tried", infection("-20"), BY_GRADE, "unknown", "never_recorded"
    ),
    Row("inside the short one, whatever the grade", infection("-7"), BY_GRADE, "pass"),
    Row("outside the long one, whatever the grade", infection("-29"), BY_GRADE, "fail"),
    Row(
        "weeks may depend on the row, too",
        infection("-20", grade=3),
        "within_weeks(bacterial_infection, grade, as_of)",
        "pass",
    ),
    Row(
        "three weeks are over after 22 days",
        infection("-22", grade=3),
        "within_weeks(bacterial_infection, grade, as_of)",
        "fail",
    ),
    Row(
        "whichever is longer",
        infection("-14", grade=1),
        "within_days(bacterial_infection, greatest(14, 5 * grade), as_of)",
        "pass",
    ),
    Row(
        "the longer one of the row",
        infection("-20", grade=4),
        "within_days(bacterial_infection, greatest(14, 5 * grade), as_of)",
        "pass",
    ),
    Row(
        "a part of a day is no day",
        infection("-8", grade=3),
        "within_days(bacterial_infection, 2.5 * grade, as_of)",
        "fail",
    ),
    Row(
        "a length below 0 is 0",
        infection("0", grade=3),
        "within_days(bacterial_infection, grade - 4, as_of)",
        "pass",
    ),
)


@pytest.mark.parametrize("row", WHOLE_DAYS, ids=title)
def test_a_window_in_days_takes_in_both_ends(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", CALENDAR, ids=title)
def test_months_and_years_go_by_the_calendar_and_stop_at_the_end_of_a_month(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", ANCHORS, ids=title)
def test_a_window_hangs_on_the_date_that_is_named(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", PARTIAL, ids=title)
def test_a_date_that_is_not_whole_decides_only_what_all_its_days_decide(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", LENGTHS, ids=title)
def test_the_length_of_a_window_may_depend_on_the_row(row: Row) -> None:
    check(row)
