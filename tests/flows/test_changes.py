"""Why something changed: one input exchanged at a time, each cause shown by a pair of nights made for it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from criteria.engine.screen import evaluate_trial
from flows.changes.rows import Rows, changed_patients, joined
from flows.request import RunRequest
from flows.steps import run_screening
from schemas.extract import TABLES as SCHEMAS
from tests.flows.extracts import AS_OF, CANARY, TABLES, TRIAL, request, write_extract, write_trial

Tables = Mapping[str, Sequence[str]]
PATIENTS = TABLES["patients"]
OBSERVATIONS = TABLES["observations"]
Told = tuple[str, str, str | None, str | None, str | None, list[str]]


class Nights:
    """Runs into one output folder, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.trial = write_trial(folder)

    def run(self, tables: Tables | None = None, day: date = AS_OF, **changes: object) -> list[Told]:
        """The changes that this night tells: all but the trial, in order."""
        self.count += 1
        extract = write_extract(self.folder / f"extract{self.count}", tables)
        for table, lines in (tables or {}).items():
            if not lines:
                (extract / f"{table}.csv").unlink()
        (extract / "extract.toml").write_text(f"extracted_on = {day}\n", "utf-8")
        asked: RunRequest = replace(
            request(extract, self.folder / "out", self.trial), as_of=day, enrollment=day, first_dose=day
        )
        done = run_screening(replace(asked, **changes), lambda _: None)
        shutil.rmtree(extract)
        return pl.read_parquet(done.folder / "changes.parquet").drop("trial_id").rows()


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_the_first_list_of_a_folder_and_a_night_without_changes_tell_none(nights: Nights) -> None:
    assert nights.run() == []
    # The same data delivered a day later; nobody's window closes that day.
    assert nights.run(day=AS_OF + timedelta(days=1)) == []


def test_a_new_row_is_new_data(nights: Nights) -> None:
    nights.run()
    conditions = (*TABLES["conditions"], f"{CANARY},hiv,2020-01-01,active")
    assert nights.run({"conditions": conditions}) == [
        ("moved_tier", CANARY, None, "eligible", "excluded", ["new_data"]),
        ("criterion", CANARY, "E2", "pass", "fail", ["new_data"]),
    ]


def test_a_changed_value_and_a_deleted_row_are_corrected_data(nights: Nights) -> None:
    nights.run()
    observations = [row.replace(",8,", ",9,") for row in OBSERVATIONS]
    assert nights.run({"observations": observations, "procedures": TABLES["procedures"][:1]}) == [
        ("moved_tier", "003", None, "opens_later", "eligible", ["corrected_data"]),
        ("criterion", "002", "I1", "fail", "pass", ["corrected_data"]),
        ("criterion", "003", "E1", "fail", "pass", ["corrected_data"]),
    ]


def test_a_night_of_new_and_of_corrected_rows_tells_them_apart(nights: Nights) -> None:
    nights.run()
    observations = [
        row.replace("002,hemoglobin,2026-03-20,8,", "002,hemoglobin,2026-03-20,9,") for row in OBSERVATIONS
    ]
    conditions = (*TABLES["conditions"], f"{CANARY},hiv,2020-01-01,active")
    told = nights.run({"observations": observations, "conditions": conditions})
    assert [row for row in told if row[0] == "criterion"] == [
        ("criterion", "002", "I1", "fail", "pass", ["corrected_data"]),
        ("criterion", CANARY, "E2", "pass", "fail", ["new_data"]),
    ]


def test_a_table_that_is_delivered_no_more_is_corrected_data(nights: Nights) -> None:
    """Even if it told of nobody: it had said that nobody had a procedure."""
    nights.run({"procedures": TABLES["procedures"][:1]})
    told = nights.run({"procedures": ()})
    assert ("criterion", CANARY, "E1", "pass", "unknown", ["corrected_data"]) in told
    assert {tuple(causes) for *_, causes in told} == {("corrected_data",)}


def test_a_window_that_closes_is_the_clock(nights: Nights) -> None:
    nights.run()
    # The radiotherapy of 25 March excludes through 8 April.
    assert nights.run(day=date(2026, 4, 8)) == []
    told = nights.run(day=date(2026, 4, 9))
    assert ("criterion", "003", "E1", "fail", "pass", ["clock"]) in told
    assert {tuple(causes) for *_, causes in told} == {("clock",)}


def test_a_window_that_closes_without_a_new_extract_is_the_clock_too(nights: Nights) -> None:
    nights.run(day=date(2026, 4, 3))
    told = nights.run(day=date(2026, 4, 3), as_of=date(2026, 4, 9), first_dose=date(2026, 4, 9))
    assert ("criterion", "003", "E1", "fail", "pass", ["clock"]) in told


def test_another_reading_or_file_of_the_trial_is_the_trial_file(nights: Nights) -> None:
    nights.run()
    told = nights.run(readings=("least=seven",))
    assert told == [("criterion", "002", "I1", "fail", "pass", ["trial_file"])]
    nights.trial.write_text(TRIAL.replace("radiotherapy, 14,", "radiotherapy, 5,"), "utf-8")
    assert ("criterion", "003", "E1", "fail", "pass", ["trial_file"]) in nights.run(readings=("least=seven",))


