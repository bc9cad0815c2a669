"""What a registry extract holds: its tables and columns, and the form each takes once it is read.

Every table ``<table>`` becomes the DuckDB table ``raw_<table>``, one row per delivered row, accepted or not:

* ``source_row`` INTEGER: 1-based, header not counted; ``patient_id`` VARCHAR, null where blank or unreadable;
  ``patient`` INTEGER: the number that the patient goes by, -1 where the table of patients has no such id.
* a date column gives ``<stem>_earliest`` and ``<stem>_latest`` DATE, where the stem is the name without
  ``_date`` (``start_date`` -> ``start``, ``date`` -> ``date``, ``complete_from`` -> ``complete_from``):
  both null where blank, BEGINNING and FOREVER where the column is named in ``bad_columns``.
* words, yes/no and text: VARCHAR; whole numbers: INTEGER; limits: DECIMAL(38,9); null where blank or bad.
* ``observations.value`` stays text beside ``value_low``, ``value_high`` DECIMAL(38,9) in the row's own unit,
  ``value_low_open``, ``value_high_open`` BOOLEAN (true where that end itself does not belong) and
  ``value_word`` (``positive``, ``negative``). ``<5`` is 0 to 5, high end open; ``>5`` is 5 to 10^12, low
  end open.
* last, ``quarantined`` BOOLEAN and ``bad_columns`` VARCHAR[]: the contract columns that failed in this row
  (empty if none). Whatever failed holds no information: its dates are BEGINNING and FOREVER, all else is null
  (the text of ``value`` alone is kept).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from schemas.words import (
    ALLERGY_KINDS,
    ANSWERS,
    DECIMAL_PLACES,
    EARLIEST_YEAR,
    LATEST_YEAR,
    RESPONSES,
    ROUTES,
    SCREENING_STATUSES,
    STOP_REASONS,
)

Kind = Literal["patient_id", "text", "note", "date", "word", "yes_no", "integer", "limit", "value"]
PolarsType = pl.DataType | type[pl.DataType]
NUMBER = pl.Decimal(38, DECIMAL_PLACES)

# What can be wrong with a row: a short name, and the sentence that a person reads.
RULES = {
    "required_blank": "A required column is blank.",
    "bad_date": f"Not a date YYYY-MM-DD, YYYY-MM or YYYY of the years {EARLIEST_YEAR} to {LATEST_YEAR}.",
    "bad_word": "Not one of the words that this column may hold.",
    "bad_integer": "Not a whole number.",
    "out_of_range": "A number outside the range of this column.",
    "not_a_number": "Neither a number nor a limit such as <0.5 nor, for a result, positive or negative.",
    "not_finite": "Not a finite number.",
    "thousands_or_decimal_comma": "A number with a comma or another separator can be read in two ways.",
    "bad_limit": "An upper limit of the normal range is not above zero.",
    "limits_crossed": "The lower limit of the normal range is above the upper one.",
    "control_character": "The text holds a control character.",
    "too_long": "The text is longer than any name or code can be.",
    "ends_before_start": "The end is before the start.",
    "death_before_birth": "The death is before the birth.",
}


@dataclass(frozen=True)
class Column:
    """A column: ``words`` are all that a word column may hold, ``low`` and ``high`` bound whole numbers."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    low: int = 0
    high: int = 0

    @property
    def stem(self) -> str:
        """The name without ``_date``, to which ``_earliest`` and ``_latest`` are added."""
        return self.name.removesuffix("_date")

    @property
    def fields(self) -> dict[str, PolarsType]:
        """The columns that this one becomes, with their polars types."""
        if self.kind == "date":
            return {f"{self.stem}_earliest": pl.Date, f"{self.stem}_latest": pl.Date}
        if self.kind == "value":
            ends: dict[str, PolarsType] = {"value_low": NUMBER, "value_high": NUMBER}
            opens: dict[str, PolarsType] = {"value_low_open": pl.Boolean, "value_high_open": pl.Boolean}
            return {"value": pl.String} | ends | opens | {"value_word": pl.String}
        types: dict[str, PolarsType] = {"integer": pl.Int32, "limit": NUMBER}
        return {self.name: types.get(self.kind, pl.String)}


