"""A served deployment on a real Prefect server: the schedule fires, night after night, one of them bad.

The server is started by hand on loopback with a password, as the documentation says; a night is some seconds
long. Each night is read from outside: the published lists, the change files, the summary, Prefect's own
records.
"""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows.files import files_under
from flows.ledger import Ledger
from tests.flows.extracts import CANARY, TABLES, TRIAL

ROOT = Path(__file__).resolve().parent.parent.parent
PREFECT = str(Path(sys.executable).parent / "prefect")
PATIENCE_SECONDS = 300
# The same deployment with a night every few seconds.
SERVE = """
import sys
from datetime import timedelta
from prefect.schedules import Interval
from flows import make_private_prefect_home
make_private_prefect_home()
from flows import night_flow
night_flow.Cron = lambda cron, timezone: Interval(timedelta(seconds=8), timezone=timezone)
from flows.cli import main
main(["serve", "--config", "night.toml"])
"""
CONFIG = """
[schedule]
cron = "0 2 * * *"
timezone = "UTC"
[retry]
times = 1
delay_seconds = 1
[limits]
quarantined_percent = 40
least_rows = 2
[notice]
prefect_block = "custom-webhook/office"
[[extract]]
name = "tiny"
folder = "extract"
out = "out"
trials = ["tiny.toml"]
"""
# The research office's messenger, as Prefect knows it.
BLOCK = """
import sys, time
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
while True:
    with get_client(sync_client=True) as client:
        if client.api_healthcheck() is None:
            break
    time.sleep(1)
block = CustomWebhookNotificationBlock(
    name="office", url=sys.argv[1], method="POST", json_data={"subject": "{{subject}}", "body": "{{body}}"}
)
block.save("office")
"""


def settings(home: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_AUTH_STRING": "prescreen:of-a-test",
        "PREFECT_API_AUTH_STRING": "prescreen:of-a-test",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "2",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }


class _Messenger(BaseHTTPRequestHandler):
    """Takes what is sent."""

    def do_POST(self) -> None:
        told: list[dict[str, str]] = self.server.told
        told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def messenger() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A messenger on loopback: its address, and what it was told."""
    with HTTPServer(("127.0.0.1", 0), _Messenger) as server:
        server.told = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", server.told
        server.shutdown()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], home: Path, env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that stays, with its words in a file; ended at the end."""
    with (home / "programs.log").open("a") as log:
        program = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            yield program
        finally:
            program.terminate()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, 9)
                program.wait()


def until(what: Callable[[], bool], home: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end, (home / "programs.log").read_text()[-4000:]
        time.sleep(0.3)


def deliver(home: Path, day: date, **tables: tuple[str, ...]) -> None:
    """A new extract in place of the last, as a sender does: beside it, then one rename."""
    waiting = home / "extract.new"
    waiting.mkdir()
    for table, lines in {**TABLES, **tables}.items():
        (waiting / f"{table}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (waiting / "extract.toml").write_text(f'source = "a test"\nextracted_on = {day}\n', "utf-8")
    if (home / "extract").exists():
        shutil.move(home / "extract", home / f"extract.{time.monotonic_ns()}")
    waiting.rename(home / "extract")


def changes(home: Path) -> list[tuple[str, ...]]:
    with (home / "out" / "latest" / "changes.csv").open() as file:
        return [tuple(row.values())[1:] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "tiny.toml").write_text(TRIAL, "utf-8")
    (folder / "night.toml").write_text(CONFIG, "utf-8")
    return folder


def test_the_schedule_publishes_each_good_night_and_keeps_the_last_list_on_a_bad_one(home: Path) -> None:
    today = datetime.now(UTC).date()
    # The tiny extract is about March 2026; its days are moved to those before today.
    port = free_port()
    env = settings(home, port)
    ledger = Ledger(home / "out")

    def ended(event: str, count: int) -> Callable[[], bool]:
        return lambda: sum(entry["event"] == event for entry in ledger.entries()) >= count

    deliver(home, today - timedelta(days=2))
    server = [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as programs:
        address, told = programs.enter_context(messenger())
        prefect = programs.enter_context(running(server, home, env))
        subprocess.run([sys.executable, "-c", BLOCK, address], env=env, check=True, timeout=PATIENCE_SECONDS)
        programs.enter_context(running([sys.executable, "-c", SERVE], home, env))
        until(ended("published", 1), home)
        first = (home / "out" / "latest").readlink().name
        assert changes(home) == []
        # A night without a new extract publishes nothing new.
        until(ended("repeated", 1), home)

        conditions = (*TABLES["conditions"], f"{CANARY},hiv,2020-01-01,active")
        deliver(home, today - timedelta(days=1), conditions=conditions)
        until(ended("published", 2), home)
        second = (home / "out" / "latest").readlink().name
        assert [row for row in changes(home) if row[1] == CANARY] == [
            ("moved_tier", CANARY, "", "possible", "excluded", "new_data"),
            ("criterion", CANARY, "E2", "pass", "fail", "new_data"),
        ]

        # A bad night: half of the patients are missing.
        deliver(home, today, patients=TABLES["patients"][:4], conditions=conditions)
        until(ended("refused", 1), home)
        assert (home / "out" / "latest").readlink().name == second != first
        # The summary and then the notice follow the ledger.
        failed = "Prescreen: 1 of 1 extracts have no new list"
        until(lambda: any(one["subject"] == failed for one in told), home)
        summary = (home / "out" / "summary.txt").read_text("utf-8")
        assert summary.startswith("NOT TONIGHT'S LIST.")
        assert "patients has 3 rows, 6 in the last run" in " ".join(summary.split())

        # The server is killed and started again; the program that serves goes on by itself.
        os.killpg(prefect.pid, signal.SIGKILL)
        prefect.wait()
        deliver(home, today)
        with running(server, home, env):
            until(ended("published", 3), home)
            assert [row for row in changes(home) if row[1] == CANARY] == [
                ("moved_tier", CANARY, "", "excluded", "possible", "corrected_data"),
                ("criterion", CANARY, "E2", "fail", "pass", "corrected_data"),
            ]
            until(lambda: (home / "out" / "summary.txt").read_text("utf-8").startswith("run "), home)
            # The notice of this list is told by the server that was started last.
            third = f"run {(home / 'out' / 'latest').readlink().name},"
            until(
                lambda: any(third in one["body"] and "since the last list:" in one["body"] for one in told),
                home,
            )
        assert CANARY not in json.dumps(told)
    assert ledger.faults() == []
    assert not list((home / "out").glob(".staging-*"))
    for path in (*files_under(home / "prefect").values(), home / "programs.log"):
        assert CANARY.encode() not in path.read_bytes(), path.name
