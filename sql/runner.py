"""Runs the SQL models over a loaded extract and hands out the facts, batch by batch of patients.

``stage_extract`` first, for what is of the whole extract; then ``read_facts`` for each batch, once. A batch's
models read ``batch_<table>``: the rows about its patients (and, in the first, those about nobody known), each
with its ``place`` in the table, which tells it apart: a delivered row may have become several. What
the batches find wrong adds up: faults and counts are complete after the last.

Every parameter is bound (``set variable``); only names fixed in the project are put into SQL text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import polars as pl

from data.code_lists import CodeLists, load_code_lists
from data.extract.patients import NOBODY
from data.spelling import code_key_sql, name_key_sql, unit_key_sql
from schemas.extract import TABLES
from schemas.facts import ANY_CONCEPT, FRAME_NAMES, SCHEMAS, Facts
from schemas.words import (
    ALLERGY_KINDS,
    KEEPS_UP_DAYS,
    REASONS,
    RECORDED_STOP_REASONS,
    RESPONSES,
    ROUTES,
    SEXES,
    STOP_REASONS,
    YES_NO,
)
from sql.code_tables import register_code_tables, store_frame
from sql.models import (
    BATCH_MODELS,
    CARRIED,
    GROWING,
    SPENT_AFTER,
    WHOLE_MODELS,
    model_statement,
    model_text,
)

Progress = Callable[[str], None]

# What a derived result is made from: two results of one day, or one of which the other takes the place.
PAIRS = {"corrected_calcium": ("calcium", "albumin"), "flc_ratio": ("kappa_flc", "lambda_flc")}
ALTERNATIVES = {"qtc_fridericia_or_unstated": ("qtc_fridericia", "qtc")}
_DOMAINS = {
    "reasons": REASONS,
    "yes_no": YES_NO,
    "sexes": SEXES,
    "responses": RESPONSES,
    "stop_reasons": STOP_REASONS,
    "recorded_stop_reasons": RECORDED_STOP_REASONS,
    "allergy_kinds": ALLERGY_KINDS,
    "routes": ROUTES,
}
_KEY_MACROS = {"name_key": name_key_sql, "unit_key": unit_key_sql, "code_key": code_key_sql}


@dataclass(frozen=True)
class Wanted:
    """The facts to make: measurements (latest results), counted (every result), concepts of event sets."""

    measurements: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()


def stage_extract(
    connection: duckdb.DuckDBPyConnection,
    as_of: date,
    wanted: Wanted,
    progress: Progress,
    code_lists: CodeLists | None = None,
) -> None:
    """Makes ready what ``read_facts`` needs of the tables that ``data.extract.load`` filled, as of a date.

    The tables of the extract are not changed, so that it can be called again for another date.
    """
    prepare(connection, as_of, wanted, code_lists)
    for folder, name in WHOLE_MODELS:
        progress(f"sql/{folder}/{name}")
        connection.execute(model_statement(folder, name))


def prepare(
    connection: duckdb.DuckDBPyConnection,
    as_of: date,
    wanted: Wanted,
    code_lists: CodeLists | None = None,
) -> None:
    """Puts in place what the models read besides the extract: parameters, macros, code lists, the batch."""
    connection.execute("set variable as_of = $as_of", {"as_of": as_of})
    for name, words in _DOMAINS.items():
        connection.execute(f"set variable {name} = $words", {"words": list(words)})
    for name, expression in _KEY_MACROS.items():
        connection.execute(f"create or replace macro {name}(spelling) as {expression('spelling')}")
    connection.execute(model_text("staging", "macros"))
    register_code_tables(connection, code_lists or load_code_lists())
    store_frame(connection, "wanted_measurements", _wanted_measurements(wanted))
    store_frame(connection, "wanted_pairs", _wanted_pairs(wanted))
    concepts = sorted(wanted.sets | {ANY_CONCEPT})
    store_frame(connection, "wanted_concepts", pl.DataFrame({"concept": concepts}))
    connection.execute("set variable keeps_up_days = $days", {"days": KEEPS_UP_DAYS})
    for name, columns in (GROWING | CARRIED).items():
        connection.execute(f"create or replace temp table {name} ({columns})")
    for table in TABLES:
        connection.execute(
            f"""
            create or replace temp view batch_{table} as
            select *, rowid as place from raw_{table}
            where patient between getvariable('first_patient') and getvariable('last_patient')
            """
        )


def _wanted_measurements(wanted: Wanted) -> pl.DataFrame:
    """One row per concept to read: is every day needed, is it handed out, is every day handed out."""
    published = wanted.measurements | wanted.counted
    rows = [
        (name, name in _with_inputs(wanted.counted), name in published, name in wanted.counted)
        for name in sorted(_with_inputs(published))
    ]
    schema = {
        "concept": pl.String,
        "every_day": pl.Boolean,
        "is_published": pl.Boolean,
        "is_counted": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _with_inputs(concepts: frozenset[str]) -> frozenset[str]:
    made_from = PAIRS | ALTERNATIVES
    return concepts.union(*(made_from[name] for name in concepts & made_from.keys()))


def _wanted_pairs(wanted: Wanted) -> pl.DataFrame:
    """One row per derived result to make of two of one day: concept, first_concept, second_concept."""
    names = sorted((wanted.measurements | wanted.counted) & PAIRS.keys())
    columns = ("concept", "first_concept", "second_concept")
    schema = dict.fromkeys(columns, pl.String)
    return pl.DataFrame([(name, *PAIRS[name]) for name in names], schema=schema, orient="row")


def extract_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Through which day the extract reaches: as its sender says, else the latest date in it up to the as-of
    date."""
    day: date = _single(connection, "select extracted_on from extract_dates")
    return day


