"""What a coordinator finds in the workbook of a run, and where answers go."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from criteria.evidence import Evidence
from data.catalogue import load_catalogue
from flows.answers.store import TAKE_BACK
from flows.evidence_key import evidence_key
from flows.publish import read_manifest
from flows.report import ReportedRun
from flows.steps import RunResult, run_screening
from flows.table_files import write_parquet
from flows.workbook import content, workbook_sheets, write_workbook
from schemas.words import SCREENING_STATUSES
from tests.flows.extracts import CANARY, request, write_extract, write_trial

HARM = "=HYPERLINK(1)"
PATIENTS = (
    "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted",
    f"{CANARY},1960-05-01,female,alive,2026-03-01,yes",
    f"{HARM},1955-01-01,male,alive,2026-03-01,yes",
    "003,1955,male,alive,2026-03-01,yes",
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("tiny")
    log = {"screening_log": ("patient_id,trial_id,status,date",)}
    extract = write_extract(folder / "extract", {"patients": PATIENTS, **log})
    return run_screening(request(extract, folder / "out", write_trial(folder)), lambda _: None)


@pytest.fixture(scope="module")
def reported(result: RunResult) -> ReportedRun:
    return ReportedRun(result.folder, read_manifest(result.folder), result.trials[0], load_catalogue())


def table(path: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a sheet, as whoever reads the answers back sees them."""
    sheet = openpyxl.load_workbook(path)[name]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_each_listed_patient_is_told_criterion_by_criterion(result: RunResult) -> None:
    rows = table(result.folder / "candidates.xlsx", "criteria")
    listed = pl.read_parquet(result.folder / "candidates.parquet")
    assert len(rows) == listed.height * len(result.trials[0].criteria)
    own = next(row for row in rows if row["patient_id"] == CANARY and row["criterion_id"] == "I1")
    assert own["verdict"] == "PASS, met"
    assert own["rests_on"] == "hemoglobin: 10.5 g/dL, 2026-03-20, observations row 1"
    assert f"'{HARM}" in {row["patient_id"] for row in rows}


def test_every_question_to_a_person_has_a_row_for_its_answer(result: RunResult) -> None:
    rows = table(result.folder / "candidates.xlsx", "answers")
    listed = pl.read_parquet(result.folder / "candidates.parquet")["patient_id"]
    asked = {(row["patient_id"].removeprefix("'"), row["criterion_id"]) for row in rows}
    assert asked == {(patient, "E3") for patient in listed}
    assert {row["question"] for row in rows} == {"Ask and attest: Is the patient willing?"}
    assert all(row["answer"] is row["date"] is row["comment"] is None for row in rows)
    assert len({row["evidence"] for row in rows}) == len(rows)


def test_every_listed_patient_has_a_row_for_what_came_of_it(result: RunResult) -> None:
    rows = table(result.folder / "candidates.xlsx", "status")
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    rules = openpyxl.load_workbook(result.folder / "candidates.xlsx")[
        "status"
    ].data_validations.dataValidation
    assert f'"{",".join((*SCREENING_STATUSES, TAKE_BACK))}"' in {rule.formula1 for rule in rules}


def test_the_other_sheets_hold_what_the_run_publishes(result: RunResult) -> None:
    path = result.folder / "candidates.xlsx"
    names = openpyxl.load_workbook(path).sheetnames
    assert names == [
        "candidates",
        "criteria",
        "answers",
        "status",
        "corrections",
        "worklist",
        "criteria text",
        "data quality",
        "quarantine",
        "unlisted names",
        "about",
    ]
    lookups = pl.read_parquet(result.folder / "lookups.parquet")
    assert [row["fact"] for row in table(path, "worklist")] == lookups["fact"].to_list()
    assert [row["criterion_id"] for row in table(path, "criteria text")] == ["I1", "E1", "E2", "E3"]
    assert {row["table"]: row["read"] for row in table(path, "data quality")}["patients"] == 3
    assert {row["name"] for row in table(path, "unlisted names")} == {"unheard_of_condition"}
    assert any(row["text"].startswith("Pre-screen only") for row in table(path, "about"))


