"""Small extracts as Python rows, loaded and turned into facts."""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data.catalogue import load_catalogue
from data.extract.load import load_extract
from schemas.extract import TABLES
from schemas.facts import Facts
from schemas.words import REASONS
from sql.runner import Wanted, patient_count, read_facts, stage_extract

AS_OF = date(2025, 6, 1)
Row = Mapping[str, object]
PATIENT: Row = {"patient_id": "P1", "birth_date": "1960-05-01", "sex": "female"}


def everything() -> Wanted:
    """Every fact that any trial could ask for."""
    catalogue = load_catalogue()
    names = frozenset(catalogue.measurements)
    concepts = frozenset(name for one in catalogue.sets.values() for name, _ in one.members)
    return Wanted(names, names, concepts)


@dataclass(frozen=True)
class Built:
    """The facts of a small extract and the database that they were made in."""

    connection: duckdb.DuckDBPyConnection
    facts: Facts

    def frame(self, name: str, **where: object) -> list[dict[str, Any]]:
        """Rows of a frame of the facts with these values."""
        frame: pl.DataFrame = getattr(self.facts, name)
        return frame.filter(
            pl.lit(True), *[pl.col(column) == value for column, value in where.items()]
        ).to_dicts()

    def one(self, name: str, **where: object) -> dict[str, Any]:
        """The only row of a frame with these values."""
        (row,) = self.frame(name, **where)
        return row


def load(tables: Mapping[str, Sequence[Row]], toml: str = "") -> duckdb.DuckDBPyConnection:
    """An extract with these rows (patient P1 unless others are given), loaded."""
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, rows in {"patients": [PATIENT], **tables}.items():
            _write(folder / f"{table}.csv", table, rows)
        if toml:
            (folder / "extract.toml").write_text(toml, encoding="utf-8")
        load_extract(folder, connection, lambda text: None)
    return connection


def _write(path: Path, table: str, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [column.name for column in TABLES[table].columns])
        writer.writeheader()
        for row in rows:
            # One patient is enough for most tests; coverage is about everybody.
            writer.writerow(row if table == "coverage" else {"patient_id": "P1", **row})


def build(
    tables: Mapping[str, Sequence[Row]], as_of: date = AS_OF, wanted: Wanted | None = None, toml: str = ""
) -> Built:
    """The facts about every patient of an extract with these rows."""
    connection = load(tables, toml)
    stage_extract(connection, as_of, wanted or everything(), lambda text: None)
    return Built(connection, read_facts(connection, 0, patient_count(connection) - 1))


def reasons(mask: int) -> set[str]:
    """The reasons in a bit mask."""
    return {reason for bit, reason in enumerate(REASONS) if mask >> bit & 1}
