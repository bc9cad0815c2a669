"""Loads a registry extract into DuckDB: structure, text, typed rows, rules, quarantine, tables.

``raw_<table>`` for every table of the contract (empty where it was not delivered), with the columns that
``schemas.extract`` describes and ``schemas.extract.typed_columns`` lists; beside them

* ``patient_index``: patient, patient_id (see ``data.extract.patients``)
* ``delivered``: name
* ``extract_info``, one row: source, extracted_on (null where ``extract.toml`` does not say)
* ``default_units``: observation, unit
* ``quarantine``: table, source_row, column, rule, reason
* ``extract_notes``: file, note (files and columns that were not read)

A source of another shape is read by the same means, as tables of its own in the schema ``source``, from which
its staging SQL makes those of the contract.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import duckdb
import polars as pl

from data.extract.convert import Converted, convert
from data.extract.files import stray_notes, table_files
from data.extract.guard import guarded
from data.extract.info import read_info
from data.extract.patients import NOBODY, PatientNumbers, known_patients, number_patients
from data.extract.read import Chunk, read_text
from data.extract.scan import patient_numbers
from data.extract.structure import Limits
from schemas.errors import ExtractRefused
from schemas.extract import RULES, TABLES, PolarsType, Table, typed_columns
from schemas.sources import Source

Progress = Callable[[str], None]
ROW_GROUP = 122_880  # rows of a row group of DuckDB
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
    """What became of the rows of one file, a table or a part of one; ``file`` and ``sha256`` are None for a
    table that was not delivered.

    ``columns`` are those of the file that its schema knows.
    """

    table: str
    file: str | None
    sha256: str | None
    rows: int
    accepted: int
    quarantined: int
    columns: tuple[str, ...] = ()


def _create_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table]) -> None:
    for table in tables.values():
        columns = ", ".join(
            f'"{name}" {_DUCKDB_TYPES[kind]}' + (f" default {NOBODY}" if name == "patient" else "")
            for name, kind in typed_columns(table).items()
        )
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


@dataclass(frozen=True)
class Chosen:
    """The patients to be loaded, of all: ``ids`` of all in the order of their numbers, and a mask of them."""

    ids: pl.Series
    mask: pl.Series


class _RawTable:
    """Writes one ``raw_`` table in whole row groups: DuckDB writes a part of one twice."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        self.connection = connection
        self.table = table
        self.pending = pl.DataFrame(schema=typed_columns(table))

    def write(self, converted: Converted) -> None:
        """Takes a chunk of rows and their failures, in order."""
        self.pending = pl.concat([self.pending, converted.rows])
        while self.pending.height >= ROW_GROUP:
            self._insert_rows(self.pending.head(ROW_GROUP))
            self.pending = self.pending.slice(ROW_GROUP)
        if converted.failures.height:
            reason = pl.col("rule").replace_strict(RULES, return_dtype=pl.String).alias("reason")
            name = pl.lit(self.table.name).alias("table")
            _insert(self.connection, "quarantine", converted.failures.select(name, pl.all(), reason))

    def finish(self) -> None:
        """Writes what is left."""
        if self.pending.height:
            self._insert_rows(self.pending)

    def _insert_rows(self, rows: pl.DataFrame) -> None:
        _insert(self.connection, f"raw_{self.table.name}", rows)


def _stamp(stream: BinaryIO) -> tuple[int, int]:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