@dataclass(frozen=True)
class Table:
    """A table: ``spans`` are pairs of columns of which the second may not be below the first."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    spans: tuple[tuple[str, str], ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the file is refused."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def by_name(self) -> dict[str, Column]:
        """The columns by their name, in the order of the contract."""
        return {column.name: column for column in self.columns}


def _text(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "text", meaning, required)


def _date(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "date", meaning, required)


def _word(name: str, meaning: str, words: Iterable[str], required: bool = False) -> Column:
    return Column(name, "word", meaning, required, tuple(words))


def _yes_no(name: str, meaning: str) -> Column:
    return Column(name, "yes_no", meaning, words=("yes", "no"))


PATIENT_ID = Column("patient_id", "patient_id", "identifier of the patient, text", required=True)
COURSE = (_date("start_date", "first day"), _date("stop_date", "last day; blank: not known to have ended"))

PATIENTS = Table(
    "patients",
    "one row per patient",
    (
        PATIENT_ID,
        _date("birth_date", "date of birth", required=True),
        _word("sex", "sex as registered", ("female", "male", "unknown"), required=True),
        _word("vital_status", "alive or dead at the last contact", ("alive", "dead", "unknown")),
        _date("death_date", "date of death"),
        _date("last_contact_date", "last day on which the patient was known to the registry"),
        _yes_no("contact_permitted", "the patient may be contacted about trials"),
        _yes_no("childbearing_potential", "the patient can become pregnant"),
        _text("site", "treating site"),
    ),
    (("birth_date", "death_date"),),
)
CONDITIONS = Table(
    "conditions",
    "one row per diagnosis",
    (
        PATIENT_ID,
        _text("condition", "concept, or a code of the code system", required=True),
        _word(
            "code_system", "how the condition is written; blank: concept", ("concept", "icd10cm", "snomed")
        ),
        _date("onset_date", "first day"),
        _date("resolved_date", "last day"),
        _word("status", "state of the condition", ("active", "resolved", "ruled_out")),
        _yes_no("confirmed", "the diagnosis is confirmed"),
        Column("grade", "integer", "CTCAE grade 1-5 or NYHA class 1-4", low=1, high=5),
        _yes_no("controlled", "the condition is controlled"),
        _yes_no("residual_disease", "residual disease is present"),
        _yes_no("completely_resected", "the tumour is completely resected"),
    ),
    (("onset_date", "resolved_date"),),
)
OBSERVATIONS = Table(
    "observations",
    "one row per result",
    (
        PATIENT_ID,
        _text("observation", "concept, or a code of the code system", required=True),
        _word("code_system", "how the observation is written; blank: concept", ("concept", "loinc")),
        _date("date", "day of the sample or measurement", required=True),
        Column("value", "value", "number, <0.5, >1000, positive or negative", required=True),
        _text("unit", "unit of the value and of the limits"),
        Column("upper_limit", "limit", "the lab's own upper limit of normal, in the row's unit"),
        Column("lower_limit", "limit", "the lab's own lower limit of normal, in the row's unit"),
        _word("status", "state of the result", ("final", "corrected", "preliminary", "cancelled")),
    ),
    (("lower_limit", "upper_limit"),),
)
TREATMENTS = Table(
    "treatments",
    "one row per course of an anti-myeloma drug or regimen",
    (
        PATIENT_ID,
        _text("drug", "name, brand, code or regimen acronym", required=True),
        _date("start_date", "first dose", required=True),
        _date("stop_date", "last dose; blank: not known to have ended"),
        Column("line", "integer", "number of the line of therapy", low=1, high=99),
        _word("status", "blank: administered", ("administered", "planned", "ordered", "cancelled")),
        _yes_no("planned", "part of the planned sequence"),
        _word("stop_reason", "why the course was stopped", STOP_REASONS),
    ),
    (("start_date", "stop_date"),),
)
RESPONSES_TABLE = Table(
    "responses",
    "one row per response assessment",
    (
        PATIENT_ID,
        _date("date", "day of the assessment", required=True),
        _word("response", "response category", reversed(RESPONSES), required=True),
    ),
)
PROCEDURES = Table(
    "procedures",
    "one row per procedure",
    (
        PATIENT_ID,
        _text("procedure", "concept, or a code of the code system", required=True),
        _word("code_system", "how the procedure is written; blank: concept", ("concept", "cpt")),
        _date("start_date", "first day", required=True),
        _date("stop_date", "last day; blank: one day"),
        _word("status", "blank: performed", ("performed", "planned", "cancelled")),
        _yes_no("major", "the procedure is major surgery"),
    ),
    (("start_date", "stop_date"),),
)
MEDICATIONS = Table(
    "medications",
    "one row per concurrent medication",
    (
        PATIENT_ID,
        _text("drug", "name, brand or code", required=True),
        *COURSE,
        _word("route", "how it is given", ROUTES),
        _word("status", "state of the medication", ("active", "stopped", "planned")),
        _date("last_confirmed_date", "last day on which it was known to be taken"),
    ),
    (("start_date", "stop_date"),),
)
ALLERGIES = Table(
    "allergies",
    "one row per allergy or intolerance",
    (
        PATIENT_ID,
        _text("substance", "drug or substance", required=True),
        _word("kind", "allergy or intolerance", ALLERGY_KINDS),
        _date("date", "day on which it was recorded"),
    ),
)
TRIAL_PARTICIPATION = Table(
    "trial_participation",
    "one row per participation in another trial",
    (
        PATIENT_ID,
        _text("trial_id", "the other trial", required=True),
        _yes_no("interventional", "the other trial gives a treatment"),
        _date("start_date", "first day"),
        _date("end_date", "last investigational dose"),
    ),
    (("start_date", "end_date"),),
)
ATTESTATIONS = Table(
    "attestations",
    "one row per answer of a person to a criterion",
    (
        PATIENT_ID,
        _text("trial_id", "the trial asked about", required=True),
        _text("criterion_id", "the criterion asked about", required=True),
        _word("answer", "the answer", ANSWERS, required=True),
        _date("date", "day of the answer", required=True),
        Column("attested_by", "note", "who answered"),
        Column("comment", "note", "free text"),
    ),
)
SCREENING_LOG = Table(
    "screening_log",
    "one row per step of the screening of a patient",
    (
        PATIENT_ID,
        _text("trial_id", "the trial", required=True),
        _word("status", "the step", SCREENING_STATUSES, required=True),
        _date("date", "day of the step", required=True),
    ),
)
_DOMAINS = (
    PATIENTS,
    CONDITIONS,
    OBSERVATIONS,
    TREATMENTS,
    RESPONSES_TABLE,
    PROCEDURES,
    MEDICATIONS,
    ALLERGIES,
    TRIAL_PARTICIPATION,
    ATTESTATIONS,
    SCREENING_LOG,
)
COVERAGE = Table(
    "coverage",
    "one row per table, or table and patient or site, that is declared complete over a window",
    (
        _word("table", "the table", (table.name for table in _DOMAINS), required=True),
        _date("complete_from", "first complete day; blank: from the beginning"),
        _date("complete_through", "last complete day", required=True),
        _text("site", "the site it is about; blank: all"),
        Column("patient_id", "patient_id", "the patient it is about; blank: all"),
    ),
    (("complete_from", "complete_through"),),
)
TABLES = {table.name: table for table in (*_DOMAINS, COVERAGE)}


def typed_columns(table: Table) -> dict[str, PolarsType]:
    """Names and polars types of ``raw_<table>``, in order."""
    converted: dict[str, PolarsType] = {}
    for column in table.columns:
        converted |= column.fields
    first: dict[str, PolarsType] = {"source_row": pl.Int32}
    if "patient_id" in converted:
        first |= {"patient_id": pl.String, "patient": pl.Int32}
    last: dict[str, PolarsType] = {"quarantined": pl.Boolean, "bad_columns": pl.List(pl.String)}
    return first | converted | last