def patient_count(connection: duckdb.DuckDBPyConnection) -> int:
    """How many patients there are."""
    return int(_single(connection, "select count(*) from patient_index"))


def patient_batches(first: int, last: int, patients: int) -> Iterator[tuple[int, int]]:
    """The first and the last number of each batch of so many patients from first to last; where there are
    none, one empty batch, so that every frame has its columns."""
    for start in range(first, max(last, first) + 1, patients):
        yield start, min(start + patients - 1, last)


def read_facts(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> Facts:
    """The facts about the patients numbered first to last, both included; coverage also of everybody."""
    as_of = _single(connection, "select getvariable('as_of')")
    if as_of is None:
        raise RuntimeError("read_facts was called before stage_extract")
    connection.execute("set variable first_patient = $first", {"first": NOBODY if first == 0 else first})
    connection.execute("set variable last_patient = $last", {"last": last})
    frames = {}
    for folder, name in BATCH_MODELS:
        if name in FRAME_NAMES:
            frames[name] = _read_frame(connection, name)
        else:
            connection.execute(model_statement(folder, name))
        for spent in SPENT_AFTER.get(name, ()):
            connection.execute(f"drop table {spent}")
    return Facts(as_of, **frames)


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    # fetchone() would leave the result open, and the connection busy.
    return connection.execute(sql).fetchall()[0][0]


def _read_frame(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """What a model of the facts finds, as a frame; no table is made of it, as no other model reads it."""
    schema = pl.Schema(SCHEMAS[name])
    columns = ", ".join(f'"{column}"' for column in schema)
    frame = _frame(connection, f"select {columns} from ({model_text('facts', name)})").cast(schema)
    order = [column for column in _ORDER if column in schema]
    return frame.sort(order, maintain_order=True)


def _frame(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(connection.sql(sql).to_arrow_table()))


# Every frame's columns of these, taken together, tell its rows apart.
_ORDER = (
    "patient",
    "table",
    "trial_id",
    "criterion_id",
    "line_row",
    "concept",
    "source_table",
    "source_row",
    "date_earliest",
    "date_latest",
    "value_low",
    "value_high",
    "value_reasons",
    "recorded_value",
    "start_earliest",
    "start_latest",
    "end_earliest",
    "end_latest",
    "certain",
    "recorded_name",
)


def quarantine_rows(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Rows that cannot be used: table, source_row, column, rule, reason, in that order."""
    return _frame(
        connection, 'select "table", source_row, "column", rule, reason from all_faults order by all'
    )


def broken_ids(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Per table the rows whose patient cannot be told: no usable id."""
    found = connection.execute(
        """
        select "table", count(distinct source_row) from all_faults
        where "column" = 'patient_id' and rule <> 'unknown_patient' group by "table" order by "table"
        """
    ).fetchall()
    return dict(found)


def unmapped_counts(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Names and codes that no code list has, most frequent first: table, name, rows."""
    return _frame(
        connection,
        """
        with names as (
            select "table", name, count(*) as rows from unmapped_names group by "table", name
            union all
            select "table", name, rows from carried_names
        )
        select "table", name, sum(rows)::integer as rows
        from names group by "table", name order by rows desc, "table", name
        """,
    )


def table_counts(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per table: rows = accepted + quarantined; duplicates: rows that repeat another (in either)."""
    parts = " union all ".join(
        f"select '{name}' as \"table\", count(*) as rows from raw_{name}" for name in TABLES
    )
    return _frame(
        connection,
        f"""
        with counted as (
            {parts} union all select "table", sum(rows) from carried_counts group by "table"
        ),
        delivered_rows as (select "table", sum(rows) as rows from counted group by "table"),
        faults as (
            select "table", count(distinct source_row) as quarantined from all_faults group by "table"
        ),
        duplicates as (
            select "table", rows from duplicate_counts
            union all
            select "table", duplicates from carried_counts
        ),
        repeated as (select "table", sum(rows)::integer as rows from duplicates group by "table")
        select
            delivered_rows."table",
            delivered_rows.rows::integer as rows,
            (delivered_rows.rows - coalesce(faults.quarantined, 0))::integer as accepted,
            coalesce(faults.quarantined, 0)::integer as quarantined,
            repeated.rows as duplicates
        from delivered_rows
        left join faults on faults."table" = delivered_rows."table"
        left join repeated on repeated."table" = delivered_rows."table"
        order by delivered_rows."table"
        """,
    )
