"""Verdicts, numbers and days in words."""

from datetime import date
from decimal import Decimal

import pytest

from flows.wording import (
    CURABILITY_WORDS,
    REASON_WORDS,
    day_in_words,
    interval_in_words,
    is_number,
    printable,
    verdict_in_words,
)
from schemas.words import BEGINNING, CURABILITIES, FOREVER, KINDS, REASONS, UNBOUNDED, VERDICTS


def test_every_word_of_an_output_has_its_plain_words() -> None:
    assert set(REASON_WORDS) == set(REASONS)
    assert set(CURABILITY_WORDS) == set(CURABILITIES)
    for kind in KINDS:
        for verdict in VERDICTS:
            assert verdict_in_words({"kind": kind, "verdict": verdict, "reason": REASONS[0]})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("8.500000000", "8.500000000", "8.5"),
        ("100", "100", "100"),
        ("0", "0.499999999", "0 to 0.499999999"),
        ("1000.000000001", UNBOUNDED, "at least 1000.000000001"),
        (-UNBOUNDED, "3", "at most 3"),
        (-UNBOUNDED, UNBOUNDED, "any value"),
    ],
)
def test_numbers_are_told_without_empty_zeros_and_with_open_ends(
    low: str | Decimal, high: str | Decimal, words: str
) -> None:
    assert interval_in_words(Decimal(low), Decimal(high)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((date(2026, 3, 1), date(2026, 3, 1)), "2026-03-01"),
        ((date(2026, 3, 1), date(2026, 3, 31)), "[2026-03-01 .. 2026-03-31]"),
        ((BEGINNING, date(2026, 3, 31)), "[any time .. 2026-03-31]"),
        ((date(2026, 3, 1), FOREVER), "[2026-03-01 .. open]"),
        ((FOREVER, FOREVER), "no end"),
    ],
)
def test_days_are_told_as_they_are_known(days: tuple[date, date], words: str) -> None:
    assert day_in_words(days) == words


def test_a_terminal_is_not_given_orders_by_a_cell() -> None:
    assert printable("a\x1b[2Jb\u202ec\td") == "a?[2Jb?c?d"
    assert printable("µ/L é") == "µ/L é"


def test_a_text_is_the_number_it_writes() -> None:
    assert is_number("1.30", Decimal("1.3"))
    assert not is_number("<1.3", Decimal("1.3"))
