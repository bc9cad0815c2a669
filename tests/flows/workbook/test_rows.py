"""The rows of a sheet, as a library that reads workbooks finds them."""

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from flows.workbook import Sheet, sheets, write_workbook
from flows.workbook.rows import CELL_CHARACTERS


def read_back(folder: Path, frame: pl.DataFrame, **more: Any) -> list[list[Any]]:
    """The cells below the header."""
    write_workbook(folder / "a.xlsx", [Sheet("one", frame, **more)])
    rows = openpyxl.load_workbook(folder / "a.xlsx")["one"].iter_rows(min_row=2, values_only=True)
    return [list(row) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "a & b < c > d",
        "<r><t>x</t></r>",
        " blanks at both ends ",
        "line\nbreak\tand tab",
        'quote " and ampersand &amp;',
        "é 好 \U0001f600",
        "2026-06-30",
        "1e5",
        "A2",
    ],
)
def test_a_text_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    assert read_back(tmp_path, pl.DataFrame({"x": [text, "b"]})) == [[text], ["b"]]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\x00b", "a_x0000_b"),
        ("a\x1fb\rc", "a_x001F_b_x000D_c"),
        ("_x0041_x0042_", "_x005F_x0041_x005F_x0042_"),
        ("a_x", "a_x"),
        ("\uffff", "_xFFFF_"),
    ],
)
def test_what_xml_cannot_hold_is_written_as_a_code(tmp_path: Path, text: str, written: str) -> None:
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", pl.DataFrame({"x": [text]}))])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        assert f"<t>{written}</t>" in book.read("xl/worksheets/sheet1.xml").decode()
    openpyxl.load_workbook(tmp_path / "a.xlsx")


def test_numbers_and_days_are_no_texts_and_a_null_is_an_empty_cell(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "whole": [1, -2, None],
            "part": [0.5, 1 / 3, None],
            "day": [date(2026, 6, 30), date(1900, 3, 1), None],
            "text": [None, "", "x"],
        }
    )
    rows = read_back(tmp_path, frame)
    assert [row[0] for row in rows] == [1, -2, None]
    assert [row[1] for row in rows] == [0.5, pytest.approx(1 / 3, abs=1e-15), None]
    assert [None if row[2] is None else row[2].date() for row in rows] == frame["day"].to_list()
    assert [row[3] for row in rows] == [None, "", "x"]


@pytest.mark.parametrize("sign", ["x", "\U0001f600"])
def test_a_text_too_long_for_a_cell_says_where_it_stands(tmp_path: Path, sign: str) -> None:
    units = len(sign.encode("utf-16-le")) // 2
    fits, long = sign * (CELL_CHARACTERS // units), sign * (CELL_CHARACTERS // units + 1)
    ((first,), (second,)) = read_back(tmp_path, pl.DataFrame({"x": [fits, long]}))
    assert first == fits
    assert second == "(too long for a cell: see the run's Parquet files)"


def test_rows_are_whole_where_one_slice_ends_and_the_next_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "_SLICE_ROWS", 2)
    frame = pl.DataFrame({f"c{place}": [f"{place}-{row}" for row in range(5)] for place in range(30)})
    assert read_back(tmp_path, frame) == [list(row) for row in frame.iter_rows()]


def test_an_open_cell_is_there_although_it_is_empty(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["1", "2"], "answer": [None, "yes"]})
    write_workbook(tmp_path / "a.xlsx", [Sheet("one", frame, open=("answer",))])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")["one"]
    assert not book["B2"].protection.locked
    assert [book["B2"].value, book["B3"].value] == [None, "yes"]
