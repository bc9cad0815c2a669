"""A crash before every file operation of a run: the reader sees the old run or the new one; a rerun heals.

The operations are enumerated, not guessed: an audit hook sees what Python does to files, and wrappers see
what the Parquet writer, the working database and fsync do. Either the process is killed before one of them,
or the output folder is copied before each, which is what a kill there would leave, at a fraction of the time.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow.parquet as pq

from flows import session
from flows.publish import OutputFolder
from flows.request import RunRequest
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

SETS = ("next", "first", "damaged")
_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.truncate", "os.link")
Before = Callable[[int, str], None]


class _Watched:
    """A connection each of whose statements is an operation on the working database's files."""

    def __init__(self, connection: Any, note: Callable[[str], None]) -> None:
        self._connection = connection
        self._note = note

    def __getattr__(self, name: str) -> Any:
        if name in ("execute", "sql", "close"):
            self._note(f"duckdb {name}")
        return getattr(self._connection, name)


def watch_operations(root: Path, before: Before) -> None:
    """Call ``before(number, name)`` before each file operation below ``root``, as long as the process is."""
    state = {"count": 0, "busy": False}

    def note(name: str) -> None:
        if not state["busy"]:
            state["busy"] = True
            before(state["count"], name)
            state["count"] += 1
            state["busy"] = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and str(arguments[0]).startswith(str(root))):
            note(event)

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            note(name)
            return function(*arguments, **named)

        return call

    os.fsync = noted("fsync", os.fsync)
    for name in ("__init__", "write_table", "close"):
        setattr(pq.ParquetWriter, name, noted(f"parquet {name}", getattr(pq.ParquetWriter, name)))

    def connect(*arguments: Any) -> Any:
        note("duckdb connect")
        return _Watched(duckdb.connect(*arguments), note)

    session.duckdb = SimpleNamespace(connect=connect)
    sys.addaudithook(hook)


def run_until(asked: RunRequest, root: Path, last: int) -> int:
    """The run, killed before the operation of that number."""

    def before(number: int, _: str) -> None:
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)

    watch_operations(root, before)
    return screened(asked)


def run_copied(asked: RunRequest, root: Path, copies: Path) -> int:
    """The run, with the output folder as it is before each operation copied, if it changed since the last.

    ``copies/operations.txt`` has a line for each: the number of the copy, and what the operation is.
    """
    last: list[Any] = []

    def before(_: int, name: str) -> None:
        state = _state_of(asked.out)
        if [state] != last[-1:]:
            last.append(state)
            shutil.copytree(asked.out, copies / str(len(last)), symlinks=True, ignore=_inside_work)
        with (copies / "operations.txt").open("a") as file:
            file.write(f"{len(last)} {name}\n")

    copies.mkdir()
    watch_operations(root, before)
    return screened(asked)


def _state_of(out: Path) -> list[tuple[str, int, int]]:
    """Everything in the folder but what is inside the scratch: path, size, time of change."""
    found = []
    for folder, names, files in os.walk(out):
        if folder.endswith("/.work"):
            names.clear()
            continue
        for name in [*names, *files]:
            status = os.lstat(f"{folder}/{name}")
            found.append((f"{folder}/{name}", status.st_size, status.st_mtime_ns))
    return sorted(found)


def _inside_work(folder: str, names: list[str]) -> list[str]:
    """The scratch is swept whatever is in it, so its place is copied and its content is not."""
    return names if folder.endswith("/.work") else []


def _start_of(kind: str, world: World, spare: Path, night: int) -> Path:
    """What is in the output folder before the run: nothing, the last night's run, or this one's, spoilt."""
    start = spare / f"start-{kind}"
    start.mkdir(parents=True)
    if kind == "first":
        return start
    assert Child(spare / "said", screened, world.request(1, start)).end() == 0
    if kind == "damaged":
        latest = (start / "latest").readlink()
        assert Child(spare / "said", screened, world.request(night, start)).end() == 0
        (start / "latest" / "candidates.csv").write_text("spoilt")
        (start / "latest").unlink()
        (start / "latest").symlink_to(latest)
    return start


class Crashes:
    """One kind of start, the whole run from it, and what must hold of everything in between."""

    def __init__(self, kind: str, folder: Path, night: int = 2, world: World | None = None) -> None:
        self.night = night
        self.folder = folder
        self.world = world or make_world(folder)
        self.start = _start_of(kind, self.world, folder / "spare", night)
        self.said = folder / "said"
        self.out = self.world.out
        self.seen = {"old": 0, "new": 0}
        self.old = reader_sees(self.start) if kind != "first" else ""
        whole = fresh_copy(self.start, folder / "whole")
        assert Child(self.said, screened, self.world.request(night, whole)).end() == 0
        self.new = reader_sees(whole)
        self.wanted = hashes(whole / "latest")

    def look(self, out: Path) -> None:
        """The reader's check: the old run whole, or the new one whole."""
        sees = reader_sees(out) if (out / "latest").is_symlink() else ""
        assert sees in (self.old, self.new), "neither the old run nor the new one"
        self.seen["new" if sees == self.new else "old"] += 1

    def rerun(self, out: Path) -> None:
        """The next run needs no hand: it ends well, with the bytes of one that nothing disturbed."""
        assert Child(self.said, screened, self.world.request(self.night, out)).end() == 0
        assert reader_sees(out) == self.new
        assert hashes(out / "latest") == self.wanted
        assert_tidy(out)
        assert not aggregate_secrets(out)

    def kill_before(self, number: int) -> bool:
        """Kill a run before an operation and look, and run again; False if the run has no such operation."""
        fresh_copy(self.start, self.out)
        code = Child(self.said, run_until, self.world.request(self.night), self.folder, number).end()
        self.look(self.out)
        if code == 0:
            return False
        assert code == -signal.SIGKILL
        self.rerun(self.out)
        return True

    def copy_before_each(self) -> list[str]:
        """Look at the state before every operation; run again from each that differs once it is swept.

        Returns the operations.
        """
        copies = self.folder / "copies"
        fresh_copy(self.start, self.out)
        assert Child(self.said, run_copied, self.world.request(self.night), self.folder, copies).end() == 0
        swept: dict[str, Path] = {}
        for copy in [path for path in copies.iterdir() if path.is_dir()]:
            self.look(copy)
            OutputFolder(copy).sweep()
            link = copy / "latest"
            # Kept files come one by one, each whole and under its hash: their number makes no difference.
            held = sorted((name, it) for name, it in hashes(copy).items() if not name.startswith("kept/"))
            state = f"{link.readlink() if link.is_symlink() else ''} {held}"
            swept.setdefault(state, copy)
        for copy in swept.values():
            self.rerun(fresh_copy(copy, self.out))
        self.seen["reruns"] = len(swept)
        return [line.split(" ", 1)[1] for line in (copies / "operations.txt").read_text().splitlines()]

    def finish(self) -> None:
        """Nothing that was printed on the way was a secret."""
        assert_silent([self.said.read_bytes()])


def crash_everywhere(folder: Path, kinds: tuple[str, ...] = SETS) -> dict[str, int]:
    """Kill a run before each of its operations, for each kind of start: the long form."""
    figures = {"kills": 0, "old seen": 0, "new seen": 0}
    for kind in kinds:
        crashes = Crashes(kind, folder / kind)
        number = 0
        while crashes.kill_before(number):
            number += 1
        crashes.finish()
        figures["kills"] += number
        for name in ("old", "new"):
            figures[f"{name} seen"] += crashes.seen[name]
    return figures
