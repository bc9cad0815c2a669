"""Nothing that a library says about the data leaves the program."""

import errno

import polars as pl
import pytest

from flows.failures import Bug, Interrupted, explained, redacted
from schemas.errors import ExtractRefused, PrescreenError, StorageFailed

CANARY = "MRN-4711-CANARY"


@redacted
def stumbles(error: BaseException) -> None:
    raise error


@redacted
def stumbles_in_a_library() -> None:
    pl.Series([CANARY]).cast(pl.Int64)


@redacted
def refuses_because_of_a_library() -> None:
    try:
        pl.Series([CANARY]).cast(pl.Int64)
    except pl.exceptions.InvalidOperationError:
        raise ExtractRefused("labs.csv", "it is not whole.", "Deliver it again.") from None


def chain_of(error: BaseException) -> list[BaseException]:
    """The error and all that travel with it."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


@pytest.mark.parametrize("function", [stumbles_in_a_library, refuses_because_of_a_library])
def test_what_a_library_quotes_does_not_travel_with_the_error(function: object) -> None:
    assert callable(function)
    with pytest.raises(PrescreenError) as caught:
        function()
    for error in chain_of(caught.value):
        assert CANARY not in repr(error) + str(error)


def test_a_bug_says_its_class_and_the_line_that_met_it() -> None:
    with pytest.raises(
        Bug, match=r"a bug in prescreen \(ValueError in tests.flows.test_failures:\d+\)"
    ) as caught:
        stumbles(ValueError(CANARY))
    assert caught.value.exit_code == 1
    assert "nothing was published" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StorageFailed, 6),
        (MemoryError(), StorageFailed, 6),
        (KeyboardInterrupt(), Interrupted, 1),
        (ExtractRefused("a", "b", "c"), ExtractRefused, 4),
    ],
)
def test_known_failures_keep_their_exit_code(error: BaseException, kind: type, code: int) -> None:
    assert isinstance(explained(error), kind)
    assert explained(error).exit_code == code


def test_a_panic_of_a_native_library_is_caught_too() -> None:
    class Panic(BaseException):
        pass

    with pytest.raises(Bug, match="Panic"):
        stumbles(Panic(CANARY))
