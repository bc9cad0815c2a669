"""What a filled-in workbook says, held cell by cell to the workbook that the run published.

Only the open cells may differ. Every fault names a cell and what may stand there, never what does.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from data.extract.grammar import parse
from flows.answers.sheet import Cell, SheetCells, text_of
from flows.answers.store import Answer, Correction
from flows.workbook import neutralised
from flows.workbook.answering import CHOICES, COLUMNS, KEYS, OPEN
from schemas.errors import UsageError
from schemas.extract import RULES, TABLES
from schemas.words import FOREVER

EARLIEST_DAY = date(2000, 1, 1)
TEXT_CHARACTERS = 1000

Row = dict[str, Cell]


@dataclass(frozen=True)
class Given:
    """Who answered and when, where a cell does not say; ``today``: no answer is from a later day.

    Raises ``UsageError`` for a day or a name that no cell may hold either.
    """

    by: str = ""
    day: date | None = None
    today: date = FOREVER

    def __post_init__(self) -> None:
        if self.day and not EARLIEST_DAY <= self.day <= self.today:
            what = f"is a day before {EARLIEST_DAY} or one that has not come yet."
            raise UsageError("--date", what, "Give the day of the answers.")
        if not self.by.isprintable() or len(self.by) > TEXT_CHARACTERS:
            raise UsageError("--by", "is no name that can be printed.", "Give the name of who answered.")


@dataclass
class Reader:
    """Reads the sheets of one workbook; ``faults`` gathers what is wrong, as (cell, what, what to do)."""

    run: Path
    run_id: str
    rows: Mapping[str, int]
    published: Mapping[str, SheetCells]
    given: Given
    faults: list[str] = field(default_factory=list)

    def answers(self, sheets: Mapping[str, SheetCells]) -> list[Answer]:
        """Every answer and status; rows that say nothing are no answers."""
        said = [(name, row) for name in KEYS for row in self._said(name, sheets[name])]
        ids = self._patient_ids({text_of(row["patient_id"]) for _, row in said})
        read = [self._answer(name, row, ids) for name, row in said]
        return [answer for answer in read if answer is not None]

    def corrections(self, sheet: SheetCells) -> list[Correction]:
        """Every correction that is asked for."""
        rows = self._named("corrections", sheet)
        ids = self._patient_ids({text_of(row["patient_id"]) for row in rows})
        read = [self._correction(row, ids) for row in rows]
        return [correction for correction in read if correction is not None]

    def _fault(self, cell: Cell, what: str) -> None:
        self.faults.append(f"{cell.place}: {what}.")

    def _named(self, name: str, sheet: SheetCells) -> list[Row]:
        """The rows by the names of their columns, if the columns are those that were published."""
        names = list(COLUMNS[name])
        for place in range(1, max(len(names), len(sheet.head)) + 1):
            cell = sheet.head[place - 1] if place <= len(sheet.head) else Cell(name, place, 1)
            wanted = names[place - 1] if place <= len(names) else None
            if wanted is None:
                self._fault(cell, "is no column of this sheet; take it out")
            elif cell.value != wanted:
                self._fault(cell, f"has to be the head of the column '{wanted}'; columns stay as they are")
        if any(fault.startswith(f"{name}!") for fault in self.faults):
            return []
        return [self._row(name, names, cells) for cells in sheet.rows]

    def _row(self, name: str, names: Sequence[str], cells: list[Cell]) -> Row:
        for cell in cells[len(names) :]:
            if not cell.is_blank:
                self._fault(cell, "stands beside the table; write in the yellow cells")
        number = cells[0].row
        blank = [Cell(name, place, number) for place in range(len(cells) + 1, len(names) + 1)]
        return dict(zip(names, [*cells[: len(names)], *blank], strict=True))

    def _said(self, name: str, sheet: SheetCells) -> Iterator[Row]:
        """The rows that answer something, after all rows are held to those that were published."""
        published = {_key(name, row): row for row in self._plain(name, self.published[name])}
        seen: set[tuple[str, ...]] = set()
        for row in self._named(name, sheet):
            key, first = _key(name, row), row[KEYS[name][0]]
            if key not in published:
                self._fault(
                    first, "begins a row that the published list does not have; rows stay as they are"
                )
            elif key in seen:
                self._fault(first, "begins a row that stands here twice; keep one of them")
            elif self._is_untouched(name, row, published[key]) and self._is_answered(name, row):
                yield row
            seen.add(key)

    def _plain(self, name: str, sheet: SheetCells) -> list[Row]:
        return [self._row(name, list(COLUMNS[name]), cells) for cells in sheet.rows]

    def _is_untouched(self, name: str, row: Row, published: Row) -> bool:
        touched = [
            cell
            for column, cell in row.items()
            if column not in OPEN[name] and _squeezed(cell) != _squeezed(published[column])
        ]
        for cell in touched:
            hidden = cell is row["evidence"]
            what = "holds the key of the evidence, which" if hidden else "is not one of the yellow cells and"
            self._fault(cell, f"{what} was changed; take a fresh copy of the workbook")
        return not touched

    def _is_answered(self, name: str, row: Row) -> bool:
        answer, *others = (row[column] for column in OPEN[name])
        if answer.is_blank and any(not cell.is_blank for cell in others):
            self._fault(answer, "is blank, but the row goes on; choose a word or clear the row")
        return not answer.is_blank

    def _answer(self, name: str, row: Row, ids: Mapping[str, str]) -> Answer | None:
        before = len(self.faults)
        column = OPEN[name][0]
        word = self._word(row[column], CHOICES[name][column])
        by, day, comment = self._by(row), self._day(row["date"]), self._text(row["comment"])
        patient_id = ids.get(text_of(row["patient_id"]))
        if patient_id is None:
            self._fault(row["patient_id"], "may be either of two patients of the run; tell the data manager")
        if len(self.faults) > before or patient_id is None or day is None:
            return None
        return Answer(
            trial_id=text_of(row["trial_id"]),
            patient_id=patient_id,
            criterion_id=text_of(row["criterion_id"]) if "criterion_id" in row else "",
            answer=word,
            date=day,
            answered_by=by,
            comment=comment,
            evidence=text_of(row["evidence"]),
            run_id=self.run_id,
        )

    def _correction(self, row: Row, ids: Mapping[str, str]) -> Correction | None:
        before = len(self.faults)
        patient_id = ids.get(text_of(row["patient_id"]))
        if row["patient_id"].fault or patient_id is None:
            self._fault(row["patient_id"], row["patient_id"].fault or "is no patient of the run")
        table = self._word(row["table"], CHOICES["corrections"]["table"])
        column, value = self._corrected(row, table)
        number = self._row_number(row["source_row"], table)
        source = self._text(row["source"], "where the right value stands")
        by, day, comment = self._by(row), self._day(row["date"]), self._text(row["comment"])
        if len(self.faults) > before or patient_id is None or day is None:
            return None
        return Correction(
            patient_id, table, number, column, value, source, by, day, comment, run_id=self.run_id
        )

    def _corrected(self, row: Row, table: str) -> tuple[str, str]:
        """The column and its right value, held to the rules of the registry's own cells."""
        columns = (
            {name: one for name, one in TABLES[table].by_name.items() if one.kind != "patient_id"}
            if table
            else {}
        )
        if not table:
            return "", ""
        name = self._word(row["column"], tuple(columns))
        value = self._text(row["corrected_value"], "the right value", dated=True)
        if name and value:
            rule = parse(columns[name], pl.Series([value]))["rule"][0]
            if rule is not None:
                self._fault(
                    row["corrected_value"], f"cannot stand in the column '{name}': {RULES[rule]}".rstrip(".")
                )
        return name, value

    def _row_number(self, cell: Cell, table: str) -> int | None:
        text = text_of(cell)
        if cell.is_blank or not table:
            return None
        most = self.rows.get(table, 0)
        if not (text.isdecimal() and text.isascii() and 1 <= int(text) <= most):
            self._fault(cell, cell.fault or f"is no row of the table; it has {most} rows, or leave it blank")
            return None
        return int(text)

    def _word(self, cell: Cell, words: Sequence[str]) -> str:
        found = {word.casefold(): word for word in words}.get(text_of(cell).casefold(), "")
        if cell.fault or not found:
            what = "is blank" if cell.is_blank else "is not one of the words"
            self._fault(cell, cell.fault or f"{what}; write one of {', '.join(words)}")
        return "" if cell.fault else found

    def _by(self, row: Row) -> str:
        cell = row["answered_by"]
        if cell.is_blank and self.given.by:
            return self.given.by
        return self._text(cell, "who answered (or give --by)")

    def _text(self, cell: Cell, needed: str = "", *, dated: bool = False) -> str:
        text = text_of(cell)
        if cell.fault:
            self._fault(cell, cell.fault)
        elif needed and not text:
            self._fault(cell, f"is blank; write {needed}")
        elif isinstance(cell.value, bool | time) or (isinstance(cell.value, date) and not dated):
            self._fault(cell, "is no text")
        elif len(text) > TEXT_CHARACTERS:
            self._fault(cell, f"is longer than {TEXT_CHARACTERS} characters")
        elif any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in text):
            self._fault(cell, "holds a control character")
        return text

    def _day(self, cell: Cell) -> date | None:
        if cell.is_blank and self.given.day:
            return self.given.day
        day = _as_day(cell.value)
        if cell.fault or day is None:
            what = "is blank" if cell.is_blank else "is no day"
            self._fault(cell, cell.fault or f"{what}; write it as YYYY-MM-DD")
        elif not EARLIEST_DAY <= day <= self.given.today:
            self._fault(cell, f"is a day before {EARLIEST_DAY} or one that has not come yet")
        return day

    def _patient_ids(self, written: set[str]) -> dict[str, str]:
        """The ids of the run's patients by how the workbook writes them; one that may be two is left out."""
        patients = pl.read_parquet(self.run / "facts" / "patients.parquet", columns=["patient_id"])
        both = pl.concat(
            [
                patients.with_columns(neutralised(patients)["patient_id"].alias("written")),
                patients.with_columns(pl.col("patient_id").alias("written")),
            ]
        ).unique()
        wanted = {unicodedata.normalize("NFC", text): text for text in written}
        found: dict[str, list[str]] = {}
        for patient_id, text in both.filter(pl.col("written").is_in(sorted(wanted))).iter_rows():
            found.setdefault(wanted[text], []).append(patient_id)
        return {text: ids[0] for text, ids in found.items() if len(ids) == 1}


def _as_day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else None
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    # The library also reads 20260331; one way to write a day is enough.
    return day if day and day.isoformat() == value else None


def _key(name: str, row: Row) -> tuple[str, ...]:
    return tuple(text_of(row[column]) for column in KEYS[name])


def _squeezed(cell: Cell) -> str:
    """What a cell says, whatever became of its line ends and blanks on the way through another program."""
    return cell.fault or " ".join(text_of(cell).split())
