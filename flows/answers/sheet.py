"""A filled-in workbook as cells with their addresses: nothing is computed or fetched."""

import warnings
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from schemas.errors import AnswersRefused

# A workbook of a million patients has less; a small file that unpacks to more is no workbook of ours.
_MOST_BYTES = 1 << 28
_MOST_UNPACKED_BYTES = 1 << 30
_MOST_PARTS = 1_000


@dataclass(frozen=True)
class Cell:
    """One cell: ``value`` is None where it is blank; ``fault`` says why it cannot be read, if it cannot."""

    sheet: str
    column: int
    row: int
    value: Any = None
    fault: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as a spreadsheet says it."""
        return f"{self.sheet}!{address(self.column, self.row)}"

    @property
    def is_blank(self) -> bool:
        return self.value is None and not self.fault


@dataclass(frozen=True)
class SheetCells:
    """The first row of a sheet, up to the last cell that says something, and every further row that is not
    blank."""

    head: list[Cell]
    rows: list[list[Cell]]


def read_sheets(path: Path, wanted: Collection[str]) -> tuple[list[str], dict[str, SheetCells]]:
    """The names of all sheets of a file, and the cells of those wanted that are there.

    Raises ``AnswersRefused`` if the file is no workbook, or larger than one can be.
    """
    try:
        _check_size(path)
        with warnings.catch_warnings():
            # The library tells of what it leaves out: styles and rules that are not read here.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
            try:
                sheets = [name for name in book.sheetnames if name in wanted]
                return list(book.sheetnames), {name: _cells(book[name], name) for name in sheets}
            finally:
                book.close()
    except (OSError, AnswersRefused):
        raise
    except Exception:  # whatever the library stumbles over, it is the file's
        raise _unreadable(path) from None


def _cells(worksheet: Any, sheet: str) -> SheetCells:
    worksheet.reset_dimensions()
    head: list[Cell] = []
    rows = []
    for number, line in enumerate(worksheet.iter_rows(), start=1):
        cells = [_cell(sheet, place, number, cell) for place, cell in enumerate(line, start=1)]
        while cells and cells[-1].is_blank:
            cells.pop()
        if number == 1:
            head = cells
        elif cells:
            rows.append(cells)
    return SheetCells(head, rows)


def address(column: int, row: int) -> str:
    """The address of a cell, both counted from 1."""
    return f"{get_column_letter(column)}{row}"


def _check_size(path: Path) -> None:
    if path.stat().st_size > _MOST_BYTES:
        raise _unreadable(path)
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED_BYTES:
        raise _unreadable(path)


def _unreadable(path: Path) -> AnswersRefused:
    step = "Give the .xlsx file that was filled in, saved as .xlsx."
    return AnswersRefused(path.name, "is no workbook that can be read; nothing of it was kept.", step)


def _cell(sheet: str, column: int, row: int, cell: Any) -> Cell:
    value, kind = cell.value, cell.data_type
    if value is not None and kind == "f":
        return Cell(sheet, column, row, fault="holds a formula; write what it shows")
    if value is not None and kind == "e":
        return Cell(sheet, column, row, fault="holds an error of the spreadsheet")
    return Cell(sheet, column, row, (value.strip() or None) if isinstance(value, str) else value)


def text_of(cell: Cell) -> str:
    """What a cell says, as text; the same for a number that another program saved with a point."""
    value = cell.value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
