"""What the registry says about each patient as of a date, as frames: no trial, no window.

``patient`` is the patient's place in the order of ``patient_id`` (0, 1, ...). No date is null: a date is
[earliest, latest], unbounded ends are ``BEGINNING`` and ``FOREVER``. Numbers are decimals with nine places.
``reasons`` columns are bit masks (``schemas.words.reason_bit``) of why a value is not exact.
"""

from dataclasses import dataclass, fields
from datetime import date

import polars as pl

from schemas.words import (
    ALLERGY_KINDS,
    DECIMAL_PLACES,
    RECORDED_STOP_REASONS,
    RESPONSES,
    ROUTES,
    STOP_REASONS,
    YES_NO,
)

NUMBER = pl.Decimal(38, DECIMAL_PLACES)
Schema = dict[str, pl.DataType | type[pl.DataType]]


@dataclass(frozen=True)
class Attribute:
    """A property of an event row that ``only(...)`` may ask for.

    ``type`` is ``truth``, ``word`` or ``number``; ``low`` and ``high`` bound it where a row does not say;
    ``blank_reason`` is the reason of the unknown that a blank makes.
    """

    name: str
    type: str
    low: int
    high: int
    blank_reason: str
    meaning: str


def _yes_no(name: str, meaning: str) -> Attribute:
    return Attribute(name, "truth", 0, len(YES_NO) - 1, "needs_review", meaning)


def _word(name: str, domain: tuple[str, ...], meaning: str) -> Attribute:
    return Attribute(name, "word", 0, len(domain) - 1, "never_recorded", meaning)


ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        Attribute("grade", "number", 1, 5, "never_recorded", "CTCAE grade 1-5, or NYHA class 1-4"),
        _yes_no("confirmed", "the diagnosis is confirmed"),
        _yes_no("controlled", "the condition is controlled"),
        _yes_no("residual_disease", "residual disease is present"),
        _yes_no("completely_resected", "the tumour is completely resected"),
        _yes_no("major", "the procedure is major surgery"),
        _word("stop_reason", STOP_REASONS, "why the course was stopped; blank may be any of them"),
        _word(
            "recorded_stop_reason", RECORDED_STOP_REASONS, "the stop reason as written; blank is not_stated"
        ),
        _yes_no("interventional", "the other trial gives a treatment"),
        _word("kind", ALLERGY_KINDS, "allergy or intolerance"),
        _word("response", RESPONSES, "response category, worst to best"),
        Attribute("line_number", "number", 1, 99, "never_recorded", "number of the line of therapy"),
        _word("route", ROUTES, "how the medication is given"),
    )
}

PATIENTS: Schema = {
    "patient": pl.Int32,
    "patient_id": pl.String,
    "site": pl.String,
    "birth_earliest": pl.Date,
    "birth_latest": pl.Date,
    "birth_reasons": pl.Int32,
    "sex_low": pl.Int32,
    "sex_high": pl.Int32,
    "sex_reasons": pl.Int32,
    "childbearing_potential_low": pl.Int32,
    "childbearing_potential_high": pl.Int32,
    "childbearing_potential_reasons": pl.Int32,
    "deceased": pl.Boolean,
    "vital_status": pl.String,
    "last_contact_latest": pl.Date,
    "contact_permitted": pl.String,
}
RESULTS: Schema = {
    "patient": pl.Int32,
    "concept": pl.String,
    "date_earliest": pl.Date,
    "date_latest": pl.Date,
    "value_low": NUMBER,
    "value_high": NUMBER,
    "value_reasons": pl.Int32,
    "upper_limit_low": NUMBER,
    "upper_limit_high": NUMBER,
    "upper_limit_reasons": pl.Int32,
    "lower_limit_low": NUMBER,
    "lower_limit_high": NUMBER,
    "lower_limit_reasons": pl.Int32,
    "fact_until": pl.Date,
    "source_table": pl.String,
    "source_row": pl.Int32,
    "source_rows": pl.List(pl.Int32),
    "recorded_value": pl.String,
    "recorded_unit": pl.String,
}
EVENTS: Schema = {
    "patient": pl.Int32,
    "concept": pl.String,
    "source_table": pl.String,
    "source_row": pl.Int32,
    "start_earliest": pl.Date,
    "start_latest": pl.Date,
    "end_earliest": pl.Date,
    "end_latest": pl.Date,
    "certain": pl.Boolean,
    "reasons": pl.Int32,
    "fact_until": pl.Date,
    "recorded_name": pl.String,
    **{f"{name}_{end}": pl.Int32 for name in ATTRIBUTES for end in ("low", "high")},
}
LINE_MEMBERS: Schema = {
    "patient": pl.Int32,
    "line_row": pl.Int32,
    "concept": pl.String,
    "certain": pl.Boolean,
}
# patient -1: everybody without a row of their own. A table without a row was not captured.
COVERAGE: Schema = {
    "table": pl.String,
    "patient": pl.Int32,
    "complete_from": pl.Date,
    "complete_through": pl.Date,
}
ATTESTATIONS: Schema = {
    "patient": pl.Int32,
    "trial_id": pl.String,
    "criterion_id": pl.String,
    "answer": pl.String,
    "date": pl.Date,
    "source_row": pl.Int32,
}
SCREENING_LOG: Schema = {"patient": pl.Int32, "trial_id": pl.String, "status": pl.String, "date": pl.Date}

# Any concept of its source table: a name that no code list has, or one that could not be read.
ANY_CONCEPT = "*"
EVERYBODY = -1


@dataclass(frozen=True)
class Facts:
    """The facts about a batch of patients as of a date; frames sorted by patient, columns as above."""

    as_of: date
    patients: pl.DataFrame
    latest: pl.DataFrame
    results: pl.DataFrame
    events: pl.DataFrame
    line_members: pl.DataFrame
    coverage: pl.DataFrame
    attestations: pl.DataFrame
    screening_log: pl.DataFrame


SCHEMAS: dict[str, Schema] = {
    "patients": PATIENTS,
    "latest": RESULTS,
    "results": RESULTS,
    "events": EVENTS,
    "line_members": LINE_MEMBERS,
    "coverage": COVERAGE,
    "attestations": ATTESTATIONS,
    "screening_log": SCREENING_LOG,
}


def empty_facts(as_of: date) -> Facts:
    """Facts about nobody, with every frame's columns in place."""
    return Facts(as_of, **{name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()})


FRAME_NAMES = tuple(field.name for field in fields(Facts) if field.name != "as_of")
