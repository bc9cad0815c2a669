"""A file of records that are only ever added: one line of JSON each, with its number and the hash of the line
before it, so that a line that was changed or taken out breaks the chain.

A line that a crash cut short was never acknowledged: it does not count, and the next record takes its place.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FIRST_LINK = "0" * 64

Record = dict[str, Any]


class Chain:
    """The records of one file; none if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, told: Mapping[str, Any]) -> Record:
        """Adds a record and forces it to the disk. Raises ``OSError`` if the disk gives way."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held = file.read()
            whole = held[: held.rfind(b"\n") + 1]
            lines = whole.splitlines()
            link = _sha256(lines[-1]) if lines else FIRST_LINK
            record = {**told, "number": len(lines) + 1, "previous": link}
            file.truncate(len(whole))
            file.seek(len(whole))
            file.write(json.dumps(record, sort_keys=True, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return record

    def records(self) -> Iterator[tuple[Record | None, bool]]:
        """Every whole line, oldest first: its record (None: it is none), and whether it follows from the line
        before it."""
        link = FIRST_LINK
        for number, line in enumerate(self._lines(), start=1):
            record = _parsed(line)
            follows = record is not None and (record.get("number"), record.get("previous")) == (number, link)
            yield record, follows
            link = _sha256(line)

    def links(self) -> list[str]:
        """The hash of every whole line, oldest first."""
        return [_sha256(line) for line in self._lines()]

    def head(self) -> str:
        """The hash of the last whole line; of nothing if there is none."""
        return ([FIRST_LINK, *self.links()])[-1]

    def _lines(self) -> list[bytes]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return text[: text.rfind(b"\n") + 1].splitlines()


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
