"""The rows of some patients in a delivered extract, as text, and small extracts made of them."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.extract.read import Chunk, read_text
from data.extract.structure import Limits
from flows.table_files import write_parquet
from schemas.extract import Table


@dataclass(frozen=True)
class Rows:
    """Per delivered table the rows about the patients asked for, and those about everybody; every cell is
    text.

    ``info`` is the text of ``extract.toml``, None where there is none.
    """

    tables: Mapping[str, pl.DataFrame]
    info: bytes | None


def read_rows(
    files: Mapping[str, Path], tables: Mapping[str, Table], info: bytes | None, patient_ids: Collection[str]
) -> Rows:
    """Reads the files (by their delivered names, ``observations.csv``) for these patients alone."""
    wanted = frozenset(patient_ids)
    found: dict[str, list[pl.DataFrame]] = {}
    for name, path in files.items():
        table = tables[name.split(".")[0]]
        found.setdefault(table.name, []).append(_rows_of(table, name, path, wanted))
    return Rows({name: pl.concat(parts) for name, parts in found.items()}, info)


def _rows_of(table: Table, name: str, path: Path, wanted: frozenset[str]) -> pl.DataFrame:
    with path.open("rb") as stream:
        text = read_text(name, table, stream, Limits())
        empty = pl.DataFrame(schema=dict.fromkeys(text.columns, pl.String))
        parts = [_part(chunk, id_column(table), wanted) for chunk in text.chunks]
    return pl.concat([empty, *parts])


def id_column(table: Table) -> str:
    """The column that says whom a row is about."""
    return next(column.name for column in table.columns if column.kind == "patient_id")


def _part(chunk: Chunk, id_name: str, wanted: frozenset[str]) -> pl.DataFrame:
    if id_name in chunk and len(chunk[id_name].distinct):
        ids = chunk[id_name]
        kept = _about(ids.distinct, wanted).gather(ids.codes).fill_null(value=True)
    else:
        kept = pl.repeat(True, len(next(iter(chunk.values())).codes), eager=True)
    return pl.DataFrame(
        {name: column.distinct.gather(column.codes.filter(kept)) for name, column in chunk.items()}
    )


def _about(ids: pl.Series, wanted: Collection[str]) -> pl.Series:
    """Which texts are the id of a wanted patient; a blank is about everybody, where a table may say so."""
    plain = ids.str.normalize("NFC").str.strip_chars()
    return plain.is_in(sorted(wanted)) | (plain == "")


def rows_about(rows: Rows, tables: Mapping[str, Table], patient_ids: Collection[str]) -> Rows:
    """Of rows that were read, those about these patients alone, and about everybody."""
    found = {
        name: frame.filter(_about(frame[id_column(tables[name])], patient_ids).fill_null(value=True))
        if id_column(tables[name]) in frame.columns
        else frame
        for name, frame in rows.tables.items()
    }
    return Rows(found, rows.info)


def _plain(text: str) -> str:
    """The id as a run writes it."""
    return unicodedata.normalize("NFC", text).strip()


def write_rows(rows: Rows, folder: Path) -> Path:
    """A small extract in a new folder."""
    folder.mkdir(parents=True)
    for name, frame in rows.tables.items():
        write_parquet(folder / f"{name}.parquet", frame)
    if rows.info is not None:
        (folder / "extract.toml").write_bytes(rows.info)
    return folder


def joined(old: Rows, new: Rows) -> Rows:
    """The new extract with what it no longer holds: nothing was deleted, everything new was added."""
    tables = dict(new.tables)
    for name, frame in old.tables.items():
        current = new.tables.get(name)
        # A table that is gone altogether is a deletion as well.
        tables[name] = (
            frame if current is None else pl.concat([current, _beyond(frame, current)], how="diagonal")
        )
    return Rows(tables, new.info)


def changed_patients(old: Rows, new: Rows, tables: Mapping[str, Table]) -> set[str]:
    """The patients of whom a row came, went or changed. A blank stands for everybody (the empty text)."""
    return patients_with_rows_beyond(old, new, tables) | patients_with_rows_beyond(new, old, tables)


def patients_with_rows_beyond(rows: Rows, others: Rows, tables: Mapping[str, Table]) -> set[str]:
    """The patients about whom ``rows`` has a row that ``others`` lacks; a blank stands for everybody."""
    found: set[str] = set()
    for name, frame in rows.tables.items():
        id_name = id_column(tables[name])
        beyond = _beyond(frame, others.tables.get(name, pl.DataFrame(schema={id_name: pl.String})))
        ids = beyond[id_name] if id_name in beyond.columns else pl.Series([""] * beyond.height)
        found |= {_plain(text or "") for text in ids.unique()}
    return found


def _beyond(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``frame`` that ``other`` does not hold, each as often as it is missing there."""
    columns = frame.columns
    blank = [pl.lit(None, pl.String).alias(name) for name in columns if name not in other.columns]
    numbered = [
        side.select(columns).with_columns(copy=pl.int_range(pl.len()).over(columns))
        for side in (frame, other.with_columns(blank))
    ]
    if not columns:
        return frame
    missing = numbered[0].join(numbered[1], on=[*columns, "copy"], how="anti", nulls_equal=True)
    return missing.drop("copy")
