"""Whatever a run makes belongs to its user alone, however careless the user's own settings are."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.steps import run_screening
from tests.faults.world import make_world


@pytest.fixture
def careless() -> Iterator[None]:
    """New files are open to everybody unless the program sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


def assert_private(out: Path) -> None:
    """0700 for folders and 0600 for files; links have no mode of their own."""
    for path in [out, *out.rglob("*")]:
        if not path.is_symlink():
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path.name


@pytest.mark.usefixtures("careless")
def test_all_that_is_there_during_and_after_a_run_is_private(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    looked: list[str] = []

    def look(text: str) -> None:
        assert_private(world.out)
        looked.append(text)

    run_screening(world.request(1), look)
    run_screening(replace(world.request(3), readings=("least=seven",)), look)
    assert_private(world.out)
    assert "publishing" in looked
    names = {path.name for path in world.out.iterdir()}
    assert {"ledger.jsonl", "summary.txt", "kept", "runs", "latest", ".lock"} <= names
