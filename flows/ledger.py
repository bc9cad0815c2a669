"""What was run, by whom, from what and to what end: one line a record in ``OUT/ledger.jsonl``.

Records are only ever added, in a chain (``flows.chain``). The hash of the last line, which ``prescreen
verify`` prints, can be noted down elsewhere to show later that nothing was cut off at the end. This is the
one place of a run that reads the clock: nothing that is published depends on it. No record holds a patient's
value or id.

A run writes ``started`` and then how it ended. A ``started`` without an end is a run that was killed; the
next run, which holds the lock and so knows that no other is running, writes ``crashed`` for it.
"""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

from flows import VERSION
from flows.chain import Chain
from flows.failures import explained
from schemas.errors import PrescreenError

LEDGER = "ledger.jsonl"
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
        self.chain = Chain(self.path)

    def append(self, event: str, **told: Any) -> Entry:
        """Adds a record and forces it to the disk. Raises ``OSError`` if the disk gives way."""
        return self.chain.append({"at": utc_now().isoformat(), "event": event, **told})

    def entries(self) -> list[Entry]:
        """Every whole record, oldest first; none if there is no ledger. A line that is no record is left
        out."""
        return [entry for entry, _ in self.chain.records() if _is_entry(entry)]

    def faults(self) -> list[str]:
        """Where the chain does not hold, in words; empty if it does."""
        wrong = []
        for place, (entry, follows) in enumerate(self.chain.records(), start=1):
            if not _is_entry(entry):
                wrong.append(f"line {place} is no record")
            elif not follows:
                wrong.append(f"line {place} does not follow from the line before it")
        return wrong

    def head(self) -> str:
        """The hash of the last record; of nothing if there is none."""
        return self.chain.head()

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


def _is_entry(entry: Entry | None) -> TypeGuard[Entry]:
    return entry is not None and "event" in entry and "number" in entry
