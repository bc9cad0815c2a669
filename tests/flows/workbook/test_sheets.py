"""The workbook holds text as text, lets nobody write but where answers belong, and is the same each time."""

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from flows.workbook import Sheet, neutralised, sheets, write_workbook
from schemas.outputs import output_dtypes

ABOUT = Sheet("about", pl.DataFrame({"what": ["what", "trial"], "text": ["pre-screen only", "=cmd()"]}))
ANSWERS = Sheet(
    "answers",
    pl.DataFrame(
        {"patient_id": ["01", "02"], "answer": [None, None], "date": [None, None], "key": ["a", "b"]},
        schema={"patient_id": pl.String, "answer": pl.String, "date": pl.Date, "key": pl.String},
    ),
    open=("answer", "date"),
    choices={"answer": ("pass", "fail")},
    hidden=("key",),
)


def candidates(ids: list[str]) -> list[Sheet]:
    rows = [
        {
            "trial_id": "t",
            "rank": place,
            "patient_id": patient_id,
            "tier": "opens_later",
            "failing_count": 1,
            "unknown_count": 0,
            "attestation_count": 0,
            "failing_criteria": ["E01", "E02"],
            "unknown_criteria": [],
            "opens_on": date(2026, 4, 1),
            "closes_on": None,
        }
        for place, patient_id in enumerate(ids, start=1)
    ]
    return [Sheet("candidates", pl.DataFrame(rows, schema=output_dtypes("candidates"))), ABOUT]


def parts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_ids_stay_text_with_their_leading_zeros(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates(["00123", "1e5"]))
    sheet = parts(tmp_path / "a.xlsx")["xl/worksheets/sheet1.xml"]
    assert "<t>00123</t>" in sheet
    assert "<t>1e5</t>" in sheet
    assert "E01;E02" in sheet


def test_nothing_in_the_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates(["=1+1", "http://x.invalid", "+1", " @a", "\t=b"]))
    for text in parts(tmp_path / "a.xlsx").values():
        assert "<f>" not in text
        assert "hyperlink" not in text
    assert "'=cmd()" in "".join(parts(tmp_path / "a.xlsx").values())


@pytest.mark.parametrize("text", ["=a", "+a", "-a", "@a", "\ta", "\ra", "  =a", "＝a", "\x00a"])  # noqa: RUF001
def test_text_that_looks_like_a_formula_is_neutralised(text: str) -> None:
    assert neutralised(pl.DataFrame({"x": [text]}))["x"][0] == "'" + text


@pytest.mark.parametrize("text", ["a=b", "00-1", "", "E01;E02"])
def test_other_text_is_untouched(text: str) -> None:
    assert neutralised(pl.DataFrame({"x": [text, None]}))["x"].to_list() == [text, None]


def test_the_header_is_frozen_and_filtered(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates(["1"]))
    sheet = parts(tmp_path / "a.xlsx")["xl/worksheets/sheet1.xml"]
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet


def test_the_same_list_gives_the_same_bytes_and_leaves_no_other_file(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(tmp_path / name, candidates(["1", "2"]))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_a_list_longer_than_a_sheet_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", 3)
    write_workbook(tmp_path / "a.xlsx", candidates(["1", "2", "3", "4", "5"]))
    book = parts(tmp_path / "a.xlsx")
    assert "candidates 3" in book["xl/workbook.xml"]
    assert "<t>5</t>" in book["xl/worksheets/sheet3.xml"]


def test_an_empty_list_still_makes_a_workbook(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates([]))
    assert "pre-screen only" in "".join(parts(tmp_path / "a.xlsx").values())


def test_only_the_cells_of_answers_may_be_written_in(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", [ABOUT, ANSWERS])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert all(sheet.protection.sheet for sheet in book.worksheets)
    rows = list(book["answers"].iter_rows(min_row=2))
    assert [[cell.protection.locked for cell in row] for row in rows] == [[True, False, False, True]] * 2
    assert all(cell.protection.locked for row in book["about"].iter_rows() for cell in row)
    assert book["answers"].column_dimensions["D"].hidden


def test_an_answer_is_one_of_a_list_and_its_day_a_day(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", [ANSWERS])
    rules = openpyxl.load_workbook(tmp_path / "a.xlsx")["answers"].data_validations.dataValidation
    told = {str(rule.sqref): (rule.type, rule.formula1) for rule in rules}
    assert told["B2:B3"] == ("list", '"pass,fail"')
    assert told["C2:C3"][0] == "date"
