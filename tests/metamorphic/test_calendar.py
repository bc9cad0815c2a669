"""The calendar is exact: every day of the horizon, judged by an ordinary run of that day, gives the same."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from criteria.calendar import calendar
from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.ranking import summarise_patients
from schemas.facts import Facts
from tests.metamorphic.pipeline import AS_OF, Registry, facts_as_of, loaded, shipped
from tests.metamorphic.registries import CLOSING, crowded, dated_until, synthetic

TIERS = ("eligible", "possible", "opens_later")


@dataclass
class Told:
    """What days told of one patient."""

    opens: date | None = None
    closes: date | None = None
    labs: date | None = None
    criteria: list[str] = field(default_factory=list)


def complete_for_years(registry: Registry) -> Registry:
    """Every table declared complete for years, so that silence goes on being proof."""
    coverage = registry.tables["coverage"].with_columns(complete_through=pl.lit("2060-01-01"))
    return registry.with_table("coverage", coverage)


def verdicts_on(connection: duckdb.DuckDBPyConnection, day: date) -> tuple[Facts, pl.DataFrame]:
    """An ordinary run as of a day; the dates advance together."""
    facts = facts_as_of(connection, day)
    return facts, evaluate_trial(shipped(), facts, Anchors(day, day, day))


def day_by_day(
    connection: duckdb.DuckDBPyConnection, start: pl.DataFrame, tiers: dict[int, str], horizon: int
) -> dict[int, Told]:
    """What is found by looking on every day."""
    told = {patient: Told() for patient in tiers}
    passing = start.filter(pl.col("verdict") == "pass").select("patient", "criterion_id")
    for number in range(1, horizon + 1):
        day = AS_OF + timedelta(days=number)
        verdicts = verdicts_on(connection, day)[1].filter(pl.col("patient").is_in(list(tiers)))
        failing = set(verdicts.filter(pl.col("verdict") == "fail")["patient"])
        open_ = verdicts.filter(pl.col("verdict") == "unknown").join(
            passing, on=["patient", "criterion_id"], maintain_order="left"
        )
        lost = set(open_["patient"])
        stale: dict[int, list[str]] = {}
        for patient, criterion in (
            open_.filter(pl.col("reason") == "stale").select("patient", "criterion_id").rows()
        ):
            stale.setdefault(patient, []).append(criterion)
        for patient, tier in tiers.items():
            one = told[patient]
            if tier == "opens_later" and one.opens is None and patient not in failing:
                one.opens = day
            if tier != "opens_later" and one.closes is None and patient in failing | lost:
                one.closes = day
            if one.labs is None and patient in stale:
                one.labs, one.criteria = day, stale[patient]
    return told


def check(registry: Registry, horizon: int) -> pl.DataFrame:
    """Both ways agree, but for those of whom the registry itself says something else on a later day."""
    with loaded(dated_until(registry, AS_OF)) as connection:
        facts, verdicts = verdicts_on(connection, AS_OF)
        summary = summarise_patients(verdicts, facts, ())
        found = calendar(shipped(), facts, Anchors(AS_OF, AS_OF, AS_OF), verdicts, summary, horizon)
        asked = summary.filter(pl.col("not_listed").is_null(), pl.col("tier").is_in(TIERS))
        tiers = dict(asked.select("patient", pl.col("tier").cast(pl.String)).iter_rows())
        assert found["patient"].to_list() == sorted(tiers)
        told = day_by_day(connection, verdicts, tiers, horizon)
    for patient, *row in found.iter_rows():
        one = told[patient]
        assert row == [one.opens, one.closes, one.labs, one.criteria], patient
    return found


@pytest.mark.parametrize("complete", [False, True])
def test_each_of_the_next_days_looked_at_gives_the_same_calendar(complete: bool) -> None:
    """Three hundred invented patients; silence stops being proof, or goes on."""
    registry = synthetic(300, 7)
    found = check(complete_for_years(registry) if complete else registry, horizon=10)
    assert found["closes_on"].is_not_null().any()


def test_patients_who_fail_for_time_alone_open_on_their_day() -> None:
    """One row each that excludes, beside whatever else keeps them open."""
    found = check(complete_for_years(CLOSING), horizon=16)
    assert found["opens_on"].is_not_null().any()


@pytest.mark.long
@pytest.mark.parametrize("complete", [False, True])
def test_half_a_year_of_days_gives_the_same_calendar(complete: bool) -> None:
    """Ten thousand invented patients, every day of the horizon."""
    registry = synthetic(10_000, 8)
    found = check(complete_for_years(registry) if complete else registry, horizon=180)
    for name in ("opens_on", "closes_on", "repeat_labs_before"):
        assert found[name].is_not_null().any(), name


@pytest.mark.long
def test_crowded_patients_have_the_same_calendar() -> None:
    """Patients whose rows all lie near the limits of windows."""
    check(complete_for_years(crowded(400, 9)), horizon=60)
