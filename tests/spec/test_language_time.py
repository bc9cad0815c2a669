"""The manual of the language: what follows what, how long ago, how old, how often."""

from typing import Any

import pytest

from tests.spec.language import Patient, Row, check, title

BY_60 = "followed_within_days(bortezomib, progression, 60)"
BY_A_MONTH = "followed_within_months(bortezomib, progression, 1)"
AFTER = "followed_within_days(bortezomib, progression)"


def course(start: str, end: str, progression: str | None = None, **more: Any) -> Patient:
    """A course of bortezomib and, if it came to that, a progression."""
    patient: Patient = {"bortezomib": {"start": start, "end": end}, **more}
    return patient | ({"progression": {"start": progression}} if progression else {})


def radiotherapy(start: str, end: str | None = None, **more: Any) -> Patient:
    """A course of radiotherapy; without an end, of one day."""
    row = {"start": start} if end is None else {"start": start, "end": end}
    return {"radiotherapy": row, **more}


def born(day: str, as_of: str = "2026-06-30", **more: str) -> Patient:
    """Somebody born on a day, asked on another."""
    return {"birth": day, "as_of": as_of, **more}


def qtc(*results: tuple[float, str], **more: Any) -> Patient:
    """Several QTc in ms, each with its day."""
    return {"results": {"qtc": results}, **more}


FOLLOWED = (
    Row("59 days after the last day", course("-400", "-200", "-141"), BY_60, "pass"),
    Row("60 days after the last day", course("-400", "-200", "-140"), BY_60, "pass"),
    Row("61 days after the last day", course("-400", "-200", "-139"), BY_60, "fail"),
    Row("during the course", course("-400", "-200", "-300"), BY_60, "pass"),
    Row("on its first day", course("-400", "-200", "-400"), BY_60, "pass"),
    Row("before it", course("-400", "-200", "-401"), BY_60, "fail"),
    Row("nothing to follow", {"progression": {"start": "-140"}}, BY_60, "fail"),
    Row("nothing that follows", course("-400", "-200"), BY_60, "fail"),
    Row("without a number: at any time after", course("-400", "-200", "-1"), AFTER, "pass"),
    Row("but not before", course("-400", "-200", "-401"), AFTER, "fail"),
    Row(
        "0 days: until the last day",
        course("-400", "-200", "-200"),
        "followed_within_days(bortezomib, progression, 0)",
        "pass",
    ),
    Row(
        "and not the day after",
        course("-400", "-200", "-199"),
        "followed_within_days(bortezomib, progression, 0)",
        "fail",
    ),
    Row(
        "a month after 31 January is 28 February",
        course("2025-01-01", "2025-01-31", "2025-02-28"),
        BY_A_MONTH,
        "pass",
    ),
    Row("and not 1 March", course("2025-01-01", "2025-01-31", "2025-03-01"), BY_A_MONTH, "fail"),
    Row(
        "in a leap year it is 29 February",
        course("2024-01-01", "2024-01-31", "2024-02-29"),
        BY_A_MONTH,
        "pass",
    ),
    Row("and not 1 March either", course("2024-01-01", "2024-01-31", "2024-03-01"), BY_A_MONTH, "fail"),
    Row(
        "a month after 28 February is 28 March",
        course("2025-02-01", "2025-02-28", "2025-03-29"),
        BY_A_MONTH,
        "fail",
    ),
    Row("during a course that goes on", course("-400", "ongoing", "-10"), BY_60, "pass"),
    Row(
        "a course whose end is not recorded may reach as far",
        course("-400", "unknown", "-10"),
        BY_60,
        "unknown",
        "never_recorded",
    ),
    Row(
        "a progression known by its month, all of it in time",
        course("2025-01-01", "2025-03-20", "2025-04"),
        BY_60,
        "pass",
    ),
    Row(
        "a progression known by its month, partly in time",
        course("2025-01-01", "2025-03-20", "2025-05"),
        BY_60,
        "unknown",
        "partial_date",
    ),
    Row(
        "a progression known by its month, too late",
        course("2025-01-01", "2025-03-20", "2025-06"),
        BY_60,
        "fail",
    ),
    Row(
        "one of two courses is enough",
        {
            "bortezomib": [{"start": "-900", "end": "-800"}, {"start": "-200", "end": "-150"}],
            "progression": {"start": "-100"},
        },
        BY_60,
        "pass",
    ),
    Row(
        "only the last course is asked about",
        {
            "bortezomib": [{"start": "-900", "end": "-800"}, {"start": "-200", "end": "-150"}],
            "progression": {"start": "-790"},
        },
        "followed_within_days(last(bortezomib), progression, 60)",
        "fail",
    ),
    Row(
        "a course that may not belong",
        {"bortezomib": {"start": "-400", "end": "-200", "certain": False}, "progression": {"start": "-150"}},
        BY_60,
        "unknown",
        "needs_review",
    ),
    Row("a line does not follow itself", {"prior_lines": 1}, "followed_within_days(lines, lines)", "fail"),
    Row("one line follows another", {"prior_lines": 2}, "followed_within_days(lines, lines)", "pass"),
    Row(
        "the number of days may depend on the course",
        {
            "bortezomib": {"start": "-400", "end": "-200", "stop_reason": "toxicity"},
            "progression": {"start": "-150"},
        },
        "followed_within_days(bortezomib, progression, if(stop_reason = 'toxicity', 30, 60))",
        "fail",
    ),
    Row(
        "its reason not recorded, both are tried",
        course("-400", "-200", "-150"),
        "followed_within_days(bortezomib, progression, if(stop_reason = 'toxicity', 30, 60))",
        "unknown",
        "never_recorded",
    ),
)

