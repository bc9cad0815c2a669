"""The workbook of a run: what a coordinator reads and answers in a spreadsheet."""

from flows.workbook.content import workbook_sheets
from flows.workbook.sheets import Sheet, neutralised, write_workbook

__all__ = ["Sheet", "neutralised", "workbook_sheets", "write_workbook"]
