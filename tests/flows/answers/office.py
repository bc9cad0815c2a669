"""Nights of a tiny registry whose questions have evidence, and workbooks as a coordinator fills them in."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from flows.answers.reading import Given
from flows.answers.take import Taken, take_answers
from flows.request import RunRequest
from flows.steps import RunResult, run_screening
from tests.flows.extracts import AS_OF, CANARY, TABLES, TRIAL, request, write_extract, write_trial

# Whether another cancer matters is for a person to say, on what the registry tells of it.
REVIEWED = """
[[exclusion]]
id = "E4"
protocol = "Another malignancy that may interfere"
review_when = "ever(other_malignancy)"
review_question = "Does the other malignancy interfere?"
curability = "data"
"""
TUMOUR = f"{CANARY},other_malignancy,2010-01-01,resolved"
CONDITIONS = (*TABLES["conditions"], TUMOUR)
LATER_TUMOUR = TUMOUR.replace("2010-01-01", "2024-05-05")
Cells = Mapping[tuple[str, str], object]


def silent(_: str) -> None:
    """No progress to show."""


class Office:
    """Runs into one output folder, and answers to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.trial = write_trial(folder, text=TRIAL + REVIEWED)
        self.nights = 0
        self.books = 0

    def asked(self, days: int = 0, **tables: Sequence[str]) -> RunRequest:
        """A night so many days after the first."""
        self.nights += 1
        day = AS_OF + timedelta(days=days)
        extract = write_extract(self.folder / f"extract{self.nights}", {"conditions": CONDITIONS, **tables})
        (extract / "extract.toml").write_text(f"extracted_on = {day}\n", "utf-8")
        asked = request(extract, self.out, self.trial)
        return replace(asked, as_of=day, enrollment=day, first_dose=day)

    def night(self, days: int = 0, **tables: Sequence[str]) -> RunResult:
        """A run with these tables; the one that most tests begin with is made once and copied."""
        asked = self.asked(days, **tables)
        own_trial = self.trial.read_text("utf-8") != TRIAL + REVIEWED
        if days or tables or own_trial or self.out.exists():
            return run_screening(asked, silent)
        made, result = _first_night()
        shutil.copytree(made.folder / "out", self.out, symlinks=True)
        return replace(result, folder=self.out / result.folder.relative_to(made.folder / "out"))

    def filled(
        self,
        result: RunResult,
        cells: Mapping[tuple[str, Sequence[str], str], object],
        *,
        office: bool = False,
    ) -> Path:
        """A copy of the run's workbook with values in the cells (sheet, key, column); saved by LibreOffice if
        asked for."""
        path = self.copy(result)
        book = openpyxl.load_workbook(path)
        for (sheet, key, column), value in cells.items():
            book[sheet][cell_of(book[sheet], key, column)] = value
        book.save(path)
        return resaved(path, self.folder) if office else path

    def copy(self, result: RunResult) -> Path:
        """A copy of the run's workbook."""
        self.books += 1
        path = self.folder / f"filled{self.books}.xlsx"
        shutil.copyfile(result.folder / "candidates.xlsx", path)
        return path

    def take(self, workbook: Path, by: str = "N. Surname", day: date | None = AS_OF) -> Taken:
        """What the command does with it."""
        return take_answers(workbook, self.out, Given(by, day, AS_OF + timedelta(days=400)))


class _Made:
    """A place of the first night that goes with the process."""

    def __init__(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name).resolve()


@cache
def _first_night() -> tuple[_Made, RunResult]:
    made = _Made()
    return made, run_screening(Office(made.folder).asked(), silent)


def cell_of(sheet: Any, key: Sequence[str], column: str) -> str:
    """The address of the cell in the row that begins with the trial and these keys."""
    head = [cell.value for cell in sheet[1]]
    names = ("patient_id", "criterion_id")[: len(key)]
    for row in sheet.iter_rows(min_row=2):
        if [row[head.index(name)].value for name in names] == list(key):
            return str(row[head.index(column)].coordinate)
    raise AssertionError("no such row")


def resaved(path: Path, folder: Path) -> Path:
    """The workbook as LibreOffice saves it."""
    given = ("--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}")
    back = folder / "resaved"
    convert = ("soffice", *given, "--convert-to", "xlsx", "--outdir", str(back), str(path))
    subprocess.run(convert, check=True, capture_output=True, timeout=180)
    return back / path.name


def verdicts(result: RunResult, patient_id: str = CANARY) -> dict[str, tuple[str, str | None]]:
    """The patient's verdicts with the reason of an unknown."""
    frame = pl.read_parquet(result.folder / "verdicts.parquet").filter(pl.col("patient_id") == patient_id)
    return {
        name: (verdict, why)
        for name, verdict, why in frame.select("criterion_id", "verdict", "reason").rows()
    }


def listed(result: RunResult) -> list[str]:
    """Who is on the list."""
    return pl.read_parquet(result.folder / "candidates.parquet")["patient_id"].to_list()


def states(result: RunResult) -> dict[tuple[str, str | None], str]:
    """What became of the answers, by patient and criterion."""
    frame = pl.read_parquet(result.folder / "answers.parquet").select("patient_id", "criterion_id", "state")
    return {(patient, criterion): state for patient, criterion, state in frame.rows()}


def sheet_rows(result: RunResult, name: str) -> list[dict[str, Any]]:
    """The rows of a sheet of the run's workbook."""
    head, *rows = openpyxl.load_workbook(result.folder / "candidates.xlsx")[name].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]
