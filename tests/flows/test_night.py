"""A night of a configuration as the administrator runs it: lists, refusals, canary patients, record, purge,
replay."""

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.files import files_under
from flows.ledger import Ledger
from flows.publish import MANIFEST
from tests.flows.command import Command, command_of
from tests.flows.extracts import AS_OF, CANARY, TABLES, TRIAL, write_extract, write_trial

CONFIG = """
[limits]
quarantined_percent = 30
least_rows = 2
[keep]
runs = 3
inputs = 2
[[extract]]
name = "tiny"
folder = "extract"
out = "out"
trials = ["tiny.toml"]
"""
SECOND = (
    CONFIG.split("[keep]")[1].split("[[extract]]")[1].replace('"tiny"', '"other"').replace('"out"', '"out2"')
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_extract(tmp_path / "extract")
    write_trial(tmp_path)
    (tmp_path / "night.toml").write_text(CONFIG, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def prescreen(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command: exit code, what it says, what it complains of."""
    return command_of(capsys)


def night(day: date = AS_OF) -> tuple[str, ...]:
    return ("run", "--config", "night.toml", "--today", day.isoformat())


def deliver(home: Path, day: date, **tables: tuple[str, ...]) -> None:
    shutil.rmtree(home / "extract")
    write_extract(home / "extract", tables)
    (home / "extract" / "extract.toml").write_text(f"extracted_on = {day}\n", "utf-8")


def latest(home: Path) -> str:
    return (home / "out" / "latest").readlink().name


def test_a_night_is_published_once_and_told_again_when_it_is_repeated(home: Path, prescreen: Command) -> None:
    code, told, _ = prescreen(*night())
    assert (code, "the first list in this folder" in told) == (0, True)
    before = {name: path.stat().st_mtime_ns for name, path in files_under(home / "out" / "runs").items()}
    assert prescreen(*night(AS_OF + timedelta(days=1)))[0] == 0
    assert {
        name: path.stat().st_mtime_ns for name, path in files_under(home / "out" / "runs").items()
    } == before
    ends = [entry["event"] for entry in Ledger(home / "out").entries()]
    assert ends == ["started", "published", "started", "repeated"]


def test_a_refused_night_keeps_the_last_list_under_a_line_that_says_why(
    home: Path, prescreen: Command
) -> None:
    prescreen(*night())
    good = latest(home)
    deliver(home, AS_OF + timedelta(days=1), patients=TABLES["patients"][:4])
    code, told, complaint = prescreen(*night(AS_OF + timedelta(days=1)))
    assert code == 4
    assert "lost_patients_percent" in complaint
    assert told.startswith("NOT TONIGHT'S LIST.")
    assert (home / "out" / "summary.txt").read_text("utf-8") == told.removesuffix("\n")
    assert latest(home) == good
    # The next good night takes the line away.
    deliver(home, AS_OF + timedelta(days=2))
    assert prescreen(*night(AS_OF + timedelta(days=2)))[1].startswith("run ")


def test_an_old_extract_is_refused_before_it_is_read(home: Path, prescreen: Command) -> None:
    code, told, complaint = prescreen(*night(AS_OF + timedelta(days=4)))
    assert code == 4
    assert "max_age_days" in complaint
    assert "There is no list yet." in told
    assert not (home / "out" / "runs").exists()


def test_one_extract_that_fails_does_not_keep_the_others_waiting(home: Path, prescreen: Command) -> None:
    first = SECOND.replace('folder = "extract"', 'folder = "nowhere"')
    (home / "night.toml").write_text(
        CONFIG.replace("[[extract]]", f"[[extract]]{first}\n[[extract]]"), "utf-8"
    )
    code, _, complaint = prescreen(*night())
    assert code == 4
    assert complaint.startswith("prescreen: other: ")
    assert latest(home)
    (refused,) = Ledger(home / "out2").entries()
    assert (refused["event"], refused["exit_code"]) == ("refused", 4)
    assert prescreen(*night(), "--job", "tiny")[0] == 0


def canaries(home: Path, expected: str) -> None:
    write_extract(home / "tiny.canaries", {"patients": TABLES["patients"][:2]})
    (home / "tiny.canaries" / "expected.csv").write_text(expected, "utf-8")


def test_canary_patients_with_their_known_verdicts_let_the_night_pass(home: Path, prescreen: Command) -> None:
    canaries(home, f"criterion_id,{CANARY}\nI1,pass\nE1,pass\nE2,pass\nE3,unknown\n")
    assert prescreen(*night())[0] == 0
    assert Ledger(home / "out").entries()[-1]["canaries"] == {"tiny": 1}


def test_a_canary_patient_with_another_verdict_blocks_the_night(home: Path, prescreen: Command) -> None:
    canaries(home, f"criterion_id,{CANARY}\nI1,pass\nE1,pass\nE2,pass\nE3,unknown\n")
    prescreen(*night())
    good = latest(home)
    # Somebody takes the bound for the other side.
    (home / "tiny.toml").write_text(TRIAL.replace("hemoglobin >", "hemoglobin <"), "utf-8")
    code, _, complaint = prescreen(*night())
    assert code == 4
    assert "1 of 1 canary patients do not have their known verdict (I1)" in complaint
    assert latest(home) == good


def test_canary_patients_of_another_trial_file_are_named(home: Path, prescreen: Command) -> None:
    canaries(home, f"criterion_id,{CANARY}\nI1,pass\nE1,pass\n")
    code, _, complaint = prescreen(*night())
    assert code == 3
    assert "expected.csv" in complaint


def test_runs_and_delivered_files_beyond_those_to_keep_go_and_the_ledger_says_so(
    home: Path, prescreen: Command
) -> None:
    for days in range(5):
        day = AS_OF + timedelta(days=days)
        deliver(home, day)
        assert prescreen(*night(day))[0] == 0
    runs = sorted(path.name[:10] for path in (home / "out" / "runs").iterdir())
    assert runs == ["2026-04-02", "2026-04-03", "2026-04-04"]
    purged = [entry["run_id"][:10] for entry in Ledger(home / "out").entries() if entry["event"] == "purged"]
    assert purged == ["2026-03-31", "2026-04-01"]
    needed = set()
    for name in runs[-2:]:
        (folder,) = (home / "out" / "runs").glob(f"{name}*")
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        needed |= {told["sha256"] for told in manifest["inputs"].values()}
    assert {path.name for path in (home / "out" / "kept").iterdir()} == needed
    assert prescreen("verify", "--out", "out")[0] == 0


def test_a_past_night_made_again_has_the_same_bytes(home: Path, prescreen: Command) -> None:
    prescreen(*night())
    first = latest(home)
    deliver(home, AS_OF + timedelta(days=1), procedures=TABLES["procedures"][:1])
    prescreen(*night(AS_OF + timedelta(days=1)))
    for run_id in (first, latest(home)):
        code, told, _ = prescreen("replay", run_id, "--out", "out")
        assert (code, "every byte is the same" in told) == (0, True)
    assert not (home / "out" / ".replay").exists()


def test_a_replay_that_differs_names_the_files(home: Path, prescreen: Command) -> None:
    prescreen(*night())
    run = home / "out" / "runs" / latest(home)
    manifest = json.loads((run / MANIFEST).read_text("utf-8"))
    manifest["outputs"]["worklist.csv"]["sha256"] = "0" * 64
    (run / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    code, _, complaint = prescreen("replay", run.name, "--out", "out")
    assert (code, "worklist.csv differ" in complaint) == (6, True)


@pytest.mark.parametrize("missing", ["run", "files", "code"])
def test_a_replay_of_what_is_not_there_says_so(home: Path, prescreen: Command, missing: str) -> None:
    prescreen(*night())
    run_id = latest(home)
    if missing == "files":
        next((home / "out" / "kept").iterdir()).unlink()
    elif missing == "code":
        path = home / "out" / "runs" / run_id / MANIFEST
        path.write_text(
            re.sub(r'"sha256": "[0-9a-f]+",\n +"version"', '"sha256": "0", "version"', path.read_text())
        )
    code, _, complaint = prescreen("replay", "x" if missing == "run" else run_id, "--out", "out")
    told = {"run": "there is no run", "files": "not kept any more", "code": "made by other code"}[missing]
    assert told in complaint
    assert code == (6 if missing == "files" else 2)


def test_the_record_lists_every_run_and_how_it_ended(home: Path, prescreen: Command) -> None:
    prescreen(*night())
    prescreen(*night(AS_OF + timedelta(days=30)))
    code, told, _ = prescreen("runs", "--out", "out")
    first, second = told.splitlines()
    assert code == 0
    assert f"published  {latest(home)}" in first
    assert "refused" in second
    assert "max_age_days" in second
    assert prescreen("runs", "--out", "nowhere")[0] == 2


@pytest.mark.parametrize("harm", ["output", "manifest", "run", "ledger", "stranger"])
def test_verify_finds_what_somebody_changed(home: Path, prescreen: Command, harm: str) -> None:
    prescreen(*night())
    run = home / "out" / "runs" / latest(home)
    assert prescreen("verify", "--out", "out")[0] == 0
    if harm == "output":
        frame = pl.read_csv(run / "candidates.csv", infer_schema=False)
        frame.reverse().write_csv(run / "candidates.csv")
    elif harm == "manifest":
        (run / MANIFEST).write_text((run / MANIFEST).read_text("utf-8") + " ", "utf-8")
    elif harm == "run":
        shutil.rmtree(run)
    elif harm == "ledger":
        Ledger(home / "out").append("purged", run_id="x")
        path = home / "out" / "ledger.jsonl"
        path.write_text(path.read_text("utf-8").replace('"exit_code": 0', '"exit_code": 4'), "utf-8")
    else:
        (home / "out" / "runs" / "2020-01-01-stranger").mkdir()
    code, _, complaint = prescreen("verify", "--out", "out")
    assert code == 6
    word = {
        "output": "candidates.csv is not what the manifest says",
        "manifest": "its manifest is not the one that was published",
        "run": "its folder is missing",
        "ledger": "does not follow",
        "stranger": "is not in the ledger",
    }[harm]
    assert word in complaint


def test_a_configuration_leaves_nothing_to_say_on_the_command_line(home: Path, prescreen: Command) -> None:
    for beside in (("--out", "x"), ("--trial", "tiny.toml"), ("--format", "prescreen"), ("--reading", "a=b")):
        code, _, complaint = prescreen(*night(), *beside)
        assert (code, f"{beside[0]}: is said in the configuration" in complaint) == (2, True)
    assert prescreen("run", "--today", "2026-01-01")[0] == 2
    assert "Missing option '--extract'" in prescreen("run")[2]


def test_a_night_writes_nobody_into_the_ledger_or_the_summary(home: Path, prescreen: Command) -> None:
    prescreen(*night())
    conditions = (*TABLES["conditions"], f"{CANARY},hiv,2020-01-01,active")
    deliver(home, AS_OF + timedelta(days=1), conditions=conditions)
    prescreen(*night(AS_OF + timedelta(days=1)))
    for name in ("ledger.jsonl", "summary.txt"):
        assert CANARY not in (home / "out" / name).read_text("utf-8")
