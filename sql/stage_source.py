"""Runs the staging SQL of a source of another shape: its delivered tables become those of the contract."""

from datetime import date

import duckdb

from data.extract.load import Progress
from data.extract.patients import number_patients, number_rows
from schemas.extract import TABLES
from schemas.sources import Source
from sql.models import model_text

# What the reader says of an extract as a whole is the same for every source.
_AS_READ = ("extract_info", "default_units", "extract_notes")
_FILLED = {"delivered", "quarantine", *(f"raw_{name}" for name in TABLES)}


def stage_source(
    source: Source, index_date: date, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> None:
    """Fills the contract's tables, which ``data.extract.load.load_source`` left empty.

    ``index_date`` is the day from which the source counts days. Afterwards the database is as if a standard
    extract had been loaded; ``delivered`` names the tables that the source speaks of.
    """
    connection.execute("set variable index_date = $index_date", {"index_date": index_date})
    for folder in ("staging", "sources"):
        connection.execute(model_text(folder, "macros"))
    for name in source.models:
        folder = f"sources/{source.folder}"
        progress(f"sql/{folder}/{name}")
        text = model_text(folder, name)
        # By name, so that a column that the source cannot fill stays empty and one it invents is an error.
        start = (
            f"insert into main.{name} by name" if name in _FILLED else f"create or replace table {name} as"
        )
        connection.execute(f"{start}\n{text}")
    for name in _AS_READ:
        connection.execute(f"insert into main.{name} by name select * from source.{name}")
    number_patients(connection)
    for name in TABLES.keys() - {"patients"}:
        number_rows(connection, name)