class _Loader:
    """One extract on its way into one database."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        progress: Progress,
        limits: Limits,
        chosen: Chosen | None,
    ) -> None:
        self.connection = connection
        self.progress = progress
        self.limits = limits
        self.chosen = chosen
        self.patients = (
            PatientNumbers(pl.Series(dtype=pl.String))
            if chosen is None
            else known_patients(connection, chosen.ids)
        )

    def note(self, file: str, text: str) -> None:
        self.connection.execute("insert into extract_notes values (?, ?)", [file, text])
        self.progress(f"note: {text}")

    def table(self, table: Table, paths: Sequence[Path]) -> list[TableCount]:
        """Loads one table from its file, or from its parts in order; the rows are counted through."""
        counts: list[TableCount] = []
        raw = _RawTable(self.connection, table)
        for path in paths:
            rows = sum(count.rows for count in counts)
            counts.append(guarded(path.name, partial(self.file, raw, path, rows)))
            if counts[-1].columns != counts[0].columns:
                step = "Deliver every part of a table with the same columns."
                raise ExtractRefused(path.name, "its columns are not those of the first part.", step)
        guarded(paths[-1].name, raw.finish)
        if table is TABLES["patients"] and self.chosen is None:
            self.patients = guarded(paths[-1].name, lambda: number_patients(self.connection))
        self.connection.execute("insert into delivered values (?)", [table.name])
        return counts

    def file(self, raw: _RawTable, path: Path, before: int) -> TableCount:
        """Loads one file, whose rows follow ``before`` others; it is opened once, so that the bytes checked
        are the bytes read."""
        with path.open("rb") as stream:
            stamp = _stamp(stream)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            rows, quarantined, columns = self.rows(raw, path.name, stream, before)
            if _stamp(stream) != stamp:
                step = "Wait until it is delivered whole, then start again."
                raise ExtractRefused(path.name, "the file changed while it was read.", step, may_pass=True)
        self.progress(f"{path.name}: {rows} rows, {quarantined} quarantined")
        return TableCount(raw.table.name, path.name, sha256, rows, rows - quarantined, quarantined, columns)

    def rows(
        self, raw: _RawTable, file_name: str, stream: BinaryIO, before: int
    ) -> tuple[int, int, tuple[str, ...]]:
        text = read_text(file_name, raw.table, stream, self.limits)
        for note in text.notes:
            self.note(file_name, note)
        rows = quarantined = 0
        for chunk in text.chunks:
            length = len(next(iter(chunk.values())).codes)
            numbers = pl.int_range(before + rows + 1, before + rows + 1 + length, dtype=pl.Int32, eager=True)
            wanted, numbers = self.wanted(raw.table, chunk, numbers)
            converted = convert(raw.table, wanted, numbers, self.patients)
            raw.write(converted)
            rows += converted.rows.height + (length - len(numbers))
            quarantined += int(converted.rows["quarantined"].sum())
        if rows != text.rows:
            what = f"{text.rows} rows were counted but {rows} were read."
            raise ExtractRefused(file_name, what, "Deliver the file again, as Parquet if this repeats.")
        return rows, quarantined, text.columns

    def wanted(self, table: Table, chunk: Chunk, numbers: pl.Series) -> tuple[Chunk, pl.Series]:
        """The rows about the chosen patients and about nobody known, with their numbers; of coverage, all."""
        if self.chosen is None or table is TABLES["coverage"]:
            return chunk, numbers
        patients = patient_numbers(table, chunk, self.patients)
        kept = (patients == NOBODY) | self.chosen.mask.gather(patients.clip(0)).fill_null(value=True)
        return {name: text.filter(kept) for name, text in chunk.items()}, numbers.filter(kept)

    def info(self, folder: Path) -> None:
        info = read_info(folder)
        self.connection.execute("insert into extract_info values (?, ?)", [info.source, info.extracted_on])
        for observation, unit in sorted(info.default_units.items()):
            self.connection.execute("insert into default_units values (?, ?)", [observation, unit])


def load_extract(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    limits: Limits | None = None,
    tables: Mapping[str, Table] = TABLES,
    chosen: Chosen | None = None,
) -> list[TableCount]:
    """Fills the database from the extract in ``folder`` and counts the rows of every file.

    ``tables`` are those to look for, by the name that their files bear; by default those of the contract.
    ``chosen``: only the rows about these patients and about nobody known (of coverage: all) are taken; all
    are counted, and all patients numbered.

    Rows that break a rule are kept, marked and listed in ``quarantine``: rows = accepted + quarantined.

    Raises:
        ExtractRefused: a file or the folder cannot be used as a whole. StorageFailed: the disk gave way.
        Neither message holds a value of a cell.
    """
    files = table_files(folder, tables)
    loader = _Loader(connection, progress, limits or Limits(), chosen)
    guarded("the working database", lambda: _create_tables(connection, tables))
    guarded("extract.toml", lambda: loader.info(folder))
    for file, note in stray_notes(folder, tables):
        loader.note(file, note)
    counts = []
    for table in tables.values():
        paths = files.get(table.name)
        if paths is None:
            counts.append(TableCount(table.name, None, None, 0, 0, 0))
        else:
            counts += loader.table(table, paths)
    return counts


def load_source(
    source: Source, folder: Path, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> list[TableCount]:
    """Fills the schema ``source`` from a folder in another shape, and leaves the contract's tables empty.

    Its tables are named like those that ``load_extract`` makes (``source.raw_<table>``, ``source.quarantine``
    and so on); the source's staging SQL makes the others from them. Raises as ``load_extract`` does.
    """
    connection.execute("create schema if not exists source")
    connection.execute("use source")
    try:
        counts = load_extract(folder, connection, progress, tables=source.by_name)
    finally:
        connection.execute("use main")
    _create_tables(connection, TABLES)
    return counts
