"""Writes frames of codes as the tables of an extract, chunk by chunk, in Parquet or CSV.

Parquet holds text throughout (dates too: they may be partial) but ``line`` and ``grade``, which are int32.
The same frames give the same bytes.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.synth.columns import BLANK, COLUMNS, SPELLERS, Array, Frame, kind_of

FileFormat = Literal["parquet", "csv"]
_ROWS_IN_GROUP = 1_000_000


def to_arrow(table: str, frame: Frame) -> Any:
    """The frame as an Arrow table of the contract's columns."""
    columns = [_column(name, frame[name]) for name in COLUMNS[table]]
    return pa.table(columns, schema=_schema(table))


def _schema(table: str) -> Any:
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        (name, pa.int32() if kind_of(name) == "integer" else dictionary) for name in COLUMNS[table]
    )


def _column(name: str, codes: Array) -> Any:
    kind = kind_of(name)
    coded = pa.array(codes, type=pa.int64(), mask=codes == BLANK)
    if kind == "integer":
        return coded.cast(pa.int32())
    encoded = coded.dictionary_encode()
    spelled = [SPELLERS[kind](code) for code in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(spelled, type=pa.string()))


class TableWriter(Protocol):
    """Takes the chunks of one table in order."""

    def write(self, table: Any) -> None:
        """Append a chunk."""

    def close(self) -> None:
        """Finish the file."""


class _ParquetTable:
    def __init__(self, path: Path, table: str) -> None:
        # Without the Arrow schema in the file every reader sees plain text columns.
        self._writer = pq.ParquetWriter(path, _schema(table), compression="zstd", store_schema=False)

    def write(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=_ROWS_IN_GROUP)

    def close(self) -> None:
        self._writer.close()


class _CsvTable:
    def __init__(self, path: Path, table: str) -> None:
        self._file = path.open("wb")
        self._file.write((",".join(COLUMNS[table]) + "\n").encode())

    def write(self, table: Any) -> None:
        frame = pl.from_arrow(table)
        if isinstance(frame, pl.DataFrame):
            frame.write_csv(self._file, include_header=False)

    def close(self) -> None:
        self._file.close()


_WRITERS: dict[FileFormat, Callable[[Path, str], TableWriter]] = {"parquet": _ParquetTable, "csv": _CsvTable}


class ExtractWriter:
    """All tables of one extract, open for appending; use it in a ``with`` block."""

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        make = _WRITERS[file_format]
        self._tables = {table: make(folder / f"{table}.{file_format}", table) for table in COLUMNS}

    def append(self, table: str, frames: list[Frame]) -> int:
        """Append frames to a table; returns the rows written."""
        joined = {name: np.concatenate([frame[name] for frame in frames]) for name in COLUMNS[table]}
        self._tables[table].write(to_arrow(table, joined))
        return len(joined["patient_id"])

    def __enter__(self) -> "ExtractWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._tables.values():
            writer.close()


def write_toml(folder: Path, as_of: date) -> None:
    """``extract.toml``: where the data comes from and when it was extracted."""
    lines = ('source = "synthetic"', f"extracted_on = {as_of.isoformat()}", "")
    (folder / "extract.toml").write_text("\n".join(lines), encoding="utf-8")
