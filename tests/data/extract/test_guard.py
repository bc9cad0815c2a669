"""Errors of the libraries become ours, and what they say is gone."""

import gzip
import zlib

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from data.extract.guard import guarded
from schemas.errors import ExtractRefused, PrescreenError, StorageFailed, UsageError


class PanicException(BaseException):
    """Stands for the panic of polars, which is known by its name only."""


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (pl.exceptions.ComputeError("CANARY"), ExtractRefused),
        (pl.exceptions.InvalidOperationError("CANARY"), ExtractRefused),
        (PanicException("CANARY"), ExtractRefused),
        (pa.ArrowInvalid("CANARY"), ExtractRefused),
        (pa.ArrowNotImplementedError("CANARY"), ExtractRefused),
        (OSError("CANARY: corrupt page"), ExtractRefused),
        (gzip.BadGzipFile("CANARY"), ExtractRefused),
        (EOFError("CANARY"), ExtractRefused),
        (zlib.error("CANARY"), ExtractRefused),
        (UnicodeDecodeError("utf-8", b"CANARY", 0, 1, "CANARY"), ExtractRefused),
        (OSError(5, "CANARY"), StorageFailed),
        (PermissionError(13, "CANARY"), StorageFailed),
        (MemoryError("CANARY"), StorageFailed),
        (pa.ArrowMemoryError("CANARY"), StorageFailed),
        (duckdb.IOException("CANARY"), StorageFailed),
        (duckdb.ConversionException("CANARY"), StorageFailed),
    ],
)
def test_a_library_error_becomes_ours_without_its_words(
    error: BaseException, ours: type[PrescreenError]
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(ours) as caught:
        guarded("labs.csv", fail)
    assert str(caught.value).startswith("labs.csv: ")
    assert "CANARY" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("error", [UsageError("a", "b", "c"), KeyboardInterrupt(), ZeroDivisionError()])
def test_our_own_errors_interrupts_and_bugs_pass_as_they_are(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        guarded("labs.csv", fail)
    assert caught.value is error


def test_what_goes_well_is_returned() -> None:
    assert guarded("labs.csv", lambda: 7) == 7
