"""The errors a user meets: each says where, what and what to do, and carries the command's exit code.

No message holds a patient's value or id; the caller names files, rows, columns and criteria only.
"""

import difflib
from collections.abc import Iterable


class PrescreenError(Exception):
    """Any error with a known cause. ``exit_code`` is the command's exit code.

    ``may_pass`` says that the same run may succeed later without anybody's doing: a late file, a busy folder.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, next_step: str, *, may_pass: bool = False) -> None:
        super().__init__(f"{where}: {what} {next_step}")
        self.may_pass = may_pass
        self.where = where
        self.what = what
        self.next_step = next_step


class UsageError(PrescreenError):
    """The command was called wrongly."""

    exit_code = 2


class TrialError(PrescreenError):
    """A trial file is invalid; ``where`` names the file, the criterion and the place in it."""

    exit_code = 3


class ExtractRefused(PrescreenError):
    """The extract cannot be used as a whole; nothing was published."""

    exit_code = 4


class AnswersRefused(PrescreenError):
    """A filled-in workbook cannot be used; nothing of it was kept. ``faults``: each cell, what is wrong.

    Its exit code is that of a refused extract: what was delivered is not what it has to be.
    """

    exit_code = 4

    def __init__(self, where: str, what: str, next_step: str, faults: Iterable[str] = ()) -> None:
        super().__init__(where, what, next_step)
        self.faults = tuple(faults)


class LockHeld(PrescreenError):
    """Another run is writing to the same output folder."""

    exit_code = 5


class StorageFailed(PrescreenError):
    """A file could not be read or written, or the disk is full."""

    exit_code = 6


def nearest(name: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` for the known name closest to ``name``; an empty text if none is close."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""
