"""What a cell may say, and what it then means."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.extract.grammar import parse
from schemas.extract import TABLES, Column
from schemas.words import BEGINNING, FOREVER, UNBOUNDED

OBSERVATIONS = TABLES["observations"].by_name
DATE, VALUE, LIMIT, ID = (OBSERVATIONS[name] for name in ("date", "value", "upper_limit", "patient_id"))
GRADE = TABLES["conditions"].by_name["grade"]
RESPONSE = TABLES["responses"].by_name["response"]
FAR = UNBOUNDED


def read(column: Column, text: str | None) -> tuple[Any, ...]:
    """The fields of one cell, and the rule it breaks."""
    return parse(column, pl.Series([text], dtype=pl.String)).row(0)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        (" 2024-12 ", date(2024, 12, 1), date(2024, 12, 31)),
        ("1900", date(1900, 1, 1), date(1900, 12, 31)),
        ("2100-12-31", date(2100, 12, 31), date(2100, 12, 31)),
        ("", None, None),
        ("  ", None, None),
        (None, None, None),
    ],
)
def test_a_date_is_the_interval_that_it_names_and_a_blank_is_missing(
    text: str | None, earliest: date | None, latest: date | None
) -> None:
    assert read(DATE, text) == (earliest, latest, None)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_every_day_of_two_centuries_is_read_as_itself(day: date) -> None:
    assert read(DATE, day.isoformat()) == (day, day, None)


@given(st.integers(1900, 2100), st.integers(0, 13), st.integers(0, 32))
@settings(max_examples=300, deadline=None)
def test_a_day_is_read_exactly_if_the_calendar_has_it(year: int, month: int, day: int) -> None:
    text = f"{year}-{month:02}-{day:02}"
    try:
        expected: tuple[Any, ...] = (date.fromisoformat(text), date.fromisoformat(text), None)
    except ValueError:
        expected = (BEGINNING, FOREVER, "bad_date")
    assert read(DATE, text) == expected


@given(st.integers(1900, 2100), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_a_month_ends_the_day_before_the_next_begins(year: int, month: int) -> None:
    earliest, latest, rule = read(DATE, f"{year}-{month:02}")
    assert rule is None
    assert (latest + timedelta(days=1)).day == 1
    assert (earliest.day, earliest.month, latest.month) == (1, month, month)


@pytest.mark.parametrize(
    ("text", "low", "high", "low_open", "high_open"),
    [
        ("11.2", "11.2", "11.2", False, False),
        ("-3", "-3", "-3", False, False),
        ("007.50", "7.5", "7.5", False, False),
        ("-0", "0", "0", False, False),
        ("<0.5", "0", "0.5", False, True),
        ("< 0.5", "0", "0.5", False, True),
        ("<=0.5", "0", "0.5", False, False),
        (">1000", "1000", FAR, True, False),
        (">= 1000", "1000", FAR, False, False),
        ("<0", -FAR, "0", False, True),
        ("<=0", "0", "0", False, False),
        ("<-3", -FAR, "-3", False, True),
        (">-3", "-3", FAR, True, False),
        ("999999999999.999999999", "999999999999.999999999", "999999999999.999999999", False, False),
        ("1234567890.123456789", "1234567890.123456789", "1234567890.123456789", False, False),
    ],
)
def test_a_result_is_an_interval_whose_open_ends_are_told(
    text: str, low: Any, high: Any, low_open: bool, high_open: bool
) -> None:
    assert read(VALUE, text) == (text, Decimal(low), Decimal(high), low_open, high_open, None, None)


@pytest.mark.parametrize(("text", "word"), [("positive", "positive"), (" NEGATIVE ", "negative")])
def test_positive_and_negative_are_words_in_any_case(text: str, word: str) -> None:
    assert read(VALUE, text) == (text.strip(), None, None, None, None, word, None)


@pytest.mark.parametrize("text", ["detected", "pos", "positive!", "not detected", "+", "0 negative"])
def test_no_other_word_is_a_result(text: str) -> None:
    assert read(VALUE, text) == (text, None, None, None, None, None, "not_a_number")


NUMBERS = st.decimals(-(10**12) + 1, 10**12 - 1, allow_nan=False, allow_infinity=False, places=14)


@given(NUMBERS)
@settings(max_examples=500, deadline=None)
def test_decimals_beyond_nine_are_rounded_half_to_even_exactly(number: Decimal) -> None:
    rounded = number.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    assert read(LIMIT, f"{number:f}") == (rounded, None)


@given(st.integers(-(10**11), 10**11), st.sampled_from(["5", "50000", "50001", "49999", "500000000000001"]))
@settings(max_examples=300, deadline=None)
def test_halves_of_the_ninth_decimal_go_to_the_even_neighbour(billionths: int, rest: str) -> None:
    text = f"{'-' if billionths < 0 else ''}{abs(billionths) // 10**9}.{abs(billionths) % 10**9:09}{rest}"
    assert read(LIMIT, text) == (Decimal(text).quantize(Decimal("1e-9"), ROUND_HALF_EVEN), None)


@given(NUMBERS.filter(lambda number: number > 0), st.sampled_from(["<", "<=", ">", ">="]))
@settings(max_examples=500, deadline=None)
def test_a_limit_admits_the_same_nine_place_numbers_before_and_after_rounding(
    number: Decimal, sign: str
) -> None:
    _, low, high, low_open, high_open, _, rule = read(VALUE, f"{sign}{number:f}")
    assert rule is None
    step = Decimal("1e-9")
    middle = number.quantize(step, ROUND_HALF_EVEN)
    for candidate in (middle - step, middle, middle + step):
        if not 0 <= candidate < FAR:
            continue
        before = {
            "<": candidate < number,
            "<=": candidate <= number,
            ">": candidate > number,
            ">=": candidate >= number,
        }
        above = candidate > low or (candidate == low and not low_open)
        below = candidate < high or (candidate == high and not high_open)
        assert (above and below) == before[sign]


@pytest.mark.parametrize("text", ["<5", "positive", "5 U/L", ".5", "5.", "1e3", "٣", "5-6", "0x10"])
def test_a_limit_of_normal_is_a_plain_number_only(text: str) -> None:
    assert read(LIMIT, text) == (None, "not_a_number")


@pytest.mark.parametrize(
    ("text", "number", "rule"),
    [
        ("3", 3, None),
        ("2.0", 2, None),
        ("007", 7, None),
        ("-1", -1, None),
        ("2.5", None, "bad_integer"),
        ("II", None, "bad_integer"),
        ("", None, None),
        ("1234567890", None, "out_of_range"),
        ("000000000000000000003", 3, None),
    ],
)
def test_a_whole_number_may_end_in_zero_decimals_only(
    text: str, number: int | None, rule: str | None
) -> None:
    assert read(GRADE, text) == (number, rule)


@pytest.mark.parametrize(("text", "word"), [("scr", "sCR"), ("SCR", "sCR"), (" vgpr", "VGPR"), ("", None)])
def test_a_word_is_known_in_any_case_and_kept_in_its_listed_spelling(text: str, word: str | None) -> None:
    assert read(RESPONSE, text) == (word, None)


@pytest.mark.parametrize(
    ("text", "patient_id"),
    [
        ("00123", "00123"),
        (" 00123 ", "00123"),
        ("\u00a0P1", "P1"),
        ("mmrf_1234", "mmrf_1234"),
        ("MMRF_1234", "MMRF_1234"),
        ("e\u0301", "\u00e9"),
        ("\uff11", "\uff11"),
        ("12345678901234567890123", "12345678901234567890123"),
    ],
)
def test_an_id_is_trimmed_and_composed_and_nothing_else(text: str, patient_id: str) -> None:
    assert read(ID, text) == (patient_id, None)


@pytest.mark.parametrize("column", [column for table in TABLES.values() for column in table.columns])
def test_every_column_reads_a_blank_as_missing_and_no_texts_as_no_rows(column: Column) -> None:
    *fields, rule = read(column, " ")
    assert (set(fields), rule) == ({None}, None)
    empty = parse(column, pl.Series([], dtype=pl.String))
    assert (empty.height, empty.columns) == (0, [*column.fields, "rule"])
