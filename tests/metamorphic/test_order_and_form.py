"""Nothing depends on the order of rows and columns, the form of a file, or on a row that comes twice."""

import polars as pl
import pytest

from tests.metamorphic.pipeline import Outcome, Registry, judged, loaded, same, screened
from tests.metamorphic.registries import crowded, synthetic

FORMS = ("csv", "csv.gz", "parquet")
SEEDS = [11, pytest.param(12, marks=pytest.mark.long), pytest.param(13, marks=pytest.mark.long)]


def _registries(seed: int) -> list[Registry]:
    return [crowded(100, seed), synthetic(60, seed)]


def _shuffled(registry: Registry, seed: int) -> Registry:
    def change(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        columns = pl.Series(frame.columns).shuffle(seed=seed + len(name)).to_list()
        return frame.sample(fraction=1, shuffle=True, seed=seed).select(columns)

    return registry.mapped(change)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_and_columns_in_another_order_and_other_files_change_nothing(seed: int) -> None:
    """Rows and columns are shuffled, and each table comes in another of the three forms."""
    for registry in _registries(seed):
        forms = {name: FORMS[(place + seed) % 3] for place, name in enumerate(registry.tables)}
        same(screened(registry), screened(_shuffled(registry, seed), forms=forms))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_twice_changes_nothing_and_is_counted(seed: int) -> None:
    """The second copies stand at the end of each table, so that no two are neighbours."""
    for registry in _registries(seed):
        once: Outcome = screened(registry)
        twice = screened(registry.mapped(lambda name, frame: pl.concat([frame, frame])))
        same(once, twice)
        for table, counts in once.rows.items():
            assert twice.rows[table]["duplicates"] == counts["duplicates"] + counts["read"], table
            assert twice.rows[table]["quarantined"] == 2 * counts["quarantined"], table


@pytest.mark.parametrize("name", ["crowded", "synthetic"])
def test_a_second_look_at_the_same_data_finds_the_same(name: str) -> None:
    """Facts built again in the same database, and a run from the start, agree in every cell and its place."""
    registry = crowded(60, 5) if name == "crowded" else synthetic(60, 5)
    with loaded(registry) as connection:
        first, second = judged(connection), judged(connection)
    for other in (second, screened(registry)):
        assert first.verdicts.equals(other.verdicts)
        assert first.summary.equals(other.summary)
        same(first, other)
