"""Answers by the command: what it prints and returns, and that a configured night uses them by itself."""

from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.flows.answers.office import cell_of
from tests.flows.command import Command, command_of
from tests.flows.extracts import CANARY, write_extract, write_trial

CONFIG = """
[limits]
quarantined_percent = 30
least_rows = 2
[[extract]]
name = "tiny"
folder = "extract"
out = "out"
trials = ["tiny.toml"]
"""
NIGHT = ("run", "--config", "night.toml", "--today", "2026-04-01")
ANSWERS = ("answers", "filled.xlsx", "--out", "out")


@pytest.fixture
def prescreen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in a folder with a published night: exit code, what it says, what it complains of."""
    write_extract(tmp_path / "extract")
    write_trial(tmp_path)
    (tmp_path / "night.toml").write_text(CONFIG, "utf-8")
    monkeypatch.chdir(tmp_path)
    command = command_of(capsys)

    assert command(*NIGHT)[0] == 0
    return command


def fill(word: str) -> None:
    book = openpyxl.load_workbook("out/latest/candidates.xlsx")
    sheet = book["answers"]
    sheet[cell_of(sheet, (CANARY, "E3"), "answer")] = word
    book.save("filled.xlsx")


def test_a_configured_night_uses_the_answers_by_itself(prescreen: Command) -> None:
    before = Path("out/latest").resolve()
    fill("fail")
    told = prescreen(*ANSWERS, "--by", "N. Surname", "--date", "2026-03-31")
    assert told == (
        0,
        "kept: 1 answers, 0 of what came of patients, 0 corrections; the next run uses them\n",
        "",
    )
    nothing = prescreen(*ANSWERS, "--by", "N. Surname", "--date", "2026-03-31")
    assert nothing == (0, "nothing new: all of it was known already, or nothing was answered\n", "")
    assert prescreen(*NIGHT)[0] == 0
    assert Path("out/latest").resolve() != before, "the same night with answers is another run"
    own = pl.read_parquet("out/latest/verdicts.parquet").filter(
        pl.col("patient_id") == CANARY, pl.col("criterion_id") == "E3"
    )
    assert own["verdict"].to_list() == ["fail"]
    assert "answered  fail; 2026-03-31; by N. Surname" in prescreen("explain", CANARY, "--out", "out")[1]
    assert "the chain is unbroken" in prescreen("verify", "--out", "out")[1]
    assert prescreen(*NIGHT)[0] == 0


def test_a_refusal_names_each_cell_and_then_says_it_in_one_line(prescreen: Command) -> None:
    fill("perhaps")
    code, said, complaint = prescreen(*ANSWERS, "--by", "N. Surname")
    assert code == 4
    first, second = said.splitlines()
    assert first.startswith("answers!F")
    assert "is not one of the words" in first
    assert "is blank; write it as YYYY-MM-DD" in second
    assert complaint.count("\n") == 1
    assert complaint.startswith("prescreen: filled.xlsx: 2 places cannot be read, the first: answers!F")
    assert CANARY not in said + complaint
    assert not Path("out/answers").exists()


def test_an_answer_from_a_day_that_has_not_come_is_refused(prescreen: Command) -> None:
    fill("pass")
    given = (*ANSWERS, "--by", "N. Surname", "--date", "2026-04-02")
    assert prescreen(*given, "--today", "2026-04-01")[0] == 2
    assert prescreen(*given, "--today", "2026-04-02")[0] == 0


def test_a_workbook_that_is_not_there_and_a_folder_without_runs_are_told(prescreen: Command) -> None:
    assert prescreen("answers", "nowhere.xlsx", "--out", "out")[0] == 6
    fill("pass")
    assert prescreen("answers", "filled.xlsx", "--out", "elsewhere")[0] == 2


def test_redcap_says_which_files_it_wrote(prescreen: Command) -> None:
    code, said, _ = prescreen("redcap", "--out", "out", "--to", "for-redcap")
    assert code == 0
    names = [Path(line).name for line in said.splitlines()]
    assert names == ["redcap-tiny-dictionary.csv", "redcap-tiny-data.csv"]
