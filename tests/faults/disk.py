"""A disk that is full at any size in any stage: exit code 6, the last good run intact, no hand needed after.

The output folder is on a small tmpfs in a mount namespace of this process alone, so that nothing is left
mounted. When a stage begins, a ballast file takes all of the disk but so many bytes.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from flows import session
from flows.request import RunRequest
from tests.faults.children import ROOT, Child
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

# The first words of the progress at which each stage begins; the first: full from the start.
STAGES = ("", "reading the extract", "deriving facts", "screening patients", "ranking", "publishing")
_DISK_BYTES = 128 << 20
_STORAGE_CODE = 6
# So many runs in a row fail, each on what the one before left, until one has room.
_IN_A_ROW = 4


def fill_up(folder: Path, leave: int) -> None:
    """Take all of the disk but ``leave`` bytes."""
    disk = os.statvfs(folder)
    take = max(0, disk.f_bavail * disk.f_frsize - leave)
    with (folder.parent / "ballast").open("wb") as file:
        if take:
            os.posix_fallocate(file.fileno(), 0, take)


def run_and_fill(asked: RunRequest, stage: str, leave: int) -> int:
    """The run on a disk that fills up when the stage begins; it did not look for room before."""
    session.require_space = lambda *_: None

    def progress(text: str) -> None:
        if text.startswith(stage):
            fill_up(asked.out, leave)

    if not stage:
        fill_up(asked.out, leave)
    return screened(asked, progress if stage else lambda _: None)


def free_bytes_over_time(asked: RunRequest, report: Path) -> int:
    """A run; the report says how many bytes it took at most in each stage."""
    disk = os.statvfs(asked.out)
    start = disk.f_bavail * disk.f_frsize
    taken: dict[str, int] = {}
    current = [STAGES[0]]

    def progress(text: str) -> None:
        current[0] = next((stage for stage in STAGES[1:] if text.startswith(stage)), current[0])
        now = os.statvfs(asked.out)
        taken[current[0]] = max(taken.get(current[0], 0), start - now.f_bavail * now.f_frsize)

    screened(asked, progress)
    report.write_text(json.dumps(taken))
    return 0


def fill_at(world: World, stage: str, leave: int) -> bool:
    """One case; True if the run ended for lack of room, False if there was enough and it published."""
    start = hashes(world.folder / "start" / "latest")
    code = Child(world.folder / "said", run_and_fill, world.request(2), stage, leave).end()
    assert code in (0, _STORAGE_CODE), f"exit code {code} with {leave} bytes from '{stage}' on"
    assert (reader_sees(world.out) == reader_sees(world.folder / "start")) == bool(code)
    if code:
        assert hashes(world.out / "latest") == start
    (world.out.parent / "ballast").unlink(missing_ok=True)
    return bool(code)


def run_again(world: World, reference: dict[str, str]) -> None:
    """With room again the next run needs no hand: its bytes are those of one that nothing disturbed."""
    assert Child(world.folder / "said", screened, world.request(2)).end() == 0
    assert hashes(world.out / "latest") == reference
    assert_tidy(world.out)
    assert not aggregate_secrets(world.out)
    fresh_copy(world.folder / "start", world.out)


def fill_disks(folder: Path, sizes: int, seed: int) -> dict[str, int]:
    """So many sizes, in turn in each stage; the folder is below a mount point of ours."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    world = make_world(folder)
    said, start = world.folder / "said", world.folder / "start"
    assert Child(said, screened, world.request(1, start)).end() == 0
    fresh_copy(start, world.out)
    assert Child(said, free_bytes_over_time, world.request(2), folder / "taken.json").end() == 0
    reference = hashes(world.out / "latest")
    need = max(json.loads((folder / "taken.json").read_text()).values())
    fresh_copy(start, world.out)
    figures: dict[str, int] = {"most bytes taken": need, "refused": 0, "published": 0}
    for number in range(sizes):
        stage = STAGES[number % len(STAGES)]
        # Every stage meets a disk without a single byte first, then ever other remainders.
        leave = 0 if number < len(STAGES) else int(2 * need * draw.random() ** 2)
        refused = fill_at(world, stage, leave)
        figures["refused" if refused else "published"] += 1
        if not refused or number % _IN_A_ROW == 0 or number == sizes - 1:
            run_again(world, reference)
    figures["printed bytes searched"] = said.stat().st_size
    assert_silent([said.read_bytes()])
    return figures


def main(arguments: list[str]) -> None:
    """Mount, try so many sizes, print the figures as JSON."""
    mount, sizes, seed = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    size = f"size={_DISK_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(mount)], check=True)
    print(json.dumps(fill_disks(mount / "world", sizes, seed)))  # noqa: T201 - the answer


def why_not() -> str:
    """Why there can be no small disk here; empty if there can."""
    done = subprocess.run(_namespace("true"), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no mount namespace: {done.stderr.strip()}"


def _namespace(*command: str) -> list[str]:
    return ["unshare", "--map-root-user", "--mount", *command]


def fill_disks_apart(folder: Path, sizes: int, seed: int) -> dict[str, int]:
    """``fill_disks`` in a namespace of its own; raises ``AssertionError`` with what went wrong there."""
    command = _namespace(sys.executable, "-m", "tests.faults.disk", str(folder), str(sizes), str(seed))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    figures: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main(sys.argv[1:])
