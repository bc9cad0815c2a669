"""A full disk costs tonight's list and nothing else."""

from pathlib import Path

import pytest

from tests.faults.disk import STAGES, fill_disks_apart, why_not


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "possible here")
def test_a_disk_that_is_full_in_any_stage_ends_the_run_and_spoils_nothing(tmp_path: Path) -> None:
    figures = fill_disks_apart(tmp_path, 10, seed=5)
    assert figures["refused"] + figures["published"] == 10
    assert figures["refused"] >= len(STAGES), "without a byte no stage can end"
    assert figures["printed bytes searched"] > 1000
