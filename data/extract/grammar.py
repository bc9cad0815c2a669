"""What a cell may say: one grammar for dates, numbers, words and texts, with nothing guessed.

``parse`` turns the distinct texts of a column into the columns it becomes plus ``rule``, the rule of
``schemas.extract.RULES`` that a text breaks (null if none). Space around a text does not count; a blank is
missing. Regular expressions name ASCII digits: ``\\d`` would take the digits of every script.
"""

from datetime import date
from decimal import Decimal

import polars as pl

from schemas.extract import NUMBER, Column
from schemas.words import (
    BEGINNING,
    DECIMAL_PLACES,
    EARLIEST_YEAR,
    FOREVER,
    LATEST_YEAR,
    RESULT_WORDS,
    UNBOUNDED,
)

TEXT_CHARACTERS = 1000
WHOLE_DIGITS = 12  # below 10^12
_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
_INTEGER = r"^-?[0-9]+(\.0+)?$"
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_CENSORED = r"^(<=|>=|<|>) ?"
_BETWEEN = r", '\x{2019}\x{a0}\x{2009}\x{202f}"  # comma, blank, apostrophes and narrow blanks
_SEPARATED = rf"^-?[0-9][0-9.]*[{_BETWEEN}][0-9.{_BETWEEN}]*$"
_NOT_FINITE = r"^(?i)[+-]?(nan|inf|infinity)$"
_CONTROL = r"[\x00-\x1f\x7f]"
_STEP = pl.lit(Decimal(1).scaleb(-DECIMAL_PLACES), dtype=NUMBER)
_ZERO = pl.lit(Decimal(0), dtype=NUMBER)
_FAR = pl.lit(UNBOUNDED, dtype=NUMBER)
_NO_NUMBER = pl.lit(None, dtype=NUMBER)
_TEXT = pl.col("text")


def parse(column: Column, texts: pl.Series) -> pl.DataFrame:
    """The fields of ``column`` for each text, in order, and ``rule`` (null where none is broken)."""
    stripped = texts.alias("text").to_frame().with_columns(_TEXT.str.strip_chars())
    blank = stripped.with_columns(pl.when(_TEXT != "").then(_TEXT))
    return _PARSERS[column.kind](column, blank)


