"""The doctor says what must be mended, what a person has to judge, and nothing that it does not know."""

import http.server
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from flows import cli
from flows.doctor import (
    FINE,
    FLOORS,
    LOOK,
    MEND,
    Finding,
    clock,
    examine,
    prefect,
    private_folder,
    published_files,
    report,
    room,
    secret_file,
    versions,
)
from flows.ledger import Ledger
from flows.volume import encryption_of
from schemas.errors import StorageFailed

PRIVATE_SETTINGS = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def states(findings: Iterator[Finding]) -> list[str]:
    return [finding.state for finding in findings]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize(
    ("mode", "state"), [(0o700, FINE), (0o750, LOOK), (0o755, MEND), (0o701, MEND), (0o702, MEND)]
)
def test_a_folder_is_closed_to_others(folder: Path, mode: int, state: str) -> None:
    folder.chmod(mode)
    assert states(private_folder("it", folder)) == [state]


def test_a_folder_is_no_link_and_no_file_and_may_be_made_later(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch()
    assert states(private_folder("it", tmp_path / "link")) == [MEND]
    assert states(private_folder("it", tmp_path / "file")) == [MEND]
    assert states(private_folder("it", tmp_path / "none")) == [FINE]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_for_a_person_to_judge(folder: Path) -> None:
    os.chown(folder, 12345, 12345)
    assert states(private_folder("it", folder)) == [LOOK]


def test_a_published_file_that_is_open_or_a_link_is_found(folder: Path) -> None:
    (folder / "runs").mkdir(mode=0o700)
    (folder / "runs" / "a.csv").touch(mode=0o600)
    (folder / "latest").symlink_to("runs")
    assert states(published_files(folder)) == [FINE]
    (folder / "runs" / "a.csv").chmod(0o604)
    assert states(published_files(folder)) == [MEND]
    (folder / "runs" / "b.csv").symlink_to("/etc/hosts")
    assert states(published_files(folder)) == [MEND, MEND]


@pytest.mark.parametrize(("mode", "state"), [(0o600, FINE), (0o400, FINE), (0o640, MEND), (0o604, MEND)])
def test_a_password_file_is_its_owners_alone(tmp_path: Path, mode: int, state: str) -> None:
    path = tmp_path / "password"
    path.touch()
    path.chmod(mode)
    assert secret_file("mail password", path).state == state
    assert secret_file("mail password", tmp_path / "none").state == MEND


def test_room_is_what_a_run_of_the_extract_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "extract").mkdir()
    out = tmp_path / "not" / "yet"
    assert room(out, tmp_path / "extract").state == FINE
    assert room(out, None).state == FINE
    monkeypatch.setattr("shutil.disk_usage", lambda _: _Usage())
    assert room(out, tmp_path / "extract").state == MEND


class _Usage:
    free = 1 << 20


def test_the_installed_versions_are_above_their_floors_and_below_their_ceilings() -> None:
    assert {"prefect", "pyarrow", "fastapi", "sqlalchemy"} <= set(FLOORS)
    assert states(versions(FLOORS)) == [FINE] * len(FLOORS)


@pytest.mark.parametrize(
    ("name", "version", "state"),
    [
        ("prefect", "3.6.21", MEND),
        ("prefect", "3.6.22", FINE),
        ("prefect", "3.10.0", FINE),
        ("pyarrow", "14.0.0", MEND),
        ("pyarrow", "14.0.1", FINE),
        ("fastapi", "0.150.9", FINE),
        ("fastapi", "0.151.0", MEND),
        ("fastapi", "0.151.0rc1", MEND),
        ("sqlalchemy", "2.0.58", FINE),
        ("sqlalchemy", "2.1.0b1", MEND),
    ],
)
def test_a_version_is_compared_number_by_number(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, state: str
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: version)
    assert states(versions({name: FLOORS[name]})) == [state]


def test_a_library_that_is_not_there_is_to_be_mended() -> None:
    assert states(versions({"no-such-library": ("1", "")})) == [MEND]


def test_a_clock_that_was_set_back_is_seen(folder: Path) -> None:
    now = datetime.now(UTC)
    assert clock(folder, now).state == LOOK
    Ledger(folder).append("started")
    assert clock(folder, now + timedelta(minutes=1)).state == FINE
    assert clock(folder, now - timedelta(minutes=1)).state == MEND


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [FINE, FINE, FINE]),
        ({"DO_NOT_TRACK": "0"}, [MEND, FINE, FINE]),
        ({"PREFECT_SERVER_ANALYTICS_ENABLED": "true"}, [FINE, MEND, FINE]),
        ({"PREFECT_API_URL": "https://prefect.example.org/api"}, [FINE, FINE, MEND]),
        ({"PREFECT_API_URL": "http://0.0.0.0:4200/api"}, [FINE, FINE, MEND]),
        ({"PREFECT_API_URL": "http://localhost:1/api"}, [FINE, FINE, FINE, MEND, LOOK]),
        (
            {"PREFECT_API_URL": "http://127.0.0.1:1/api", "PREFECT_API_AUTH_STRING": "a:b"},
            [FINE, FINE, FINE, FINE, LOOK],
        ),
    ],
)
def test_prefect_is_on_this_machine_has_a_password_and_tells_nobody(
    settings: dict[str, str], expected: list[str]
) -> None:
    found = list(prefect({**PRIVATE_SETTINGS, **settings}))
    assert [finding.state for finding in found] == expected
    assert "a:b" not in str(found)


