"""``prescreen doctor``: whether this machine is fit to run nights: folders, disk, versions, clock, Prefect.

Each finding is fine, to be mended, or one that a person has to judge, because the program cannot see it all.
Nothing is changed, and nothing is asked of any machine but this one.
"""

import os
import shutil
import stat
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows import PREFECT_DEFAULTS
from flows.ledger import Ledger, utc_now
from flows.session import space_needed
from flows.volume import encryption_of
from schemas.errors import StorageFailed

FINE, MEND, LOOK = "fine", "MEND", "look"
# The lowest version that is safe, and the lowest that is too new; each for a reason that was met.
FLOORS: Mapping[str, tuple[str, str]] = {
    # Below, its server lets requests pass without the password (CVE-2026-3514, CVE-2026-7723).
    "prefect": ("3.6.22", ""),
    # Through 14.0.0 a crafted Parquet file runs code (CVE-2023-47248).
    "pyarrow": ("14.0.1", ""),
    # From these on Prefect's server does not start, and its schedules never fire.
    "fastapi": ("", "0.151"),
    "sqlalchemy": ("", "2.1"),
    "duckdb": ("2.0", "2.1"),
    "polars": ("2.1", "2.2"),
    "pandera": ("0.35", "0.36"),
}
_OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH
_GROUP = stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP
_PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, how it is, and the words for it."""

    what: str
    state: str
    told: str


def examine(
    out: Path, extract: Path | None, secret: Path | None, environment: Mapping[str, str]
) -> list[Finding]:
    """Everything that can be found out about the machine, in the order in which it is told.

    ``secret`` is the file of the mail server's password, if there is one.
    """
    return [
        *private_folder("output folder", out),
        *published_files(out),
        *(private_folder("extract folder", extract) if extract else ()),
        *private_folder("Prefect's folder", Path(environment["PREFECT_HOME"])),
        *([secret_file("mail password", secret)] if secret else ()),
        room(out, extract),
        encrypted("volume of the outputs", out),
        *([encrypted("volume of the extract", extract)] if extract else ()),
        *versions(FLOORS),
        clock(out, utc_now()),
        *prefect(environment),
    ]


def report(console: Console, findings: Iterable[Finding]) -> None:
    """Print the findings; raises ``StorageFailed`` if something must be mended."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    told = list(findings)
    for finding in told:
        table.add_row(Text(finding.state), Text(finding.what), Text(finding.told, overflow="fold"))
    console.print(table)
    wrong = [finding.what for finding in told if finding.state == MEND]
    if wrong:
        raise StorageFailed("doctor", f"to be mended: {', '.join(wrong)}.", "See the lines marked MEND.")


def private_folder(what: str, folder: Path) -> Iterator[Finding]:
    """A folder of patients' data or secrets: a real one, this user's own, closed to others."""
    if folder.is_symlink():
        yield Finding(what, MEND, f"{folder} is a symbolic link; name the folder itself.")
        return
    try:
        status = folder.stat()
    except OSError as error:
        state = FINE if isinstance(error, FileNotFoundError) else MEND
        yield Finding(what, state, f"{folder}: {'not there yet' if state == FINE else error.strerror}.")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield Finding(what, MEND, f"{folder} is no folder.")
    elif status.st_mode & _OTHERS:
        yield Finding(what, MEND, f"{folder} is open to everybody on this machine; chmod o-rwx.")
    elif status.st_uid != os.geteuid():
        yield Finding(what, LOOK, f"{folder} belongs to another user (number {status.st_uid}).")
    elif status.st_mode & _GROUP:
        yield Finding(what, LOOK, f"{folder} is open to its group (number {status.st_gid}).")
    else:
        yield Finding(what, FINE, f"{folder} is closed to everybody else.")


