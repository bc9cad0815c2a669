"""A share of the patients as files: everything that the facts about them are made from, for another process.

``write_whole`` puts what is of the whole extract into one folder, ``write_share`` the rows of some patients
into another; ``read_share`` makes of both a database that is staged as if by ``stage_extract``.
``write_found`` and ``add_found`` bring back what the share's batches found wrong.
"""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from data.extract.patients import NOBODY
from schemas.extract import TABLES
from sql.models import GROWING
from sql.runner import Wanted, prepare

# What every share needs: what was delivered, what its names mean, and coverage, of which a site may speak.
_WHOLE = (
    "delivered",
    "default_units",
    "raw_coverage",
    "extract_dates",
    "drug_names",
    "coded_names",
    "observation_units",
)
_OF_PATIENTS = tuple(f"raw_{name}" for name in TABLES if name != "coverage")
_BATCH_ROWS = 100_000


def write_whole(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Writes the tables that every share needs into a new folder."""
    folder.mkdir()
    for name in _WHOLE:
        _write(connection, f"select * from {name}", folder / f"{name}.parquet")


def write_share(connection: duckdb.DuckDBPyConnection, folder: Path, first: int, last: int) -> None:
    """Writes the rows of the patients numbered first to last into a new folder; the first share also has
    those about nobody known."""
    folder.mkdir()
    start = NOBODY if first == 0 else first
    for name in _OF_PATIENTS:
        rows = f"select * from {name} where patient between {start:d} and {last:d}"
        _write(connection, rows, folder / f"{name}.parquet")


def read_share(
    connection: duckdb.DuckDBPyConnection, whole: Path, share: Path, as_of: date, wanted: Wanted
) -> None:
    """Fills an empty database from both folders: ``sql.runner.read_facts`` then gives the patients' facts."""
    for folder, names in ((whole, _WHOLE), (share, _OF_PATIENTS)):
        for name in names:
            connection.execute(
                f"create table {name} as select * from read_parquet($path)",
                {"path": str(folder / f"{name}.parquet")},
            )
    prepare(connection, as_of, wanted)


def write_found(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Writes what the batches of a share found wrong into a folder."""
    for name in GROWING:
        _write(connection, f"select * from {name}", folder / f"{name}.parquet")


def add_found(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Adds what ``write_found`` wrote to what was found in this database."""
    for name in GROWING:
        connection.register("prescreen_found", pq.read_table(folder / f"{name}.parquet"))
        try:
            connection.execute(f"insert into {name} select * from prescreen_found")
        finally:
            connection.unregister("prescreen_found")


def _write(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    reader = connection.sql(sql).to_arrow_reader(_BATCH_ROWS)
    with pq.ParquetWriter(path, reader.schema, compression="zstd", compression_level=1) as writer:
        for batch in reader:
            writer.write_batch(batch)
