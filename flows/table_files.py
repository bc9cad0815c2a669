"""Frames as the files of a run: the same frame gives the same bytes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from criteria.frames import apart

# Rows of a row group, whatever the batch of patients: the bytes of a file do not depend on the batch.
ROW_GROUP_ROWS = 100_000
_CSV_SLICE_ROWS = 100_000


class ParquetSink:
    """A Parquet file that grows frame by frame, with page checksums and row groups of one fixed size.

    ``dtypes`` are the published types; a column may be an ``Enum`` in the frames for speed and is a plain
    string in the file. ``rows`` counts what was written.
    """

    def __init__(self, path: Path, dtypes: Mapping[str, pl.DataType | type[pl.DataType]]) -> None:
        self.path = path
        self.rows = 0
        self._waiting = pl.DataFrame(schema=dict(dtypes))
        self._writer = pq.ParquetWriter(
            path,
            self._waiting.to_arrow(compat_level=pl.CompatLevel.oldest()).schema,
            compression="zstd",
            compression_level=1,
            write_page_checksum=True,
            store_schema=False,
        )

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows; the columns are those of the file, in order. A word outside an ``Enum`` raises."""
        self._waiting = pl.concat([self._waiting, frame.cast(self._waiting.schema)])
        groups = self._waiting.height // ROW_GROUP_ROWS
        for place in range(groups):
            self._write_group(self._waiting.slice(place * ROW_GROUP_ROWS, ROW_GROUP_ROWS))
        if groups:
            self._waiting = apart(self._waiting.slice(groups * ROW_GROUP_ROWS))

    def _write_group(self, frame: pl.DataFrame) -> None:
        # In one piece: where pieces meet would show in the bytes.
        table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self.rows += frame.height

    def groups(self) -> Iterator[pl.DataFrame]:
        """What a closed file holds, row group by row group."""
        file = pq.ParquetFile(self.path)
        for place in range(file.num_row_groups):
            yield pl.DataFrame(file.read_row_group(place))

    def close(self) -> None:
        """Write what waits and end the file; an empty file has its columns."""
        if self._waiting.height:
            self._write_group(self._waiting)
            self._waiting = self._waiting.clear()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()


class CsvSink:
    """A CSV file that grows frame by frame: UTF-8 (RFC 4180, LF), blanks for nulls, list columns joined by
    ``;``, no byte changed.

    The text goes through Python's own file, so that a full disk is an ``OSError`` like any other.
    """

    def __init__(self, path: Path, dtypes: Mapping[str, pl.DataType | type[pl.DataType]]) -> None:
        self.path = path
        self.rows = 0
        self._file = path.open("x", encoding="utf-8", newline="")
        self._file.write(lists_joined(pl.DataFrame(schema=dict(dtypes))).write_csv())

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows; the columns are those of the file, in order."""
        for part in lists_joined(frame).iter_slices(_CSV_SLICE_ROWS):
            self._file.write(part.write_csv(include_header=False))
        self.rows += frame.height

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """One frame as one Parquet file."""
    with ParquetSink(path, frame.schema) as sink:
        sink.write(frame)


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    """One frame as one CSV file."""
    with CsvSink(path, frame.schema) as sink:
        sink.write(frame)


def lists_joined(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each list column as text joined by ``;``, an empty list as null."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(pl.col(lists).list.join(";").replace("", None)) if lists else frame


def parquet_rows(path: Path) -> int:
    """The rows that a Parquet file's footer declares; raises on a file that is not whole."""
    return int(pq.ParquetFile(path).metadata.num_rows)
