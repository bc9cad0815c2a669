"""Pandera models of the converted extract tables: what a row that was read may hold.

Validate eager frames, lazily, and read the failure cases by row; nothing is coerced, no row is dropped.
A check's name is the rule of ``schemas.extract.RULES`` that a failing row is quarantined by.
"""

from datetime import date
from decimal import Decimal
from functools import cache

import pandera.polars as pa
import polars as pl

from schemas.extract import TABLES, Column, Table, typed_columns
from schemas.words import BEGINNING, EARLIEST_YEAR, FOREVER, LATEST_YEAR, RESULT_WORDS, UNBOUNDED

# The name that pandera gives to its own check for a null in a required column.
NOT_NULLABLE = "not_nullable"
_ENDS = ("value_low", "value_high")


def span_rule(table: Table, first: str, second: str) -> str:
    """The rule that a row breaks whose ``second`` column is surely below its ``first``."""
    if table.by_name[first].kind == "limit":
        return "limits_crossed"
    about_death = table.by_name[second].name in ("death_date", "days_to_death")
    return "death_before_birth" if about_death else "ends_before_start"


def _holds(rule: str, condition: pl.Expr) -> pa.Check:
    """A check that ``condition`` is true or null; pandera names only checks of this form by our rule."""

    def check(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(condition)

    return pa.Check(check, name=rule)


def _date_check(field: str) -> pa.Check:
    unreadable = BEGINNING if field.endswith("_earliest") else FOREVER
    first, last = date(EARLIEST_YEAR, 1, 1), date(LATEST_YEAR, 12, 31)
    day = pl.col(field)
    return _holds("bad_date", day.is_between(first, last) | (day == unreadable))


def _checks(column: Column, field: str) -> list[pa.Check]:
    values = pl.col(field)
    if column.kind == "date":
        return [_date_check(field)]
    if column.words:
        return [_holds("bad_word", values.is_in(column.words))]
    if column.kind == "integer":
        return [_holds("out_of_range", values.is_between(column.low, column.high))]
    if field == "upper_limit":
        return [_holds("bad_limit", values > Decimal(0))]
    if field == "value_word":
        return [_holds("not_a_number", values.is_in(RESULT_WORDS))]
    return (
        [_holds("out_of_range", values.abs() <= UNBOUNDED)]
        if column.kind == "value" and field in _ENDS
        else []
    )


def _span_checks(table: Table) -> dict[str, list[pa.Check]]:
    """Checks that hang on the second column of a span: surely below, so its highest against the lowest."""
    checks: dict[str, list[pa.Check]] = {}
    for first, second in table.spans:
        low = next(iter(table.by_name[first].fields))
        high = list(table.by_name[second].fields)[-1]
        rule = span_rule(table, first, second)
        checks.setdefault(high, []).append(_holds(rule, pl.col(high) >= pl.col(low)))
    return checks


def _model(table: Table) -> pa.DataFrameSchema:
    spans = _span_checks(table)
    columns = {"source_row": pa.Column(pl.Int32, _holds("out_of_range", pl.col("source_row") >= 1))}
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
def model_of(table: Table) -> pa.DataFrameSchema:
    """The pandera model of a converted table (without ``patient``, ``quarantined`` and ``bad_columns``)."""
    return _model(table)


def typed_model(table_name: str) -> pa.DataFrameSchema:
    """The model of a table of the contract."""
    return model_of(TABLES[table_name])
