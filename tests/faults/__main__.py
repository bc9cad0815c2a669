"""The long form of the fault tests, and a table of what was done: ``python -m tests.faults [--kills 500]``.

Ends with an error at the first thing that does not hold. A number of 0 leaves a suite out.
"""

# ruff: noqa: T201 - the table is what it is for

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.faults.crashes import SETS, crash_everywhere
from tests.faults.disk import fill_disks_apart, why_not
from tests.faults.kills import kill_at_random
from tests.faults.mutations import mutate
from tests.faults.nights import replayed
from tests.faults.soak import soak

Figures = Mapping[str, Any]


def _disks(folder: Path, sizes: int, seed: int) -> Figures:
    return {"left out": why_not()} if why_not() else fill_disks_apart(folder, sizes, seed)


def _soaked(folder: Path, nights: int, _: int) -> Figures:
    figures = soak(folder, nights)
    assert figures["growth %"] < 5, figures
    return figures


SUITES: dict[str, tuple[str, int, Callable[[Path, int, int], Figures]]] = {
    "crash-sets": (
        "a kill before every file operation, for so many kinds of start",
        len(SETS),
        lambda folder, count, _: crash_everywhere(folder, SETS[:count]),
    ),
    "kills": ("kills at a random moment", 500, kill_at_random),
    "disk-sizes": ("sizes at which the disk is full, over all stages", 84, _disks),
    "mutations": ("damaged files", 5000, mutate),
    "nights": ("nights replayed twice", 30, replayed),
    "soak": ("times the same night in one process", 100, _soaked),
}


def main() -> None:
    """Do each suite so many times and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    for name, (what, count, _) in SUITES.items():
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N", help=f"{what} [{count}]")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same cases [1]")
    asked = vars(parser.parse_args())
    for name, (_, _, suite) in SUITES.items():
        count = asked[name.replace("-", "_")]
        if count:
            _report(name, count, suite, asked["seed"])


def _report(name: str, count: int, suite: Callable[[Path, int, int], Figures], seed: int) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prescreen-faults-") as folder:
        figures = suite(Path(folder), count, seed)
    told = ", ".join(f"{what} {figure}" for what, figure in figures.items())
    print(f"{name:12} {count:6}  {time.monotonic() - began:7.0f} s  {told}", flush=True)


if __name__ == "__main__":
    main()
