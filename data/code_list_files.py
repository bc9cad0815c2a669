"""Reads the CSV files of the code lists and checks them, row by row and against each other.

Everything raises CodeListError, which names file, row (1 follows the header) and column.
"""

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from importlib.abc import Traversable
from itertools import pairwise
from typing import NoReturn

from data.spelling import code_key, loinc_is_well_formed, name_key
from schemas.code_lists import DRUG_SYSTEMS, LIST_FILES, ListColumn, ListFile
from schemas.errors import PrescreenError, nearest

Row = dict[str, str]
Tables = dict[str, list[Row]]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_RANGES = (("plausible_low", "plausible_high"), ("limit_low", "limit_high"))


class CodeListError(PrescreenError):
    """A code list holds something it must not; ``where`` names file, row and column."""


def fail(file: str, row: int | None, column: str, what: str, next_step: str = "") -> NoReturn:
    """Raise a CodeListError about a cell, or a column if ``row`` is None."""
    place = f"row {row}, column {column}" if row else f"column {column}"
    raise CodeListError(f"{file}, {place}", what, next_step or "Correct the list.")


def read_tables(folder: Traversable) -> Tables:
    """Every list in the folder, by name without ``.csv``, checked."""
    tables = {name.removesuffix(".csv"): _read(folder, file) for name, file in LIST_FILES.items()}
    _check_concepts(tables["concepts"])
    _check_references(tables)
    _check_classes(tables)
    _check_names(tables)
    _check_codes(tables)
    _check_units(tables)
    return tables


def own_names(concept: Row) -> Iterable[str]:
    """The spellings that a concept's name itself gives: with underscores and with spaces."""
    return sorted({concept["concept"], concept["concept"].replace("_", " ")})


# ---- one file
def _read(folder: Traversable, file: ListFile) -> list[Row]:
    source = folder / file.name
    if not source.is_file():
        raise CodeListError(file.name, "The list is missing.", "Install the project again.")
    text = io.StringIO(source.read_bytes().decode("utf-8-sig"), newline="")
    lines = list(csv.reader(text, strict=True))
    header = [column.name for column in file.columns]
    if not lines or lines[0] != header:
        fail(file.name, None, ", ".join(header), "The header does not name exactly these columns.")
    rows = [_row(file, number, cells) for number, cells in enumerate(lines[1:], start=1)]
    _check_order(file, rows)
    return rows


def _row(file: ListFile, number: int, cells: list[str]) -> Row:
    if len(cells) != len(file.columns):
        last = file.columns[-1].name
        fail(file.name, number, last, f"The row has {len(cells)} cells, not {len(file.columns)}.")
    for column, cell in zip(file.columns, cells, strict=True):
        what = _fault(column, cell)
        if what:
            fail(file.name, number, column.name, what, nearest(cell, column.words))
    return {column.name: cell for column, cell in zip(file.columns, cells, strict=True)}


def _fault(column: ListColumn, cell: str) -> str:
    """What is wrong with a cell; an empty text if nothing is."""
    if not cell:
        return "" if column.optional else "The cell is blank."
    if cell != cell.strip():
        return "There is white space around the text."
    if column.kind == "word" and cell not in column.words:
        return f"'{cell}' is none of {', '.join(column.words)}."
    if column.kind == "name" and not _NAME.fullmatch(cell):
        return f"'{cell}' is not lower-case letters, digits and underscores."
    if column.kind == "number" and not _NUMBER.fullmatch(cell):
        return f"'{cell}' is not a decimal of at most nine places."
    return ""


def _check_order(file: ListFile, rows: list[Row]) -> None:
    keys = [tuple(row[column] for column in file.key) for row in rows]
    for number, (before, after) in enumerate(pairwise(keys), start=2):
        if before >= after:
            what = "The row is there twice." if before == after else "The rows are not in order."
            fail(file.name, number, ", ".join(file.key), what, "Sort the list by these columns.")


# ---- across files
def _check_concepts(rows: list[Row]) -> None:
    """Concept names are unique over kinds; measurements have a value type, and numbers a unit and a range."""
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        if row["concept"] in seen:
            fail("concepts.csv", number, "concept", f"'{row['concept']}' is there twice.")
        seen.add(row["concept"])
        if (row["kind"] == "observation") != bool(row["value_type"]):
            fail("concepts.csv", number, "value_type", "An observation has a value type, nothing else has.")
        for column in ("unit", "plausible_low"):
            if (row["value_type"] == "number") != bool(row[column]):
                fail("concepts.csv", number, column, "A number has a unit and a range, nothing else has.")
        for low, high in _RANGES:
            if bool(row[low]) != bool(row[high]) or (row[low] and Decimal(row[low]) > Decimal(row[high])):
                fail("concepts.csv", number, high, f"{low} and {high} are not a range.")


