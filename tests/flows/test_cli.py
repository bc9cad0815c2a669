"""The command as a user meets it: what it prints, what it returns, what it never says."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import cli, worker
from flows.files import files_under, sha256_of
from tests.flows.extracts import CANARY, TABLES, TRIAL, write_extract, write_trial

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract, a trial file and a published run."""
    folder = tmp_path_factory.mktemp("command")
    write_extract(folder / "extract")
    write_trial(folder)
    assert command(folder, *RUN).returncode == 0
    return folder


RUN = ("run", "--extract", "extract", "--trial", "tiny.toml", "--as-of", "2026-03-31", "--out", "out")


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def here(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str, str]:
    """The command in this process: exit code, output, errors."""
    monkeypatch.chdir(folder)
    code = 0
    try:
        cli.main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def published(folder: Path) -> dict[str, str]:
    return {
        name: sha256_of(path) for name, path in files_under((folder / "out" / "latest").resolve()).items()
    }


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from flows.cli import cli; cli.main(['--help'], standalone_mode=False);"
        "print([name for name in ('prefect', 'pandera', 'polars', 'duckdb', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_run_says_what_it_found_and_where(place: Path) -> None:
    done = command(place, *RUN)
    assert done.returncode == 0
    assert done.stderr == ""
    for text in (
        "eligible 1, possible 1, opens_later 1, near_miss 0, excluded 1",
        "deceased 1, declined 1",
        "3 of 4 checked by machine",
        "least=eight",
        "quarantined rows: observations 1",
        "unheard_of_condition (1)",
        "Pre-screen only",
        "out/runs/2026-03-31-",
    ):
        assert text in done.stdout
    assert len(done.stdout.splitlines()) <= 40, "one screen"


def test_a_reading_that_departs_from_the_text_is_marked(place: Path) -> None:
    done = command(place, *RUN[:-1], "elsewhere", "--reading", "least=seven")
    assert "least=seven (departs from the text)" in done.stdout


def test_no_id_is_printed_by_a_run_or_a_check(place: Path) -> None:
    for arguments in (RUN, ("check", "--extract", "extract")):
        done = command(place, *arguments)
        assert done.returncode == 0
        assert CANARY not in done.stdout + done.stderr


def test_check_says_what_is_in_the_extract_and_publishes_nothing(place: Path) -> None:
    before = sorted(path.name for path in place.rglob("*"))
    done = command(place, "check", "--extract", "extract")
    assert done.returncode == 0
    for text in ("6 patients", "unknown_unit", "unheard_of_condition", "2026-03-31", "procedures"):
        assert text in done.stdout
    assert "parrots" not in done.stdout
    assert sorted(path.name for path in place.rglob("*")) == before


