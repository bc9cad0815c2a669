"""Pandera models of the converted extract tables: what a row that was read may hold.

Validate eager frames, lazily, and read the failure cases by row; nothing is coerced, no row is dropped.
A check's name is the rule of ``schemas.extract.RULES`` that a failing row is quarantined by.
"""

from collections.abc import Callable
from datetime import date
from functools import cache

import pandera.polars as pa
import polars as pl

from schemas.extract import EARLIEST_YEAR, LATEST_YEAR, TABLES, Column, Table, typed_columns
from schemas.words import BEGINNING, FOREVER, RESULT_WORDS, UNBOUNDED

# The name that pandera gives to its own check for a null in a required column.
NOT_NULLABLE = "not_nullable"


def span_rule(table: Table, first: str, second: str) -> str:
    """The rule that a row breaks whose ``second`` column is surely below its ``first``."""
    if table.by_name[first].kind == "limit":
        return "bad_limit"
    return "death_before_birth" if (first, second) == ("birth_date", "death_date") else "ends_before_start"


def _real_day(mark: date) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    first, last = date(EARLIEST_YEAR, 1, 1), date(LATEST_YEAR, 12, 31)

    def check(data: pa.PolarsData) -> pl.LazyFrame:
        day = pl.col(data.key)
        return data.lazyframe.select(day.is_between(first, last) | (day == mark))

    return check


def _not_below(first: str) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    def check(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key) >= pl.col(first))

    return check


def _date_checks(field: str) -> list[pa.Check]:
    mark = BEGINNING if field.endswith("_earliest") else FOREVER
    return [pa.Check(_real_day(mark), name="bad_date")]


def _number_checks(column: Column, field: str) -> list[pa.Check]:
    if column.kind == "integer":
        return [pa.Check.in_range(column.low, column.high, name="out_of_range")]
    if field == "upper_limit":
        return [pa.Check.gt(0, name="bad_limit")]
    if field in ("value_low", "value_high"):
        return [pa.Check.in_range(-UNBOUNDED, UNBOUNDED, name="out_of_range")]
    return []


def _checks(column: Column, field: str) -> list[pa.Check]:
    if column.kind == "date":
        return _date_checks(field)
    if field == "value_word":
        return [pa.Check.isin(RESULT_WORDS, name="not_a_number")]
    if column.words:
        return [pa.Check.isin(column.words, name="bad_word")]
    return _number_checks(column, field)


def _span_checks(table: Table) -> dict[str, list[pa.Check]]:
    """Checks that hang on the second column of a span: surely below, so its highest against the lowest."""
    checks: dict[str, list[pa.Check]] = {}
    for first, second in table.spans:
        low = next(iter(table.by_name[first].fields))
        high = list(table.by_name[second].fields)[-1]
        rule = span_rule(table, first, second)
        checks.setdefault(high, []).append(pa.Check(_not_below(low), name=rule))
    return checks


def _model(table: Table) -> pa.DataFrameSchema:
    spans = _span_checks(table)
    columns = {"source_row": pa.Column(pl.Int32, pa.Check.ge(1, name="out_of_range"))}
    for column in table.columns:
        must_hold = next(iter(column.fields)) if column.required else ""
        for field, dtype in column.fields.items():
            columns[field] = pa.Column(
                dtype,
                [*_checks(column, field), *spans.get(field, [])],
                nullable=field != must_hold,
                description=column.meaning,
            )
    order = [name for name in typed_columns(table) if name in columns]
    return pa.DataFrameSchema({name: columns[name] for name in order}, strict=True, name=table.name)


@cache
def typed_model(table_name: str) -> pa.DataFrameSchema:
    """The pandera model of one converted table (without ``quarantined`` and ``bad_columns``)."""
    return _model(TABLES[table_name])