def _check_references(tables: Tables) -> None:
    """Every concept named elsewhere exists and is of the kind said."""
    kinds = {row["concept"]: row["kind"] for row in tables["concepts"]}
    for name in ("codes", "names", "regimens", "classes", "units"):
        for number, row in enumerate(tables[name], start=1):
            concept = row["concept"]
            if not concept:
                continue
            if concept not in kinds:
                what = f"'{concept}' is no concept."
                fail(f"{name}.csv", number, "concept", what, nearest(concept, kinds))
            wanted = "drug" if name == "regimens" else row.get("kind", kinds[concept])
            if kinds[concept] != wanted:
                what = f"'{concept}' is a {kinds[concept]}, not a {wanted}."
                fail(f"{name}.csv", number, "concept", what)


def _check_classes(tables: Tables) -> None:
    """Every class has members and a description, of the same kind."""
    members = {(row["class"], row["kind"]) for row in tables["classes"]}
    described = {(row["class"], row["kind"]) for row in tables["class_info"]}
    for missing, file in ((members - described, "class_info.csv"), (described - members, "classes.csv")):
        for name, kind in sorted(missing):
            fail(file, None, "class", f"The class '{name}' of kind {kind} is missing.")


def _check_names(tables: Tables) -> None:
    """A spelling is a key, longer than a letter, and means one thing: a concept or a combination."""
    own = {(row["kind"], spelling) for row in tables["concepts"] for spelling in own_names(row)}
    for number, row in enumerate(tables["names"], start=1):
        _check_spelling("names.csv", number, "name", row["name"])
        if (row["kind"], row["name"]) in own:
            fail("names.csv", number, "name", f"'{row['name']}' is a concept's own name.", "Leave it out.")
    given = {(row["kind"], row["name"]) for row in tables["names"]} | own
    drugs = {spelling for kind, spelling in given if kind == "drug"}
    # An allergy names a drug or a substance without saying which.
    for spelling in sorted(spelling for kind, spelling in given if kind == "substance"):
        if spelling in drugs:
            fail("names.csv", None, "name", f"'{spelling}' is both a drug and a substance.")
    for number, row in enumerate(tables["regimens"], start=1):
        _check_spelling("regimens.csv", number, "regimen", row["regimen"])
        if row["regimen"] in drugs:
            fail("regimens.csv", number, "regimen", f"'{row['regimen']}' is also the name of one drug.")


def _check_spelling(file: str, number: int, column: str, spelling: str) -> None:
    if spelling != name_key(spelling):
        fail(file, number, column, f"'{spelling}' is not in lower case with single spaces.")
    if len(spelling) == 1:
        fail(file, number, column, f"'{spelling}' is a single letter, which can mean several drugs.")


def _check_codes(tables: Tables) -> None:
    """LOINC codes are well formed, and no code can match two rows.

    The systems of drug codes count as one, since a drug's code comes without its system; so do the codes of
    combinations among the regimens.
    """
    drugs = {row["concept"] for row in tables["concepts"] if row["kind"] == "drug"}
    spaces: dict[str, list[tuple[str, bool, int]]] = {}
    for number, row in enumerate(tables["codes"], start=1):
        if row["code_system"] == "loinc" and not loinc_is_well_formed(row["code"]):
            fail("codes.csv", number, "code", f"'{row['code']}' has a wrong check digit.")
        shared = row["code_system"] in DRUG_SYSTEMS and row["concept"] in drugs
        entry = (code_key(row["code"]), row["match"] == "exact", number)
        spaces.setdefault("drug" if shared else row["code_system"], []).append(entry)
    for entries in spaces.values():
        _check_overlaps(sorted(entries))
    taken = {code for code, _, _ in spaces.get("drug", [])}
    for number, row in enumerate(tables["regimens"], start=1):
        if code_key(row["regimen"]) in taken:
            fail("regimens.csv", number, "regimen", f"'{row['regimen']}' is also the code of one drug.")


def _check_overlaps(entries: list[tuple[str, bool, int]]) -> None:
    """``entries``: (code key, whether exact, row), sorted, so what a prefix covers follows it."""
    prefix: str | None = None
    last: str | None = None
    for code, exact, number in entries:
        if code == last or (prefix is not None and code.startswith(prefix)):
            fail("codes.csv", number, "code", "The code also falls under another row.")
        last = code if exact else last
        prefix = prefix if exact else code


def _check_units(tables: Tables) -> None:
    """Factors are above zero, and units are the canonical ones of the concepts they are for."""
    unit_of = {row["concept"]: row["unit"] for row in tables["concepts"] if row["unit"]}
    for number, row in enumerate(tables["units"], start=1):
        for column in ("multiply", "divide"):
            if not row[column].strip("0."):
                fail("units.csv", number, column, "A factor is above zero.")
        if row["unit"] not in unit_of.values():
            fail("units.csv", number, "unit", f"No concept has the canonical unit '{row['unit']}'.")
        if row["concept"] and unit_of.get(row["concept"]) != row["unit"]:
            fail("units.csv", number, "unit", f"'{row['concept']}' has another canonical unit.")
