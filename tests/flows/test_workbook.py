"""The workbook holds text as text and is the same for the same list."""

import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows import workbook
from flows.workbook import neutralised, write_workbook
from schemas.outputs import output_dtypes

ABOUT = [("what", "pre-screen only"), ("trial", "=cmd()")]


def candidates(ids: list[str]) -> pl.DataFrame:
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
    return pl.DataFrame(rows, schema=output_dtypes("candidates"))


def parts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_ids_stay_text_with_their_leading_zeros(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates(["00123", "1e5"]), ABOUT)
    sheet = parts(tmp_path / "a.xlsx")["xl/worksheets/sheet1.xml"]
    assert "<t>00123</t>" in sheet
    assert "<t>1e5</t>" in sheet
    assert "E01;E02" in sheet


def test_nothing_in_the_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates(["=1+1", "http://x.invalid", "+1", " @a", "\t=b"]), ABOUT)
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
    write_workbook(tmp_path / "a.xlsx", candidates(["1"]), ABOUT)
    sheet = parts(tmp_path / "a.xlsx")["xl/worksheets/sheet1.xml"]
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet


def test_the_same_list_gives_the_same_bytes_and_leaves_no_other_file(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(tmp_path / name, candidates(["1", "2"]), ABOUT)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_a_list_longer_than_a_sheet_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 3)
    write_workbook(tmp_path / "a.xlsx", candidates(["1", "2", "3", "4", "5"]), ABOUT)
    book = parts(tmp_path / "a.xlsx")
    assert "candidates 3" in book["xl/workbook.xml"]
    assert "<t>5</t>" in book["xl/worksheets/sheet3.xml"]


def test_an_empty_list_still_makes_a_workbook(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", candidates([]), ABOUT)
    assert "pre-screen only" in "".join(parts(tmp_path / "a.xlsx").values())