SINCE = (
    Row(
        "counted to the day of another event",
        radiotherapy("-40") | {"autologous_transplant": {"start": "-30"}},
        "days_since(radiotherapy, start_date(autologous_transplant)) = 10",
        "pass",
    ),
    Row("28 days ago is 28 days", radiotherapy("-28"), "days_since(radiotherapy, as_of) = 28", "pass"),
    Row("27 days are not at least 28", radiotherapy("-27"), "days_since(radiotherapy, as_of) >= 28", "fail"),
    Row("today is 0", radiotherapy("0"), "days_since(radiotherapy, as_of) = 0", "pass"),
    Row(
        "counted from the last day of a course",
        radiotherapy("-90", "-28"),
        "days_since(radiotherapy, as_of) = 28",
        "pass",
    ),
    Row(
        "what goes on is 0 days ago",
        radiotherapy("-90", "ongoing"),
        "days_since(radiotherapy, as_of) = 0",
        "pass",
    ),
    Row(
        "counted from the latest of several",
        {"radiotherapy": [{"start": "-90"}, {"start": "-9"}]},
        "days_since(radiotherapy, as_of) = 9",
        "pass",
    ),
    Row("never is longer ago than any number", {}, "days_since(radiotherapy, as_of) > 999999", "pass"),
    Row(
        "asked of a date during the course",
        radiotherapy("-90", "-28"),
        "days_since(radiotherapy, as_of - 30) = 0",
        "pass",
    ),
    Row(
        "asked of a date before it: never",
        radiotherapy("-90", "-28"),
        "days_since(radiotherapy, as_of - 91) > 999999",
        "pass",
    ),
    Row(
        "asked of the first dose",
        radiotherapy("-4", first_dose="2026-07-10"),
        "days_since(radiotherapy, first_dose) = 14",
        "pass",
    ),
    Row(
        "a month leaves the number open",
        radiotherapy("2026-05"),
        "days_since(radiotherapy, as_of) = 45",
        "unknown",
        "partial_date",
    ),
    Row(
        "within what its days are",
        radiotherapy("2026-05"),
        "days_since(radiotherapy, as_of) between 30 and 60",
        "pass",
    ),
    Row(
        "a later row that may not belong",
        {"radiotherapy": [{"start": "-90"}, {"start": "-9", "certain": False}]},
        "days_since(radiotherapy, as_of) >= 28",
        "unknown",
        "needs_review",
    ),
    Row(
        "makes it at least as recent as the certain one",
        {"radiotherapy": [{"start": "-90"}, {"start": "-9", "certain": False}]},
        "days_since(radiotherapy, as_of) between 9 and 90",
        "pass",
    ),
    Row(
        "later rows may be missing from a table not captured",
        radiotherapy("-90", not_captured=["procedures"]),
        "days_since(radiotherapy, as_of) >= 28",
        "unknown",
        "not_captured",
    ),
    Row(
        "which makes it no longer ago",
        radiotherapy("-9", not_captured=["procedures"]),
        "days_since(radiotherapy, as_of) >= 28",
        "fail",
    ),
    Row(
        "31 May to 30 June is a whole month",
        radiotherapy("2026-05-31"),
        "months_since(radiotherapy, as_of) = 1",
        "pass",
    ),
    Row("30 May to 30 June", radiotherapy("2026-05-30"), "months_since(radiotherapy, as_of) = 1", "pass"),
    Row(
        "1 June to 30 June is none",
        radiotherapy("2026-06-01"),
        "months_since(radiotherapy, as_of) = 0",
        "pass",
    ),
    Row(
        "30 April to 30 June are two",
        radiotherapy("2026-04-30"),
        "months_since(radiotherapy, as_of) = 2",
        "pass",
    ),
    Row(
        "31 May to 29 June is none",
        radiotherapy("2026-05-31", as_of="2026-06-29"),
        "months_since(radiotherapy, as_of) = 0",
        "pass",
    ),
    Row(
        "31 January to 28 February is one",
        radiotherapy("2026-01-31", as_of="2026-02-28"),
        "months_since(radiotherapy, as_of) = 1",
        "pass",
    ),
    Row(
        "31 January to 27 February is none",
        radiotherapy("2026-01-31", as_of="2026-02-27"),
        "months_since(radiotherapy, as_of) = 0",
        "pass",
    ),
    Row(
        "31 January to 28 February of a leap year is none",
        radiotherapy("2028-01-31", as_of="2028-02-28"),
        "months_since(radiotherapy, as_of) = 0",
        "pass",
    ),
    Row(
        "29 February to 28 February a year later are twelve",
        radiotherapy("2024-02-29", as_of="2025-02-28"),
        "months_since(radiotherapy, as_of) = 12",
        "pass",
    ),
    Row(
        "never is longer ago than any number of months",
        {},
        "months_since(radiotherapy, as_of) > 999999",
        "pass",
    ),
)