def blind_to_radiotherapy(*asked: Any) -> pl.DataFrame:
    """The verdicts of an earlier program that never failed anybody by E1."""
    found = evaluate_trial(*asked)
    missed = (pl.col("criterion_id") == "E1") & (pl.col("verdict") == "fail")
    return found.with_columns(
        verdict=pl.when(missed).then(pl.lit("pass")).otherwise("verdict"),
        curability=pl.when(missed).then(None).otherwise("curability"),
    )


@pytest.mark.parametrize("days", [0, 1])
def test_another_version_of_the_program_is_the_code(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("flows.identity.code_sha256", lambda: "0" * 64)
        patched.setattr("flows.screening.evaluate_trial", blind_to_radiotherapy)
        nights.run()
    told = nights.run(day=AS_OF + timedelta(days=days))
    assert told == [
        ("moved_tier", "003", None, "eligible", "opens_later", ["code"]),
        ("criterion", "003", "E1", "pass", "fail", ["code"]),
    ]


def test_what_no_single_input_explains_is_joint(nights: Nights) -> None:
    """A row dated tomorrow counts only when tomorrow has come and the row was delivered."""
    nights.run()
    tomorrow = AS_OF + timedelta(days=1)
    conditions = (*TABLES["conditions"], f"{CANARY},hiv,{tomorrow},active")
    told = nights.run({"conditions": conditions}, day=tomorrow)
    assert ("criterion", CANARY, "E2", "pass", "fail", ["joint"]) in told


def test_each_of_two_causes_that_explain_a_change_alone_is_named(nights: Nights) -> None:
    nights.run(day=date(2026, 4, 8))
    # The window closes, and the radiotherapy was never given.
    told = nights.run({"procedures": TABLES["procedures"][:1]}, day=date(2026, 4, 9))
    assert ("criterion", "003", "E1", "fail", "pass", ["corrected_data", "clock"]) in told


def test_patients_who_come_and_go_are_told_with_the_tier_or_the_reason(nights: Nights) -> None:
    nights.run()
    dead = [row.replace("alive", "dead") if row.startswith("003") else row for row in PATIENTS]
    new = [row for row in dead if not row.startswith("002")] + ["007,1960-01-01,male,alive,2026-03-01,yes"]
    told = nights.run({"patients": new})
    assert [row for row in told if row[0] != "criterion"] == [
        ("new_on_list", "007", None, None, "possible", ["new_data"]),
        ("left_list", "002", None, "excluded", None, ["corrected_data"]),
        # A death that is added explains it, whether or not the old row went.
        ("left_list", "003", None, "opens_later", "deceased", ["new_data"]),
    ]


def test_causes_are_not_known_when_the_earlier_files_are_gone(nights: Nights) -> None:
    nights.run()
    shutil.rmtree(nights.folder / "out" / "kept")
    conditions = (*TABLES["conditions"], f"{CANARY},hiv,2020-01-01,active")
    told = nights.run({"conditions": conditions}, day=AS_OF + timedelta(days=1))
    assert {tuple(causes) for *_, causes in told} == {("not_known",)}


def rows(**tables: list[dict[str, str | None]]) -> Rows:
    return Rows({name: pl.DataFrame(given) for name, given in tables.items()}, None)


def test_a_patient_changes_when_a_row_comes_goes_changes_or_is_repeated() -> None:
    old = rows(
        allergies=[{"patient_id": one, "substance": "x"} for one in ("same", "gone", "other", "twice")]
    )
    new = rows(
        allergies=[
            {"patient_id": "twice", "substance": "x"},
            {"patient_id": "twice", "substance": "x"},
            {"patient_id": " same ", "substance": "x"},
            {"patient_id": "same", "substance": "x"},
            {"patient_id": "other", "substance": "y"},
            {"patient_id": "new", "substance": "x"},
        ]
    )
    assert changed_patients(old, new, SCHEMAS) == {"gone", "other", "twice", "new", "same"}
    assert changed_patients(old, old, SCHEMAS) == set()


def test_a_column_that_comes_changes_whom_it_tells_something_of() -> None:
    old = rows(allergies=[{"patient_id": "a", "substance": "x"}, {"patient_id": "b", "substance": "x"}])
    new = rows(
        allergies=[
            {"patient_id": "a", "substance": "x", "kind": None},
            {"patient_id": "b", "substance": "x", "kind": "allergy"},
        ]
    )
    assert changed_patients(old, new, SCHEMAS) == {"b"}


def test_joined_extracts_hold_every_row_of_either_as_often_as_the_one_that_has_more() -> None:
    old = rows(
        allergies=[{"patient_id": "a", "substance": "x"}] * 2 + [{"patient_id": "b", "substance": "x"}]
    )
    new = rows(allergies=[{"patient_id": "a", "substance": "x"}, {"patient_id": "c", "substance": "x"}])
    both = joined(old, new).tables["allergies"]["patient_id"].to_list()
    assert sorted(both) == ["a", "a", "b", "c"]
