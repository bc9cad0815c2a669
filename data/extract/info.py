"""What ``extract.toml`` says about an extract, read without any reader of tables."""

import difflib
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from data.extract.guard import guarded
from schemas.errors import ExtractRefused
from schemas.words import EARLIEST_YEAR, LATEST_YEAR

INFO_FILE = "extract.toml"
INFO_BYTES = 1_000_000
_INFO_KEYS = ("source", "extracted_on", "default_units")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,40}")


@dataclass(frozen=True)
class ExtractInfo:
    """What ``extract.toml`` states; None and nothing where it does not."""

    source: str | None = None
    extracted_on: date | None = None
    default_units: Mapping[str, str] = field(default_factory=dict)


def check_regular(path: Path) -> None:
    """Raises ``ExtractRefused`` for a folder, a pipe, a device or a broken link; a link to a file will do."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        regular = False
    if not regular:
        raise ExtractRefused(path.name, "this is not a readable file.", "Deliver it as a plain file.")


def _refuse(key: str, what: str, step: str) -> ExtractRefused:
    where = f"{INFO_FILE} key {key}" if _PLAIN_KEY.fullmatch(key) else INFO_FILE
    return ExtractRefused(where, what, step)


def _parsed(raw: bytes) -> dict[str, Any]:
    problem = "it is not UTF-8"
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pass
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line [0-9]+", str(error))
        problem = f"it is not valid TOML ({place.group() if place else 'at its end'})"
    raise ExtractRefused(INFO_FILE, f"{problem}.", "Correct it or leave the file out.")


def _source(value: object) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= 1000):
        return value
    raise _refuse("source", "this is not a text of at most 1000 characters.", 'Write source = "...".')


def _day(value: object) -> date | None:
    """A TOML date, or a text of that form, of a plausible year."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime) or not isinstance(value, date):
        return None
    return value if EARLIEST_YEAR <= value.year <= LATEST_YEAR else None


def _extracted_on(value: object) -> date | None:
    day = _day(value)
    if value is not None and day is None:
        step = "Write extracted_on = 2026-01-31 (year-month-day)."
        raise _refuse("extracted_on", "this is not a date.", step)
    return day


def _default_units(value: object) -> dict[str, str]:
    step = 'Write [default_units] and one line an observation, such as hemoglobin = "g/dL".'
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refuse("default_units", "this is not a table of observation to unit.", step)
    for observation, unit in value.items():
        if not isinstance(unit, str) or not unit.strip():
            shown = f".{observation}" if _PLAIN_KEY.fullmatch(observation) else ""
            where = f"{INFO_FILE} key default_units{shown}"
            raise ExtractRefused(where, "the unit is not a text.", step)
    return {observation.strip(): unit.strip() for observation, unit in value.items()}


def read_info(folder: Path) -> ExtractInfo:
    """What ``extract.toml`` of the folder says; an empty answer if there is none.

    Raises:
        ExtractRefused: it cannot be read, or a key is unknown or holds something else than it should.
    """
    path = folder / INFO_FILE
    if not path.exists() and not path.is_symlink():
        return ExtractInfo()
    check_regular(path)
    if path.stat().st_size > INFO_BYTES:
        raise ExtractRefused(INFO_FILE, f"larger than {INFO_BYTES} bytes.", "Keep the three keys only.")
    entries = _parsed(guarded(INFO_FILE, path.read_bytes))
    for key in entries:
        if key not in _INFO_KEYS:
            step = difflib.get_close_matches(key, _INFO_KEYS, n=1)
            hint = f"Did you mean '{step[0]}'?" if step else f"Known are {', '.join(_INFO_KEYS)}."
            raise _refuse(key, "this key is not known.", hint)
    return ExtractInfo(
        _source(entries.get("source")),
        _extracted_on(entries.get("extracted_on")),
        _default_units(entries.get("default_units")),
    )
