"""The worker does what it is asked within its limits, and however it ends, the command can say so."""

import os
import resource
import signal
import stat
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

from flows import worker
from flows.ledger import Ledger
from flows.limits import Limits
from flows.publish import is_whole
from flows.request import Night, RunRequest
from flows.steps import run_screening
from flows.worker import memory_bytes, run_in_worker, screen_in_worker
from schemas.errors import PrescreenError, StorageFailed, UsageError
from tests.flows.extracts import AS_OF, CANARY, request, write_extract, write_trial

ROOT = Path(__file__).resolve().parents[2]
GENEROUS = 8 << 30


def silent(_: str) -> None:
    return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worker")
    write_extract(folder / "extract")
    write_trial(folder)
    return folder


def asked(place: Path, out: Path) -> RunRequest:
    return request(place / "extract", out, place / "tiny.toml")


def worked_by(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Let the worker do ``body`` instead of the run; it has ``request`` and ``tell``."""
    lines = "\n    ".join(body.splitlines())
    program = (
        "import os, resource, signal, sys\nfrom flows import worker\n"
        f"def work(request, tell, show):\n    {lines}\n    tell({{'run_id': 'x', 'repeated': False}})\n"
        "worker._work = work\nworker.main()"
    )
    monkeypatch.setattr(worker, "COMMAND", (sys.executable, "-P", "-c", program))


def test_a_request_reaches_the_worker_as_it_was() -> None:
    whole = RunRequest(
        extract=Path("a b"),
        trials=("one", "two"),
        out=Path("/x"),
        as_of=AS_OF,
        enrollment=date(2026, 4, 1),
        first_dose=date(2026, 4, 2),
        readings=("q=o",),
        source_format="gdc-mmrf",
        index_date=date(2000, 1, 1),
        batch_patients=7,
        night=Night(AS_OF, Limits(max_age_days=9), 3, None),
    )
    for one in (whole, RunRequest(Path("a"), ("t",), Path("b"), AS_OF, AS_OF, AS_OF)):
        read = worker._read(worker._written(one))
        assert read == one
        assert [type(getattr(read, f.name)) for f in fields(read)] == [
            type(getattr(one, f.name)) for f in fields(one)
        ]


@pytest.mark.parametrize(
    ("modules", "needed"), [("cli, worker", ()), ("cli, worker, config, ledger, night", ("pydantic",))]
)
def test_the_command_and_the_night_import_nothing_of_the_work(modules: str, needed: tuple[str, ...]) -> None:
    heavy = {"prefect", "pandera", "pydantic", "polars", "pyarrow", "numpy", "duckdb", "sqlglot", "rich"}
    code = (
        f"import sys; from flows import {modules}; print(sorted({heavy - set(needed)!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_run_in_the_worker_publishes_and_tells_how_far_it_is(
    place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []
    done = run_in_worker(asked(place, tmp_path / "out"), heard.append, GENEROUS)
    assert "publishing" in heard
    assert (tmp_path / "out" / "latest").resolve().name == done.run_id
    assert not done.repeated
    printed = capfd.readouterr()
    assert "Pre-screen only" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("os.abort()", 6, "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 6, "SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGBUS)", 6, "SIGBUS"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 6, "SIGSEGV"),
        ("os._exit(3)", 1, "exit code 3"),
        ("block = bytearray(9 << 30)", 6, "no room left (MemoryError)"),
        (f"raise ValueError('{CANARY}')", 1, "a bug in prescreen (ValueError in "),
        ("import polars as pl\nraise pl.exceptions.PanicException('x')", 1, "PanicException"),
    ],
)
def test_however_the_worker_dies_the_command_says_so_and_nothing_of_the_data(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    body: str,
    code: int,
    says: str,
) -> None:
    worked_by(monkeypatch, f"os.write(2, b'panicked at {CANARY}')\n{body}")
    with pytest.raises(PrescreenError) as caught:
        run_in_worker(asked(place, tmp_path / "out"), silent, GENEROUS)
    assert caught.value.exit_code == code
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    printed = capfd.readouterr()
    assert CANARY not in str(caught.value) + printed.out + printed.err


def test_the_result_of_a_worker_is_that_of_the_run(
    place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asking = asked(place, tmp_path / "out")
    first, again = (screen_in_worker(asking, silent, GENEROUS) for _ in range(2))
    assert again.run_id == run_screening(asking, silent).run_id
    assert first.run_id == again.run_id
    assert (first.repeated, again.repeated) == (False, True)
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_dies_is_in_the_ledger_and_the_summary_of_the_morning(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run_in_worker(asked(place, out), silent, GENEROUS)
    program = (
        "import os\nfrom flows import steps, worker\nsteps.ranked = lambda *_: os.abort()\nworker.main()"
    )
    monkeypatch.setattr(worker, "COMMAND", (sys.executable, "-P", "-c", program))
    with pytest.raises(PrescreenError, match="SIGABRT"):
        run_in_worker(replace(asked(place, out), readings=("least=seven",)), silent, GENEROUS)
    last = Ledger(out).last_end()
    assert last is not None
    assert (last["event"], last["exit_code"]) == ("crashed", 6)
    assert not Ledger(out).open_starts()
    assert "SIGABRT" in (out / "summary.txt").read_text()
    assert not list(out.glob(".work")) + list(out.glob(".staging*"))


def test_the_worker_has_limits_and_makes_private_files(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    worked_by(
        monkeypatch,
        "for kind in (resource.RLIMIT_CORE, resource.RLIMIT_DATA, resource.RLIMIT_NOFILE):\n"
        "    tell({'progress': str(resource.getrlimit(kind)[0])})\n"
        f"open('{tmp_path}/made', 'w').close()",
    )
    run_in_worker(asked(place, tmp_path / "out"), heard.append, 3 << 30)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert heard == ["0", str(3 << 30), str(min(4096, files) if files > 0 else 4096)]
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_a_worker_that_must_stop_has_cleaned_up_before_the_command_ends(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_by(
        monkeypatch,
        "import time\ntry:\n    tell({'progress': 'on'})\n    time.sleep(60)\n"
        f"finally:\n    time.sleep(0.2)\n    open('{tmp_path}/swept', 'w').close()",
    )

    def stop(_: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(PrescreenError, match="stopped"):
        run_in_worker(asked(place, tmp_path / "out"), stop, GENEROUS)
    assert (tmp_path / "swept").exists()


def test_a_worker_does_not_outlive_its_command(place: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    order = f'{{"messages": {writing}, "memory": {GENEROUS}, "show": false, "request": {{}}}}\n'
    waiting = "import time\nfrom flows import worker\nworker._read = lambda _: time.sleep(60)\nworker.main()"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", waiting],
        env={**os.environ, "PYTHONPATH": worker._import_path()},
        stdin=subprocess.PIPE,
        pass_fds=(writing,),
    ) as process:
        assert process.stdin
        process.stdin.write(order.encode())
        process.stdin.close()
        assert process.wait(30) == -signal.SIGKILL
    os.close(reading)
    os.close(writing)


def test_a_file_beside_the_data_shadows_no_library(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "duckdb.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    run_in_worker(asked(place, tmp_path / "out"), silent, GENEROUS)
    assert (tmp_path / "out" / "latest").is_dir()


@pytest.mark.parametrize(("text", "size"), [("2G", 2 << 30), ("3072M", 3 << 30), ("1t", 1 << 40)])
def test_a_size_is_read(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "8", "G", "8GB", "-8G", "512M", "1.5G", "²G"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        memory_bytes(text)


def test_by_default_the_worker_may_take_what_the_machine_has() -> None:
    assert memory_bytes(None) >= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("size", [400 << 20, 600 << 20])
def test_too_little_memory_is_a_storage_failure_and_no_bug(place: Path, tmp_path: Path, size: int) -> None:
    out = tmp_path / "out"
    good = screen_in_worker(asked(place, out), silent, GENEROUS)
    with pytest.raises(PrescreenError) as caught:
        run_in_worker(replace(asked(place, out), readings=("least=seven",)), silent, size)
    assert caught.value.exit_code == StorageFailed.exit_code
    assert (out / "latest").resolve().name == good.run_id
    assert is_whole(out / "runs" / good.run_id)
    assert [path.name for path in (out / "runs").iterdir()] == [good.run_id]
