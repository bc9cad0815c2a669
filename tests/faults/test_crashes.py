"""Whenever a run dies, the reader has a whole list and the next run needs no help."""

from pathlib import Path

import pytest

from tests.faults.crashes import SETS, Crashes, crash_everywhere
from tests.faults.kills import kill_at_random


def test_before_every_file_operation_the_old_run_or_the_new_one_is_there_whole(tmp_path: Path) -> None:
    crashes = Crashes("next", tmp_path, night=3)
    operations = crashes.copy_before_each()
    assert len(operations) >= 100
    for kind in ("open", "os.rename", "os.symlink", "os.mkdir", "fsync", "parquet close", "duckdb execute"):
        assert kind in operations, "the watch sees operations of every kind"
    assert crashes.seen["old"] >= 50, "the folder changes many times before the new run is there"
    assert crashes.seen["new"] > 0
    # For real as well, where the most is at stake: between the two renames that publish.
    for number in [number for number, name in enumerate(operations) if name == "os.rename"][-2:]:
        assert crashes.kill_before(number)
    crashes.finish()


def test_twenty_kills_at_any_moment_tear_and_lose_nothing(tmp_path: Path) -> None:
    figures = kill_at_random(tmp_path, 20, seed=3)
    assert figures["killed"] == 20
    assert figures["reruns"] >= 4


@pytest.mark.long
@pytest.mark.parametrize("kind", SETS)
def test_a_kill_before_every_file_operation_is_healed_by_the_next_run(tmp_path: Path, kind: str) -> None:
    figures = crash_everywhere(tmp_path, (kind,))
    assert figures["kills"] >= 100
