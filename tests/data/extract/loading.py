"""Small extracts written and loaded, for the tests of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data.extract.load import TableCount, load_extract
from data.extract.structure import Limits

PATIENTS = "patient_id,birth_date,sex\nP1,1950-02-03,female\nP2,1960,male\n"


@dataclass(frozen=True)
class Loaded:
    """A loaded extract: its database, its counts by table and what was said on the way."""

    connection: duckdb.DuckDBPyConnection
    counts: dict[str, TableCount]
    said: list[str]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the database, in the order of the file."""
        frame: pl.DataFrame = self.connection.table(table).pl()
        if "source_row" in frame.columns:
            frame = frame.sort("source_row", maintain_order=True)
        return frame.to_dicts()

    def failures(self) -> list[tuple[str, int, str, str]]:
        """(table, source_row, column, rule) of everything quarantined."""
        rows = self.rows("quarantine")
        return [(row["table"], row["source_row"], row["column"], row["rule"]) for row in rows]


def load(folder: Path, limits: Limits | None = None) -> Loaded:
    """Loads the extract of a folder."""
    said: list[str] = []
    connection = duckdb.connect()
    counts = load_extract(folder, connection, said.append, limits)
    return Loaded(connection, {count.table: count for count in counts}, said)


def load_files(folder: Path, files: Mapping[str, str | bytes], limits: Limits | None = None) -> Loaded:
    """Writes files beside a good patients.csv (unless they bring their own) and loads the folder."""
    own = any(name.startswith("patients.") for name in files)
    given = {} if own else {"patients.csv": PATIENTS}
    for name, content in {**given, **files}.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load(folder, limits)
