"""A whole run on a tiny extract: what is published, and that nothing else ever is."""

import errno
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows import screening, steps
from flows.files import files_under, sha256_of
from flows.ledger import Ledger
from flows.publish import is_whole
from flows.steps import RunResult, run_screening
from flows.table_files import ParquetSink
from schemas.errors import ExtractRefused, LockHeld, PrescreenError, StorageFailed, UsageError
from schemas.outputs import OUTPUTS, output_columns
from tests.flows.extracts import CANARY, TABLES, request, write_extract, write_trial

# What an output folder holds when nothing is going on.
PUBLISHED_AND_RECORDED = [
    ".lock",
    "kept",
    "latest",
    "ledger.jsonl",
    "report-tiny.html",
    "runs",
    "summary.txt",
]


def silent(_: str) -> None:
    return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_extract(folder / "extract")
    write_trial(folder)
    return folder


@pytest.fixture(scope="module")
def result(place: Path) -> RunResult:
    return run_screening(request(place / "extract", place / "out", place / "tiny.toml"), silent)


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_under(folder).items()}


def test_the_run_holds_the_files_of_the_contract_and_its_own_evidence(result: RunResult) -> None:
    names = set(files_under(result.folder))
    assert {
        "candidates.parquet",
        "candidates.csv",
        "candidates.xlsx",
        "not_listed.parquet",
        "verdicts.parquet",
        "attrition.csv",
        "worklist.csv",
        "quarantine.parquet",
        "manifest.json",
        "trials/tiny.toml",
        "facts/patients.parquet",
    } <= names
    assert is_whole(result.folder)


@pytest.mark.parametrize("name", [name for name in OUTPUTS if name not in ("attrition", "worklist")])
def test_each_table_has_its_columns_in_order(result: RunResult, name: str) -> None:
    assert pl.read_parquet(result.folder / f"{name}.parquet").columns == output_columns(name)


def test_patients_are_ranked_as_worked_by_hand(result: RunResult) -> None:
    found = pl.read_csv(result.folder / "candidates.csv", infer_schema=False)
    shown = found.select(
        "rank", "patient_id", "tier", "failing_criteria", "unknown_criteria", "opens_on", "closes_on"
    )
    assert shown.rows() == [
        # E2 passes as long as the conditions trail by no more than seven days.
        ("1", CANARY, "eligible", None, "E3", None, "2026-04-08"),
        ("2", "004", "possible", None, "I1;E3", None, "2026-04-08"),
        # Radiotherapy on 25 March excludes through 8 April.
        ("3", "003", "opens_later", "E1", "E3", "2026-04-09", None),
        ("4", "002", "excluded", "I1;E2", "E3", None, None),
    ]


def test_every_patient_stands_once_in_one_of_the_two_lists(result: RunResult) -> None:
    listed = pl.read_parquet(result.folder / "candidates.parquet")["patient_id"].to_list()
    unlisted = pl.read_parquet(result.folder / "not_listed.parquet")
    assert unlisted.select("patient_id", "reason").rows() == [("005", "deceased"), ("006", "declined")]
    assert sorted([*listed, *unlisted["patient_id"]]) == sorted(
        line.split(",")[0] for line in TABLES["patients"][1:]
    )


def test_verdicts_hold_every_patient_and_criterion_in_order(result: RunResult) -> None:
    verdicts = pl.read_parquet(result.folder / "verdicts.parquet")
    assert verdicts.height == 6 * 4
    assert verdicts["patient_id"].unique(maintain_order=True).to_list() == sorted(
        line.split(",")[0] for line in TABLES["patients"][1:]
    )
    own = verdicts.filter(pl.col("patient_id") == "006")
    assert own.select("criterion_id", "verdict", "reason", "curability").rows() == [
        ("I1", "unknown", "unit_unclear", None),
        ("E1", "pass", None, None),
        ("E2", "pass", None, None),
        ("E3", "unknown", "needs_attestation", None),
    ]


