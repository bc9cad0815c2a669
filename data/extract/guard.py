"""No library's words reach a user: readers' error texts quote cells, so only our own sentences get out."""

import gzip
import sys
import zlib
from collections.abc import Callable
from typing import TypeVar

from schemas.errors import ExtractRefused, PrescreenError, StorageFailed

Result = TypeVar("Result")
AGAIN = "Correct it and deliver the file again."
# By library and name: an error of a library can only have come from one that is imported already.
_DATABASE_ERROR = ("duckdb", "Error")
_READER_ERRORS = (("polars.exceptions", "PolarsError"), ("pyarrow", "ArrowException"))
_UNPACKABLE = (EOFError, gzip.BadGzipFile, zlib.error)


def _storage(where: str) -> StorageFailed:
    return StorageFailed(where, "the file could not be read.", "Check the disk and the file's permissions.")


def _database(where: str) -> StorageFailed:
    step = "Check that the disk of the working folder has room, and start again."
    return StorageFailed(where, "its rows could not be written to the working database.", step)


def _memory(where: str) -> StorageFailed:
    return StorageFailed(where, "there is not enough memory to read it.", "Give the command more memory.")


def _unreadable(where: str) -> ExtractRefused:
    return ExtractRefused(where, "the file is damaged, or is not what its name says.", "Deliver it again.")


def _unpackable(where: str) -> ExtractRefused:
    return ExtractRefused(
        where, "the compressed file is cut off or damaged.", "Compress and deliver it again."
    )


def _translated(where: str, error: BaseException) -> PrescreenError | None:
    """Our own error for a known kind of trouble; None if the error is not about the file or the machine."""
    if isinstance(error, MemoryError):
        return _memory(where)
    if isinstance(error, _UNPACKABLE):
        return _unpackable(where)
    if _is_of(error, *_DATABASE_ERROR):
        return _database(where)
    if isinstance(error, OSError):
        # Arrow reports a damaged Parquet page as an OSError without a number; the system's have one.
        return _unreadable(where) if error.errno is None else _storage(where)
    # A panic of polars is a BaseException and is not exported under a stable name.
    is_of_reader = isinstance(error, UnicodeError) or any(_is_of(error, *kind) for kind in _READER_ERRORS)
    if is_of_reader or type(error).__name__ == "PanicException":
        return _unreadable(where)
    return None


def _is_of(error: BaseException, library: str, name: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(error, getattr(module, name))


def guarded(where: str, action: Callable[[], Result]) -> Result:
    """What ``action`` returns; an error of a library becomes one of ours that names ``where`` and no value.

    Raises:
        ExtractRefused: the file is damaged. StorageFailed: the disk, the memory or the database gave way.
    """
    try:
        return action()
    except BaseException as error:
        failure = _translated(where, error)
        if failure is None:
            raise
    # Outside the handler, so that the library's error is not even kept as context.
    raise failure from None