BROKEN_TRIAL = TRIAL.replace("hemoglobin >", "haemoglobin >")
LATE = ("--enrollment", "2026-05-01", "--first-dose", "2026-04-01")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run",), 2, "--extract"),
        (("walk",), 2, "No such command"),
        ((*RUN, *LATE), 2, "before the enrollment"),
        ((*RUN, "--reading", "lest=eight"), 2, "Did you mean 'least'"),
        ((*RUN, "--reading", "least=nine"), 2, "eight, seven"),
        ((*RUN, "--trial", "tiny.toml"), 2, "twice"),
        ((*RUN[:-3], "2026-02-30", *RUN[-2:]), 2, "YYYY-MM-DD"),
        ((*RUN[:-3], "20260331", *RUN[-2:]), 2, "YYYY-MM-DD"),
        ((*RUN[:-1], "extract"), 2, "folder of the extract"),
        ((*RUN, "--trial", "broken.toml"), 3, "Did you mean 'hemoglobin'"),
        ((*RUN, "--trial", "nowhere.toml"), 3, "nowhere.toml"),
        (("trial", "check", "broken.toml"), 3, "I1"),
        (("trial", "show", "mezigdomide"), 3, "mezigdomide-ixazomib-dex"),
        ((*RUN[:2], "headless", *RUN[3:]), 4, "patients.csv"),
        (("check", "--extract", "headless"), 4, "patients.csv"),
        ((*RUN[:2], "nowhere", *RUN[3:]), 4, "folder"),
        ((*RUN[:-1], "tiny.toml"), 6, "tiny.toml"),
        (("explain", "x", "--out", "nowhere"), 6, "prescreen run"),
        (("explain", "x", "--out", "out", "--trial", "tinny"), 2, "Did you mean 'tiny'"),
        (("synth", "--patients", "0", "--seed", "1", "--out", "s"), 2, "--patients"),
        (("synth", "--patients", "1", "--seed", "1", "--out", "extract"), 2, "extract"),
    ],
)
def test_each_failure_is_one_line_and_its_exit_code_and_changes_nothing(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    write_trial(place, "broken", BROKEN_TRIAL)
    if not (place / "headless").exists():
        write_extract(place / "headless", {"patients": (TABLES["patients"][1], TABLES["patients"][2])})
    before = published(place)
    found, out, err = here(place, capsys, monkeypatch, *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("prescreen: ")
    assert err.count("\n") == 1
    assert says in err
    assert CANARY not in err
    assert published(place) == before


FAILING = f"""
from flows import screening, worker

def fails(*_):
    raise ValueError("cannot read {CANARY}")

screening.evaluate_trial = fails
worker.main()
"""


def test_a_bug_is_one_line_without_the_words_of_the_library(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published(place)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "COMMAND", (sys.executable, "-P", "-c", FAILING))
        code, out, err = here(place, capsys, patch, *RUN, "--reading", "least=seven")
    assert (code, out) == (1, "")
    assert err.startswith("prescreen: a bug in prescreen (ValueError in ")
    assert err.endswith("); nothing was published\n")
    assert CANARY not in err
    assert published(place) == before


def test_a_second_run_at_the_same_time_ends_with_five(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (place / "out" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = here(place, capsys, monkeypatch, *RUN)
    assert code == 5
    assert "another run" in err


def test_explain_shows_each_criterion_with_what_it_rests_on(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = here(place, capsys, monkeypatch, "explain", "003", "--out", "out")
    assert (code, err) == (0, "")
    for text in (
        "rank 3, tier opens_later",
        "opens on 2026-04-09",
        "I1 (inclusion): PASS, met",
        '"Hemoglobin > 8 g/dL"',
        "110 g/L = 11 g/dL; 2026-03-20; observations row 3",
        "E1 (exclusion): FAIL, excluded",
        "2026-03-25; procedures row 1",
        "radiotherapy, within 14 days: 2026-03-17 to 2026-03-31",
        "Holds until 2026-04-08; from 2026-04-09 on",
        "least = eight",
        "HIV infection: not recorded",
        "conditions: complete through 2026-03-31",
        "Is the patient willing?",
    ):
        assert text in out


def test_explain_marks_a_value_exactly_at_the_limit(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = here(place, capsys, monkeypatch, "explain", "002", "--out", "out")
    assert "EXACTLY AT THE LIMIT" in out


def test_explain_needs_the_output_folder_alone(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "out").joinpath("latest").resolve().rename(tmp_path / "moved")
    try:
        (tmp_path / "runs").mkdir()
        (tmp_path / "moved").rename(tmp_path / "runs" / "a")
        (tmp_path / "latest").symlink_to("runs/a")
        code, out, _ = here(tmp_path, capsys, monkeypatch, "explain", "005", "--out", ".", "--trial", "tiny")
        assert code == 0
        assert "not listed: deceased" in out
    finally:
        (tmp_path / "runs" / "a").rename((place / "out" / "latest").resolve())


@pytest.mark.parametrize("typed", [("MRN-TYPO-1",), ("MRN-TYPO-1", "MRN-TYPO-2"), ("-MRN-TYPO-1",)])
def test_an_id_that_is_not_there_is_not_repeated(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...]
) -> None:
    code, out, err = here(place, capsys, monkeypatch, "explain", *typed, "--out", "out")
    assert (code, out) == (2, "")
    assert "TYPO" not in err


def test_trial_files_are_listed_shown_and_checked(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "NCT06050512" in here(place, capsys, monkeypatch, "trial", "list")[1]
    shown = here(place, capsys, monkeypatch, "trial", "show", "tiny.toml")[1]
    for text in (
        "met when: hemoglobin > if(",
        "excluded when:",
        "ask: Is the patient willing?",
        "[in force]",
    ):
        assert text in shown
    assert "4 criteria" in here(place, capsys, monkeypatch, "trial", "check", "tiny.toml")[1]


def test_a_synthetic_registry_can_be_made_and_screened(tmp_path: Path) -> None:
    done = command(tmp_path, "demo")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "demo/out/latest/candidates.xlsx" in done.stdout
    assert (tmp_path / "demo" / "out" / "latest" / "candidates.xlsx").is_file()
    suggested = done.stdout.splitlines()[-1].removeprefix("Then ask why: prescreen ").split()
    assert "tier" in command(tmp_path, *suggested).stdout
    again = command(tmp_path, "demo")
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_the_demo_takes_no_folder_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    done = command(tmp_path, "demo")
    assert done.returncode == 2
    assert "demo" in done.stderr


def test_a_reader_who_stops_early_is_no_failure(place: Path) -> None:
    line = f"{sys.executable} -m flows.cli explain 003 --out out | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# The worker sends a signal to itself (os.getpid) or to the command that waits for it (os.getppid).
DYING = """
import sys
from flows import cli, worker

worker.COMMAND = (sys.executable, "-P", "-c", '''
import os, signal, time
from flows import steps, worker

def dies(*_):
    os.kill(os.{whom}(), signal.{signal})
    time.sleep(60)

steps.{step} = dies
worker.main()
''')
cli.main()
"""


@pytest.mark.parametrize(
    ("whom", "signal", "step", "code"),
    [
        ("getpid", "SIGKILL", "stage_extract", 6),
        ("getpid", "SIGABRT", "ranked", 6),
        ("getpid", "SIGSEGV", "ranked", 6),
        ("getppid", "SIGKILL", "publish", -9),
        ("getppid", "SIGTERM", "ranked", 1),
        ("getppid", "SIGINT", "ranked", 1),
    ],
)
def test_a_killed_run_leaves_the_last_good_one_and_the_next_run_sweeps_up(
    place: Path, whom: str, signal: str, step: str, code: int
) -> None:
    before = published(place)
    program = DYING.format(whom=whom, signal=signal, step=step)
    done = subprocess.run(
        [sys.executable, "-c", program, *RUN, "--reading", "least=seven"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert published(place) == before
    if code > 0:
        assert done.stderr.count("\n") == 1
    if signal in ("SIGTERM", "SIGINT"):
        assert "stopped" in done.stderr
        assert [path.name for path in (place / "out").glob(".[sw]*")] == []
    assert command(place, *RUN).returncode == 0
    assert [path.name for path in (place / "out").glob(".[sw]*")] == []
