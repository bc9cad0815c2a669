"""Every file that a run publishes: its columns in order, their types, words and meaning.

``pandera_schema`` turns a list of columns into the pandera schema that a frame is held to before it is
published; pandera is imported only then, since a command that publishes nothing should start at once.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.words import (
    ANSWER_STATES,
    CAUSES,
    CHANGES,
    CURABILITIES,
    FACT_KINDS,
    KINDS,
    NOT_LISTED_REASONS,
    REASONS,
    TIERS,
    VERDICTS,
)

if TYPE_CHECKING:
    import pandera.polars as pa

Dtype = pl.DataType | type[pl.DataType]


@dataclass(frozen=True)
class OutputColumn:
    """One column: its type, what it means, the words it may hold (empty: any) and whether it may be blank."""

    name: str
    dtype: Dtype
    meaning: str
    words: tuple[str, ...] = ()
    nullable: bool = False
    least: int | None = None


_TRIAL = OutputColumn("trial_id", pl.String, "the trial file's id")
_PATIENT = OutputColumn("patient_id", pl.String, "the patient's id as the registry writes it")
_CRITERION = OutputColumn("criterion_id", pl.String, "the criterion's id in the trial file")
_IDS = pl.List(pl.String)


def _count(name: str, meaning: str) -> OutputColumn:
    return OutputColumn(name, pl.Int64, meaning, least=0)


def _day(name: str, meaning: str) -> OutputColumn:
    return OutputColumn(name, pl.Date, meaning, nullable=True)


# One row per trial and listed patient; every other patient stands in not_listed.
CANDIDATES = (
    _TRIAL,
    OutputColumn("rank", pl.Int64, "place in the trial's list, from 1", least=1),
    _PATIENT,
    OutputColumn("tier", pl.String, "how near the patient is to eligibility", TIERS),
    _count("failing_count", "criteria that the patient fails"),
    _count("unknown_count", "criteria that are unknown, those waiting for an attestation included"),
    _count("attestation_count", "criteria that only a person can attest and nobody has yet"),
    OutputColumn("failing_criteria", _IDS, "ids failed, in protocol order; joined by ; in CSV"),
    OutputColumn("unknown_criteria", _IDS, "ids unknown, in protocol order; joined by ; in CSV"),
    _day("opens_on", "tier opens_later only: first day within 180 on which time alone leaves no fail"),
    _day(
        "closes_on",
        "tiers eligible and possible: first day within 180 on which time alone brings a fail or costs a pass",
    ),
    _day(
        "repeat_labs_before",
        "the first three tiers: first day within 180 on which a result that a pass rests on is too old",
    ),
    OutputColumn(
        "repeat_labs_criteria",
        _IDS,
        "ids of the criteria that pass now and are unknown on that day; joined by ; in CSV",
        nullable=True,
    ),
)
# One row per trial and patient who is not listed.
NOT_LISTED = (
    _TRIAL,
    _PATIENT,
    OutputColumn("reason", pl.String, "the first reason that applies", NOT_LISTED_REASONS),
)
# One row per trial, patient (all of them) and criterion, in that order, criteria in protocol order.
VERDICTS_TABLE = (
    _TRIAL,
    _PATIENT,
    _CRITERION,
    OutputColumn("kind", pl.String, "inclusion or exclusion", KINDS),
    OutputColumn("verdict", pl.String, "pass: met, or not excluded", VERDICTS),
    OutputColumn("reason", pl.String, "why an unknown is unknown; blank otherwise", REASONS, nullable=True),
    OutputColumn("curability", pl.String, "what may lift a fail, else blank", CURABILITIES, nullable=True),
    _day("holds_until", "last as-of day on which the same data give the same verdict; blank: always"),
)
# One row per trial and criterion, in protocol order, over all patients of the extract.
ATTRITION = (
    _TRIAL,
    _CRITERION,
    _count("excluded_alone", "patients who fail it"),
    _count("remaining_in_order", "patients left after it and all criteria before it; an unknown stays in"),
    _count("excluded_only_by_this", "patients who fail it and nothing else"),
    OutputColumn(
        "shapley_share", pl.Float64, "fair share of all exclusions: 1/k for each who fails k", least=0
    ),
    _count("unknown", "patients for whom it is unknown"),
    OutputColumn("kind", pl.String, "inclusion or exclusion", KINDS),
    OutputColumn("protocol", pl.String, "the protocol's words"),
)
# One row per trial, criterion and reason, most useful first; eligible and possible patients only.
WORKLIST = (
    _TRIAL,
    OutputColumn("position", pl.Int64, "place in the trial's worklist, from 1", least=1),
    _CRITERION,
    OutputColumn("reason", pl.String, "why it is unknown", REASONS),
    OutputColumn("patients", pl.Int64, "listed patients without a fail who wait for it", least=1),
    _count("would_become_eligible", "those of them for whom nothing else but attestations is open"),
    OutputColumn("what_to_look_up", pl.String, "what to do, in a sentence"),
)
# One row per trial and fact that eligible and possible patients wait for, most useful first.
LOOKUPS = (
    _TRIAL,
    OutputColumn("position", pl.Int64, "place in the trial's list, from 1", least=1),
    OutputColumn("kind", pl.String, "what the fact is", FACT_KINDS),
    OutputColumn("fact", pl.String, "its name; the id of the criterion where a person has to answer"),
    OutputColumn("what", pl.String, "what to look up or ask, in words"),
    OutputColumn("patients", pl.Int64, "listed patients without a fail who wait for it", least=1),
    _count("settles", "those for whom it alone could settle a criterion"),
    _count("would_become_eligible", "those for whom it alone could settle all but attestations"),
    OutputColumn(
        "share", pl.Float64, "sum over the criteria that wait for it and k facts in all: 1/k", least=0
    ),
    OutputColumn("criteria", _IDS, "ids of the criteria that wait for it"),
    OutputColumn("reasons", _IDS, "why it is open, most frequent first"),
    OutputColumn("patient_ids", _IDS, "the patients, by rank"),
)
# One row per rule that a delivered row broke.
QUARANTINE = (
    OutputColumn("table", pl.String, "table of the extract"),
    OutputColumn("source_row", pl.Int32, "row in the delivered file, from 1, header not counted", least=1),
    OutputColumn("column", pl.String, "column that broke the rule", nullable=True),
    OutputColumn("rule", pl.String, "short name of the rule"),
    OutputColumn("reason", pl.String, "the rule in a sentence, without the value"),
)
# One row per table and name that no code list has, most frequent first.
UNMAPPED = (
    OutputColumn("table", pl.String, "table of the extract"),
    OutputColumn("name", pl.String, "the name as delivered"),
    OutputColumn("rows", pl.Int64, "rows that hold it", least=1),
)
# One row per trial and change since the run before, about patients who are or were listed; no run, no rows.
CHANGES_TABLE = (
    _TRIAL,
    OutputColumn("change", pl.String, "what changed", CHANGES),
    _PATIENT,
    OutputColumn("criterion_id", pl.String, "the criterion that turned; else blank", nullable=True),
    OutputColumn(
        "before", pl.String, "tier, reason for not listing, or verdict; blank: not there", nullable=True
    ),
    OutputColumn("after", pl.String, "the same in this run", nullable=True),
    OutputColumn(
        "causes",
        _IDS,
        f"what explains it alone, joined by ; in CSV: {', '.join(CAUSES)}",
    ),
)

# One row per question that somebody answered in a workbook, with the last answer, of the trials of the run.
ANSWERS_TABLE = (
    _TRIAL,
    _PATIENT,
    OutputColumn("criterion_id", pl.String, "the criterion; blank: what came of the patient", nullable=True),
    OutputColumn("answer", pl.String, "the answer, or the step of screening"),
    OutputColumn("date", pl.Date, "day of the answer"),
    OutputColumn("answered_by", pl.String, "who answered"),
    OutputColumn("comment", pl.String, "free text", nullable=True),
    OutputColumn("state", pl.String, "whether it counts in this run", ANSWER_STATES),
    OutputColumn("changed_criteria", _IDS, "ids of the criteria whose evidence changed since"),
    OutputColumn("run_id", pl.String, "the run in whose workbook it was given"),
)

OUTPUTS: dict[str, tuple[OutputColumn, ...]] = {
    "candidates": CANDIDATES,
    "not_listed": NOT_LISTED,
    "verdicts": VERDICTS_TABLE,
    "attrition": ATTRITION,
    "worklist": WORKLIST,
    "lookups": LOOKUPS,
    "quarantine": QUARANTINE,
    "unmapped": UNMAPPED,
    "changes": CHANGES_TABLE,
    "answers": ANSWERS_TABLE,
}


def output_columns(output: str) -> list[str]:
    """The column names of one output, in order."""
    return [column.name for column in OUTPUTS[output]]


def output_dtypes(output: str) -> dict[str, Dtype]:
    """The column types of one output, in order."""
    return {column.name: column.dtype for column in OUTPUTS[output]}


def pandera_schema(output: str) -> "pa.DataFrameSchema":
    """The schema that a frame of this output is held to: exact columns, order, types, words, least values."""
    import pandera.polars as pa  # noqa: PLC0415 - half a second that only a publishing command should pay

    def column(spec: OutputColumn) -> pa.Column:
        checks = [pa.Check.isin(list(spec.words))] if spec.words else []
        if spec.least is not None:
            checks.append(pa.Check.ge(spec.least))
        return pa.Column(
            spec.dtype, checks=checks, nullable=spec.nullable, title=spec.name, description=spec.meaning
        )

    columns = {spec.name: column(spec) for spec in OUTPUTS[output]}
    return pa.DataFrameSchema(columns, strict=True, ordered=True, name=output)
