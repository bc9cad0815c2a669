"""What one patient's verdict on one criterion rests on: each fact that the criterion reads, where it stands.

Grain: one piece of evidence per result, event row, absence or attestation. Dates and numbers are as the facts
hold them (intervals, canonical units), beside the value as the registry recorded it.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from criteria.language.tree import EventSet, RowAttribute
from criteria.limits import exact_limits
from criteria.patient_rows import PatientRows, Row, only_patient
from criteria.trial import Criterion, Trial
from criteria.usage import Usage, nodes_in, usage_of
from criteria.windows import oldest_days
from schemas.facts import ANY_CONCEPT, ATTRIBUTES, Facts
from schemas.words import KINDS, REASONS, WORD_DOMAINS, YES_NO


@dataclass(frozen=True)
class Evidence:
    """One thing that the registry says, or does not say.

    ``name`` is the measurement, set or personal fact; ``recorded`` the value or name as delivered; ``low``
    and ``high`` the canonical number where there is one; ``first``, ``last`` the possible days of its start
    (or of the result) and of its end; ``details`` attributes that the criterion asks about; ``table`` and
    ``rows`` where it stands in the extract; ``reasons`` why it is not exact; ``found`` is false where the
    registry says nothing, ``certain`` where a row may not belong, ``stale`` true for a result past its days.
    """

    name: str
    found: bool = True
    recorded: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    first: tuple[date, date] | None = None
    last: tuple[date, date] | None = None
    table: str = ""
    rows: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    certain: bool = True
    stale: bool = False
    at_limit: bool = False


@dataclass(frozen=True)
class Reads:
    """What a criterion reads, worked out once for all patients.

    ``concepts`` are those of each set of ``usage``; ``tables`` those in which an event of a set would stand;
    ``asked`` the attributes of rows that it asks about; ``oldest`` the first day on which a result of a
    measurement is fresh enough; ``limits`` the numbers that results are compared with.
    """

    usage: Usage
    concepts: tuple[frozenset[str], ...]
    tables: tuple[str, ...]
    asked: tuple[str, ...]
    oldest: dict[str, date]
    limits: dict[str, frozenset[Decimal]]


def reads_of(criterion: Criterion, as_of: date) -> Reads:
    """What a criterion reads as of a day."""
    usage = usage_of(criterion)
    asked = dict.fromkeys(node.name for node in nodes_in(criterion) if isinstance(node, RowAttribute))
    return Reads(
        usage=usage,
        concepts=tuple(frozenset(concept for concept, _ in rows.members) for rows in usage.sets),
        tables=tuple(sorted({table for rows in usage.sets for table in rows.home_tables})),
        asked=tuple(asked),
        oldest=oldest_days(criterion, as_of),
        limits=exact_limits(criterion),
    )


def evidence_for(criterion: Criterion, facts: Facts) -> list[Evidence]:
    """Everything that a criterion reads about the one patient of ``facts``, in the order of reading."""
    return evidence_in(only_patient(facts), reads_of(criterion, facts.as_of))


def evidence_in(rows: PatientRows, reads: Reads) -> list[Evidence]:
    """Everything that a criterion reads about a patient, in the order of reading."""
    usage, limits = reads.usage, reads.limits
    pieces = [person_evidence(name, rows.person) for name in usage.people]
    for concept in usage.measurements:
        pieces += _results(concept, rows.latest, limits, reads.oldest[concept])
    for concept in usage.counted:
        pieces += _results(concept, rows.results, limits, date.min)
    for one, concepts in zip(usage.sets, reads.concepts, strict=True):
        pieces += _events(one, concepts, rows, reads.asked)
    return list(dict.fromkeys(pieces))


@cache
def reason_names(bits: int) -> tuple[str, ...]:
    """The reasons of a bit mask, in the order of publication."""
    return tuple(reason for place, reason in enumerate(REASONS) if bits >> place & 1)


def _results(
    concept: str, results: dict[str, list[Row]], limits: dict[str, frozenset[Decimal]], oldest: date
) -> Iterator[Evidence]:
    own = results.get(concept, ())
    for row in own:
        yield result_evidence(concept, row, limits, oldest)
    if not own:
        yield _absent(concept)


def result_evidence(concept: str, row: Row, limits: dict[str, frozenset[Decimal]], oldest: date) -> Evidence:
    """One result of a measurement; ``limits`` and ``oldest`` as in ``Reads``, ``date.min`` for any age."""
    low, high = row["value_low"], row["value_high"]
    return Evidence(
        name=concept,
        recorded=" ".join(part for part in (row["recorded_value"], row["recorded_unit"]) if part),
        low=low,
        high=high,
        first=(row["date_earliest"], row["date_latest"]),
        table=row["source_table"],
        rows=tuple(row["source_rows"] or (row["source_row"],)),
        reasons=reason_names(row["value_reasons"]),
        stale=row["date_latest"] < oldest,
        at_limit=low == high and low in _limits_of(concept, row, limits),
    )


def _limits_of(concept: str, row: Row, limits: dict[str, frozenset[Decimal]]) -> set[Decimal]:
    """The numbers that a result is compared with: constants, and multiples of its own limits."""
    numbers = set(limits.get(concept, ()))
    for part in ("upper_limit", "lower_limit"):
        if row[f"{part}_low"] == row[f"{part}_high"]:
            numbers |= {factor * row[f"{part}_low"] for factor in limits.get(f"{concept}_{part}", ())}
    return numbers


def _events(
    rows: EventSet, concepts: frozenset[str], patient: PatientRows, asked: tuple[str, ...]
) -> Iterator[Evidence]:
    own = [row for concept in patient.events.keys() & concepts for row in patient.events[concept]]
    own += [row for row in patient.events.get(ANY_CONCEPT, ()) if row["source_table"] in rows.any_of]
    for row in sorted(own, key=_newest_first):
        yield event_evidence(rows, row, asked)
    if not own:
        yield _absent(rows.name)


def event_evidence(rows: EventSet, row: Row, asked: tuple[str, ...]) -> Evidence:
    """One row of a set; ``asked`` as in ``Reads``."""
    names = (name for name in (row["recorded_name"], row["concept"]) if name != rows.name)
    return Evidence(
        name=rows.name,
        recorded=next(names, "") or "",
        first=(row["start_earliest"], row["start_latest"]),
        last=(row["end_earliest"], row["end_latest"]),
        table=row["source_table"],
        rows=(row["source_row"],),
        reasons=reason_names(row["reasons"]),
        details=_details(row, (*asked, *_OWN_ATTRIBUTE.get(rows.name, ()))),
        certain=row["certain"],
    )


@cache
def _absent(name: str) -> Evidence:
    return Evidence(name=name, found=False)


def _newest_first(row: Row) -> tuple[int, str, int, str]:
    return -row["start_earliest"].toordinal(), row["source_table"], row["source_row"], row["concept"]


# What tells the rows of these sets apart, whether or not a criterion asks for it.
_OWN_ATTRIBUTE = {"lines": ("line_number",), "responses": ("response",)}


def _details(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    """Attributes of a row in words, where the row says more than nothing about them."""
    told = []
    for name in dict.fromkeys(names):
        attribute, low, high = ATTRIBUTES[name], row[f"{name}_low"], row[f"{name}_high"]
        if (low, high) != (attribute.low, attribute.high):
            words = {"truth": YES_NO, "word": WORD_DOMAINS.get(name, ())}.get(attribute.type)
            ends = dict.fromkeys(words[end] if words else str(end) for end in (low, high))
            told.append(f"{name.replace('_', ' ')} {' to '.join(ends)}")
    return tuple(told)


def person_evidence(name: str, person: Row) -> Evidence:
    """One fact about the person, of those that ``Usage.people`` may hold."""
    if name == "age":
        born = (person["birth_earliest"], person["birth_latest"])
        return Evidence("birth", first=born, table="patients", reasons=reason_names(person["birth_reasons"]))
    low, high = person[f"{name}_low"], person[f"{name}_high"]
    reasons = reason_names(person[f"{name}_reasons"])
    return Evidence(name, found=low == high, low=low, high=high, table="patients", reasons=reasons)


def readings_used(trial: Trial, criterion_id: str) -> list[str]:
    """The questions whose answers a criterion depends on, as its file names them, definitions included.

    Read from the file's own text: a branch that the reading in force rules out is gone from the tree.
    """
    document = _document(trial.raw)
    entries = (entry for kind in KINDS for entry in document.get(kind, []) if entry["id"] == criterion_id)
    texts = list(_expressions(next(entries)))
    definitions: dict[str, str] = document.get("definitions", {})
    seen: set[str] = set()
    while new := {word for text in texts for word in _WORD.findall(text)} & definitions.keys() - seen:
        seen |= new
        texts += [definitions[name] for name in sorted(new)]
    if usage_of(trial.criterion(criterion_id)).measurements:
        texts.append(str(document["trial"]["lookback_days"]))
    named = {name for text in texts for name in _READING.findall(text)}
    return [question.id for question in trial.questions if question.id in named]


@lru_cache(maxsize=8)
def _document(raw: bytes) -> dict[str, Any]:
    """What a trial file says, read once for all its criteria."""
    return tomllib.loads(raw.decode("utf-8"))


_WORD = re.compile(r"[A-Za-z_]\w*")
_READING = re.compile(r"\breading\.(\w+)")
_PROSE = ("protocol", "note", "examples", "manual", "review_question")


def _expressions(value: object) -> Iterator[str]:
    """Every text of an entry that is computed rather than read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in _PROSE:
                yield from _expressions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _expressions(part)
