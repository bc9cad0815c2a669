"""The same night many times in one process: no memory that grows, no file or process that stays."""

import json
import os
import shutil
import statistics
from pathlib import Path

from flows.request import RunRequest
from tests.faults.children import Child
from tests.faults.world import assert_silent, assert_tidy, hashes, make_world, screened

# Memory of the first nights is that of caches that fill; it is compared from here on.
_WARM_SHARE = 0.3
_NIGHT_SECONDS = 30


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def again_and_again(asked: RunRequest, nights: int, report: Path) -> int:
    """The night from nothing, so many times; the report has the memory and the open files after each."""
    measured = []
    wanted: dict[str, str] = {}
    for _ in range(nights):
        shutil.rmtree(asked.out, ignore_errors=True)
        screened(asked)
        found = hashes(asked.out / "latest")
        assert found == (wanted or found)
        wanted = found
        assert_tidy(asked.out)
        measured.append((_resident_bytes(), len(os.listdir("/proc/self/fd"))))  # noqa: PTH208 - a number
    report.write_text(json.dumps(measured))
    assert not Path(f"/proc/self/task/{os.getpid()}/children").read_text().split(), "a process stays"
    return 0


def soak(folder: Path, nights: int) -> dict[str, float]:
    """The figures of so many nights: memory before and after in MB, growth in percent, open files."""
    world = make_world(folder)
    said, report = folder / "said", folder / "report.json"
    child = Child(said, again_and_again, world.request(1), nights, report)
    assert child.end(60 + _NIGHT_SECONDS * nights) == 0, child.said.decode()[-2000:]
    measured = json.loads(report.read_text())
    warm = max(1, int(nights * _WARM_SHARE))
    memory = [resident for resident, _ in measured]
    # Medians of as many nights at the start and at the end of what is compared, since memory breathes.
    few = max(1, (nights - warm) // 4)
    first, last = statistics.median(memory[warm : warm + few]), statistics.median(memory[-few:])
    assert_silent([said.read_bytes()])
    return {
        "nights": nights,
        "MB at first": round(first / 2**20),
        "MB at last": round(last / 2**20),
        "growth %": round(100 * (last / first - 1), 1),
        "open files more": measured[-1][1] - measured[warm][1],
    }