SET_DATES = (
    Row(
        "the first start",
        {"radiotherapy": [{"start": "-90", "end": "-5"}, {"start": "-60"}]},
        "start_date(radiotherapy) = as_of - 90",
        "pass",
    ),
    Row(
        "the last end",
        {"radiotherapy": [{"start": "-90", "end": "-5"}, {"start": "-60"}]},
        "end_date(radiotherapy) = as_of - 5",
        "pass",
    ),
    Row(
        "what goes on ends after every day",
        radiotherapy("-90", "ongoing"),
        "end_date(radiotherapy) > as_of + 36500",
        "pass",
    ),
    Row(
        "a start known by its month",
        radiotherapy("2026-05"),
        "start_date(radiotherapy) >= as_of - 45",
        "unknown",
        "partial_date",
    ),
    Row(
        "is in that month",
        radiotherapy("2026-05"),
        "start_date(radiotherapy) between as_of - 60 and as_of - 30",
        "pass",
    ),
    Row("no row has no day", {}, "start_date(radiotherapy) <= as_of", "unknown", "never_recorded"),
    Row(
        "nor has a row that may not be",
        {"radiotherapy": {"start": "-90", "certain": False}},
        "end_date(radiotherapy) <= as_of",
        "unknown",
        "never_recorded",
    ),
    Row(
        "an earlier row that may be",
        {"radiotherapy": [{"start": "-90", "certain": False}, {"start": "-60"}]},
        "start_date(radiotherapy) = as_of - 60",
        "unknown",
        "needs_review",
    ),
    Row(
        "an earlier row may be missing",
        radiotherapy("-90", not_captured=["procedures"]),
        "start_date(radiotherapy) = as_of - 90",
        "unknown",
        "not_captured",
    ),
    Row(
        "which would start no later",
        radiotherapy("-90", not_captured=["procedures"]),
        "start_date(radiotherapy) <= as_of - 90",
        "pass",
    ),
    Row(
        "a later end may be missing",
        radiotherapy("-90", complete={"procedures": ("", "-20")}),
        "end_date(radiotherapy) = as_of - 90",
        "unknown",
        "source_stale",
    ),
    Row(
        "which would end no earlier",
        radiotherapy("-90", complete={"procedures": ("", "-20")}),
        "end_date(radiotherapy) >= as_of - 90",
        "pass",
    ),
)

