"""Whenever a night that carries over dies, no list is torn and what it left misleads no later night."""

from pathlib import Path

import pytest

from tests.faults.crashes_carried import CarriedCrashes


def crash_and_look(folder: Path, seed: int, kills: int | None) -> None:
    """Look before every operation, then kill before so many (None: before every one) for real."""
    crashes = CarriedCrashes(folder)
    operations = crashes.copy_before_each()
    assert len(operations) >= 100
    for number in crashes.chosen(seed, kills):
        assert crashes.kill_before(number)
    crashes.finish()
    assert min(crashes.seen.values()) > 0
    assert set(crashes.states) == {"old", "absent", "new"}, "every kind of state was met"
    assert {crashes.name_of(left) for left in crashes.third} == {"old", "absent", "new"}


def test_before_every_file_operation_of_the_second_night_its_run_and_its_state_are_safe(
    tmp_path: Path,
) -> None:
    crash_and_look(tmp_path, seed=5, kills=2)


@pytest.mark.long
def test_the_second_night_is_killed_before_every_file_operation(tmp_path: Path) -> None:
    crash_and_look(tmp_path, seed=5, kills=None)
