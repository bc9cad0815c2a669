"""The candidates as a workbook: text stays text, no formula, no link, the same bytes for the same list."""

from collections.abc import Sequence
from datetime import datetime
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
_WIDTHS = {"patient_id": 22, "trial_id": 28, "failing_criteria": 40, "unknown_criteria": 40}
_DEFAULT_WIDTH = 14

# A spreadsheet may read text that begins like this as a formula when a cell is edited or pasted elsewhere;
# leading blanks do not protect, and full-width signs count too.
_FORMULA_LIKE = r"^\s*[=+\-@\x00\t\r\n＝＋－＠﹢﹣﹦﹫]"  # noqa: RUF001 - the full-width signs are meant


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ``'`` before every text that a spreadsheet could take for a formula."""
    text = pl.col(pl.String)
    safe = pl.when(text.str.contains(_FORMULA_LIKE)).then(pl.lit("'") + text).otherwise(text)
    return frame.with_columns(safe.name.keep())


def write_workbook(path: Path, candidates: pl.DataFrame, about: Sequence[tuple[str, str]]) -> None:
    """The candidates, a row each (on several sheets if need be), and a sheet that says what they are."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
        # Rows wait in temporary files; they belong beside the workbook, in the run's private folder.
        "tmpdir": str(path.parent),
    }
    flat = neutralised(lists_joined(candidates))
    with xlsxwriter.Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": _CREATED, "title": "Candidates, pre-screen only"})
        formats = {
            "header": workbook.add_format({"bold": True, "bottom": 1}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "wrap": workbook.add_format({"text_wrap": True, "valign": "top"}),
        }
        per_sheet = SHEET_ROWS - 1
        for number, start in enumerate(range(0, max(flat.height, 1), per_sheet), start=1):
            name = "candidates" if number == 1 else f"candidates {number}"
            _fill(workbook.add_worksheet(name), flat.slice(start, per_sheet), formats)
        _describe(workbook.add_worksheet("about"), about, formats)


def _fill(sheet: Worksheet, frame: pl.DataFrame, formats: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(frame.columns):
        sheet.set_column(place, place, _WIDTHS.get(name, _DEFAULT_WIDTH))
        sheet.write_string(0, place, name, formats["header"])
    sheet.autofilter(0, 0, frame.height, frame.width - 1)
    writers = [_writer(sheet, dtype, formats) for dtype in frame.dtypes]
    line = 0
    for part in frame.iter_slices(_SLICE_ROWS):
        for row in part.iter_rows():
            line += 1
            for place, value in enumerate(row):
                if value is not None:
                    writers[place](line, place, value)


def _writer(sheet: Worksheet, dtype: pl.DataType, formats: dict[str, Any]) -> Any:
    """How a cell of this type is written: never by guessing from its text."""
    if dtype == pl.String:
        return lambda line, place, value: sheet.write_string(line, place, _fitting(value))
    if dtype == pl.Date:
        date_format = formats["date"]
        return lambda line, place, value: sheet.write_datetime(line, place, value, date_format)
    return sheet.write_number


def _fitting(value: str) -> str:
    return value if len(value) <= CELL_CHARACTERS else "(too long for a cell: see candidates.parquet)"


def _describe(sheet: Worksheet, about: Sequence[tuple[str, str]], formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    safe = neutralised(pl.DataFrame(list(about), schema=["what", "text"], orient="row"))
    for line, (what, text) in enumerate(safe.iter_rows()):
        sheet.write_string(line, 0, what, formats["header"])
        sheet.write_string(line, 1, _fitting(text), formats["wrap"])