AGE = (
    Row(
        "asked of the day of another event",
        {"birth": "1990-03-02", "autologous_transplant": {"start": "2020-03-01"}},
        "age(start_date(autologous_transplant)) = 29",
        "pass",
    ),
    Row("on the 18th birthday one is 18", born("2008-06-30"), "age(as_of) = 18", "pass"),
    Row("the day before one is 17", born("2008-07-01"), "age(as_of) = 17", "pass"),
    Row("at least 18 on the birthday", born("2008-06-30"), "age(as_of) >= 18", "pass"),
    Row("not the day before", born("2008-07-01"), "age(as_of) >= 18", "fail"),
    Row(
        "asked of the enrollment a day later",
        born("2008-07-01", enrollment="2026-07-01"),
        "age(enrollment) >= 18",
        "pass",
    ),
    Row("born on 29 February, on 28 February", born("2008-02-29", "2026-02-28"), "age(as_of) = 17", "pass"),
    Row("born on 29 February, on 1 March", born("2008-02-29", "2026-03-01"), "age(as_of) = 18", "pass"),
    Row("born on 29 February, on 29 February", born("2004-02-29", "2024-02-29"), "age(as_of) = 20", "pass"),
    Row(
        "born on 29 February, on 28 February of a leap year",
        born("2004-02-29", "2024-02-28"),
        "age(as_of) = 19",
        "pass",
    ),
    Row("born on 28 February, on 28 February", born("2008-02-28", "2026-02-28"), "age(as_of) = 18", "pass"),
    Row("born on 31 December, on 1 January", born("2007-12-31", "2026-01-01"), "age(as_of) = 18", "pass"),
    Row(
        "the year alone, half of which is not yet 18",
        born("2008"),
        "age(as_of) >= 18",
        "unknown",
        "partial_date",
    ),
    Row("the year alone, enough to pass", born("2007"), "age(as_of) >= 18", "pass"),
    Row("the year alone, enough to fail", born("2009"), "age(as_of) >= 18", "fail"),
    Row("the month alone", born("2008-06"), "age(as_of) >= 18", "pass"),
    Row("the day not recorded at all", {}, "age(as_of) >= 18", "unknown", "never_recorded"),
)

