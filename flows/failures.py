"""The last boundary: whatever goes wrong leaves as an error that names a place and no patient.

Library errors quote the cells they stumble over, so their text never leaves this module; what is kept is the
kind of error and the line of this project that met it.
"""

import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from schemas.errors import PrescreenError, StorageFailed

P = ParamSpec("P")
R = TypeVar("R")

_ROOT = Path(__file__).resolve().parent.parent
_NEXT_STEP = "Nothing was published; free disk space or memory, check the path, then run again."
_STORAGE_ERRORS = {
    # What DuckDB raises when its file, its spill or its memory has no more room.
    "IOException",
    "FatalException",
    "TransactionException",
    "OutOfMemoryException",
    # What the workbook's library makes of an OSError.
    "FileCreateError",
    "FileSizeError",
}


# How Prefect ends a flow whose program is asked to stop.
_STOPS = {"TerminationSignal"}


class Bug(PrescreenError):
    """An error that nobody foresaw; it says where, not what was in the data."""

    exit_code = 1

    def __str__(self) -> str:
        return self.what


class Interrupted(PrescreenError):
    """The run was stopped from outside."""

    exit_code = 1


def redacted(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose every error is ``explained``: nothing that a library said goes further."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # a native library's panic is no Exception
            failure = explained(error)
        # Raised after the except block, so that the original does not travel along as its context.
        raise failure

    return call


def explained(error: BaseException) -> PrescreenError:
    """The error as a user may see it: known errors by their own words, others without their text."""
    if isinstance(error, PrescreenError):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ in _STOPS:
        return Interrupted("run", "stopped before its end; nothing was published.", "Run again.")
    if isinstance(error, OSError):
        where = str(error.filename) if error.filename else "a file"
        return StorageFailed(where, f"{error.strerror or type(error).__name__}.", _NEXT_STEP)
    if isinstance(error, MemoryError) or type(error).__name__ in _STORAGE_ERRORS:
        return StorageFailed("working files", f"no room left ({type(error).__name__}).", _NEXT_STEP)
    return Bug(
        "", f"a bug in prescreen ({type(error).__name__} in {place_of(error)}); nothing was published", ""
    )


def place_of(error: BaseException) -> str:
    """``module:line`` of the innermost line of this project that the error passed."""
    place = "unknown"
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and "site-packages" not in path.relative_to(_ROOT).parts:
            module = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
            place = f"{module}:{frame.lineno}"
    return place
