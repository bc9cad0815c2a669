"""Cells of the synthetic registry as whole numbers, so that a block of patients is arithmetic on arrays.

A text is its place in ``TEXTS``; a date is days since 1970-01-01 or a code for a month, a year or a bad
date; a number is its digits, its decimal places and how it is written (``<0.1``, ``positive``, ...).
``BLANK`` is an empty cell of any kind. Codes never leave this package: ``data.synth.write`` spells them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Frame = dict[str, Array]

BLANK = -(2**62)
EPOCH = date(1970, 1, 1)

# Dates. A full date is days since the epoch, which stays far below these bases for any birth or plan.
_MONTH_BASE, _YEAR_BASE, _BAD_BASE = 1_000_000, 2_000_000, 3_000_000
BAD_DATES = ("2025-02-30", "2024-13-05", "31/12/2024", "2025-00-17", "unknown", "20250617")

# Numbers: code = (digits * 8 + decimal places) * 8 + manner.
PLAIN, BELOW, ABOVE, NEGATIVE, WORD, COMMENT = range(6)
COMMENTS = ("hemolyzed", "see comment", "TNP", "0,45", "trace", "QNS", "+++", "not detected")
RESULT_WORDS = ("negative", "positive")

# Patients: their place in the registry, plus one of these for an id that is written otherwise.
PADDED_ID, UNKNOWN_ID = 1_000_000_000, 2_000_000_000

KINDS_BY_COLUMN = {"patient_id": "patient", "line": "integer", "grade": "integer", "value": "number"}
NUMBER_COLUMNS = ("value", "upper_limit", "lower_limit")
COLUMNS: dict[str, tuple[str, ...]] = {
    "patients": (
        "patient_id",
        "birth_date",
        "sex",
        "vital_status",
        "death_date",
        "last_contact_date",
        "contact_permitted",
        "childbearing_potential",
        "site",
    ),
    "conditions": (
        "patient_id",
        "condition",
        "code_system",
        "onset_date",
        "resolved_date",
        "status",
        "confirmed",
        "grade",
        "controlled",
        "residual_disease",
        "completely_resected",
    ),
    "observations": (
        "patient_id",
        "observation",
        "code_system",
        "date",
        "value",
        "unit",
        "upper_limit",
        "lower_limit",
        "status",
    ),
    "treatments": (
        "patient_id",
        "drug",
        "start_date",
        "stop_date",
        "line",
        "status",
        "planned",
        "stop_reason",
    ),
    "responses": ("patient_id", "date", "response"),
    "procedures": (
        "patient_id",
        "procedure",
        "code_system",
        "start_date",
        "stop_date",
        "status",
        "major",
    ),
    "medications": (
        "patient_id",
        "drug",
        "start_date",
        "stop_date",
        "route",
        "status",
        "last_confirmed_date",
    ),
    "allergies": ("patient_id", "substance", "kind", "date"),
    "trial_participation": ("patient_id", "trial_id", "interventional", "start_date", "end_date"),
    "attestations": (
        "patient_id",
        "trial_id",
        "criterion_id",
        "answer",
        "date",
        "attested_by",
        "comment",
    ),
    "screening_log": ("patient_id", "trial_id", "status", "date"),
    "coverage": ("table", "complete_from", "complete_through", "site", "patient_id"),
}
DATE_COLUMNS = ("date", "complete_from", "complete_through")


def kind_of(column: str) -> str:
    """How a column is coded: ``patient``, ``integer``, ``number``, ``date`` or ``text``."""
    if column in NUMBER_COLUMNS:
        return "number"
    if column in DATE_COLUMNS or column.endswith("_date"):
        return "date"
    return KINDS_BY_COLUMN.get(column, "text")


TEXTS: list[str] = []


@cache
def text(word: str) -> int:
    """The code of a text; the same text has the same code for the life of the process."""
    TEXTS.append(word)
    return len(TEXTS) - 1


def texts(words: Iterable[str | None]) -> Array:
    """The codes of several texts; ``None`` is a blank cell."""
    return np.array([BLANK if word is None else text(word) for word in words], dtype=np.int64)


def day(value: date) -> int:
    """The code of a full date."""
    return (value - EPOCH).days


def month_of(days: Array) -> Array:
    """Full dates cut to their month (``2024-05``)."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + _MONTH_BASE


