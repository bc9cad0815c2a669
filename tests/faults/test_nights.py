"""The same nights give the same lists, however often and on whatever machine."""

from pathlib import Path

import pytest

from tests.faults.nights import replayed
from tests.faults.soak import soak
from tests.flows.extracts import write_trial


def test_three_nights_replayed_with_other_threads_and_row_order_are_the_same(tmp_path: Path) -> None:
    figures = replayed(tmp_path, 3, seed=4, trial=write_trial(tmp_path))
    assert figures["files compared"] >= 3 * 10


def test_a_few_nights_in_one_process_leave_nothing_open(tmp_path: Path) -> None:
    assert soak(tmp_path, 3)["open files more"] <= 0


@pytest.mark.long
def test_a_hundred_nights_in_one_process_take_no_more_memory(tmp_path: Path) -> None:
    figures = soak(tmp_path, 100)
    assert figures["growth %"] < 5
    assert figures["open files more"] <= 0
