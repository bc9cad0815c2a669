"""What was run, by whom, from what and to what end: one line a record in ``OUT/ledger.jsonl``.

Records are only ever added. Each holds the hash of the line before it, so that a line that was changed or
taken out breaks the chain; the hash of the last line, which ``prescreen verify`` prints, can be noted down
elsewhere to show later that nothing was cut off at the end. This is the one place of a run that reads the
clock: nothing that is published depends on it. No record holds a patient's value or id.

A run writes ``started`` and then how it ended. A ``started`` without an end is a run that was killed; the
next run, which holds the lock and so knows that no other is running, writes ``crashed`` for it.
"""

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows import VERSION
from flows.failures import explained
from schemas.errors import PrescreenError

LEDGER = "ledger.jsonl"
FIRST_LINK = "0" * 64
# How a run may end. A repeated run was published before and is kept; a refused one is exit code 3, 4 or 5.
ENDS = ("published", "repeated", "refused", "failed", "crashed")
_REFUSALS = (3, 4, 5)

Entry = dict[str, Any]


def utc_now() -> datetime:
    """The present moment, for records about runs; never for anything about patients."""
    return datetime.now(UTC).replace(microsecond=0)


class Ledger:
    """The records of one output folder."""

    def __init__(self, out: Path) -> None:
        self.path = out / LEDGER

    def append(self, event: str, **told: Any) -> Entry:
        """Adds a record and forces it to the disk; a line that a crash cut short was never acknowledged and
        goes.

        Raises ``OSError`` if the disk gives way.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held = file.read()
            whole = held[: held.rfind(b"\n") + 1]
            number, link = _last(whole)
            entry = {
                "number": number + 1,
                "at": utc_now().isoformat(),
                "event": event,
                **told,
                "previous": link,
            }
            file.truncate(len(whole))
            file.seek(len(whole))
            file.write(_line(entry))
            file.flush()
            os.fsync(file.fileno())
        return entry

    def entries(self) -> list[Entry]:
        """Every whole record, oldest first; none if there is no ledger. A line that is no record is left
        out."""
        found = (_parsed(line) for line in self._lines())
        return [entry for entry in found if entry is not None]

    def _lines(self) -> list[bytes]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return text[: text.rfind(b"\n") + 1].splitlines()

    def faults(self) -> list[str]:
        """Where the chain does not hold, in words; empty if it does."""
        link, wrong = FIRST_LINK, []
        for place, line in enumerate(self._lines(), start=1):
            entry = _parsed(line)
            if entry is None:
                wrong.append(f"line {place} is no record")
            elif entry.get("number") != place or entry.get("previous") != link:
                wrong.append(f"line {place} does not follow from the line before it")
            link = _sha256(line)
        return wrong

    def head(self) -> str:
        """The hash of the last record; of nothing if there is none."""
        lines = self._lines()
        return _sha256(lines[-1]) if lines else FIRST_LINK

    def open_starts(self) -> list[Entry]:
        """Runs that were started and have no end."""
        entries = self.entries()
        ended = {entry.get("start") for entry in entries if entry["event"] in ENDS}
        return [entry for entry in entries if entry["event"] == "started" and entry["number"] not in ended]

    def last_end(self) -> Entry | None:
        """How the newest run that has ended did so; None before the first."""
        return next((entry for entry in reversed(self.entries()) if entry["event"] in ENDS), None)


class Attempt:
    """One run while it is being recorded; ``told`` gathers what its last record is to say."""

    def __init__(self, ledger: Ledger, start: int) -> None:
        self.ledger = ledger
        self.start = start
        self.told: dict[str, Any] = {}

    def end(self, event: str, **told: Any) -> None:
        """Records how it ended."""
        self.ledger.append(event, start=self.start, **self.told, **told)


@contextmanager
def recorded(out: Path, asked: Mapping[str, Any]) -> Iterator[Attempt]:
    """A run that holds the output folder's lock: records its start, and its end if it fails.

    ``asked`` says what the run was asked for. The run itself records that it published (``Attempt.end``).
    """
    ledger = Ledger(out)
    for start in ledger.open_starts():
        ledger.append(
            "crashed", start=start["number"], message="the run ended without a word (killed, or power lost)"
        )
    start = ledger.append("started", who=_who(), version=VERSION, process=os.getpid(), **asked)
    attempt = Attempt(ledger, start["number"])
    try:
        yield attempt
    except BaseException as error:
        failure = explained(error)
        record_failure(attempt, failure)
        raise


def record_failure(attempt: Attempt, failure: PrescreenError) -> None:
    """Records a failed run in its own words; a disk too full for that shall not hide why it failed."""
    try:
        attempt.end(event_of(failure), exit_code=failure.exit_code, message=str(failure))
    except OSError:
        return


def event_of(failure: PrescreenError) -> str:
    """The word for a run that ended so."""
    return "refused" if failure.exit_code in _REFUSALS else "failed"


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _line(entry: Entry) -> bytes:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "event" in entry and "number" in entry else None


def _last(whole: bytes) -> tuple[int, str]:
    """How many lines there are, and the hash of the last."""
    lines = whole.splitlines()
    return (len(lines), _sha256(lines[-1])) if lines else (0, FIRST_LINK)


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()
