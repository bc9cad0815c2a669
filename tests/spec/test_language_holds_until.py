"""The manual of the language: the last day on which a verdict holds if nothing is recorded in the meantime.

Every day is counted from the day of the run; as_of, enrollment and first dose advance together. Nothing: only
new data can change the verdict. The day is a promise, not a forecast: the verdict may also hold longer.
"""

from datetime import date, timedelta
from typing import NamedTuple

import pytest

from tests.spec.language import RUN_DAY, Patient, criterion, judged, title


class Row(NamedTuple):
    """What holds, of whom, what is asked, the verdict, and its last day: in how many days, or a date."""

    sentence: str
    patient: Patient
    expression: str
    verdict: str
    last: int | str | None


def radiotherapy(start: str, end: str | None = None, **more: object) -> Patient:
    """A course of radiotherapy in tables that are complete for a year to come."""
    row = {"start": start} if end is None else {"start": start, "end": end}
    return {"radiotherapy": row, "complete": {"procedures": ("", "+365")}, **more}


TESTED = {"hemoglobin": 10, "hemoglobin_days_ago": 20, "ecog": 1}
IN_14 = "within_days(radiotherapy, 14, as_of)"

RESULTS = (
    Row("a result of today counts for 28 days", {"hemoglobin": 10}, "hemoglobin > 8", "pass", 28),
    Row("a result of 20 days ago for 8 more", TESTED, "hemoglobin > 8", "pass", 8),
    Row(
        "a result of 28 days ago for today",
        {"hemoglobin": 10, "hemoglobin_days_ago": 28},
        "hemoglobin > 8",
        "pass",
        0,
    ),
    Row(
        "a stale result stays stale",
        {"hemoglobin": 10, "hemoglobin_days_ago": 29},
        "hemoglobin > 8",
        "unknown",
        None,
    ),
    Row("what was never recorded stays so", {}, "hemoglobin > 8", "unknown", None),
    Row("sex does not change", {"sex": "female"}, "sex = 'female'", "pass", None),
    Row("two results: until the first is stale", TESTED, "hemoglobin > 8 and ecog < 2", "pass", 8),
    Row("one of two is enough: until the last is stale", TESTED, "hemoglobin > 8 or ecog < 2", "pass", 28),
    Row("two fails: until the last is stale", TESTED, "hemoglobin < 8 and ecog > 2", "fail", 28),
    Row("one fail of two: until it is stale", TESTED, "hemoglobin < 8 and ecog < 2", "fail", 8),
    Row("not: as long as its part", TESTED, "not hemoglobin < 8", "pass", 8),
    Row("a sum: as long as both", TESTED, "hemoglobin + ecog = 11", "pass", 8),
    Row("a product: as long as both", TESTED, "hemoglobin * ecog = 10", "pass", 8),
    Row("the greatest: as long as all", TESTED, "greatest(hemoglobin, ecog) = 10", "pass", 8),
    Row("the least: as long as all", TESTED, "least(hemoglobin, ecog) = 1", "pass", 8),
    Row("between: as long as the value", TESTED, "hemoglobin between 8 and 12", "pass", 8),
    Row("in: as long as the value", TESTED, "ecog in (0, 1)", "pass", 28),
    Row("at least 1 of 2: as long as all", TESTED, "at_least(1, hemoglobin > 8, ecog < 2)", "pass", 8),
    Row(
        "if: as long as condition and branch",
        TESTED,
        "if(ecog < 2, hemoglobin > 8, hemoglobin > 9)",
        "pass",
        8,
    ),
    Row(
        "if: branches that agree need no condition",
        TESTED,
        "if(hemoglobin > 8, ecog < 2, ecog < 3)",
        "pass",
        28,
    ),
    Row(
        "a limit: as long as its result",
        {"alt": 60, "alt_upper_limit": 40, "alt_days_ago": 20},
        "alt < 2 * alt_upper_limit",
        "pass",
        8,
    ),
    Row("the day of a result: until it is too long ago", TESTED, "date_of(ecog) >= as_of - 14", "pass", 14),
)

