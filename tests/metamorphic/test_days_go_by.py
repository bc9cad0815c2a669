"""A verdict holds as long as it says: nothing changes on or before ``holds_until`` unless the data does.

The same extract, without what is dated after the first day, is judged again on later days.
"""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from tests.metamorphic.pipeline import AS_OF, Registry, judged, loaded
from tests.metamorphic.registries import TRIAL_ID, crowded, dated_until, synthetic, table_of

ALL_DAYS = (*range(1, 41), 45, 60, 61, 62, 89, 90, 91, 92, 183, 184, 366, 731, 732, 1000, 3653)
SOME_DAYS = (1, 2, 7, 8, 13, 15, 28, 29, 31, 62, 184)
KEYS = ["patient_id", "criterion_id"]


def _complete_for_years(registry: Registry) -> Registry:
    """The registry with every table complete for years to come, so that silence goes on being proof."""
    coverage = registry.tables["coverage"].with_columns(complete_through=pl.lit("2060-01-01"))
    return registry.with_table("coverage", coverage)


def _registries(seed: int) -> list[Registry]:
    """As they come (silence stops being proof after a week), and declared complete for years to come."""
    crowd, made = crowded(80, seed), synthetic(60, seed)
    chosen = [crowd, _complete_for_years(crowd), made, _complete_for_years(made)]
    return [dated_until(registry, AS_OF) for registry in chosen]


def _broken(start: pl.DataFrame, later: pl.DataFrame, day: date) -> pl.DataFrame:
    """Verdicts that should hold on ``day`` still, and do not."""
    held = start.filter(pl.col("holds_until").is_null() | (pl.col("holds_until") >= day))
    joined = held.join(later.select(*KEYS, after="verdict"), on=KEYS)
    assert joined.height == held.height
    return joined.filter(pl.col("verdict") != pl.col("after"))


def _check(connection: duckdb.DuckDBPyConnection, days: tuple[int, ...]) -> None:
    """From the first day to each, and from each to the next."""
    earlier = [judged(connection).verdicts]
    for number in days:
        day = AS_OF + timedelta(days=number)
        later = judged(connection, day).verdicts
        for start in earlier:
            assert _broken(start, later, day).to_dicts() == [], day
        earlier = [earlier[0], later]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("seed", [11])
def test_no_verdict_changes_on_or_before_its_last_day(seed: int, which: int) -> None:
    """On days at which some window of the trial closes."""
    with loaded(_registries(seed)[which]) as connection:
        _check(connection, SOME_DAYS[which::4])


@pytest.mark.long
@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("seed", [42, 43, 44])
def test_no_verdict_changes_on_or_before_its_last_day_whichever_day_it_is(seed: int, which: int) -> None:
    """On each of the next forty days, and on some far ones."""
    with loaded(_registries(seed)[which]) as connection:
        _check(connection, ALL_DAYS)


def test_an_answer_dated_by_its_year_counts_from_the_day_of_the_extract() -> None:
    """It was given by then; it does not wait for the end of its year."""
    person = table_of("patients", [{"patient_id": "P1", "birth_date": "1960-01-01", "sex": "male"}])
    answer = {
        "patient_id": "P1",
        "trial_id": TRIAL_ID,
        "criterion_id": "I17",
        "answer": "pass",
        "date": "2026",
    }
    registry = Registry({"patients": person, "attestations": table_of("attestations", [answer])})
    with loaded(registry) as connection:
        for day in (AS_OF, date(2026, 12, 31)):
            found = judged(connection, day).verdicts.filter(criterion_id="I17")
            assert found["verdict"].to_list() == ["pass"]
        # On a day before the extract it is open whether the answer was there yet.
        earlier = judged(connection, AS_OF - timedelta(days=1)).verdicts.filter(criterion_id="I17")
        assert earlier["verdict"].to_list() == ["unknown"]
