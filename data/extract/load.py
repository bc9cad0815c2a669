"""Loads a registry extract into DuckDB: structure, text, typed rows, rules, quarantine, tables.

``raw_<table>`` for every table of the contract (empty where it was not delivered), with the columns that
``schemas.extract`` describes and ``schemas.extract.typed_columns`` lists; beside them

* ``delivered``: name
* ``extract_info``, one row: source, extracted_on (null where ``extract.toml`` does not say)
* ``default_units``: observation, unit
* ``quarantine``: table, source_row, column, rule, reason
* ``extract_notes``: file, note (files and columns that were not read)
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb
import polars as pl

from data.extract.convert import Converted, convert
from data.extract.files import read_info, stray_notes, table_files
from data.extract.guard import guarded
from data.extract.read import read_text
from data.extract.structure import Limits
from schemas.errors import ExtractRefused
from schemas.extract import RULES, TABLES, PolarsType, Table, typed_columns

Progress = Callable[[str], None]
_DUCKDB_TYPES: dict[PolarsType, str] = {
    pl.String: "VARCHAR",
    pl.Date: "DATE",
    pl.Boolean: "BOOLEAN",
    pl.Int32: "INTEGER",
    pl.Decimal(38, 9): "DECIMAL(38,9)",
    pl.List(pl.String): "VARCHAR[]",
}


@dataclass(frozen=True)
class TableCount:
    """What became of one table's rows; ``file`` and ``sha256`` are None if it was not delivered."""

    table: str
    file: str | None
    sha256: str | None
    rows: int
    accepted: int
    quarantined: int


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES.values():
        columns = ", ".join(f'"{name}" {_DUCKDB_TYPES[kind]}' for name, kind in typed_columns(table).items())
        connection.execute(f"create or replace table raw_{table.name} ({columns})")
    for columns in (
        "delivered (name VARCHAR)",
        "extract_info (source VARCHAR, extracted_on DATE)",
        "default_units (observation VARCHAR, unit VARCHAR)",
        'quarantine ("table" VARCHAR, source_row INTEGER, "column" VARCHAR, rule VARCHAR, reason VARCHAR)',
        "extract_notes (file VARCHAR, note VARCHAR)",
    ):
        connection.execute(f"create or replace table {columns}")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    connection.register("prescreen_chunk", frame.to_arrow())
    try:
        connection.execute(f"insert into {table} select * from prescreen_chunk")
    finally:
        connection.unregister("prescreen_chunk")


def _store(connection: duckdb.DuckDBPyConnection, table: Table, converted: Converted) -> None:
    _insert(connection, f"raw_{table.name}", converted.rows)
    if converted.failures.height:
        reason = pl.col("rule").replace_strict(RULES, return_dtype=pl.String)
        named = converted.failures.select(pl.lit(table.name).alias("table"), pl.all(), reason.alias("reason"))
        _insert(connection, "quarantine", named)


def _stamp(stream: BinaryIO) -> tuple[int, int]:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


class _Loader:
    """One extract on its way into one database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, progress: Progress, limits: Limits) -> None:
        self.connection = connection
        self.progress = progress
        self.limits = limits

    def note(self, file: str, text: str) -> None:
        self.connection.execute("insert into extract_notes values (?, ?)", [file, text])
        self.progress(f"note: {text}")

    def table(self, table: Table, path: Path) -> TableCount:
        """Loads one file; it is opened once, so that the bytes checked are the bytes read."""
        with path.open("rb") as stream:
            before = _stamp(stream)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            rows, quarantined = self.rows(table, path.name, stream)
            if _stamp(stream) != before:
                step = "Wait until it is delivered whole, then start again."
                raise ExtractRefused(path.name, "the file changed while it was read.", step)
        self.connection.execute("insert into delivered values (?)", [table.name])
        self.progress(f"{path.name}: {rows} rows, {quarantined} quarantined")
        return TableCount(table.name, path.name, sha256, rows, rows - quarantined, quarantined)

    def rows(self, table: Table, file_name: str, stream: BinaryIO) -> tuple[int, int]:
        text = read_text(file_name, table, stream, self.limits)
        for note in text.notes:
            self.note(file_name, note)
        rows = quarantined = 0
        for chunk in text.chunks:
            converted = convert(table, chunk, rows + 1)
            _store(self.connection, table, converted)
            rows += converted.rows.height
            quarantined += int(converted.rows["quarantined"].sum())
        if rows != text.rows:
            what = f"{text.rows} rows were counted but {rows} were read."
            raise ExtractRefused(file_name, what, "Deliver the file again, as Parquet if this repeats.")
        return rows, quarantined

    def info(self, folder: Path) -> None:
        info = read_info(folder)
        self.connection.execute("insert into extract_info values (?, ?)", [info.source, info.extracted_on])
        for observation, unit in sorted(info.default_units.items()):
            self.connection.execute("insert into default_units values (?, ?)", [observation, unit])


def load_extract(
    folder: Path, connection: duckdb.DuckDBPyConnection, progress: Progress, limits: Limits | None = None
) -> list[TableCount]:
    """Fills the database from the extract in ``folder`` and counts the rows of every table of the contract.

    Rows that break a rule are kept, marked and listed in ``quarantine``: rows = accepted + quarantined.

    Raises:
        ExtractRefused: a file or the folder cannot be used as a whole. StorageFailed: the disk gave way.
        Neither message holds a value of a cell.
    """
    files = table_files(folder)
    loader = _Loader(connection, progress, limits or Limits())
    guarded("the working database", lambda: _create_tables(connection))
    guarded("extract.toml", lambda: loader.info(folder))
    for file, note in stray_notes(folder):
        loader.note(file, note)
    counts = []
    for table in TABLES.values():
        path = files.get(table.name)
        if path is None:
            counts.append(TableCount(table.name, None, None, 0, 0, 0))
        else:
            counts.append(guarded(path.name, lambda table=table, path=path: loader.table(table, path)))  # type: ignore[misc]
    return counts
