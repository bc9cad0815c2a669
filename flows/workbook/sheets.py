"""Sheets of a workbook from frames: text stays text, no formula, no link, the same bytes each time."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from flows.table_files import lists_joined
from flows.workbook.rows import Column, rows_as_xml

# A workbook records when it was made; a fixed day keeps two runs of the same data identical.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the library wants a time without a zone
# What a sheet can hold.
SHEET_ROWS = 1_048_576
_SLICE_ROWS = 10_000
_DEFAULT_WIDTH = 14
# Wider columns hold sentences, which go on in the next line.
_WRAP_WIDTH = 45
_FIRST_DAY = date(2000, 1, 1)

# How the library names the part of a sheet, and writes its last row: cells without content.
_SHEET_PART = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_LAST_ROW = re.compile(r'(<row r="\d+">(?:<c r="[A-Z]+\d+" s="\d+"/>)+</row>)(?=</sheetData>)')
_STYLE = re.compile(r'<c r="([A-Z]+)\d+" s="(\d+)"/>')

# A spreadsheet may read text that begins like this as a formula when a cell is edited or pasted elsewhere;
# leading blanks do not protect, and full-width signs count too.
_FORMULA_LIKE = r"^\s*[=+\-@\x00\t\r\n＝＋－＠﹢﹣﹦﹫]"  # noqa: RUF001 - the full-width signs are meant
# Whoever reads may sort, filter and widen, but not write; a password would only pretend to be safe.
_ALLOWED = {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True}


@dataclass(frozen=True)
class Sheet:
    """One sheet: a frame with its column names as header.

    ``open`` are the columns that may be written in, ``choices`` the words that one of them takes, ``hidden``
    columns that only a machine reads. Every other cell is protected.
    """

    name: str
    frame: pl.DataFrame
    widths: Mapping[str, int] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ``'`` before every text that a spreadsheet could take for a formula."""
    text = pl.col(pl.String)
    safe = pl.when(text.str.contains(_FORMULA_LIKE)).then(pl.lit("'") + text).otherwise(text)
    return frame.with_columns(safe.name.keep())


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """The sheets in order; one that is longer than a sheet can be goes on in the next.

    A library makes the workbook with the header and one row of each sheet, for the looks of its columns; all
    rows then take the place of that one.
    """
    pages = [page for sheet in sheets for page in _pages(sheet)]
    outline = BytesIO(_outline(path.parent, pages))
    with ZipFile(outline) as source, ZipFile(path, "x", ZIP_DEFLATED) as target:
        for part in source.infolist():
            content, place = source.read(part), _SHEET_PART.fullmatch(part.filename)
            with target.open(part, "w") as file:
                if place:
                    _fill(file, content.decode(), pages[int(place[1]) - 1])
                else:
                    file.write(content)


def _pages(sheet: Sheet) -> Iterator[Sheet]:
    """What stands on a sheet of its own, under its own name."""
    per_sheet = SHEET_ROWS - 1
    for number, start in enumerate(range(0, max(sheet.frame.height, 1), per_sheet), start=1):
        name = sheet.name if number == 1 else f"{sheet.name} {number}"
        yield replace(sheet, name=name, frame=sheet.frame.slice(start, per_sheet))


def _outline(folder: Path, pages: Sequence[Sheet]) -> bytes:
    """The workbook with the last row of each sheet, empty, alone."""
    options = {
        # Texts stand in their cells, not in a table of their own.
        "constant_memory": True,
        # Rows wait in temporary files; they belong in the run's private folder.
        "tmpdir": str(folder),
    }
    written = BytesIO()
    with xlsxwriter.Workbook(written, options) as workbook:
        workbook.set_properties({"created": _CREATED, "title": "Candidates, pre-screen only"})
        formats = _formats(workbook)
        for page in pages:
            _lay_out(workbook.add_worksheet(page.name), page, formats)
    return written.getvalue()


def _formats(workbook: xlsxwriter.Workbook) -> dict[str, Any]:
    day = {"num_format": "yyyy-mm-dd"}
    answer = {"locked": False, "bg_color": "#FFF8DC", "border": 1, "border_color": "#C8C8C8"}
    return {
        "header": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "plain": workbook.add_format({"valign": "top"}),
        "wrap": workbook.add_format({"valign": "top", "text_wrap": True}),
        "date": workbook.add_format({"valign": "top", **day}),
        # As text: what is typed stays as it was typed, a leading zero or equals sign too.
        "open": workbook.add_format({"valign": "top", "text_wrap": True, "num_format": "@", **answer}),
        "open date": workbook.add_format({"valign": "top", **day, **answer}),
    }


def _lay_out(worksheet: Worksheet, sheet: Sheet, formats: dict[str, Any]) -> None:
    frame = sheet.frame
    worksheet.freeze_panes(1, 0)
    worksheet.protect("", _ALLOWED)
    worksheet.repeat_rows(0)
    worksheet.set_landscape()
    worksheet.set_paper(9)
    worksheet.fit_to_pages(1, 0)
    for place, name in enumerate(frame.columns):
        hidden = {"hidden": True} if name in sheet.hidden else {}
        worksheet.set_column(place, place, sheet.widths.get(name, _DEFAULT_WIDTH), None, hidden)
        worksheet.write_string(0, place, name, formats["header"])
        if name in sheet.open and frame.height:
            _check(worksheet, frame.height, place, frame.schema[name], sheet.choices.get(name))
    worksheet.autofilter(0, 0, frame.height, frame.width - 1)
    if frame.height:
        for place, name in enumerate(frame.columns):
            worksheet.write_blank(frame.height, place, None, formats[_look(sheet, name)])


def _check(
    worksheet: Worksheet, rows: int, place: int, dtype: pl.DataType, choices: Sequence[str] | None
) -> None:
    """What may be written into the open cells of a column: one of some words, a day, or any text."""
    rule: dict[str, Any] = {"validate": "any"}
    if choices:
        rule = {"validate": "list", "source": list(choices), "error_message": "Choose one of the list."}
    elif dtype == pl.Date:
        message = "Write a day as YYYY-MM-DD."
        rule = {"validate": "date", "criteria": ">=", "value": _FIRST_DAY, "error_message": message}
    worksheet.data_validation(1, place, rows, place, rule)


def _look(sheet: Sheet, name: str) -> str:
    """The format of a column."""
    is_day = sheet.frame.schema[name] == pl.Date
    if name in sheet.open:
        return "open date" if is_day else "open"
    if is_day:
        return "date"
    return "wrap" if sheet.widths.get(name, 0) >= _WRAP_WIDTH else "plain"


def _fill(file: IO[bytes], xml: str, page: Sheet) -> None:
    """Write a sheet's part with the rows of its page in the place of the one that it has."""
    if page.frame.is_empty():
        file.write(xml.encode())
        return
    before, row, after = _LAST_ROW.split(xml)
    styles = _STYLE.findall(row)
    columns = [
        Column(letters, style, is_open=name in page.open)
        for name, (letters, style) in zip(page.frame.columns, styles, strict=True)
    ]
    file.write(before.encode())
    for start in range(0, page.frame.height, _SLICE_ROWS):
        rows = neutralised(lists_joined(page.frame.slice(start, _SLICE_ROWS)))
        # The header is the first row.
        file.write(rows_as_xml(rows, columns, start + 2).encode())
    file.write(after.encode())
