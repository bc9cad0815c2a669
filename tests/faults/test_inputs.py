"""Whatever happens to the extract while it is read, the last good list stays and the reason is told."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import inputs
from tests.faults.children import Child
from tests.faults.world import (
    World,
    aggregate_secrets,
    assert_silent,
    assert_tidy,
    fresh_copy,
    hashes,
    make_world,
    reader_sees,
    screened,
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with its first night published."""
    world = make_world(tmp_path_factory.mktemp("start"))
    assert Child(world.folder / "said", screened, world.request(1)).end() == 0
    return world


@pytest.fixture
def world(start: World, tmp_path: Path) -> World:
    return World(fresh_copy(start.folder, tmp_path / "world"))


@pytest.mark.parametrize(
    ("accident", "codes", "says"),
    [
        (inputs.grows, {4}, "changed while it was read"),
        (inputs.grows_after_the_check, {4}, "observations.csv"),
        (inputs.is_truncated, {4}, "observations.csv"),
        (inputs.vanishes, {6}, "observations.csv"),
        (inputs.folder_vanishes, {4, 6}, ""),
        (inputs.cannot_be_read, {6}, "observations.csv"),
        (inputs.is_forbidden, {6} if os.geteuid() else {0}, ""),
        (inputs.is_replaced, {4}, "changed"),
    ],
)
def test_an_accident_while_reading_refuses_the_night_and_keeps_the_last(
    world: World, accident: Callable[..., int], codes: set[int], says: str
) -> None:
    old, before = reader_sees(world.out), hashes(world.out / "latest")
    child = Child(world.folder / "said-of-it", accident, world.request(2))
    code = child.end()
    assert code in codes, child.said.decode()
    if code:
        assert reader_sees(world.out) == old
        assert hashes(world.out / "latest") == before
        assert says in child.said.decode()
        assert len(child.said.splitlines()) == 1
    assert_silent([child.said])
    assert not aggregate_secrets(world.out)


def test_of_two_runs_at_once_one_ends_with_five_and_neither_is_harmed(world: World, tmp_path: Path) -> None:
    running, go_on = tmp_path / "running", tmp_path / "go on"
    first = Child(tmp_path / "first", inputs.waits_in_ranking, world.request(2), running, go_on)
    while not running.exists():
        time.sleep(0.01)
        assert first.process.exitcode is None
    shutil.copytree(world.folder / "night2", tmp_path / "other")
    others = [world.request(2), inputs.with_extract(world.request(1), tmp_path / "other")]
    for number, asked in enumerate(others):
        second = Child(tmp_path / f"second-{number}", screened, asked)
        assert second.end() == 5
        assert b"another run" in second.said
    go_on.touch()
    assert first.end() == 0
    assert_tidy(world.out)
    assert reader_sees(world.out)
    assert_silent([path.read_bytes() for path in (tmp_path / "first", tmp_path / "second-0")])