def test_the_manifest_says_what_went_in_and_what_came_out(result: RunResult) -> None:
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert manifest["run_id"] == result.run_id == result.folder.name
    assert manifest["as_of"] == manifest["enrollment"] == manifest["first_dose"] == "2026-03-31"
    assert manifest["readings"] == {"tiny": {"least": "eight"}}
    assert manifest["inputs"]["patients.csv"]["rows"] == 6
    assert set(manifest["outputs"]) == set(files_under(result.folder)) - {"manifest.json"}
    for name, described in manifest["outputs"].items():
        assert described["sha256"] == sha256_of(result.folder / name)
    assert manifest["outputs"]["verdicts.parquet"]["rows"] == 24
    assert manifest["rows"]["load"]["observations"] == {
        "read": 5,
        "accepted": 4,
        "quarantined": 1,
        "duplicates": 0,
    }
    assert manifest["rows"]["rank"] == {"tiny": {"candidates": 4, "not_listed": 2}}
    assert CANARY not in (result.folder / "manifest.json").read_text()


def test_an_unlisted_name_and_a_quarantined_row_are_published_as_such(result: RunResult) -> None:
    unmapped = pl.read_parquet(result.folder / "unmapped.parquet")
    assert unmapped.rows() == [("conditions", "unheard_of_condition", 1)]
    quarantine = pl.read_parquet(result.folder / "quarantine.parquet")
    assert quarantine.select("table", "source_row", "column").rows() == [("observations", 5, "unit")]
    assert "parrots" not in str(quarantine.rows())


