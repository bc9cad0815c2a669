"""Which files of a folder are the extract, and what ``extract.toml`` says about it."""

import difflib
import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from data.extract.guard import guarded
from schemas.errors import ExtractRefused, nearest
from schemas.extract import EARLIEST_YEAR, LATEST_YEAR, TABLES

SUFFIXES = (".parquet", ".csv", ".csv.gz")
INFO_FILE = "extract.toml"
INFO_BYTES = 1_000_000
_INFO_KEYS = ("source", "extracted_on", "default_units")
_GLOB = re.compile(r"[*?\[\]]")
# observations.0001.parquet: the first part of a table, or the second if it begins with 0000.
_PART = re.compile(r"\.([0-9]{1,6})$")
_PLAIN_FILE = re.compile(r"[A-Za-z0-9_.\-*?\[\]]{1,80}")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,40}")


@dataclass(frozen=True)
class ExtractInfo:
    """What ``extract.toml`` states; None and nothing where it does not."""

    source: str | None = None
    extracted_on: date | None = None
    default_units: Mapping[str, str] = field(default_factory=dict)


def _shown(name: str) -> str:
    return f"'{name}'" if _PLAIN_FILE.fullmatch(name) else "(its name is not shown)"


def _suffix(name: str) -> str | None:
    return next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)


def _data_files(folder: Path) -> list[str]:
    """Names in the folder that end like a table's file, sorted."""
    if not folder.is_dir():
        step = "Check the path; it must be a folder that holds patients.csv or patients.parquet."
        raise ExtractRefused("the extract folder", "there is no such folder.", step)
    names = guarded("the extract folder", lambda: sorted(path.name for path in folder.iterdir()))
    return [name for name in names if _suffix(name)]


def _table_of(name: str, tables: Collection[str]) -> str | None:
    """The table that a file is of, or is a part of."""
    stem = _PART.sub("", name.removesuffix(_suffix(name) or ""))
    return stem if stem in tables else None


def _part_of(name: str) -> int | None:
    """Which part of its table a file is; None if it is all of it."""
    found = _PART.search(name.removesuffix(_suffix(name) or ""))
    return int(found[1]) if found else None


def _check_names(names: list[str]) -> None:
    for name in names:
        if _GLOB.search(name):
            step = "Rename it: readers take *, ? and [ ] for a pattern of names."
            raise ExtractRefused(f"file {_shown(name)}", "its name holds one of * ? [ ].", step)


def _check_regular(path: Path) -> None:
    """A symbolic link to a file will do; a folder, a pipe, a device or a broken link will not."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        regular = False
    if not regular:
        raise ExtractRefused(path.name, "this is not a readable file.", "Deliver it as a plain file.")


def _no_patients(names: list[str]) -> ExtractRefused:
    if not names:
        what = "the folder holds no table."
    else:
        alike = [name for name in names if name.lower().startswith("patient")]
        hint = f" (file names are lower case and exact, not {_shown(alike[0])})" if alike else ""
        what = f"there is no table patients{hint}."
    step = "Deliver patients.csv, patients.csv.gz or patients.parquet in this folder."
    return ExtractRefused("the extract folder", what, step)


def table_files(folder: Path, tables: Collection[str] = tuple(TABLES)) -> dict[str, tuple[Path, ...]]:
    """The files of every delivered table of ``tables``, by table name in their order: one, or its parts in
    the order of their numbers.

    Raises:
        ExtractRefused: no such folder, no patients, two files for a table or a part, or a name that is a
            pattern.
    """
    names = _data_files(folder)
    _check_names(names)
    found: dict[str, list[str]] = {}
    for name in names:
        table = _table_of(name, tables)
        if table:
            found.setdefault(table, []).append(name)
    if "patients" not in found:
        raise _no_patients(names)
    files = {table: _in_order(table, found[table]) for table in tables if table in found}
    paths = {table: tuple(folder / name for name in parts) for table, parts in files.items()}
    for path in chain.from_iterable(paths.values()):
        _check_regular(path)
    return paths


def _in_order(table: str, names: list[str]) -> list[str]:
    numbers = {name: _part_of(name) for name in names}
    if len(names) == 1:
        return names
    ordered = sorted(names, key=lambda name: (-1 if (number := numbers[name]) is None else number, name))
    for first, second in pairwise(ordered):
        if numbers[first] is None or numbers[first] == numbers[second]:
            what = f"there are two files for one table, {first} and {second}."
            step = "Keep the one that is meant, or number the parts of a table differently."
            raise ExtractRefused(f"table {table}", what, step)
    return ordered


def stray_notes(folder: Path, tables: Collection[str] = tuple(TABLES)) -> list[tuple[str, str]]:
    """(file, note) for every file that ends like a table's but bears no table's name: it is not read."""
    notes = []
    for name in _data_files(folder):
        if _table_of(name, tables) is None:
            stem = name.lower().removesuffix(_suffix(name) or "")
            hint = nearest(stem, tables)
            note = f"file {_shown(name)} bears no table's name and was not read. {hint}".rstrip()
            notes.append((name if _PLAIN_FILE.fullmatch(name) else "", note))
    return notes


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
    _check_regular(path)
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
