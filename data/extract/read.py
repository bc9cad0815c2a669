"""A checked file as chunks of text: nothing is guessed, every column is the text that a CSV file would hold.

A chunk's column is its distinct texts and, per row, which of them it is (null: missing). A registry repeats
itself, so the grammar reads each text once a chunk. Memory is bounded by the chunk.
"""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from data.extract.header import Header, match_columns
from data.extract.structure import Layout, Limits, check_csv
from data.extract.texts import as_text, can_be_id, can_be_text
from schemas.errors import ExtractRefused
from schemas.extract import Table

CHUNK_ROWS = 245_760
CSV_CHUNK_BYTES = 16 * 2**20
# Beyond this many rows, a file with more than so many rows a byte is no registry but a bomb.
FEW_ROWS, ROWS_PER_BYTE = 10_000_000, 100


@dataclass(frozen=True)
class TextColumn:
    """Distinct texts (String) and, per row, the place of its text among them (null: missing)."""

    distinct: pl.Series
    codes: pl.Series

    def filter(self, kept: pl.Series) -> "TextColumn":
        """These rows, and of the texts those that they have: the others need not be read."""
        codes = self.codes.filter(kept)
        used = codes.drop_nulls().unique().sort()
        return TextColumn(
            self.distinct.gather(used),
            codes.replace_strict(
                used, pl.int_range(len(used), eager=True), default=None, return_dtype=codes.dtype
            ),
        )


Chunk = dict[str, TextColumn]


@dataclass(frozen=True)
class TextFile:
    """A file whose structure holds: notes on what is not read, the columns that are, its rows, and its
    chunks, to be read once."""

    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: int
    chunks: Iterator[Chunk]


def _text_column(values: pa.Array) -> TextColumn:
    encoded = values if pa.types.is_dictionary(values.type) else _encoded(values)
    codes = cast(pl.Series, pl.from_arrow(encoded.indices))
    return TextColumn(as_text(encoded.dictionary), codes)


def _encoded(values: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_null(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
    return values.dictionary_encode()


def _chunk(batch: pa.RecordBatch, names: list[str]) -> Chunk:
    return {name: _text_column(batch.column(place)) for place, name in enumerate(names)}


def _csv_chunks(stream: BinaryIO, layout: Layout) -> Iterator[Chunk]:
    """The data lines; the header is skipped, as its columns are known by their place already."""
    names = list(layout.header.positions)
    numbered = [f"c{place}" for place in range(layout.header.width)]
    wanted = [numbered[layout.header.positions[name]] for name in names]
    text = pa.dictionary(pa.int32(), pa.string())
    reader = pyarrow.csv.open_csv(
        stream,
        read_options=pyarrow.csv.ReadOptions(
            block_size=CSV_CHUNK_BYTES, skip_rows=1, column_names=numbered, encoding="utf8"
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, text),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
            null_values=[],
        ),
    )
    with reader:
        for batch in reader:
            yield _chunk(batch, names)


def _unpacked(stream: BinaryIO, is_gzip: bool) -> BinaryIO:
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream, mode="rb")) if is_gzip else stream


def read_csv(file_name: str, table: Table, stream: BinaryIO, limits: Limits) -> TextFile:
    """A CSV file, plain or ``.gz``: its structure is checked now, its chunks are read when asked for.

    Raises:
        ExtractRefused: the structure does not hold.
    """
    is_gzip = file_name.endswith(".gz")
    layout = check_csv(file_name, table, _unpacked(stream, is_gzip), limits)
    columns = tuple(layout.header.positions)
    if layout.rows == 0:
        return TextFile(layout.header.notes, columns, 0, iter(()))
    chunks = _csv_chunks(_unpacked(stream, is_gzip), layout)
    return TextFile(layout.header.notes, columns, layout.rows, chunks)


def _check_footer(file_name: str, size: int, footer: pq.FileMetaData, limits: Limits) -> None:
    groups = range(footer.num_row_groups)
    unpacked = sum(footer.row_group(group).total_byte_size for group in groups)
    bomb = footer.num_rows > max(FEW_ROWS, size * ROWS_PER_BYTE)
    for too_large, what in (
        (footer.num_rows < 0, "it claims to hold fewer rows than none."),
        (footer.num_rows > limits.parquet_rows, f"more than {limits.parquet_rows} rows."),
        (footer.num_columns > limits.parquet_columns, f"more than {limits.parquet_columns} columns."),
        (unpacked > limits.unpacked_bytes, f"larger than {limits.unpacked_bytes} bytes when unpacked."),
        (bomb, "far more rows than a file of its size can honestly hold."),
    ):
        if too_large:
            raise ExtractRefused(file_name, what, "Check how the file was written and deliver it again.")


def _check_types(file_name: str, table: Table, schema: pa.Schema, header: Header) -> None:
    for name, position in header.positions.items():
        is_id = table.by_name[name].kind == "patient_id"
        allowed: Callable[[pa.DataType], bool] = can_be_id if is_id else can_be_text
        if not allowed(schema.field(position).type):
            where = f"{file_name} column {name}"
            raise ExtractRefused(where, "a type that this column cannot have.", "Deliver it as text.")


def _parquet_chunks(file: pq.ParquetFile, stored_names: list[str], names: list[str]) -> Iterator[Chunk]:
    for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=stored_names):
        by_name = [batch.column(stored) for stored in stored_names]
        yield {name: _text_column(values) for name, values in zip(names, by_name, strict=True)}


def read_parquet(file_name: str, table: Table, stream: BinaryIO, limits: Limits) -> TextFile:
    """A Parquet file: its footer is checked before a single row is read.

    Raises:
        ExtractRefused: too large, a required column missing, or a column of a type that has no text.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    footer = pq.read_metadata(stream)
    _check_footer(file_name, size, footer, limits)
    schema = pq.ParquetFile(stream, metadata=footer).schema_arrow
    header = match_columns(file_name, table, schema.names)
    _check_types(file_name, table, schema, header)
    names = list(header.positions)
    stored_names = [schema.names[header.positions[name]] for name in names]
    texts = [stored for stored in stored_names if pa.types.is_string(schema.field(stored).type)]
    file = pq.ParquetFile(stream, metadata=footer, read_dictionary=texts, page_checksum_verification=True)
    return TextFile(header.notes, tuple(names), footer.num_rows, _parquet_chunks(file, stored_names, names))


def read_text(file_name: str, table: Table, stream: BinaryIO, limits: Limits) -> TextFile:
    """Any table file, by the end of its name."""
    read = read_parquet if file_name.endswith(".parquet") else read_csv
    return read(file_name, table, stream, limits)
