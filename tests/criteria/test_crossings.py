"""The first day on which something may turn: after a last day, or as a moving day meets one that stands."""

import polars as pl
import pytest

from criteria.engine import crossings
from criteria.engine.crossings import Crossings
from criteria.engine.values import NEVER, moving, standing

TODAY = 20_000


def ahead(*days: int) -> pl.Series:
    """Days counted from today."""
    return pl.Series([TODAY + day for day in days], dtype=pl.Int64)


def noted(patients: int = 1) -> Crossings:
    return Crossings(patients, ahead(*[0] * patients))


def due(found: Crossings) -> list[int | None]:
    """Days from today, None for never."""
    return [day - TODAY if day < NEVER else None for day in found.due()]


def test_a_last_day_that_stands_holds_through_itself() -> None:
    found = noted(4)
    found.note(standing(ahead(0, 5, -1, 3)))
    found.note(standing(ahead(9, 2, -9, 4)))
    assert due(found) == [1, 3, None, 4]


def test_one_that_moves_on_never_comes_alone() -> None:
    found = noted()
    found.note(moving(ahead(7)))
    assert due(found) == [None]


@pytest.mark.parametrize(("stands", "expected"), [(10, 3), (8, 1), (7, 8), (5, 6)])
def test_one_that_moves_on_takes_the_place_of_one_that_stands_when_they_meet(
    stands: int, expected: int
) -> None:
    found = noted()
    found.note(standing(ahead(stands)))
    found.note(moving(ahead(7)))
    assert due(found) == [expected]


@pytest.mark.parametrize(("stands", "expected"), [(3, 3), (1, 1), (0, 1), (-1, None)])
def test_two_days_that_were_compared_turn_when_they_meet(stands: int, expected: int | None) -> None:
    found = noted()
    found.meet(ahead(stands), ahead(0))
    assert due(found) == [expected]


def test_rows_of_several_patients_are_told_apart_and_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossings, "_ENOUGH_ROWS", 3)
    found = noted(3)
    for _ in range(4):
        found.note(standing(ahead(6, 4)), pl.Series([2, 0]))
    found.meet(ahead(9), ahead(0), pl.Series([1]))
    found.note(pl.Series([NEVER]), pl.Series([1]))
    assert due(found) == [5, 9, 7]
