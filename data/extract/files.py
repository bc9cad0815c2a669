"""Which files of a folder are the extract."""

import re
from collections.abc import Collection
from pathlib import Path

from data.extract.guard import guarded
from data.extract.info import check_regular
from schemas.errors import ExtractRefused, nearest
from schemas.extract import TABLES

SUFFIXES = (".parquet", ".csv", ".csv.gz")
_GLOB = re.compile(r"[*?\[\]]")
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
    stem = name.removesuffix(_suffix(name) or "")
    return stem if stem in tables else None


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


def table_files(folder: Path, tables: Collection[str] = tuple(TABLES)) -> dict[str, Path]:
    """The file of every delivered table of ``tables``, by table name in their order.

    Raises:
        ExtractRefused: no such folder, no patients, two files for a table, or a name that is a pattern.
    """
    names = _data_files(folder)
    _check_names(names)
    files: dict[str, Path] = {}
    for name in names:
        table = _table_of(name, tables)
        if table in files:
            what = f"there are two files for one table, {files[table].name} and {name}."
            raise ExtractRefused(f"table {table}", what, "Keep the one that is meant.")
        if table:
            files[table] = folder / name
    if "patients" not in files:
        raise _no_patients(names)
    for path in files.values():
        check_regular(path)
    return {table: files[table] for table in tables if table in files}


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
