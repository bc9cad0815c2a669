"""Asks an expression of a patient in brief: the helper behind the tests that are the manual of the language.

A patient in brief is an example of a trial file (``docs/trial-files.md``), with three keys more that only
tests need. ``results``: per measurement the value and the day of each of several results. ``complete``: per
table the first and the last day declared complete. ``unlisted``: per table a row whose name no list has.

The day of the run is 30 June 2026 unless a patient says otherwise, and so are enrollment and first dose. A
result counts for 28 days. Tables may trail by 7 days. Days are written relative to the day of the run.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.examples import example_facts
from criteria.language.parse import parse_expression
from criteria.language.scope import Scope
from criteria.language.tree import Node, Type
from criteria.reference.context import Anchors as ReferenceAnchors
from criteria.reference.context import Context
from criteria.reference.criterion import judge as judge_by_reference
from criteria.reference.record import records
from criteria.trial import Criterion, Curability, Part
from data.catalogue import load_catalogue
from schemas.facts import EVERYBODY, SCHEMAS, Facts
from schemas.words import BEGINNING, FOREVER, reason_bit
from tests.differential.trials import trial_of

Patient = dict[str, Any]
RUN_DAY = date(2026, 6, 30)
LOOKBACK_DAYS = 28
LAG_DAYS = 7
TEST_KEYS = ("results", "complete", "unlisted")
# An unlisted row is written as a row of one of these and then loses its name.
STAND_INS = {
    "treatments": "busulfan",
    "medications": "busulfan",
    "conditions": "asthma",
    "procedures": "biopsy",
}


class Row(NamedTuple):
    """One line of the manual: what holds, of whom, what is asked, the verdict, and why if it is unknown."""

    sentence: str
    patient: Patient
    expression: str
    verdict: str
    reason: str | None = None


class Judged(NamedTuple):
    """What the engine says of one criterion for one patient."""

    verdict: str
    reason: str | None
    curability: str | None
    holds_until: date | None


def title(row: Any) -> str:
    """The sentence of a row as the name of its test."""
    return str(row.sentence)


def expression(text: str, wanted: Type = Type.TRUTH) -> Node:
    """The typed tree of an expression in a trial without questions and definitions."""
    scope = Scope(
        where="a-trial.toml, criterion A, meets_when",
        catalogue=load_catalogue(),
        readings={},
        definitions={},
        lookback_days=lambda concept: LOOKBACK_DAYS,
    )
    return parse_expression(text, scope, wanted)


def criterion(main: str | None = None, kind: str = "inclusion", **fields: Any) -> Criterion:
    """A criterion made of texts: ``main``, ``applies``, ``review``, ``curability`` as (when, word) pairs."""
    asked = {name: expression(fields[name]) for name in ("applies", "review") if name in fields}
    return Criterion(
        id="A",
        kind=kind,
        protocol=("A",),
        main=expression(main) if main else None,
        manual=fields.get("manual"),
        applies=asked.get("applies"),
        review=asked.get("review"),
        review_question="",
        curability=cases(fields.get("curability", [(None, "retest")])),
        parts=tuple(fields.get("parts", ())),
        note="",
        examples=(),
    )


def part(main: str | None = None, review: str | None = None, curability: Sequence[Any] = ()) -> Part:
    """One of the alternatives of a criterion, made of texts."""
    return Part(
        id="Aa",
        protocol=(),
        main=expression(main) if main else None,
        review=expression(review) if review else None,
        review_question="",
        curability=cases(curability),
        note="",
    )


def cases(given: Sequence[tuple[str | None, str]]) -> tuple[Curability, ...]:
    """Curability from (when, word) pairs."""
    return tuple(Curability(expression(when) if when else None, word) for when, word in given)


def facts_of(patient: Patient) -> tuple[Facts, Anchors]:
    """The facts of a patient in brief, the keys of the tests included."""
    brief = {key: value for key, value in patient.items() if key not in TEST_KEYS}
    unlisted = patient.get("unlisted", {})
    brief |= {STAND_INS[table]: row for table, row in unlisted.items()}
    facts, anchors = example_facts(brief, load_catalogue(), "a-trial.toml, criterion A")
    events = facts.events
    for table in unlisted:
        events = _without_its_name(events, table)
    results = [row for rows in patient.get("results", {}).items() for row in _results(*rows, anchors.as_of)]
    frames = {name: getattr(facts, name) for name in SCHEMAS} | {"events": events}
    if results:
        frames["results"] = pl.DataFrame(results, schema=SCHEMAS["results"])
    frames["coverage"] = _coverage(facts.coverage, patient.get("complete", {}), anchors.as_of)
    return Facts(facts.as_of, **frames), anchors


def _without_its_name(events: pl.DataFrame, table: str) -> pl.DataFrame:
    """The stand-in of a table as staging leaves a name that no list has."""
    its = pl.col("concept") == STAND_INS[table]
    changes = {
        "source_table": pl.lit(table),
        "certain": pl.lit(False),
        "reasons": pl.lit(reason_bit("unmapped_code"), dtype=pl.Int32),
        "concept": pl.lit("*"),
    }
    return events.with_columns(
        pl.when(its).then(to).otherwise(name).alias(name) for name, to in changes.items()
    )


def _results(concept: str, values: Sequence[tuple[Any, str]], as_of: date) -> list[dict[str, Any]]:
    rows = []
    for number, (value, day) in enumerate(values, start=1):
        earliest, latest = _days(day, as_of)
        rows.append(
            {
                "patient": 0,
                "concept": concept,
                "date_earliest": earliest,
                "date_latest": latest,
                "fact_until": FOREVER,
                "source_table": "observations",
                "source_row": number,
                "source_rows": [number],
                **{f"{name}_{end}": Decimal(str(value)) for name in ("value",) for end in ("low", "high")},
                **{
                    f"{name}_limit_{end}": Decimal(0)
                    for name in ("upper", "lower")
                    for end in ("low", "high")
                },
                **{f"{name}_reasons": 0 for name in ("value", "upper_limit", "lower_limit")},
            }
        )
    return rows


def _days(text: str, as_of: date) -> tuple[date, date]:
    """A day relative to the run, or a whole month as YYYY-MM."""
    if text[0] in "+-" or text == "0":
        day = as_of + timedelta(days=int(text))
        return day, day
    first = date.fromisoformat(f"{text}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _coverage(usual: pl.DataFrame, given: dict[str, tuple[str, str]], as_of: date) -> pl.DataFrame:
    """The usual coverage with other days for some tables; an empty day is the beginning of time."""
    rows = []
    for table, (first, last) in given.items():
        start = _days(first, as_of)[0] if first else BEGINNING
        end = _days(last, as_of)[1]
        rows.append({"table": table, "patient": EVERYBODY, "complete_from": start, "complete_through": end})
    changed = pl.DataFrame(rows, schema=SCHEMAS["coverage"])
    return pl.concat([usual.filter(~pl.col("table").is_in(list(given))), changed])


def judged(asked: Criterion, patient: Patient) -> Judged:
    """What the engine says; the reference engine must say the same."""
    facts, anchors = facts_of(patient)
    if "attested" in patient:
        answer = ("patient", "trial_id", "criterion_id", "answer", "date", "source_row")
        row = dict(zip(answer, (0, "a-trial", "A", patient["attested"], anchors.as_of, 1), strict=True))
        frames = {name: getattr(facts, name) for name in SCHEMAS}
        frames["attestations"] = pl.DataFrame([row], schema=SCHEMAS["attestations"])
        facts = Facts(facts.as_of, **frames)
    found = evaluate_trial(trial_of([asked], max_lag_days=LAG_DAYS), facts, anchors).row(0, named=True)
    days = ReferenceAnchors(anchors.as_of, anchors.enrollment, anchors.first_dose)
    context = Context(days, LAG_DAYS, asked.kind, patient.get("attested"))
    slow = judge_by_reference(asked, next(iter(records(facts))), context)
    fast = Judged(found["verdict"], found["reason"], found["curability"], found["holds_until"])
    assert fast[:3] == (slow.verdict, slow.reason, slow.curability), f"the engines differ: {fast}, {slow}"
    return fast


def check(row: Row) -> None:
    """The line holds: the verdict of an inclusion that asks for the expression is the one in the table."""
    found = judged(criterion(row.expression), row.patient)
    told = f"\n{row.sentence}\n  {row.expression}\n  {row.patient}\n  gives {found}"
    assert (found.verdict, found.reason) == (row.verdict, row.reason), told
