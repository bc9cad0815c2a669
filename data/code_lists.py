"""The code lists: which words, codes and units the registry may use, and what they mean.

Source: the CSV files of ``data/codelists``, described in ``schemas.code_lists``, checked by
``data.code_list_files``, and here turned into frames. Spellings are compared by key (``data.spelling``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.abc import Traversable
from importlib.resources import files

import polars as pl

from data.code_list_files import CodeListError, Row, Tables, fail, own_names, read_tables
from data.spelling import (
    code_key,
    code_key_sql,
    loinc_is_well_formed,
    name_key,
    name_key_sql,
    strip_biologic_suffix,
    unit_key,
    unit_key_sql,
)
from schemas.code_lists import LIST_FILES, ListColumn, ListFile
from schemas.facts import NUMBER

__all__ = [
    "CodeListError",
    "CodeLists",
    "code_key",
    "code_key_sql",
    "load_code_lists",
    "loinc_is_well_formed",
    "name_key",
    "name_key_sql",
    "read_code_lists",
    "strip_biologic_suffix",
    "unit_key",
    "unit_key_sql",
]


@dataclass(frozen=True)
class CodeLists:
    """The code lists as frames: the columns of ``schemas.code_lists``, blanks as null, numbers as decimals.

    * ``codes`` has besides ``code_key``; no code matches two rows, so the order of matching does not matter.
    * ``names`` holds besides every concept's own name, with underscores and with spaces, and ``biologic``:
      such a name may be followed by a suffix of ``-`` and four letters, which is then taken off.
    * ``units`` has besides ``unit_key``. ``unit_rules`` says the same per concept (``concept``, ``unit_key``,
      ``multiply``, ``divide``): one row per concept and key. A key that is not there cannot be converted.
    """

    concepts: pl.DataFrame
    codes: pl.DataFrame
    names: pl.DataFrame
    regimens: pl.DataFrame
    classes: pl.DataFrame
    class_info: pl.DataFrame
    units: pl.DataFrame
    unit_rules: pl.DataFrame


@cache
def load_code_lists() -> CodeLists:
    """The code lists that come with the project. Raises CodeListError."""
    return read_code_lists(files("data") / "codelists")


def read_code_lists(folder: Traversable) -> CodeLists:
    """The code lists in a folder. Raises CodeListError at the first fault."""
    tables = read_tables(folder)
    frames = {name: _frame(rows, LIST_FILES[f"{name}.csv"]) for name, rows in tables.items()}
    frames["codes"] = _with_key(frames["codes"], "code", code_key)
    frames["units"] = _with_key(frames["units"], "spelling", unit_key).rename({"spelling_key": "unit_key"})
    frames["names"] = _all_names(tables)
    return CodeLists(**frames, unit_rules=_unit_rules(tables))


def _frame(rows: list[Row], file: ListFile) -> pl.DataFrame:
    schema = {column.name: NUMBER if column.kind == "number" else pl.String for column in file.columns}
    cells = {column.name: [_typed(row[column.name], column) for row in rows] for column in file.columns}
    return pl.DataFrame(cells, schema=schema)


def _typed(cell: str, column: ListColumn) -> str | Decimal | None:
    """Blank is null, but a blank spelling of a unit is a spelling."""
    if not cell and column.name != "spelling":
        return None
    return Decimal(cell) if column.kind == "number" else cell


def _with_key(frame: pl.DataFrame, column: str, make: Callable[[str], str]) -> pl.DataFrame:
    keys = [make(text) for text in frame[column]]
    return frame.with_columns(pl.Series(f"{column}_key", keys, dtype=pl.String))


def _all_names(tables: Tables) -> pl.DataFrame:
    own = [
        {"name": spelling, "kind": row["kind"], "concept": row["concept"], "source": "the concept's own name"}
        for row in tables["concepts"]
        for spelling in own_names(row)
    ]
    rows = sorted([*tables["names"], *own], key=lambda row: (row["kind"], row["name"]))
    frame = pl.DataFrame(rows, schema=["name", "kind", "concept", "source"])
    biologics = sorted(row["concept"] for row in tables["classes"] if row["class"] == "biologic")
    return frame.with_columns(biologic=pl.col("concept").is_in(biologics))


def _unit_rules(tables: Tables) -> pl.DataFrame:
    """One row per concept and unit key. Raises CodeListError where a key would have two meanings."""
    concepts_of: dict[str, list[str]] = {}
    for row in tables["concepts"]:
        concepts_of.setdefault(row["unit"], []).append(row["concept"])
    rules: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for number, row in enumerate(tables["units"], start=1):
        for concept in [row["concept"]] if row["concept"] else concepts_of[row["unit"]]:
            key = (concept, unit_key(row["spelling"]))
            if key in rules:
                fail("units.csv", number, "spelling", f"{concept} has this spelling already.")
            rules[key] = (Decimal(row["multiply"]), Decimal(row["divide"]))
    for row in tables["concepts"]:
        if row["unit"] and (row["concept"], unit_key(row["unit"])) not in rules:
            fail("units.csv", None, "spelling", f"{row['concept']} cannot be read in its own unit.")
    return pl.DataFrame(
        [(*key, *rules[key]) for key in sorted(rules)],
        schema={"concept": pl.String, "unit_key": pl.String, "multiply": NUMBER, "divide": NUMBER},
        orient="row",
    )