@contextmanager
def server(status: int) -> Iterator[str]:
    """A server on this machine that answers every question with a status."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as answering:
        thread = threading.Thread(target=answering.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{answering.server_port}/api"
        answering.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "state"), [(200, MEND), (401, FINE), (403, FINE), (500, LOOK)])
def test_a_server_that_answers_anybody_is_to_be_mended(status: int, state: str) -> None:
    with server(status) as url:
        settings = {**PRIVATE_SETTINGS, "PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": "a:b"}
        assert list(prefect(settings))[-1].state == state


def volume(
    tmp_path: Path, mount: str, uuids: dict[str, str], below: dict[str, list[str]]
) -> tuple[bool, str]:
    """``encryption_of`` on a machine with one mount and some block devices."""
    (tmp_path / "mounts").write_text(f"20 1 8:1 / / rw - ext4 /dev/sda1 rw\n21 20 {mount}\n")
    numbers = tmp_path / "sys" / "dev" / "block"
    names = tmp_path / "sys" / "class" / "block"
    numbers.mkdir(parents=True)
    names.mkdir(parents=True)
    for name in ("sda1", "dm-0", "dm-1", "sdb1"):
        device = tmp_path / "sys" / "devices" / name
        (device / "slaves").mkdir(parents=True)
        if name in uuids:
            (device / "dm").mkdir()
            (device / "dm" / "uuid").write_text(uuids[name])
        (names / name).symlink_to(device)
    for name, slaves in below.items():
        for slave in slaves:
            place = tmp_path / "sys" / "devices" / name / "slaves" / slave
            place.symlink_to(tmp_path / "sys" / "devices" / slave)
    for number, name in {"8:1": "sda1", "253:0": "dm-0", "253:1": "dm-1"}.items():
        (numbers / number).symlink_to(tmp_path / "sys" / "devices" / name)
    return encryption_of(Path("/data/out"), tmp_path / "mounts", tmp_path / "sys")


@pytest.mark.parametrize(
    ("mount", "uuids", "below", "known", "says"),
    [
        ("253:0 / /data rw - ext4 /dev/mapper/x rw", {"dm-0": "CRYPT-LUKS2-ab"}, {}, True, "dm-crypt"),
        (
            "253:1 / /data rw - xfs /dev/mapper/lv rw",
            {"dm-0": "CRYPT-LUKS2-ab", "dm-1": "LVM-cd"},
            {"dm-1": ["dm-0"], "dm-0": ["sda1"]},
            True,
            "dm-crypt",
        ),
        (
            "253:1 / /data rw - xfs /dev/mapper/lv rw",
            {"dm-0": "CRYPT-LUKS2-ab", "dm-1": "LVM-cd"},
            {"dm-1": ["dm-0", "sdb1"]},
            False,
            "not encrypted",
        ),
        ("8:1 / /data rw - ext4 /dev/sda1 rw", {}, {}, False, "not encrypted"),
        ("0:40 / /data rw - btrfs /dev/sda1 rw", {}, {}, False, "not encrypted"),
        ("0:40 / /data rw - fuse.gocryptfs /x rw", {}, {}, True, "gocryptfs"),
        ("0:41 / /data rw - tmpfs tmpfs rw", {}, {}, False, "not known"),
        ("0:42 / /data rw - nfs4 host:/x rw", {}, {}, False, "another machine"),
        ("0:43 / /data rw - zfs pool/x rw", {}, {}, False, "not known"),
    ],
)
def test_a_volume_is_encrypted_not_encrypted_or_not_known(
    tmp_path: Path,
    mount: str,
    uuids: dict[str, str],
    below: dict[str, list[str]],
    known: bool,
    says: str,
) -> None:
    found, told = volume(tmp_path, mount, uuids, below)
    assert found == known
    assert says in told


def test_the_report_ends_well_or_names_what_must_be_mended() -> None:
    text = io.StringIO()
    report(Console(file=text), [Finding("disk", FINE, "much"), Finding("volume", LOOK, "not known")])
    assert "not known" in text.getvalue()
    with pytest.raises(StorageFailed, match="to be mended: clock") as caught:
        report(Console(file=text), [Finding("disk", FINE, "much"), Finding("clock", MEND, "late")])
    assert caught.value.exit_code == 6


def test_the_command_prints_each_thing_and_ends_with_six_if_one_must_be_mended(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    for mode, code, lines in ((0o700, 0, 0), (0o755, 6, 1)):
        folder.chmod(mode)
        ended = 0
        try:
            cli.main(["doctor", "--out", str(folder)])
        except SystemExit as end:
            ended = int(end.code or 0)
        printed = capsys.readouterr()
        assert "output folder" in printed.out
        assert (ended, printed.err.count("\n")) == (code, lines)


def test_the_whole_examination_runs_here_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    settings = {**PRIVATE_SETTINGS, "PREFECT_HOME": str(tmp_path / "prefect")}
    before = sorted(tmp_path.rglob("*"))
    found = examine(folder, folder, None, settings)
    assert [finding for finding in found if finding.state == MEND] == []
    assert sorted(tmp_path.rglob("*")) == before
