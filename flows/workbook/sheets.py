"""Sheets of a workbook from frames: text stays text, no formula, no link, the same bytes each time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from flows.files import lists_joined

# A workbook records when it was made; a fixed day keeps two runs of the same data identical.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the library wants a time without a zone
# What a sheet can hold, and what a cell can.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
_SLICE_ROWS = 10_000
_DEFAULT_WIDTH = 14
# Wider columns hold sentences, which go on in the next line.
_WRAP_WIDTH = 45
_FIRST_DAY = date(2000, 1, 1)

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
    """The sheets in order; one that is longer than a sheet can be goes on in the next."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
        # Rows wait in temporary files; they belong beside the workbook, in the run's private folder.
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": _CREATED, "title": "Candidates, pre-screen only"})
        formats = _formats(workbook)
        for sheet in sheets:
            flat = neutralised(lists_joined(sheet.frame))
            per_sheet = SHEET_ROWS - 1
            for number, start in enumerate(range(0, max(flat.height, 1), per_sheet), start=1):
                name = sheet.name if number == 1 else f"{sheet.name} {number}"
                _fill(workbook.add_worksheet(name), sheet, flat.slice(start, per_sheet), formats)


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


def _fill(worksheet: Worksheet, sheet: Sheet, frame: pl.DataFrame, formats: dict[str, Any]) -> None:
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
    _write_rows(worksheet, sheet, frame, formats)


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


def _write_rows(worksheet: Worksheet, sheet: Sheet, frame: pl.DataFrame, formats: dict[str, Any]) -> None:
    writers = [_writer(worksheet, sheet, name, frame.schema[name], formats) for name in frame.columns]
    line = 0
    for part in frame.iter_slices(_SLICE_ROWS):
        for row in part.iter_rows():
            line += 1
            for place, value in enumerate(row):
                writers[place](line, place, value)


def _writer(
    worksheet: Worksheet, sheet: Sheet, name: str, dtype: pl.DataType, formats: dict[str, Any]
) -> Callable[[int, int, Any], None]:
    """How a cell of this column is written: never by guessing from its text; open cells even if empty."""
    is_day = dtype == pl.Date
    if name in sheet.open:
        look = formats["open date" if is_day else "open"]
    elif is_day:
        look = formats["date"]
    else:
        look = formats["wrap" if sheet.widths.get(name, 0) >= _WRAP_WIDTH else "plain"]
    write = {pl.String: worksheet.write_string, pl.Date: worksheet.write_datetime}.get(
        type(dtype), worksheet.write_number
    )
    is_text, is_open = dtype == pl.String, name in sheet.open

    def cell(line: int, place: int, value: Any) -> None:
        if value is not None:
            write(line, place, _fitting(value) if is_text else value, look)
        elif is_open:
            worksheet.write_blank(line, place, None, look)

    return cell


def _fitting(value: str) -> str:
    return value if len(value) <= CELL_CHARACTERS else "(too long for a cell: see the run's Parquet files)"
