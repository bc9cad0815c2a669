"""The Prefect flow does what the command does, and Prefect learns nothing about any patient.

Each flow runs in a process of its own with a home of its own, so that all that Prefect keeps can be searched.
"""

import base64
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.config import Retry
from flows.files import files_under, sha256_of
from flows.steps import run_screening
from schemas.errors import ExtractRefused, LockHeld
from tests.faults.world import SECRETS, secrets_in, tables
from tests.flows.extracts import request, write_extract, write_trial

ROOT = Path(__file__).resolve().parent.parent.parent
# A cold first start of Prefect's own server takes half a minute on a loaded machine.
PATIENCE_SECONDS = 300
FAILING = """
from flows import screening

def fails(*_):
    raise ValueError("cannot read {secrets}")

screening.evaluate_trial = fails
from flows.cli import main
main()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    write_extract(folder / "extract", tables(1))
    write_trial(folder)
    return folder


def flow(place: Path, *program: str, out: str) -> subprocess.CompletedProcess[str]:
    """One run as a flow; Prefect's home stands in the same folder."""
    asked = ("--extract", "extract", "--trial", "tiny.toml", "--as-of", "2026-03-31", "--out", out)
    return subprocess.run(
        [sys.executable, *program, "flow", *asked],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(place / "prefect")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def bytes_that_prefect_kept(place: Path) -> Iterator[bytes]:
    for path in files_under(place / "prefect").values():
        content = path.read_bytes()
        yield content
        # Results are pickles in Base64.
        for word in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", content):
            yield base64.b64decode(word[: len(word) // 4 * 4])


def test_the_flow_publishes_the_same_bytes_and_prefect_keeps_no_id(place: Path) -> None:
    direct = run_screening(request(place / "extract", place / "direct", place / "tiny.toml"), lambda _: None)
    done = flow(place, "-m", "flows.cli", out="out")
    assert done.returncode == 0, done.stderr
    folder = (place / "out" / "latest").resolve()
    assert folder.name == direct.run_id
    for name, path in files_under(direct.folder).items():
        assert sha256_of(path) == sha256_of(folder / name), name
    assert not secrets_in((done.stdout + done.stderr).encode())
    assert stat.S_IMODE((place / "prefect").stat().st_mode) == 0o700
    kept = list(bytes_that_prefect_kept(place))
    assert any(b"tiny.toml" in content for content in kept), "Prefect's database is there and was searched"
    assert not [secret for content in kept for secret in secrets_in(content)]


def test_a_flow_that_fails_tells_prefect_where_and_not_what(place: Path) -> None:
    done = flow(place, "-c", FAILING.format(secrets=" ".join(SECRETS)), out="failed")
    assert done.returncode == 1
    assert "a bug in prescreen (ValueError in " in done.stderr
    assert not secrets_in((done.stdout + done.stderr).encode())
    kept = list(bytes_that_prefect_kept(place))
    assert any(b"a bug in prescreen" in content for content in kept)
    assert not [secret for content in kept for secret in secrets_in(content)]
    assert not (place / "failed" / "runs").exists()


class _State:
    """How a task ended, as Prefect hands it over."""

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    def result(self, *, raise_on_failure: bool) -> BaseException:
        assert not raise_on_failure
        return self.failure


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        (ExtractRefused("the extract", "it is old.", "Deliver.", may_pass=True), True),
        (ExtractRefused("the extract", "it has lost a column.", "Look."), False),
        (LockHeld("out", "another run.", "Wait.", may_pass=True), True),
        (ValueError("x"), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(
    failure: BaseException, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    from flows.screen_flow import load, retried  # noqa: PLC0415 - Prefect, for this test alone

    step = retried(load, Retry(times=2, delay_seconds=5))
    assert (step.retries, step.retry_jitter_factor) == (2, 0.5)
    assert step.retry_condition_fn is not None
    assert step.retry_condition_fn(None, None, _State(failure)) is again
    assert retried(load, None) is load