WINDOWS = (
    Row("14 days: until the row leaves the window", radiotherapy("-4"), IN_14, "pass", 10),
    Row("on day 14: today only", radiotherapy("-14"), IN_14, "pass", 0),
    Row("two weeks: the same", radiotherapy("-4"), "within_weeks(radiotherapy, 2, as_of)", "pass", 10),
    Row("a course counts from its end", radiotherapy("-90", "-4"), IN_14, "pass", 10),
    Row("a course that goes on stays", radiotherapy("-90", "ongoing"), IN_14, "pass", None),
    Row(
        "the longest of several rows", {"radiotherapy": [{"start": "-9"}, {"start": "-4"}]}, IN_14, "pass", 10
    ),
    Row(
        "a month: 15 June leaves after 15 July",
        radiotherapy("2026-06-15"),
        "within_months(radiotherapy, 1, as_of)",
        "pass",
        "2026-07-15",
    ),
    Row(
        "a month: 31 May leaves after 30 June",
        radiotherapy("2026-05-31"),
        "within_months(radiotherapy, 1, as_of)",
        "pass",
        "2026-06-30",
    ),
    Row(
        "a month: 28 February leaves after 31 March",
        radiotherapy("2026-02-28", as_of="2026-03-29"),
        "within_months(radiotherapy, 1, as_of)",
        "pass",
        "2026-03-31",
    ),
    Row(
        "a year: 29 February leaves after 28 February",
        radiotherapy("2028-02-29", as_of="2028-06-30"),
        "within_years(radiotherapy, 1, as_of)",
        "pass",
        "2029-02-28",
    ),
    Row(
        "a year: 28 February leaves after 28 February",
        radiotherapy("2026-02-28", as_of="2026-06-30"),
        "within_years(radiotherapy, 1, as_of)",
        "pass",
        "2027-02-28",
    ),
    Row(
        "the anchor moves with the run",
        radiotherapy("-4", first_dose="2026-07-10"),
        "within_days(radiotherapy, 14, first_dose)",
        "pass",
        0,
    ),
    Row(
        "a window that will reach a row",
        radiotherapy("-5"),
        "within_days(radiotherapy, 14, as_of - 20)",
        "fail",
        14,
    ),
    Row("a window outside which a row stays", radiotherapy("-15"), IN_14, "fail", 372),
    Row(
        "a month leaves with its last day",
        radiotherapy("2026-06"),
        "within_days(radiotherapy, 14, as_of)",
        "unknown",
        14,
    ),
    Row(
        "and stops being certain when its first day leaves",
        radiotherapy("2026-06"),
        "within_days(radiotherapy, 40, as_of)",
        "pass",
        "2026-07-11",
    ),
    Row(
        "what goes on stays ongoing",
        {"copd": {"start": "-90", "end": "ongoing"}},
        "ongoing(copd)",
        "pass",
        None,
    ),
    Row(
        "what ends in ten days is ongoing for ten",
        {"copd": {"start": "-90", "end": "+10"}},
        "ongoing(copd)",
        "pass",
        10,
    ),
    Row("ever is for ever", radiotherapy("-4"), "ever(radiotherapy)", "pass", None),
    Row(
        "what was followed stays followed",
        {"prior_lines": 2},
        "followed_within_days(lines, lines)",
        "pass",
        None,
    ),
    Row(
        "the beginning leaves the window first",
        radiotherapy("-4", "ongoing"),
        "within_days(started(radiotherapy), 14, as_of)",
        "pass",
        10,
    ),
)

ABSENCE = (
    Row("complete to the day: a no holds for the lag", {}, "ever(radiotherapy)", "fail", 7),
    Row(
        "trailing by three days: for what is left of it",
        {"complete": {"procedures": ("", "-3")}},
        "ever(radiotherapy)",
        "fail",
        4,
    ),
    Row(
        "trailing by the whole lag: today only",
        {"complete": {"procedures": ("", "-7")}},
        "ever(radiotherapy)",
        "fail",
        0,
    ),
    Row(
        "trailing too far stays so",
        {"complete": {"procedures": ("", "-8")}},
        "ever(radiotherapy)",
        "unknown",
        None,
    ),
    Row("not captured stays so", {"not_captured": ["procedures"]}, "ever(radiotherapy)", "unknown", None),
    Row(
        "a window that grows into complete days",
        {"complete": {"procedures": ("-10", "+365")}},
        IN_14,
        "unknown",
        3,
    ),
    Row(
        "not followed: as long as no one can have missed it",
        {"bortezomib": {"start": "-90", "end": "-80"}},
        "followed_within_days(bortezomib, progression, 60)",
        "fail",
        7,
    ),
    Row("a count: for the lag", {"prior_lines": 2}, "prior_lines <= 3", "pass", 7),
    Row(
        "a first start: for the lag",
        {"radiotherapy": {"start": "-90"}},
        "start_date(radiotherapy) < as_of",
        "pass",
        7,
    ),
    Row(
        "a last end: for the lag",
        {"radiotherapy": {"start": "-90"}},
        "end_date(radiotherapy) < as_of",
        "pass",
        7,
    ),
)