def test_changes_have_a_sheet_where_there_was_a_run_before(reported: ReportedRun, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(reported.folder, folder)
    columns = ("trial_id", "patient_id", "change", "criterion_id", "before", "after")
    rows = [("tiny", CANARY, "new_on_list", None, None, "eligible", ["new_data"])]
    schema = {**dict.fromkeys(columns, pl.String), "causes": pl.List(pl.String)}
    write_parquet(folder / "changes.parquet", pl.DataFrame(rows, schema=schema, orient="row"))
    manifest = {**reported.manifest, "compared_with": "2026-03-30-0123456789ab"}
    sheets = workbook_sheets([replace(reported, folder=folder, manifest=manifest)], [("what", "a test")])
    (changes,) = [sheet for sheet in sheets if sheet.name == "changes"]
    assert changes.frame["patient_id"].to_list() == [CANARY]


def test_a_long_list_is_cut_where_it_has_rows_for_criteria_and_says_so(
    reported: ReportedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_PATIENTS", 1)
    sheets = {sheet.name: sheet.frame for sheet in workbook_sheets([reported], [("what", "a test")])}
    assert sheets["status"].height == 1
    assert sheets["criteria"].height == 4
    assert sheets["candidates"].height == 3
    assert any("the best 1 of 3 patients" in text for text in sheets["about"]["text"])


PIECE = Evidence(
    "ecog",
    recorded="1",
    low=Decimal(1),
    high=Decimal(1),
    first=(date(2026, 3, 1), date(2026, 3, 1)),
    table="observations",
    rows=(7,),
)


def key(result: RunResult, *pieces: Evidence) -> str:
    trial = result.trials[0]
    return evidence_key(trial, "p1", trial.criterion("I1"), pieces)


def test_the_key_of_an_answer_changes_with_the_evidence_and_with_nothing_else(result: RunResult) -> None:
    before = key(result, PIECE)
    assert key(result, replace(PIECE, rows=(9,), stale=True)) == before, (
        "a row number and age are no evidence"
    )
    assert key(result, replace(PIECE, recorded="1.000")) == before
    assert key(result, PIECE, replace(PIECE, rows=(9,))) == before, "the same row twice says no more"
    changed = (replace(PIECE, recorded="2"), replace(PIECE, first=(date(2026, 3, 2),) * 2))
    assert len({before, key(result), *(key(result, piece) for piece in changed)}) == 4


def test_the_key_of_an_answer_changes_with_the_question(result: RunResult, tmp_path: Path) -> None:
    trial = result.trials[0]
    criterion = replace(trial.criterion("E3"), manual="Is the patient able?")
    asked = [evidence_key(trial, "p1", one, []) for one in (trial.criterion("E3"), criterion)]
    assert asked[0] != asked[1]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not on this machine")
def test_a_round_trip_through_libreoffice_keeps_answers_lists_and_locks(
    reported: ReportedRun, tmp_path: Path
) -> None:
    write_workbook(tmp_path / "filled.xlsx", workbook_sheets([reported], [("what", "a test")]))
    book = openpyxl.load_workbook(tmp_path / "filled.xlsx")
    book["answers"]["F2"], book["answers"]["H2"] = "pass", date(2026, 4, 1)
    book.save(tmp_path / "filled.xlsx")
    given = ("--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}")
    convert = ("soffice", *given, "--convert-to", "xlsx", "--outdir", str(tmp_path / "back"))
    subprocess.run([*convert, str(tmp_path / "filled.xlsx")], check=True, capture_output=True, timeout=120)
    back = tmp_path / "back" / "filled.xlsx"
    first = table(back, "answers")[0]
    assert (first["answer"], first["date"].date()) == ("pass", date(2026, 4, 1))
    assert table(back, "criteria") == table(tmp_path / "filled.xlsx", "criteria")
    sheet = openpyxl.load_workbook(back)["answers"]
    assert sheet.protection.sheet
    assert sheet["A2"].protection.locked
    assert not sheet["F2"].protection.locked
    assert sheet.column_dimensions["J"].hidden
    assert any(
        rule.type == "list" and "pass" in rule.formula1 for rule in sheet.data_validations.dataValidation
    )
