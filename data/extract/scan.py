"""Which rows does an extract have about whom? A fingerprint of each patient's rows, without typing any of
them.

Two extracts in which a patient has the same fingerprint hold the same texts about the patient, in the same
order and at the same distances from one another: what follows from them is the same, wherever in the file
they stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from data.extract.files import table_files
from data.extract.grammar import parse
from data.extract.guard import guarded
from data.extract.patients import NOBODY, PatientNumbers
from data.extract.read import Chunk, TextColumn, read_text
from data.extract.structure import Limits
from schemas.extract import TABLES, Table

_ENOUGH_ROWS = 4_000_000


@dataclass(frozen=True)
class Scan:
    """What was found: ``ids`` of all patients in the order of their numbers; by number ``fingerprints``
    (UInt64) and, a column a delivered table, ``first_rows`` (null: no row); ``shared``: the rows of
    ``coverage`` about no patient, as text; ``declared``: the tables that any of its rows is about."""

    ids: pl.Series
    fingerprints: pl.Series
    first_rows: pl.DataFrame
    shared: pl.DataFrame
    declared: tuple[str, ...]


def scan_extract(folder: Path, progress: Callable[[str], None]) -> Scan:
    """Reads every file of the extract once. Raises ``ExtractRefused`` as loading it would."""
    files = table_files(folder)
    patients = _ids_of(TABLES["patients"], files["patients"])
    scanner = _Scanner(patients)
    for name, paths in files.items():
        progress(f"looking for changed rows of {name}")
        scanner.table(TABLES[name], paths)
    return scanner.found()


@dataclass
class _Scanner:
    patients: PatientNumbers
    first_rows: dict[str, pl.Series] = field(default_factory=dict)
    shared: list[pl.DataFrame] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    _sums: list[pl.DataFrame] = field(default_factory=list)
    _rows: int = 0

    def table(self, table: Table, paths: Sequence[Path]) -> None:
        """Takes the rows of one table, from its file or its parts in order."""
        self.first_rows[table.name] = pl.Series([None], dtype=pl.Int32).new_from_index(
            0, len(self.patients.ids)
        )
        rows = 0
        for path in paths:
            rows += guarded(path.name, partial(self._file, table, path, rows))

    def _file(self, table: Table, path: Path, before: int) -> int:
        rows = 0
        with path.open("rb") as stream:
            for chunk in read_text(path.name, table, stream, Limits()).chunks:
                rows += self._chunk(table, chunk, before + rows + 1)
        return rows

    def _chunk(self, table: Table, chunk: Chunk, first_row: int) -> int:
        numbers = patient_numbers(table, chunk, self.patients)
        row = pl.int_range(first_row, first_row + len(numbers), dtype=pl.Int32, eager=True)
        frame = pl.DataFrame({"patient": numbers, "row": row, "mark": _row_marks(table, chunk)})
        if table is TABLES["coverage"]:
            self.shared.append(_texts(chunk, frame["patient"] == NOBODY))
            self.declared |= set(chunk["table"].distinct.drop_nulls())
        known = frame.filter(pl.col("patient") != NOBODY)
        firsts = known.group_by("patient").agg(pl.col("row").min())
        stored = self.first_rows[table.name]
        new = firsts.filter(stored.gather(firsts["patient"]).is_null())
        stored.scatter(new["patient"], new["row"])
        distance = (known["row"] - stored.gather(known["patient"])).cast(pl.UInt64)
        # A row's place among the patient's own counts, since the first of several may win.
        mixed = known.with_columns(mark=(known["mark"] + distance.hash(seed=1)).hash(seed=2))
        self._sums.append(mixed.group_by("patient").agg(pl.col("mark").sum()))
        self._rows += self._sums[-1].height
        if self._rows > _ENOUGH_ROWS:
            self._fold()
        return len(numbers)

    def _fold(self) -> None:
        self._sums = [pl.concat(self._sums).group_by("patient").agg(pl.col("mark").sum())]
        self._rows = self._sums[0].height

    def found(self) -> Scan:
        """What was found in all tables."""
        self._fold()
        fingerprints = pl.zeros(len(self.patients.ids), dtype=pl.UInt64, eager=True)
        fingerprints.scatter(self._sums[0]["patient"], self._sums[0]["mark"])
        shared = pl.concat(self.shared, how="diagonal") if self.shared else pl.DataFrame()
        firsts = pl.DataFrame(self.first_rows)
        return Scan(self.patients.ids, fingerprints, firsts, shared, tuple(sorted(self.declared)))


def _ids_of(table: Table, paths: Sequence[Path]) -> PatientNumbers:
    """The patients that the table of patients has."""

    def ids(path: Path) -> list[pl.Series]:
        with path.open("rb") as stream:
            chunks = read_text(path.name, table, stream, Limits()).chunks
            return [_parsed_ids(table, chunk["patient_id"]).drop_nulls() for chunk in chunks]

    found = [pl.Series(dtype=pl.String)]
    for path in paths:
        found += guarded(path.name, partial(ids, path))
    return PatientNumbers(pl.concat(found).unique().sort())


def _parsed_ids(table: Table, text: TextColumn) -> pl.Series:
    """The id that each distinct text is, null where it is none."""
    return parse(table.by_name["patient_id"], text.distinct)["patient_id"]


def patient_numbers(table: Table, chunk: Chunk, patients: PatientNumbers) -> pl.Series:
    """The number of the patient of each row (Int32), ``NOBODY`` where no patient is known."""
    text = chunk.get("patient_id")
    if text is None or text.distinct.is_empty():
        return pl.repeat(NOBODY, _length(chunk), dtype=pl.Int32, eager=True)
    return patients.of(_parsed_ids(table, text)).gather(text.codes).fill_null(NOBODY)


def _row_marks(table: Table, chunk: Chunk) -> pl.Series:
    """A number for what each row says: a blank says nothing, and each column counts by its name."""
    marks = pl.zeros(_length(chunk), dtype=pl.UInt64, eager=True)
    places = {column.name: place for place, column in enumerate(table.columns)}
    seed = list(TABLES).index(table.name) * 1000
    for name, text in chunk.items():
        if not text.distinct.is_empty():
            says = text.distinct.str.strip_chars() != ""
            hashed = text.distinct.hash(seed=seed + places[name]) * says.cast(pl.UInt64)
            marks = marks + hashed.gather(text.codes).fill_null(0)
    return marks


def _texts(chunk: Chunk, kept: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({name: text.distinct.gather(text.codes).filter(kept) for name, text in chunk.items()})


def _length(chunk: Chunk) -> int:
    return len(next(iter(chunk.values())).codes)
