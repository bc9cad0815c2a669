"""What ``prescreen check`` says: what is in an extract, what cannot be used and why. Publishes nothing."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.failures import redacted
from flows.files import private_files
from flows.loading import load_tables
from flows.memory import batch_patients
from flows.request import check_format
from flows.session import Progress, working_database
from flows.steps import rows_by_table
from flows.summary import coverage_by_table
from flows.wording import printable
from schemas.errors import ExtractRefused
from schemas.extract import TABLES, typed_columns
from schemas.words import BEGINNING, FOREVER
from sql.runner import (
    Wanted,
    patient_batches,
    patient_count,
    quarantine_rows,
    read_facts,
    stage_extract,
    unmapped_counts,
)

NAMES_SHOWN = 40


@dataclass(frozen=True)
class Check:
    """What was found. ``rules`` and ``unmapped`` are most frequent first; dates are the first and last."""

    as_of: date
    patients: int
    rows: dict[str, dict[str, int]]
    dates: dict[str, tuple[date, date]]
    rules: pl.DataFrame
    unmapped: pl.DataFrame
    coverage: list[tuple[str, str]]
    notes: list[tuple[str, str]]


@redacted
def check_extract(
    extract: Path, source_format: str, index_date: date | None, as_of: date | None, progress: Progress
) -> Check:
    """Load an extract, derive from it what no trial asks for, and report; raises ``ExtractRefused``."""
    with (
        private_files(),
        tempfile.TemporaryDirectory(prefix="prescreen-") as folder,
        working_database(Path(folder) / "work") as connection,
    ):
        check_format(source_format, index_date)
        load_tables(extract, source_format, index_date, connection, progress)
        delivered = connection.execute("select name from delivered order by name").fetchall()
        dates = _dates(connection, [name for (name,) in delivered])
        judged = as_of or _own_day(connection, dates)
        nothing: frozenset[str] = frozenset()
        stage_extract(
            connection, judged, Wanted(measurements=nothing, counted=nothing, sets=nothing), progress
        )
        patients = patient_count(connection)
        batches = patient_batches(0, patients - 1, batch_patients(None))
        coverage = pl.concat([read_facts(connection, first, last).coverage for first, last in batches])
        quarantine = quarantine_rows(connection)
        return Check(
            as_of=judged,
            patients=patients,
            rows=rows_by_table(connection),
            dates=dates,
            rules=_by_rule(quarantine),
            unmapped=unmapped_counts(connection),
            coverage=coverage_by_table(coverage),
            notes=connection.execute("select file, note from extract_notes order by all").fetchall(),
        )


def _by_rule(quarantine: pl.DataFrame) -> pl.DataFrame:
    keys = ["table", "column", "rule", "reason"]
    return _most_frequent_first(quarantine.group_by(keys).agg(pl.len().alias("rows")), keys)


def _most_frequent_first(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return frame.sort("rows", *keys, descending=[True, *(False for _ in keys)])


def _dates(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, tuple[date, date]]:
    """The first and the last day in each table, births and unusable rows aside."""
    found = {}
    for table in tables:
        columns = [
            name
            for name, kind in typed_columns(TABLES[table]).items()
            if kind == pl.Date and name.endswith("_earliest") and not name.startswith("birth")
        ]
        if not columns:
            continue
        days = " union all ".join(
            f"select {column} as day from raw_{table} where not quarantined" for column in columns
        )
        row = connection.execute(
            f"select min(day), max(day) from ({days}) where day > ? and day < ?", [BEGINNING, FOREVER]
        ).fetchone()
        if row and row[0]:
            found[table] = row
    return found


def _own_day(connection: duckdb.DuckDBPyConnection, dates: dict[str, tuple[date, date]]) -> date:
    """The day of the extract: as it says itself, else the latest day in it."""
    row = connection.execute("select extracted_on from extract_info").fetchone()
    if row and row[0]:
        return date.fromisoformat(str(row[0]))
    if not dates:
        raise ExtractRefused("extract", "there is no date in it.", "Give --as-of.")
    return max(last for _, last in dates.values())


def print_check(console: Console, found: Check) -> None:
    """Print what was found; names that no code list has are shown, other values never."""
    console.print(Text(f"{found.patients} patients, judged as of {found.as_of}", style="bold"))
    rows = (
        (table, *(str(count[name]) for name in ("read", "accepted", "quarantined")), *_span(found, table))
        for table, count in found.rows.items()
    )
    console.print(_grid(("table", "rows", "accepted", "quarantined", "dates", "complete through"), rows))
    _print_part(console, "quarantined, by rule", ("table", "column", "rows", "rule"), _rules(found.rules))
    names = ((row["table"], row["name"], str(row["rows"])) for row in found.unmapped.iter_rows(named=True))
    _print_part(console, "names that no code list has", ("table", "name", "rows"), list(names))
    _print_part(console, "notes", ("file", "note"), found.notes)


def _span(found: Check, table: str) -> tuple[str, str]:
    days = found.dates.get(table)
    return (f"{days[0]} to {days[1]}" if days else "", dict(found.coverage).get(table, ""))


def _rules(rules: pl.DataFrame) -> list[tuple[str, ...]]:
    return [
        (row["table"], row["column"] or "", str(row["rows"]), f"{row['rule']}: {row['reason']}")
        for row in rules.iter_rows(named=True)
    ]


def _print_part(console: Console, title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    console.print(Text(f"\n{title}: {'' if rows else 'none'}", style="bold"))
    if rows:
        console.print(_grid(head, rows[:NAMES_SHOWN]))
    if len(rows) > NAMES_SHOWN:
        console.print(Text(f"and {len(rows) - NAMES_SHOWN} more"))


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in head:
        numeric = name in ("rows", "accepted", "quarantined")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # A name from a cell may hold square brackets, which are no markup here, or what a terminal obeys.
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
