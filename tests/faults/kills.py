"""SIGKILL at any moment of a run: nothing torn, nothing lost, no repair by hand."""

import random
import signal
import time
from pathlib import Path

from tests.faults.children import Child
from tests.faults.world import (
    aggregate_secrets,
    assert_silent,
    assert_tidy,
    fresh_copy,
    hashes,
    make_world,
    reader_sees,
    screened,
)

# So many runs in a row are killed, each on what the one before left, until one is let through.
_IN_A_ROW = 5


def kill_at_random(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so many runs at a random time each; returns how many were killed and what the reader saw."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    world = make_world(folder)
    said, start = folder / "said", folder / "start"
    assert Child(said, screened, world.request(1, start)).end() == 0
    old, before = reader_sees(start), hashes(start / "latest")
    whole = fresh_copy(start, folder / "whole")
    began = time.monotonic()
    assert Child(said, screened, world.request(2, whole)).end() == 0
    seconds = time.monotonic() - began
    new, wanted = reader_sees(whole), hashes(whole / "latest")
    figures = {"killed": 0, "ended before the kill": 0, "old seen": 0, "new seen": 0, "reruns": 0}
    fresh_copy(start, world.out)
    while figures["killed"] < kills:
        child = Child(said, screened, world.request(2))
        time.sleep(draw.uniform(0, seconds))
        child.kill()
        code = child.end()
        assert code in (0, -signal.SIGKILL)
        figures["killed" if code else "ended before the kill"] += 1
        # The first run was slower than this one, or the machine was busy.
        seconds *= 1 if code else 0.9
        sees = reader_sees(world.out)
        assert sees in (old, new)
        assert hashes(world.out / "runs" / old) == before, "what was published before is as it was"
        figures["old seen" if sees == old else "new seen"] += 1
        if sees == new or figures["killed"] % _IN_A_ROW == 0:
            assert Child(said, screened, world.request(2)).end() == 0
            assert reader_sees(world.out) == new
            assert hashes(world.out / "latest") == wanted
            assert_tidy(world.out)
            assert not aggregate_secrets(world.out)
            figures["reruns"] += 1
            fresh_copy(start, world.out)
    assert_silent([said.read_bytes()])
    return figures
