"""What is dated after the as-of date does not count, and the calendar as a whole can be moved."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest

from tests.metamorphic.pipeline import AS_OF, Registry, assert_same_verdicts, same, screened, trial_of
from tests.metamorphic.registries import dated_until, found_in_mixed, mixed

PAST = [
    AS_OF - timedelta(days=45),
    *(pytest.param(AS_OF - timedelta(days=days), marks=pytest.mark.long) for days in (1, 400)),
]
PARTIAL_DATE = re.compile(r"\d{4}(-\d\d)?")

DAYS_ONLY = """
[trial]
id = "days-only"
title = "Windows of days, none of months or years"
source = "made up for a test"
max_lag_days = 7
lookback_days = 28

[[inclusion]]
id = "I1"
protocol = "results"
meets_when = "hemoglobin > 8 and platelet_count > 50000"
lookback_days = { platelet_count = 90 }
curability = "retest"

[[inclusion]]
id = "I2"
protocol = "lines"
meets_when = "prior_lines between 1 and 3 and ever(proteasome_inhibitor)"
curability = "retest"

[[inclusion]]
id = "I3"
protocol = "last progression"
meets_when = "days_since(progression, as_of) <= 60 or days_since(last(lines), enrollment) > 90"
curability = "retest"

[[exclusion]]
id = "E1"
protocol = "progression on a proteasome inhibitor"
excluded_when = "followed_within_days(proteasome_inhibitor, progression, 60)"
curability = "retest"

[[exclusion]]
id = "E2"
protocol = "recent rows"
excluded_when = "within_days(only(surgery, major), 30, as_of) or within_weeks(radiotherapy, 2, first_dose)"
curability = "time"

[[exclusion]]
id = "E3"
protocol = "drugs"
excluded_when = "within_days(proton_pump_inhibitor, 14, first_dose) or ongoing(antibacterial, enrollment)"
curability = "time"

[[exclusion]]
id = "E4"
protocol = "counted"
excluded_when = "times(hemoglobin < 9, 90, as_of, 7) >= 2"
curability = "retest"

[[exclusion]]
id = "E5"
protocol = "conditions"
excluded_when = "end_date(only(bacterial_infection, not controlled)) >= enrollment - 30 or ongoing(copd)"
curability = "retest"
"""


@pytest.mark.parametrize("past", PAST)
def test_rows_dated_after_the_as_of_date_change_nothing(past: date) -> None:
    """An extract that goes on after the as-of date finds what the one until then finds."""
    same(screened(dated_until(mixed(11), past), past), screened(mixed(11), past))


@pytest.mark.parametrize("past", PAST)
def test_without_extract_toml_later_rows_change_nothing_either(past: date) -> None:
    """Then the extract reaches to its latest date that is not after the as-of date."""
    registry = Registry(mixed(11).tables, toml="")
    # A drug that is confirmed today shows that the extract reaches to today, whenever the drug is to start.
    drugs = registry.tables["medications"].with_columns(last_confirmed_date=pl.lit(None, pl.String))
    registry = registry.with_table("medications", drugs)
    same(screened(dated_until(registry, past), past), screened(registry, past))


def _moved(registry: Registry, change: Callable[[str], str | None]) -> Registry:
    """The registry with every date changed."""

    def move(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        dates = [c for c in frame.columns if c == "date" or c.endswith("_date") or c.startswith("complete_")]
        return frame.with_columns(pl.col(dates).map_elements(change, pl.String))

    return registry.mapped(move)


def _whole_dates(text: str) -> str | None:
    """A month or a year is no stretch of days that could be moved by days: they are left out."""
    return None if PARTIAL_DATE.fullmatch(text) else text


def _by_days(days: int) -> Callable[[str], str | None]:
    def change(text: str) -> str | None:
        try:
            return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
        except ValueError:
            return text  # no date, before as after

    return change


def _back(verdicts: pl.DataFrame, days: int) -> pl.DataFrame:
    return verdicts.with_columns(pl.col("holds_until") - pl.duration(days=days))


@pytest.mark.parametrize(
    "days", [-59, *(pytest.param(d, marks=pytest.mark.long) for d in (1, 365, -1000, 10007))]
)
def test_windows_of_days_move_with_the_calendar(days: int) -> None:
    """Every date, as-of too, is moved by any number of days: the same verdicts, their last days moved."""
    trial = trial_of(DAYS_ONLY)
    registry = _moved(mixed(11), _whole_dates)
    toml = f"extracted_on = {(AS_OF + timedelta(days=days)).isoformat()}\n"
    later = Registry(_moved(registry, _by_days(days)).tables, toml)
    before, after = screened(registry, trial=trial), screened(later, AS_OF + timedelta(days=days), trial)
    for criterion in trial.criteria:
        mine = before.verdicts.filter(criterion_id=criterion.id)
        assert set(mine["verdict"].unique()) == {"pass", "fail", "unknown"}, criterion.id
    assert_same_verdicts(before.verdicts, _back(after.verdicts, days))


def _by_years(years: int) -> Callable[[str], str | None]:
    def change(text: str) -> str | None:
        return f"{int(text[:4]) + years:04d}{text[4:]}" if text[:4].isdigit() else text

    return change


@pytest.mark.parametrize(
    "years", [4, pytest.param(-8, marks=pytest.mark.long), pytest.param(20, marks=pytest.mark.long)]
)
def test_the_calendar_repeats_every_four_years(years: int) -> None:
    """Months, years and ages too: from March 1900 to February 2100 every fourth year is a leap year.

    Beyond those years only 400 years (146,097 days) repeat the calendar, which no extract may span.
    """
    day = AS_OF.replace(year=AS_OF.year + years)
    toml = f"extracted_on = {day.isoformat()}\n"
    before, after = (
        found_in_mixed(11),
        screened(Registry(_moved(mixed(11), _by_years(years)).tables, toml), day),
    )
    assert_same_verdicts(before.verdicts, _back(after.verdicts, (day - AS_OF).days))
    lists = [outcome.candidates.drop("opens_on", "closes_on") for outcome in (before, after)]
    assert lists[0].equals(lists[1])
    assert before.not_listed.equals(after.not_listed)