TWICE = "times(qtc > 450, 365, as_of) >= 2"
TIMES = (
    Row("on two days", qtc((460, "-20"), (470, "-10")), TWICE, "pass"),
    Row("only results that meet the condition", qtc((460, "-20"), (450, "-10")), TWICE, "fail"),
    Row("none", {}, "times(qtc > 450, 365, as_of) = 0", "pass"),
    Row("the last day of the window counts", qtc((460, "-30")), "times(qtc > 450, 30, as_of) = 1", "pass"),
    Row("the day before does not", qtc((460, "-31")), "times(qtc > 450, 30, as_of) = 0", "pass"),
    Row("nor a day after the anchor", qtc((460, "-3")), "times(qtc > 450, 30, as_of - 4) = 0", "pass"),
    Row(
        "days in a row count one by one",
        qtc((460, "-10"), (460, "-9")),
        "times(qtc > 450, 30, as_of) = 2",
        "pass",
    ),
    Row(
        "not if they must be two days apart",
        qtc((460, "-10"), (460, "-9")),
        "times(qtc > 450, 30, as_of, 2) = 1",
        "pass",
    ),
    Row(
        "two days apart are two days apart",
        qtc((460, "-10"), (460, "-8")),
        "times(qtc > 450, 30, as_of, 2) = 2",
        "pass",
    ),
    Row(
        "of three days in a row the first and the third",
        qtc((460, "-10"), (460, "-9"), (460, "-8")),
        "times(qtc > 450, 30, as_of, 2) = 2",
        "pass",
    ),
    Row(
        "14 days apart, three times",
        qtc((460, "-30"), (460, "-16"), (460, "-2")),
        "times(qtc > 450, 30, as_of, 14) = 3",
        "pass",
    ),
    Row(
        "13 days apart is too soon",
        qtc((460, "-30"), (460, "-17"), (460, "-2")),
        "times(qtc > 450, 30, as_of, 14) = 2",
        "pass",
    ),
    Row(
        "0 days apart is one day apart",
        qtc((460, "-30"), (460, "-17")),
        "times(qtc > 450, 30, as_of, 0) = 2",
        "pass",
    ),
    Row("results are counted however old", qtc((460, "-300")), "times(qtc > 450, 365, as_of) = 1", "pass"),
    Row(
        "a result known by its month may count",
        qtc((460, "2026-06")),
        "times(qtc > 450, 365, as_of) >= 1",
        "unknown",
        "partial_date",
    ),
    Row("but not more than once", qtc((460, "2026-06")), "times(qtc > 450, 365, as_of) <= 1", "pass"),
    Row("nor outside its month", qtc((460, "2026-05")), "times(qtc > 450, 29, as_of) = 0", "pass"),
    Row(
        "results may be missing where the table is not complete",
        qtc((460, "-20"), not_captured=["observations"]),
        "times(qtc > 450, 365, as_of) <= 1",
        "unknown",
        "not_captured",
    ),
    Row(
        "those there are count",
        qtc((460, "-20"), not_captured=["observations"]),
        "times(qtc > 450, 365, as_of) >= 1",
        "pass",
    ),
    Row(
        "only the window has to be complete",
        qtc((460, "-20"), complete={"observations": ("-365", "0")}),
        "times(qtc > 450, 365, as_of) <= 1",
        "pass",
    ),
    Row(
        "all of it",
        qtc((460, "-20"), complete={"observations": ("-364", "0")}),
        "times(qtc > 450, 365, as_of) <= 1",
        "unknown",
        "not_captured",
    ),
    Row(
        "words can be counted",
        {"results": {"hbsag": [(1, "-50"), (0, "-10")]}},
        "times(hbsag = 'positive', 365, as_of) = 1",
        "pass",
    ),
    Row(
        "a limit of the result can be asked about",
        {"results": {"alt": [(20, "-50"), (0, "-10")]}},
        "times(alt > 2 * alt_upper_limit, 365, as_of) = 1",
        "pass",
    ),
    Row(
        "a condition may have parts",
        qtc((460, "-20"), (600, "-10")),
        "times(qtc > 450 and qtc < 500, 365, as_of) = 1",
        "pass",
    ),
    Row(
        "and take the greatest", qtc((460, "-20")), "times(greatest(qtc, 470) = 470, 365, as_of) = 1", "pass"
    ),
)


@pytest.mark.parametrize("row", FOLLOWED, ids=title)
def test_followed_within_runs_from_the_first_day_to_the_last_day_and_n_more(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", SINCE, ids=title)
def test_days_since_and_months_since_count_from_the_last_day(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", SET_DATES, ids=title)
def test_start_date_is_the_first_start_and_end_date_the_last_end(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", AGE, ids=title)
def test_age_is_in_completed_years(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", TIMES, ids=title)
def test_times_counts_days_with_a_result(row: Row) -> None:
    check(row)
