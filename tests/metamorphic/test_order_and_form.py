"""Nothing depends on the order of rows and columns, the form of a file, or on a row that comes twice."""

import polars as pl
import pytest

from tests.metamorphic.pipeline import Registry, judged, loaded, same, screened
from tests.metamorphic.registries import found_in_mixed, mixed

FORMS = ("csv", "csv.gz", "parquet")
SEEDS = [11, pytest.param(12, marks=pytest.mark.long), pytest.param(13, marks=pytest.mark.long)]


def _shuffled(registry: Registry, seed: int) -> Registry:
    def change(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        columns = pl.Series(frame.columns).shuffle(seed=seed + len(name)).to_list()
        return frame.sample(fraction=1, shuffle=True, seed=seed).select(columns)

    return registry.mapped(change)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_and_columns_in_another_order_and_other_files_change_nothing(seed: int) -> None:
    """Rows and columns are shuffled, and each table comes in another of the three forms."""
    registry = mixed(seed)
    forms = {name: FORMS[(place + seed) % 3] for place, name in enumerate(registry.tables)}
    same(found_in_mixed(seed), screened(_shuffled(registry, seed), forms=forms))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_twice_changes_nothing_and_is_counted(seed: int) -> None:
    """The second copies stand at the end of each table, so that no two are neighbours."""
    once = found_in_mixed(seed)
    twice = screened(mixed(seed).mapped(lambda name, frame: pl.concat([frame, frame])))
    same(once, twice)
    for table, counts in once.rows.items():
        assert twice.rows[table]["duplicates"] == counts["duplicates"] + counts["read"], table
        assert twice.rows[table]["quarantined"] == 2 * counts["quarantined"], table


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_look_at_the_same_data_finds_the_same(seed: int) -> None:
    """Facts built again in the same database, and a run from the start, agree in every cell and its place."""
    first = found_in_mixed(seed)
    with loaded(mixed(seed)) as connection:
        second, third = judged(connection), judged(connection)
    for other in (second, third):
        assert first.verdicts.equals(other.verdicts)
        assert first.summary.equals(other.summary)
        same(first, other)