def unreadable(field: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """What a field holds whose column broke a rule: no information."""
    if dtype == pl.Date:
        return pl.lit(BEGINNING if field.endswith("_earliest") else FOREVER)
    return pl.lit(None, dtype=dtype)


def _rule(broken: pl.Expr, rule: str) -> pl.Expr:
    return pl.when(broken).then(pl.lit(rule)).otherwise(None).alias("rule")


def _dates(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    year_only, month_only = _TEXT.str.len_bytes() == 4, _TEXT.str.len_bytes() == 7
    first_day = (
        pl.when(year_only).then(_TEXT + "-01-01").when(month_only).then(_TEXT + "-01").otherwise(_TEXT)
    )
    well_formed = pl.when(_TEXT.str.contains(_DATE)).then(first_day)
    earliest = pl.col("earliest")
    last_day = pl.when(year_only).then(earliest.dt.replace(month=12, day=31))
    latest = last_day.when(month_only).then(earliest.dt.month_end()).otherwise(earliest)
    good = earliest.dt.year().is_between(EARLIEST_YEAR, LATEST_YEAR).fill_null(False)
    read = texts.with_columns(earliest=well_formed.str.to_date("%Y-%m-%d", strict=False))
    read = read.with_columns(latest=latest, good=good)

    def end(name: str, unknown: date) -> pl.Expr:
        return pl.when(_TEXT.is_null()).then(None).when("good").then(pl.col(name)).otherwise(pl.lit(unknown))

    return read.select(
        end("earliest", BEGINNING).alias(f"{column.stem}_earliest"),
        end("latest", FOREVER).alias(f"{column.stem}_latest"),
        _rule(_TEXT.is_not_null() & ~pl.col("good"), "bad_date"),
    )


def _words(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    canonical = {word.lower(): word for word in column.words}
    word = _TEXT.str.to_lowercase().replace_strict(canonical, default=None, return_dtype=pl.String)
    return texts.select(word.alias(column.name), _TEXT).select(
        column.name, _rule(_TEXT.is_not_null() & pl.col(column.name).is_null(), "bad_word")
    )


def _integers(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    whole = _TEXT.str.extract(r"^(-?)0*([0-9]+)", 2)
    small = _TEXT.str.contains(_INTEGER) & (whole.str.len_bytes() <= 9)
    number = pl.when(small).then(_TEXT.str.extract(r"^(-?[0-9]+)").cast(pl.Int32, strict=False))
    rule = (
        pl.when(~_TEXT.str.contains(_INTEGER)).then(pl.lit("bad_integer"))
        .when(whole.str.len_bytes() > 9).then(pl.lit("out_of_range"))
    )  # fmt: skip
    return texts.select(number.alias(column.name), rule.alias("rule"))


def _names(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    rule = (
        pl.when(_TEXT.str.contains(_CONTROL)).then(pl.lit("control_character"))
        .when(_TEXT.str.len_bytes() > TEXT_CHARACTERS).then(pl.lit("too_long"))
    )  # fmt: skip
    kept = pl.when(pl.col("rule").is_null()).then(_TEXT)
    return texts.with_columns(rule=rule).select(kept.alias(column.name), "rule")


def _patient_ids(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    # Composed and decomposed letters look alike and are one id; nothing else is folded.
    return _names(column, texts.with_columns(_TEXT.str.normalize("NFC")))


def _notes(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    return texts.select(_TEXT.alias(column.name), pl.lit(None, dtype=pl.String).alias("rule"))


def _on_grid(texts: pl.DataFrame) -> pl.DataFrame:
    """Adds ``number`` (nine places, halves to even), ``moved`` (-1, 0, 1: by rounding) and ``rule``.

    ``digits`` is the text of the number alone; digits are compared as text, nothing becomes a float.
    """
    digits = pl.col("digits")
    fraction, rest = pl.col("fraction"), pl.col("rest")
    odd_last = fraction.str.slice(DECIMAL_PLACES - 1, 1).is_in(["1", "3", "5", "7", "9"])
    rounds_up = (rest > "5") | ((rest == "5") & odd_last)
    negative = digits.str.starts_with("-")
    kept = (pl.col("whole") + "." + fraction.str.slice(0, DECIMAL_PLACES)).str.strip_chars_end(".")
    magnitude = kept.cast(NUMBER, strict=False) + pl.when("up").then(_STEP).otherwise(_ZERO)
    away = pl.when(rest == "").then(0).when("up").then(1).otherwise(-1)
    read = texts.with_columns(
        well_formed=digits.str.contains(_NUMBER),
        whole=digits.str.extract(r"^-?0*([0-9]+)"),
        fraction=digits.str.extract(r"\.([0-9]+)$").fill_null(""),
    ).with_columns(rest=fraction.str.slice(DECIMAL_PLACES).str.strip_chars_end("0"))
    read = read.with_columns(up=rounds_up, small=pl.col("whole").str.len_bytes() <= WHOLE_DIGITS)
    read = read.with_columns(magnitude=pl.when(pl.col("well_formed") & pl.col("small")).then(magnitude))
    read = read.with_columns(small=(pl.col("small") & (pl.col("magnitude") < _FAR)).fill_null(False))
    signed = pl.when(negative).then(_ZERO - pl.col("magnitude")).otherwise(pl.col("magnitude"))
    return read.with_columns(
        number=pl.when("small").then(signed.cast(NUMBER)),
        moved=pl.when(negative).then(-away).otherwise(away),
        rule=_number_rule(),
    )


def _number_rule() -> pl.Expr:
    digits = pl.col("digits")
    return (
        pl.when(pl.col("well_formed") & pl.col("small")).then(pl.lit(None, dtype=pl.String))
        .when(pl.col("well_formed")).then(pl.lit("out_of_range"))
        .when(digits.str.contains(_SEPARATED)).then(pl.lit("thousands_or_decimal_comma"))
        .when(digits.str.contains(_NOT_FINITE)).then(pl.lit("not_finite"))
        .when(_TEXT.is_not_null()).then(pl.lit("not_a_number"))
    )  # fmt: skip


def _limits(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    read = _on_grid(texts.with_columns(digits=_TEXT))
    return read.select(pl.col("number").alias(column.name), "rule")


def _values(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    words = {word: word for word in RESULT_WORDS}
    word = _TEXT.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    read = texts.with_columns(
        word=word,
        sign=_TEXT.str.extract(_CENSORED).fill_null(""),
        digits=_TEXT.str.replace(_CENSORED, ""),
    )
    read = _on_grid(read)
    number, moved = pl.col("number"), pl.col("moved")
    below, above = pl.col("sign").is_in(["<", "<="]), pl.col("sign").is_in([">", ">="])
    strict = pl.col("sign").is_in(["<", ">"])
    # A limit moved by rounding is open exactly if it moved outwards: the rounded number then lies beyond it.
    outwards = moved == pl.when(below).then(1).otherwise(-1)
    is_open = pl.when(moved == 0).then(strict).otherwise(outwards)
    lowest = pl.when(number > _ZERO).then(_ZERO).when(is_open | (number < _ZERO)).then(_ZERO - _FAR)
    has_number = number.is_not_null()
    low = pl.when(below & has_number).then(lowest.otherwise(_ZERO)).otherwise(number)
    high = pl.when(above & has_number).then(_FAR).otherwise(number)
    return read.select(
        _TEXT.alias("value"),
        low.cast(NUMBER).alias("value_low"),
        high.cast(NUMBER).alias("value_high"),
        pl.when(has_number).then(above & is_open).alias("value_low_open"),
        pl.when(has_number).then(below & is_open).alias("value_high_open"),
        pl.col("word").alias("value_word"),
        pl.when(pl.col("word").is_null()).then("rule").alias("rule"),
    )


_PARSERS = {
    "date": _dates,
    "word": _words,
    "yes_no": _words,
    "integer": _integers,
    "text": _names,
    "patient_id": _patient_ids,
    "note": _notes,
    "limit": _limits,
    "value": _values,
}