def year_of(days: Array) -> Array:
    """Full dates cut to their year (``2024``)."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + _YEAR_BASE


def bad_date(which: Array) -> Array:
    """Cells that are no dates; ``which`` counts round ``BAD_DATES``."""
    return _BAD_BASE + which % len(BAD_DATES)


def is_full_date(codes: Array) -> Array:
    """True where the cell holds a whole date."""
    return (codes > BLANK) & (codes < _MONTH_BASE - 10_000)


def number(digits: Array, places: Array | int, manner: Array | int = PLAIN) -> Array:
    """Codes of numbers ``digits / 10**places`` (0 to 7 places, digits not negative)."""
    return (np.asarray(digits, dtype=np.int64) * 8 + places) * 8 + manner


def rounded(values: Array, places: Array | int) -> Array:
    """Digits of values rounded to the places; nothing below zero."""
    return np.rint(np.maximum(values, 0.0) * 10.0**places).astype(np.int64)


def spell_date(code: int) -> str:
    """The cell of one date code."""
    if code >= _BAD_BASE:
        return BAD_DATES[code - _BAD_BASE]
    if code >= _YEAR_BASE - 10_000:
        return str(np.datetime64(code - _YEAR_BASE, "Y"))
    if code >= _MONTH_BASE - 10_000:
        return str(np.datetime64(code - _MONTH_BASE, "M"))
    return str(np.datetime64(code, "D"))


def spell_number(code: int) -> str:
    """The cell of one number code."""
    rest, manner = divmod(code, 8)
    digits, places = divmod(rest, 8)
    if manner == WORD:
        return RESULT_WORDS[digits]
    if manner == COMMENT:
        return COMMENTS[digits % len(COMMENTS)]
    whole = f"{digits:0{places + 1}d}"
    plain = f"{whole[:-places]}.{whole[-places:]}" if places else whole
    return {BELOW: "<", ABOVE: ">", NEGATIVE: "-"}.get(manner, "") + plain


def spell_patient(code: int) -> str:
    """The id of one patient code: ten digits with leading zeros, as text."""
    place = code % PADDED_ID + 1
    if code >= UNKNOWN_ID:
        return f"9{place:09d}"
    return f" {place:010d} " if code >= PADDED_ID else f"{place:010d}"


SPELLERS: Mapping[str, Callable[[int], str]] = {
    "date": spell_date,
    "number": spell_number,
    "patient": spell_patient,
    "text": TEXTS.__getitem__,
}


class Rows:
    """The rows of one table of one block, gathered part by part.

    ``host`` is the patient (place in the block) whose course made the row; ``when`` the day to sort by.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self._parts: list[Frame] = []

    def add(self, host: Array, when: Array, **cells: Array | str | int | None) -> None:
        """Add a row for each of ``host``; a text, number or ``None`` given alone fills the whole column."""
        part = {"host": host, "when": when}
        for column in COLUMNS[self.table]:
            if column != "patient_id":
                part[column] = _filled(cells.pop(column, None), len(host))
        if cells:
            raise KeyError(f"{self.table} has no column {sorted(cells)}")
        self._parts.append(part)

    def frame(self) -> Frame:
        """All rows, by patient, then day, then order of adding."""
        names = ("host", "when", *(c for c in COLUMNS[self.table] if c != "patient_id"))
        if not self._parts:
            return {name: np.empty(0, dtype=np.int64) for name in names}
        frame = {name: np.concatenate([part[name] for part in self._parts]) for name in names}
        order = np.argsort(frame["host"] * 2**22 + frame["when"] + 2**20, kind="stable")
        return take(frame, order)


def _filled(cell: Array | str | int | None, length: int) -> Array:
    if isinstance(cell, np.ndarray):
        return cell
    if isinstance(cell, str):
        return np.full(length, text(cell), dtype=np.int64)
    return np.full(length, BLANK if cell is None else cell, dtype=np.int64)


def take(frame: Frame, index: Array) -> Frame:
    """The rows of a frame at the places (or where true)."""
    return {name: column[index] for name, column in frame.items()}


def pick(rng: np.random.Generator, size: int, words: Sequence[str | None], weights: Sequence[float]) -> Array:
    """Text codes drawn with the weights (any positive scale); ``None`` is a blank cell."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return texts(words)[np.searchsorted(edges / edges[-1], rng.random(size), side="right")]


def blank_where(cells: Array | int, blank: Array) -> Array:
    """The cells, emptied where told."""
    return np.where(blank, BLANK, cells)
