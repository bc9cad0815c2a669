"""The rows of a sheet as the XML of a workbook, column by column: cell by cell they would cost far more.

A text is text whatever it looks like; a day is the number that a spreadsheet counts it as.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

# What a cell can hold, in the units of UTF-16: signs beyond the first 65,536 take two.
CELL_CHARACTERS = 32_767
_TWO_UNITS = "[\U00010000-\U0010ffff]"
_TOO_LONG = "(too long for a cell: see the run's Parquet files)"
# Spreadsheets believe that 1900 was a leap year.
_DAY_ZERO = date(1899, 12, 31)
_LAST_RIGHT_DAY = 59
# What XML cannot hold is written as _xHHHH_; so is the sign that would make such a code of what is none.
_CONTROL = "[\x00-\x08\x0b-\x1f\ufffe\uffff]"
_CODED = re.compile(f"_(?=x[0-9a-fA-F]{{4}}_)|{_CONTROL}")
_HAS_CODED = f"_x[0-9a-fA-F]{{4}}_|{_CONTROL}"


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its letters, the number of its style, and whether empty cells are there too."""

    letters: str
    style: str
    is_open: bool


def rows_as_xml(frame: pl.DataFrame, columns: Sequence[Column], first: int) -> str:
    """The rows as elements, ``first`` being the number of the first in its sheet; a null has no cell."""
    numbers = pl.int_range(first, first + frame.height, eager=True).cast(pl.String)
    cells = pl.DataFrame(
        [_cells(series, numbers, column) for series, column in zip(frame, columns, strict=True)]
    )
    row = pl.concat_str(
        pl.lit('<row r="'),
        numbers,
        pl.lit('">'),
        pl.concat_str(pl.all(), ignore_nulls=True),
        pl.lit("</row>"),
    )
    return "".join(cells.select(row.alias("row"))["row"])


def _cells(series: pl.Series, numbers: pl.Series, column: Column) -> pl.Series:
    """The cells of a column; null where there is none."""
    content = _text_content(series) if series.dtype == pl.String else _number_content(series)
    start = pl.format(f'<c r="{column.letters}{{}}" s="{column.style}"', numbers)
    blank = pl.concat_str(start, pl.lit("/>")) if column.is_open else pl.lit(None)
    written = pl.when(content.is_not_null()).then(pl.concat_str(start, content)).otherwise(blank)
    return pl.select(written.alias(series.name)).to_series()


def _number_content(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Date:
        days = (pl.lit(series) - _DAY_ZERO).dt.total_days()
        series = pl.select(days + (days > _LAST_RIGHT_DAY)).to_series()
    if series.dtype.is_float():
        texts = pl.Series([None if value is None else f"{value:.16G}" for value in series], dtype=pl.String)
    else:
        texts = series.cast(pl.Int64).cast(pl.String)
    return pl.select(pl.format("><v>{}</v></c>", texts)).to_series()


def _text_content(series: pl.Series) -> pl.Series:
    text = pl.lit(series)
    units = text.str.len_chars() + text.str.count_matches(_TWO_UNITS)
    fitting = _coded(
        pl.select(pl.when(units > CELL_CHARACTERS).then(pl.lit(_TOO_LONG)).otherwise(text)).to_series()
    )
    escaped = pl.lit(fitting)
    for sign, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.items():
        escaped = escaped.str.replace_all(sign, entity, literal=True)
    # Blanks at an end would be lost.
    kept = (
        pl.when(fitting.str.contains(r"^\s|\s$")).then(pl.lit(' xml:space="preserve"')).otherwise(pl.lit(""))
    )
    content = pl.format(' t="inlineStr"><is><t{}>{}</t></is></c>', kept, escaped)
    return pl.select(content).to_series()


def _coded(texts: pl.Series) -> pl.Series:
    odd = texts.filter(texts.str.contains(_HAS_CODED)).unique()
    codes = [_CODED.sub(lambda sign: f"_x{ord(sign[0]):04X}_", text) for text in odd]
    return texts.replace(odd, pl.Series(codes, dtype=pl.String)) if codes else texts
