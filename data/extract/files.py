"""Which files of a folder are the extract."""

import re
from collections.abc import Collection
from itertools import chain, pairwise
from pathlib import Path

from data.extract.guard import guarded
from data.extract.info import check_regular
from schemas.errors import ExtractRefused, nearest
from schemas.extract import TABLES

SUFFIXES = (".parquet", ".csv", ".csv.gz")
_GLOB = re.compile(r"[*?\[\]]")
# observations.0001.parquet: the first part of a table, or the second if it begins with 0000.
_PART = re.compile(r"\.([0-9]{1,6})$")
_PLAIN_FILE = re.compile(r"[A-Za-z0-9_.\-*?\[\]]{1,80}")


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
        check_regular(path)
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