NUMBERS = (
    Row(
        "the greatest of what grows and what does not is looked at day by day",
        radiotherapy("-23"),
        "greatest(days_since(radiotherapy, as_of), 14) < 28",
        "pass",
        0,
    ),
    Row(
        "not yet 18: until the day before the birthday",
        {"birth": "2008-07-10"},
        "age(as_of) >= 18",
        "fail",
        9,
    ),
    Row(
        "of 29 February: until 28 February",
        {"birth": "2008-02-29", "as_of": "2026-01-10"},
        "age(as_of) >= 18",
        "fail",
        "2026-02-28",
    ),
    Row(
        "65 is too old: until the day before that birthday",
        {"birth": "1961-07-10"},
        "age(as_of) < 65",
        "pass",
        9,
    ),
    Row(
        "the year alone: until all its days are past",
        {"birth": "2008"},
        "age(as_of) >= 18",
        "unknown",
        "2026-12-30",
    ),
    Row("28 days ago are reached", radiotherapy("-23"), "days_since(radiotherapy, as_of) >= 28", "fail", 4),
    Row(
        "and stay reached while the table is complete",
        radiotherapy("-28"),
        "days_since(radiotherapy, as_of) >= 28",
        "pass",
        372,
    ),
    Row("at most 28 days ago ends", radiotherapy("-23"), "days_since(radiotherapy, as_of) <= 28", "pass", 5),
    Row(
        "months are looked at day by day",
        radiotherapy("-23"),
        "months_since(radiotherapy, as_of) < 1",
        "pass",
        0,
    ),
    Row(
        "a date that stands still against one that moves",
        radiotherapy("-23"),
        "end_date(radiotherapy) >= as_of - 28",
        "pass",
        5,
    ),
    Row(
        "dates that move together keep their distance",
        {"first_dose": "2026-07-10"},
        "first_dose - as_of = 10",
        "pass",
        None,
    ),
    Row(
        "a number of days that grows, twice",
        radiotherapy("-3"),
        "days_since(radiotherapy, as_of) * 2 = 6",
        "pass",
        0,
    ),
    Row(
        "of two dates, one of which moves, the one that stands still holds as long as it holds alone",
        radiotherapy("-23") | {"ecog": 1},
        "if(ecog > 1, as_of, end_date(radiotherapy)) >= as_of - 28",
        "pass",
        5,
    ),
    Row(
        "and the one that moves",
        radiotherapy("-23") | {"ecog": 1},
        "if(ecog < 2, as_of - 3, end_date(radiotherapy)) >= end_date(radiotherapy) + 20",
        "pass",
        0,
    ),
    Row(
        "both of which move: as long as the condition",
        {"ecog": 1, "first_dose": "2026-07-10"},
        "if(ecog < 2, as_of, first_dose) <= first_dose",
        "pass",
        28,
    ),
    Row(
        "times: until a result leaves the window",
        {"results": {"qtc": [(460, "-10")]}},
        "times(qtc > 450, 14, as_of) = 1",
        "pass",
        4,
    ),
    Row(
        "times: or the table trails too far",
        {"results": {"qtc": [(460, "-1")]}},
        "times(qtc > 450, 14, as_of) = 1",
        "pass",
        7,
    ),
)


@pytest.mark.parametrize("row", [*RESULTS, *WINDOWS, *ABSENCE, *NUMBERS], ids=title)
def test_a_verdict_holds_until_its_last_day(row: Row) -> None:
    found = judged(criterion(row.expression), row.patient)
    as_of = date.fromisoformat(row.patient.get("as_of", RUN_DAY.isoformat()))
    last = as_of + timedelta(days=row.last) if isinstance(row.last, int) else row.last
    told = f"{row.sentence}\n  {row.expression}\n  {row.patient}\n  gives {found}"
    assert (found.verdict, str(found.holds_until)) == (row.verdict, str(last)), told


@pytest.mark.parametrize("row", [*WINDOWS, *NUMBERS], ids=title)
def test_a_verdict_is_the_same_on_its_last_day(row: Row) -> None:
    found = judged(criterion(row.expression), row.patient)
    as_of = date.fromisoformat(row.patient.get("as_of", RUN_DAY.isoformat()))
    if found.holds_until is not None:
        assert (
            judged(criterion(row.expression), on_day(row.patient, as_of, found.holds_until)).verdict
            == row.verdict
        )


def on_day(patient: Patient, as_of: date, later: date) -> Patient:
    """The same patient asked on a later day: what was written relative to the run stays where it was."""
    moved = _moved(patient, as_of, (later - as_of).days)
    anchors = {
        name: (date.fromisoformat(patient[name]) + (later - as_of)).isoformat()
        for name in ("enrollment", "first_dose")
        if name in patient
    }
    return {"as_of": later.isoformat(), **{k: v for k, v in moved.items() if k != "as_of"}, **anchors}


def _moved(value: object, as_of: date, days: int) -> object:
    if isinstance(value, dict):
        return {key: _moved(item, as_of, days) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, as_of, days) for item in value)
    if isinstance(value, str) and (value[:1] in "+-" or value == "0") and value:
        return f"{int(value) - days:+d}"
    return value
