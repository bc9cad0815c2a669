"""A run judged in shares gives the bytes of a run in one piece, whoever judges them and how often."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from data.synth.generate import generate
from flows import steps
from flows.files import files_under
from flows.request import RunRequest
from flows.session import open_session
from flows.shares import judge_share
from schemas.errors import PrescreenError, StorageFailed
from tests.flows.extracts import write_trial

ROOT = Path(__file__).resolve().parent.parent.parent
AS_OF = date(2026, 6, 30)
YARDSTICK = ROOT / "tests" / "bench" / "yardstick.toml"
SHIPPED = "NCT06050512"
PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy patients; one row is about nobody known."""
    folder = tmp_path_factory.mktemp("shares") / "registry"
    generate(70, 5, folder, file_format="csv")
    with (folder / "responses.csv").open("a", encoding="utf-8") as file:
        columns = (folder / "responses.csv").read_text("utf-8").splitlines()[0].split(",")
        file.write(",".join("nobody" if name == "patient_id" else "" for name in columns) + "\n")
    return folder


def asked(registry: Path, out: Path, trials: Sequence[str]) -> RunRequest:
    return RunRequest(registry, tuple(trials), out, AS_OF, AS_OF, AS_OF, batch_patients=20)


def run_in_shares(request: RunRequest, shares: int, judge: Callable[[list[Path]], None]) -> dict[str, bytes]:
    with open_session(request, lambda _: None) as session:
        steps.admit(session)
        steps.load(session)
        steps.stage(session)
        folders = steps.cut_shares(session, shares)
        judge(folders)
        steps.gather_shares(session, folders)
        for step in (steps.gate, steps.rank, steps.compare, steps.publish_run):
            step(session)
    return published(request.out)


def published(out: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files_under(out / "runs").items()}


def in_any_order(folders: list[Path]) -> None:
    """The last first, and the first twice, as if it had been given to two."""
    for folder in reversed(folders):
        judge_share(folder)
    again = folders[0] / "result"
    again.rename(folders[0] / "aside")
    judge_share(folders[0])
    shutil.rmtree(folders[0] / "aside")
    judge_share(folders[0])


@pytest.mark.parametrize(("trials", "shares"), [((SHIPPED,), 2), ((str(YARDSTICK), "tiny.toml"), 16)])
def test_shares_put_together_are_the_run_byte_for_byte(
    registry: Path, tmp_path: Path, trials: tuple[str, ...], shares: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_trial(tmp_path)
    steps.run_screening(asked(registry, tmp_path / "whole", trials), lambda _: None)
    parts = run_in_shares(asked(registry, tmp_path / "parts", trials), shares, in_any_order)
    assert parts == published(tmp_path / "whole")


@pytest.mark.long
@pytest.mark.parametrize("shares", [1, 2, 7, 64])
def test_the_shipped_trial_in_many_shares_is_the_run_byte_for_byte(tmp_path: Path, shares: int) -> None:
    generate(2000, shares, tmp_path / "registry")
    steps.run_screening(asked(tmp_path / "registry", tmp_path / "whole", [SHIPPED]), lambda _: None)
    parts = run_in_shares(asked(tmp_path / "registry", tmp_path / "parts", [SHIPPED]), shares, in_any_order)
    assert parts == published(tmp_path / "whole")


def test_a_share_without_a_result_ends_the_run_and_publishes_nothing(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="000001: this share of the patients has no result"):
        run_in_shares(
            asked(registry, tmp_path / "out", [str(YARDSTICK)]), 2, lambda folders: judge_share(folders[0])
        )
    assert not (tmp_path / "out" / "latest").exists()
    assert not (tmp_path / "out" / ".work").exists()


def test_what_fails_in_a_share_says_nothing_of_its_rows(registry: Path, tmp_path: Path) -> None:
    def broken(folders: list[Path]) -> None:
        (folders[0] / "rows" / "raw_observations.parquet").write_bytes(b"0000000017 is no Parquet")
        judge_share(folders[0])

    with pytest.raises(PrescreenError) as failed:
        run_in_shares(asked(registry, tmp_path / "out", [str(YARDSTICK)]), 2, broken)
    assert "0000000017" not in str(failed.value)


def flow_in_shares(registry: Path, place: Path, out: str) -> subprocess.Popen[bytes]:
    """The command, judging four shares by two processes."""
    command = ["flow", "--extract", str(registry), "--trial", str(YARDSTICK), "--as-of", AS_OF.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *command, "--out", out, "--shares", "4", "--workers", "2"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(place / "prefect")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def workers_of(parent: int) -> list[int]:
    """The processes that Dask started for a run, by their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            status = (entry / "stat").read_text("ascii") if line else ""
        except OSError:
            continue
        if b"spawn_main" in line and int(status.rsplit(")", 1)[1].split()[1]) == parent:
            found.append(int(entry.name))
    return sorted(found)


def left_over(home: Path) -> list[int]:
    """Processes that still run with this home of Prefect, once they had time to end."""
    found: list[int] = []
    for _ in range(100):
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and str(home).encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        if not found:
            break
        time.sleep(0.1)
    return found


def test_a_worker_that_is_killed_in_the_middle_changes_no_byte(registry: Path, tmp_path: Path) -> None:
    pytest.importorskip("prefect_dask")
    steps.run_screening(asked(registry, tmp_path / "whole", [str(YARDSTICK)]), lambda _: None)
    running = flow_in_shares(registry, tmp_path, "parts")
    begun = tmp_path / "parts" / ".work" / "shares"
    killed = 0
    until = time.monotonic() + PATIENCE_SECONDS
    while running.poll() is None and time.monotonic() < until and not killed:
        # A share is being judged: its result is begun and not in place.
        if list(begun.glob("*/result-*")):
            os.kill(workers_of(running.pid)[-1], signal.SIGKILL)
            killed += 1
        time.sleep(0.01)
    assert running.wait(timeout=PATIENCE_SECONDS) == 0
    assert killed == 1
    assert published(tmp_path / "parts") == published(tmp_path / "whole")
    assert not left_over(tmp_path / "prefect")
