"""The back-test of a published run: as of the run, as of each patient's day, and what it never says."""

import csv
import shutil
import stat
from pathlib import Path

import pytest

from flows.backtest import backtest, backtest_lines, write_counts, write_patients
from flows.steps import run_screening
from schemas.errors import StorageFailed, UsageError
from tests.flows.extracts import CANARY, TABLES, request, write_extract, write_trial

# 002 and 005 were enrolled in winter, when their hemoglobin was good; 004 failed screening then.
HISTORY = {
    "patients": [
        *(
            line.replace("female,dead,2026-03-01,yes", "female,dead,2026-03-10,yes")
            for line in TABLES["patients"]
        )
    ],
    "observations": (
        *TABLES["observations"],
        "002,hemoglobin,2026-01-20,9,g/dL",
        "005,hemoglobin,2026-01-20,9,g/dL",
        "005,hemoglobin,2026-03-05,6,g/dL",
    ),
    "conditions": ("patient_id,condition,onset_date,status", "002,hiv,2026-02-20,active"),
    "screening_log": (
        "patient_id,trial_id,status,date",
        "002,NCT09999999,enrolled,2026-02-01",
        "005,tiny,enrolled,2026-02-01",
        "004,TINY,screen_failed,2026-01-10",
        f"{CANARY},tiny,contacted,2026-03-21",
        "006,other,enrolled,2026-03-01",
    ),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published run whose extract is gone."""
    folder = tmp_path_factory.mktemp("backtest")
    extract = write_extract(folder / "extract", HISTORY)
    run_screening(request(extract, folder / "out", write_trial(folder)), lambda _: None)
    shutil.rmtree(extract)
    return folder / "out"


def told(out: Path, *, at_screening: bool, trial: str | None = None) -> dict[str, tuple[str, str, str]]:
    """Per patient of the log status, tier and failing criteria."""
    (found,) = backtest(out, trial, lambda _: None, at_screening=at_screening).trials
    rows = found.patients.select("patient_id", "status", "tier", "failing_criteria").rows()
    return {patient: (status, str(tier), ";".join(failing)) for patient, status, tier, failing in rows}


def test_as_of_the_run_what_happened_since_counts(out: Path) -> None:
    assert told(out, at_screening=False) == {
        "002": ("enrolled", "excluded", "I1;E2"),
        "004": ("screen_failed", "possible", ""),
        "005": ("enrolled", "near_miss", "I1"),
        CANARY: ("contacted", "eligible", ""),
    }


def test_at_screening_only_what_was_dated_by_then_counts_and_a_later_death_is_no_matter(out: Path) -> None:
    assert told(out, at_screening=True, trial="tiny") == {
        "002": ("enrolled", "eligible", ""),
        "004": ("screen_failed", "eligible", ""),
        "005": ("enrolled", "eligible", ""),
        CANARY: ("contacted", "eligible", ""),
    }
    assert not (out / ".replay").exists(), "the patients' data is gone afterwards"


@pytest.mark.parametrize(
    ("at_screening", "said", "enrolled"),
    [(False, "judged as of 2026-03-31", "although a criterion fails: 2"), (True, "judged anew", "fails: 0")],
)
def test_the_lines_say_which_day_counts_and_name_nobody(
    out: Path, at_screening: bool, said: str, enrolled: str
) -> None:
    lines = list(backtest_lines(backtest(out, None, lambda _: None, at_screening=at_screening)))
    text = "\n".join(lines)
    assert said in text
    assert enrolled in text
    assert "failed screening although no criterion fails: 1" in text
    assert CANARY not in text
    assert "002" not in text


def test_the_counts_are_a_table_of_their_own(out: Path, tmp_path: Path) -> None:
    write_counts(tmp_path / "counts.csv", backtest(out, None, lambda _: None, at_screening=False))
    with (tmp_path / "counts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["judged"] for row in rows} == {"as_of_run"}
    known = [
        (row["status"], row["criterion_id"], row["result"])
        for row in rows
        if row["patients"] != "0" and row["status"] == "enrolled" and row["criterion_id"] in ("", "I1")
    ]
    assert known == [
        ("enrolled", "", "near_miss"),
        ("enrolled", "", "excluded"),
        ("enrolled", "I1", "fail"),
        ("enrolled", "I1", "only_fail"),
    ]


def test_the_patients_are_told_in_a_private_new_file_alone(out: Path, tmp_path: Path) -> None:
    found = backtest(out, None, lambda _: None, at_screening=False)
    path = tmp_path / "patients.csv"
    write_patients(path, found)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["patient_id"]: row["contradicts"] for row in csv.DictReader(file)}
    assert rows == {"002": "yes", "004": "yes", "005": "yes"}
    with pytest.raises(UsageError, match="already there"):
        write_patients(path, found)


def test_a_run_whose_files_are_gone_cannot_be_judged_again(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out", symlinks=True)
    shutil.rmtree(tmp_path / "out" / "kept")
    with pytest.raises(StorageFailed, match="not kept any more"):
        backtest(tmp_path / "out", None, lambda _: None, at_screening=True)


def test_a_trial_that_the_run_does_not_have_is_refused(out: Path) -> None:
    with pytest.raises(UsageError, match=r"no trial 'tine'\. Did you mean 'tiny'"):
        backtest(out, "tine", lambda _: None, at_screening=False)


def test_a_run_without_a_log_says_so(tmp_path: Path) -> None:
    extract = write_extract(tmp_path / "extract", {"screening_log": HISTORY["screening_log"][:1]})
    run_screening(request(extract, tmp_path / "out", write_trial(tmp_path)), lambda _: None)
    for at_screening in (False, True):
        found = backtest(tmp_path / "out", None, lambda _: None, at_screening=at_screening)
        assert list(backtest_lines(found))[-1] == "== tiny: 0 patients in the screening log"