def secret_file(what: str, path: Path) -> Finding:
    """A file with a password: readable by its owner alone."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Finding(what, MEND, f"{path}: {error.strerror}.")
    if mode & (_OTHERS | _GROUP):
        return Finding(what, MEND, f"{path} is open to others; chmod 600.")
    return Finding(what, FINE, f"{path} is its owner's alone.")


def published_files(out: Path) -> Iterator[Finding]:
    """Whether a file below the output folder is open to everybody, or leads elsewhere."""
    if not out.is_dir():
        return
    paths = [path for path in out.rglob("*") if path != out / "latest"]
    links = sum(path.is_symlink() for path in paths)
    opened = sum(bool(path.lstat().st_mode & _OTHERS) for path in paths if not path.is_symlink())
    if links:
        yield Finding("published files", MEND, f"{links} are symbolic links; nothing here should be one.")
    if opened:
        yield Finding("published files", MEND, f"{opened} are open to everybody; chmod -R o-rwx {out}.")
    if not links and not opened:
        yield Finding("published files", FINE, f"{len(paths)} files and folders, none open to everybody.")


def room(out: Path, extract: Path | None) -> Finding:
    """Whether the disk of the outputs has room for a run."""
    free = shutil.disk_usage(_existing(out)).free
    need = space_needed(extract) if extract else 0
    told = f"{free >> 20} MB free" + (f", a run of this extract may take {need >> 20} MB." if need else ".")
    return Finding("free space", FINE if free >= need else MEND, told)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())


def encrypted(what: str, folder: Path) -> Finding:
    """Whether the volume of a folder is encrypted, as far as this machine's kernel knows."""
    found, told = encryption_of(_existing(folder))
    return Finding(what, FINE if found else LOOK, told)


def versions(floors: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """Whether each library is one that this program was made for, and none with a known hole."""
    for name, (least, below) in floors.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding(name, MEND, "is not installed.")
            continue
        good = (not least or _parts(version) >= _parts(least)) and (
            not below or _parts(version) < _parts(below)
        )
        asked = " and ".join(
            filter(None, [f"at least {least}" if least else "", f"below {below}" if below else ""])
        )
        yield Finding(name, FINE if good else MEND, f"{version} ({asked}).")


def _parts(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def clock(out: Path, now: datetime) -> Finding:
    """Whether the clock is past the newest record of the ledger; a clock that was set back is not."""
    entries = Ledger(out).entries()
    newest = max((datetime.fromisoformat(entry["at"]) for entry in entries), default=None)
    if newest is None:
        return Finding("clock", LOOK, f"{now.isoformat()}; there is no record to compare it with.")
    if now < newest:
        return Finding(
            "clock", MEND, f"{now.isoformat()} is before the newest record ({newest.isoformat()})."
        )
    return Finding("clock", FINE, f"{now.isoformat()}, after the newest record.")


def prefect(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Prefect's settings as the environment gives them: where its server is, its password, its telemetry."""
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        given = environment.get(name, "")
        good = given.lower() == PREFECT_DEFAULTS[name]
        yield Finding("telemetry", FINE if good else MEND, f"{name}={given or '(not set)'}.")
    url = environment.get("PREFECT_API_URL", "")
    if not url:
        yield Finding("Prefect server", FINE, "none is named (PREFECT_API_URL); nights run without one.")
        return
    if not _is_loopback(url):
        yield Finding("Prefect server", MEND, "PREFECT_API_URL is not on this machine (127.0.0.1).")
        return
    yield Finding("Prefect server", FINE, "PREFECT_API_URL is on this machine.")
    has_password = bool(environment.get("PREFECT_API_AUTH_STRING"))
    told = "PREFECT_API_AUTH_STRING is set." if has_password else "PREFECT_API_AUTH_STRING is not set."
    yield Finding("Prefect password", FINE if has_password else MEND, told)
    yield _server_asks_for_password(url)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _server_asks_for_password(url: str) -> Finding:
    """Asks the server on this machine something without the password, as another user here could."""
    what = "Prefect server's lock"
    # No proxy of the environment: the question stays on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/admin/version", timeout=_PATIENCE_SECONDS):
            return Finding(what, MEND, "the server answers anybody; start it with an auth string.")
    except urllib.error.HTTPError as refused:
        if refused.code in (401, 403):
            return Finding(what, FINE, "the server asks for the password.")
        return Finding(what, LOOK, f"the server answers with status {refused.code}.")
    except (OSError, ValueError):
        return Finding(what, LOOK, "the server does not answer; it is not running.")