def test_everything_published_is_private(result: RunResult) -> None:
    for path in [result.folder, *result.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def test_nothing_else_is_left_in_the_output_folder(result: RunResult, place: Path) -> None:
    assert sorted(path.name for path in (place / "out").iterdir()) == PUBLISHED_AND_RECORDED


def test_the_same_run_elsewhere_and_in_other_batches_has_the_same_bytes(
    result: RunResult, place: Path, tmp_path: Path
) -> None:
    for batch in (1, 4):
        asked = request(place / "extract", tmp_path / str(batch), place / "tiny.toml", batch_patients=batch)
        again = run_screening(asked, silent)
        assert again.run_id == result.run_id
        assert hashes(again.folder) == hashes(result.folder)


def test_a_repeated_run_keeps_what_is_there(place: Path, tmp_path: Path) -> None:
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml")
    first = run_screening(asked, silent)
    stamps = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    second = run_screening(asked, silent)
    assert (first.repeated, second.repeated) == (False, True)
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == stamps


def test_a_spoilt_run_is_made_again(place: Path, tmp_path: Path) -> None:
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml")
    first = run_screening(asked, silent)
    before = hashes(first.folder)
    (first.folder / "candidates.csv").write_text("spoilt")
    assert not run_screening(asked, silent).repeated
    assert hashes(first.folder) == before


def test_another_reading_is_another_run_and_another_verdict(place: Path, tmp_path: Path) -> None:
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml", readings=("least=seven",))
    folder = run_screening(asked, silent).folder
    verdicts = pl.read_parquet(folder / "verdicts.parquet")
    own = verdicts.filter((pl.col("patient_id") == "002") & (pl.col("criterion_id") == "I1"))
    assert own["verdict"].to_list() == ["pass"]
    assert json.loads((folder / "manifest.json").read_text())["departures"] == {"tiny": {"least": "seven"}}


def test_two_trials_stand_one_after_the_other_and_each_as_alone(
    result: RunResult, place: Path, tmp_path: Path
) -> None:
    other = write_trial(tmp_path, "another")
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml", other, batch_patients=2)
    folder = run_screening(asked, silent).folder
    for name in ("verdicts", "candidates", "not_listed"):
        both = pl.read_parquet(folder / f"{name}.parquet")
        assert both["trial_id"].unique(maintain_order=True).to_list() == ["another", "tiny"]
        alone = pl.read_parquet(result.folder / f"{name}.parquet")
        assert both.filter(pl.col("trial_id") == "tiny").equals(alone)
        assert both.filter(pl.col("trial_id") == "another").drop("trial_id").equals(alone.drop("trial_id"))


def test_an_extract_without_patients_gives_empty_lists(place: Path, tmp_path: Path) -> None:
    extract = write_extract(tmp_path / "extract", {name: lines[:1] for name, lines in TABLES.items()})
    folder = run_screening(request(extract, tmp_path / "out", place / "tiny.toml"), silent).folder
    assert pl.read_parquet(folder / "candidates.parquet").height == 0
    assert pl.read_parquet(folder / "verdicts.parquet").columns == output_columns("verdicts")


def test_a_patient_who_opens_on_a_day_fails_until_the_day_before(place: Path, tmp_path: Path) -> None:
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml")
    for day, verdict in ((date(2026, 4, 8), "fail"), (date(2026, 4, 9), "unknown")):
        # On 9 April the radiotherapy is out of the window, and the extract trails by more than seven days.
        moved = replace(asked, as_of=day, enrollment=day, first_dose=day)
        verdicts = pl.read_parquet(run_screening(moved, silent).folder / "verdicts.parquet")
        own = verdicts.filter((pl.col("patient_id") == "003") & (pl.col("criterion_id") == "E1"))
        assert own["verdict"].to_list() == [verdict]


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/file")


def bug(*_: object, **__: object) -> None:
    raise ValueError(f"could not convert {CANARY}")


@pytest.mark.parametrize(
    ("target", "name", "failure", "code"),
    [
        (ParquetSink, "write", full_disk, 6),
        (ParquetSink, "close", full_disk, 6),
        (steps, "write_workbook", full_disk, 6),
        (steps, "write_manifest", full_disk, 6),
        (steps, "publish", full_disk, 6),
        (steps, "stage_extract", bug, 1),
        (screening, "evaluate_trial", bug, 1),
        (steps, "ranked", bug, 1),
        (steps, "load_tables", bug, 1),
    ],
)
def test_whatever_fails_the_last_good_run_stays_and_no_scratch_does(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: object,
    name: str,
    failure: Callable[..., None],
    code: int,
) -> None:
    out = tmp_path / "out"
    good = run_screening(request(place / "extract", out, place / "tiny.toml"), silent)
    before = hashes(good.folder)
    with monkeypatch.context() as patch:
        patch.setattr(target, name, failure)
        with pytest.raises(PrescreenError) as caught:
            run_screening(
                request(place / "extract", out, place / "tiny.toml", readings=("least=seven",)), silent
            )
    assert caught.value.exit_code == code
    assert CANARY not in str(caught.value)
    assert (out / "latest").resolve() == good.folder.resolve()
    assert hashes(good.folder) == before
    assert sorted(path.name for path in out.iterdir()) == PUBLISHED_AND_RECORDED
    assert [path.name for path in (out / "runs").iterdir()] == [good.run_id]


def test_a_lock_held_by_another_run_is_respected_and_the_attempt_recorded(
    place: Path, tmp_path: Path
) -> None:
    asked = request(place / "extract", tmp_path / "out", place / "tiny.toml")
    with steps.open_session(asked, silent), pytest.raises(LockHeld):
        run_screening(asked, silent)
    events = [(entry["event"], entry.get("exit_code")) for entry in Ledger(tmp_path / "out").entries()]
    assert events == [("started", None), ("refused", 5)]


def test_the_output_folder_cannot_be_the_extract(place: Path) -> None:
    with pytest.raises(UsageError):
        run_screening(request(place / "extract", place / "extract", place / "tiny.toml"), silent)


def test_an_output_path_that_is_a_file_is_a_storage_failure(place: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageFailed):
        run_screening(request(place / "extract", tmp_path / "out", place / "tiny.toml"), silent)


def test_a_refused_extract_publishes_nothing(place: Path, tmp_path: Path) -> None:
    extract = write_extract(tmp_path / "extract", {"patients": ("patient_id,birth_date", "1,1950")})
    with pytest.raises(ExtractRefused):
        run_screening(request(extract, tmp_path / "out", place / "tiny.toml"), silent)
    assert not (tmp_path / "out" / "runs").exists()
