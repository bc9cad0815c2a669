"""What can happen to the files of an extract while a run reads them."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from data.extract import load
from flows.request import RunRequest
from tests.faults.children import PATIENCE_SECONDS
from tests.faults.world import screened

_READ_TEXT = load.read_text


def _when_read(name: str, happen: Callable[[], object], *, after: bool = False) -> None:
    """Let something happen when a file is about to be read, or when it has been opened and checked."""

    def read(file_name: str, *rest: object) -> object:
        if file_name == name and not after:
            happen()
        found = _READ_TEXT(file_name, *rest)
        if file_name == name and after:
            happen()
        return found

    load.read_text = read


def grows(asked: RunRequest) -> int:
    """The sender still appends to a table."""
    path = asked.extract / "observations.csv"
    _when_read(path.name, lambda: path.write_text(path.read_text() + "P007,hemoglobin,2026-03-30,9,g/dL\n"))
    return screened(asked)


def grows_after_the_check(asked: RunRequest) -> int:
    """The sender appends when the structure of the file was already checked."""
    path = asked.extract / "observations.csv"

    def append() -> None:
        with path.open("a") as file:
            file.write("P007,hemoglobin,2026-03-30,9,g/dL\n" * 1000)

    _when_read(path.name, append, after=True)
    return screened(asked)


def is_truncated(asked: RunRequest) -> int:
    """The sender starts to write the file anew while it is read."""
    path = asked.extract / "observations.csv"
    _when_read(path.name, lambda: os.truncate(path, 700), after=True)
    return screened(asked)


def is_replaced(asked: RunRequest) -> int:
    """The sender renames a new file into place: what was read is whole, but no longer what is there."""
    path = asked.extract / "observations.csv"
    other = path.with_name("next")
    other.write_text(path.read_text().replace("g/dL", "mg/dL"))
    _when_read(path.name, lambda: other.replace(path))
    return screened(asked)


def vanishes(asked: RunRequest) -> int:
    """A table that was there when the folder was listed is gone when its turn comes."""
    _when_read("patients.csv", (asked.extract / "observations.csv").unlink)
    return screened(asked)


def folder_vanishes(asked: RunRequest) -> int:
    """The share with the extract is unmounted."""
    moved = asked.extract.with_name("gone")
    _when_read("patients.csv", lambda: asked.extract.rename(moved))
    return screened(asked)


def cannot_be_read(asked: RunRequest) -> int:
    """The disk gives an error: the start of a process's own memory does, whoever reads it."""
    path = asked.extract / "observations.csv"
    path.unlink()
    path.symlink_to("/proc/self/mem")
    return screened(asked)


def is_forbidden(asked: RunRequest) -> int:
    """The file belongs to somebody else."""
    (asked.extract / "observations.csv").chmod(0)
    return screened(asked)


def waits_in_ranking(asked: RunRequest, running: Path, go_on: Path) -> int:
    """A run that says when it is half done, and then waits until it may go on."""

    def progress(text: str) -> None:
        if text == "ranking":
            running.touch()
            until = time.monotonic() + PATIENCE_SECONDS
            while not go_on.exists() and time.monotonic() < until:
                time.sleep(0.01)

    return screened(asked, progress)


def with_extract(asked: RunRequest, extract: Path) -> RunRequest:
    """The same run of another extract."""
    return replace(asked, extract=extract)
