"""Typed values as the text that a CSV file would hold, so that Parquet and CSV go through one grammar."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import cast

import polars as pl
import pyarrow as pa

_TEXT = pl.col("text")
_FIRST_DAY, _LAST_DAY = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (date.min, date.max))
_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
Test = Callable[[pa.DataType], bool]


def _series(values: pa.Array) -> pl.Series:
    return cast(pl.Series, pl.from_arrow(values))


def _mapped(values: pl.Series, expression: pl.Expr) -> pl.Series:
    return values.alias("text").to_frame().select(expression).to_series()


def _strings(values: pa.Array) -> pl.Series:
    values.validate(full=True)  # a Parquet file may claim that any bytes are text
    return _series(values.cast(pa.large_string()))


def _yes_no(values: pa.Array) -> pl.Series:
    return _mapped(_series(values), pl.when(_TEXT).then(pl.lit("yes")).when(~_TEXT).then(pl.lit("no")))


def _without_exponent(texts: pl.Series) -> pl.Series:
    """Numbers as text with any exponent written out; NaN and infinity stay as they are."""

    def plain(text: str) -> str:
        return f"{Decimal(text):f}"

    exponent = _TEXT.str.contains("[0-9][eE]")
    if not _mapped(texts, exponent.any()).item():
        return texts
    return _mapped(texts, pl.when(exponent).then(_TEXT.map_elements(plain, pl.String)).otherwise(_TEXT))


def _integers(values: pa.Array) -> pl.Series:
    return _series(values).cast(pl.String)


def _floats(values: pa.Array) -> pl.Series:
    single = values.cast(pa.float32()) if pa.types.is_float16(values.type) else values
    return _without_exponent(_series(single).cast(pl.String))  # the shortest text that reads back the same


def _decimals(values: pa.Array) -> pl.Series:
    return _without_exponent(_series(values.cast(pa.string())))


def _in_calendar(values: pl.Series, per_day: int) -> pl.DataFrame:
    """The values as ``text``, and ``known``: of the years 1 to 9999. Writing another brings polars down."""
    known = (values.to_physical() // per_day).is_between(_FIRST_DAY, _LAST_DAY)
    return pl.DataFrame({"text": values, "known": known})


def _written(known: pl.DataFrame, midnight: pl.Expr) -> pl.Series:
    day, instant = _TEXT.dt.to_string("%Y-%m-%d"), _TEXT.dt.to_string("%Y-%m-%dT%H:%M:%S")
    safe = known.with_columns(pl.when("known").then("text"))
    text = pl.when(~pl.col("known")).then(pl.lit("no day")).when(midnight).then(day).otherwise(instant)
    return safe.select(text.alias("text")).to_series()


def _days(values: pa.Array) -> pl.Series:
    return _written(_in_calendar(_series(values.cast(pa.date32())), 1), pl.lit(True))


def _instants(values: pa.Array) -> pl.Series:
    """A time of day, or a time zone, makes another text than a day: the grammar then says so."""
    midnight = _TEXT.dt.time() == pl.time(0, 0, 0) if values.type.tz is None else pl.lit(False)
    if values.type.unit == "s":  # polars knows no whole seconds, and would wrap around without a word
        values = values.cast(pa.timestamp("ms", values.type.tz))
    return _written(_in_calendar(_series(values), _DAY[values.type.unit]), midnight)


def _nothing(values: pa.Array) -> pl.Series:
    return pl.Series("text", [None] * len(values), dtype=pl.String)


def _is_text(dtype: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype))


_WRITERS: tuple[tuple[Test, Callable[[pa.Array], pl.Series]], ...] = (
    (_is_text, _strings),
    (pa.types.is_boolean, _yes_no),
    (pa.types.is_integer, _integers),
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_date, _days),
    (pa.types.is_timestamp, _instants),
    (pa.types.is_null, _nothing),
)


def _values_of(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype


def can_be_text(dtype: pa.DataType) -> bool:
    """Whether a column of this type has a text at all (lists, structures and bytes have none)."""
    return any(test(_values_of(dtype)) for test, _ in _WRITERS)


def can_be_id(dtype: pa.DataType) -> bool:
    """Whether ids may be stored so: a float or a date has already lost what an id must keep."""
    value_type = _values_of(dtype)
    return _is_text(value_type) or any(test(value_type) for test in (pa.types.is_integer, pa.types.is_null))


def as_text(values: pa.Array) -> pl.Series:
    """The values as text, null where missing. ``can_be_text`` must hold of their type."""
    write = next(write for test, write in _WRITERS if test(values.type))
    return write(values)
