"""Random patients, rich in coincidences: days on window edges, values on thresholds, half-known things."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl

from criteria.reference.days import add_days, add_months
from schemas.facts import ATTRIBUTES, EVERYBODY, FRAME_NAMES, SCHEMAS, Facts
from schemas.words import BEGINNING, FOREVER, UNBOUNDED, VERDICTS, reason_bit
from tests.differential.universe import (
    AS_OF_DAYS,
    CAPTURED_TABLES,
    CRITERION_IDS,
    EDGE_DAYS,
    LENGTHS,
    LINE_DRUGS,
    MEASUREMENTS,
    MONTHS,
    OFFSETS,
    TABLE_ATTRIBUTES,
    TABLE_CONCEPTS,
    TRIAL_ID,
    VALUES,
    WORD_MEASUREMENTS,
)

Row = dict[str, Any]
Interval = tuple[date, date]
_NINTH_PLACE = Decimal("0.000000001")
_UNSURE = ("needs_review", "quarantined", "unmapped_code", "unit_unclear", "conflicting_values")
_DATE_UNSURE = ("partial_date", "never_recorded", "stale")


def bits(*reasons: str) -> int:
    """The bit mask of some reasons."""
    return sum({reason_bit(reason) for reason in reasons})


@dataclass
class Batch:
    """The rows of some patients so far, by frame."""

    as_of: date
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in FRAME_NAMES})
    source_rows: int = 0

    def next_source_row(self) -> int:
        self.source_rows += 1
        return self.source_rows

    def facts(self) -> Facts:
        """The rows as frames, in the order that facts have."""
        frames = {}
        for name, rows in self.rows.items():
            frame = pl.DataFrame(rows, schema=SCHEMAS[name], orient="row")
            order = [
                key
                for key in ("patient", "table", "concept", "source_table", "source_row")
                if key in frame.columns
            ]
            frames[name] = frame.sort(order, maintain_order=True)
        return Facts(self.as_of, **frames)


def random_as_of(rng: Random) -> date:
    """A day to look from: month ends, leap days, the day after, a plain day."""
    return rng.choice(AS_OF_DAYS)


def random_facts(rng: Random, n_patients: int, as_of: date | None = None) -> Facts:
    """The facts about so many random patients."""
    return facts_of([rng] * n_patients, random_as_of(rng) if as_of is None else as_of, rng)


def facts_of(patients: Sequence[Random], as_of: date, everybody: Random) -> Facts:
    """The facts about one random patient per generator; ``everybody`` makes the coverage that all share."""
    batch = Batch(as_of)
    for table in CAPTURED_TABLES:
        if everybody.random() < 0.85:
            batch.rows["coverage"].append(_coverage(everybody, table, EVERYBODY, as_of))
    for patient, rng in enumerate(patients):
        _add_patient(rng, patient, batch)
    return batch.facts()


def _add_patient(rng: Random, patient: int, batch: Batch) -> None:
    batch.rows["patients"].append(_patient(rng, patient, batch.as_of))
    for table in CAPTURED_TABLES:
        if rng.random() < 0.15:
            batch.rows["coverage"].append(_coverage(rng, table, patient, batch.as_of))
    for concept in MEASUREMENTS:
        _add_results(rng, patient, concept, batch)
    for table in TABLE_CONCEPTS:
        _add_events(rng, patient, table, batch)
    for criterion in CRITERION_IDS:
        if rng.random() < 0.25:
            row = {
                "patient": patient,
                "trial_id": TRIAL_ID,
                "criterion_id": criterion,
                "answer": rng.choice([verdict for verdict in VERDICTS if verdict != "unknown"]),
                "date": add_days(batch.as_of, -rng.choice(LENGTHS)),
                "source_row": batch.next_source_row(),
            }
            batch.rows["attestations"].append(row)


def random_day(rng: Random, as_of: date) -> date:
    """A day that is often on the edge of something."""
    kind = rng.random()
    if kind < 0.55:
        return add_days(as_of, rng.choice(OFFSETS))
    if kind < 0.7:
        return add_days(add_months(as_of, -rng.choice(MONTHS)), rng.choice((-1, 0, 0, 1)))
    if kind < 0.85:
        return rng.choice(EDGE_DAYS)
    return add_days(as_of, rng.randint(-800, 40))


def random_interval(rng: Random, as_of: date) -> Interval:
    """An exact day, a month, a year, a few days around, or open to one side; it begins by ``as_of``."""
    day = min(random_day(rng, as_of), as_of)
    kind = rng.random()
    if kind < 0.7:
        return day, day
    if kind < 0.8:
        first = day.replace(day=1)
        return first, add_days(add_months(first, 1), -1)
    if kind < 0.85:
        return date(day.year, 1, 1), date(day.year, 12, 31)
    if kind < 0.93:
        return add_days(day, -rng.choice((0, 1, 7, 30))), add_days(day, rng.choice((1, 2, 30)))
    return BEGINNING, rng.choice((day, as_of, FOREVER))


def _coverage(rng: Random, table: str, patient: int, as_of: date) -> Row:
    first = BEGINNING if rng.random() < 0.6 else random_day(rng, as_of)
    last = rng.choice((as_of, as_of, FOREVER, add_days(as_of, -rng.choice((1, 6, 7, 8, 30, 90)))))
    return {"table": table, "patient": patient, "complete_from": first, "complete_through": last}


def _birth(rng: Random, as_of: date) -> tuple[Interval, int]:
    if rng.random() < 0.05:
        return (BEGINNING, FOREVER), bits("never_recorded")
    day = add_months(as_of, -12 * rng.choice((17, 18, 18, 40, 64, 65, 80)))
    day = add_days(day, rng.choice((-1, 0, 0, 1, 28, 200)))
    if rng.random() < 0.15:
        day = date(rng.choice((1956, 1960, 2004, 2008)), 2, 29)
    kind = rng.random()
    if kind < 0.7:
        return (day, day), 0
    if kind < 0.85:
        first = day.replace(day=1)
        return (first, add_days(add_months(first, 1), -1)), bits("partial_date")
    return (date(day.year, 1, 1), date(day.year, 12, 31)), bits("partial_date")


def _patient(rng: Random, patient: int, as_of: date) -> Row:
    (earliest, latest), birth_reasons = _birth(rng, as_of)
    sex = rng.choice(((0, 0, 0), (1, 1, 0), (0, 0, 0), (1, 1, 0), (0, 1, bits("never_recorded"))))
    childbearing = rng.choice(((0, 0, 0), (1, 1, 0), (0, 1, bits("needs_review"))))
    return {
        "patient": patient,
        "patient_id": f"P{patient:06}",
        "site": rng.choice(("north", "south", None)),
        "birth_earliest": earliest,
        "birth_latest": latest,
        "birth_reasons": birth_reasons,
        **dict(zip(("sex_low", "sex_high", "sex_reasons"), sex, strict=True)),
        "childbearing_potential_low": childbearing[0],
        "childbearing_potential_high": childbearing[1],
        "childbearing_potential_reasons": childbearing[2],
        "deceased": rng.random() < 0.05,
        "vital_status": rng.choice(("alive", "dead", None)),
        "last_contact_latest": as_of,
        "contact_permitted": rng.choice(("yes", "no", None)),
    }


def _value(rng: Random) -> tuple[Decimal, Decimal, int]:
    """A result as measured, below or above what can be measured, one of several, or unreadable."""
    kind, value = rng.random(), rng.choice(VALUES)
    if kind < 0.6:
        return value, value, 0
    if kind < 0.7:
        return Decimal(0), max(Decimal(0), value - _NINTH_PLACE), bits("censored_value")
    if kind < 0.8:
        return value + _NINTH_PLACE, UNBOUNDED, bits("censored_value")
    if kind < 0.92:
        other = rng.choice(VALUES)
        return min(value, other), max(value, other), bits("conflicting_values")
    return -UNBOUNDED, UNBOUNDED, bits(rng.choice(("quarantined", "unit_unclear", "implausible_value")))


def _word_value(rng: Random) -> tuple[Decimal, Decimal, int]:
    low, high, mask = rng.choice(((0, 0, 0), (1, 1, 0), (0, 1, bits("conflicting_values"))))
    return Decimal(low), Decimal(high), mask


def _limit(rng: Random) -> tuple[Decimal, Decimal, int]:
    kind, value = rng.random(), rng.choice(VALUES)
    if kind < 0.6:
        return value, value, 0
    if kind < 0.85:
        return Decimal(1), Decimal("1.5"), bits("no_upper_limit")
    return -UNBOUNDED, UNBOUNDED, bits("no_upper_limit")


def _known_until(rng: Random, as_of: date) -> date:
    return FOREVER if rng.random() < 0.85 else add_days(as_of, rng.choice((0, 1, 5, 30)))


def _result(rng: Random, patient: int, concept: str, when: Interval, batch: Batch) -> Row:
    parts = {"value": _word_value(rng) if concept in WORD_MEASUREMENTS else _value(rng)}
    parts |= {"upper_limit": _limit(rng), "lower_limit": _limit(rng)}
    source_row = batch.next_source_row()
    row: Row = {
        "patient": patient,
        "concept": concept,
        "date_earliest": when[0],
        "date_latest": when[1],
        "fact_until": _known_until(rng, batch.as_of),
        "source_table": "observations",
        "source_row": source_row,
        "source_rows": [source_row],
        "recorded_value": "1",
        "recorded_unit": None,
    }
    for name, part in parts.items():
        row |= dict(zip((f"{name}_low", f"{name}_high", f"{name}_reasons"), part, strict=True))
    return row


def _add_results(rng: Random, patient: int, concept: str, batch: Batch) -> None:
    """Results on different days, and the latest of them, sometimes as the hull with one that may be later."""
    rows = []
    for when in {random_interval(rng, batch.as_of) for _ in range(rng.choice((0, 1, 1, 2, 4)))}:
        rows.append(_result(rng, patient, concept, when, batch))
    batch.rows["results"].extend(rows)
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: (row["date_latest"], row["date_earliest"]))
    latest = dict(ordered[-1])
    if len(ordered) > 1 and ordered[-2]["date_latest"] > latest["date_earliest"]:
        _widen(latest, ordered[-2])
    batch.rows["latest"].append(latest)


def _widen(row: Row, other: Row) -> None:
    """Makes a result what either of two may be."""
    for part, low, high in (("date", "earliest", "latest"), ("value", "low", "high")):
        row[f"{part}_{low}"] = min(row[f"{part}_{low}"], other[f"{part}_{low}"])
        row[f"{part}_{high}"] = max(row[f"{part}_{high}"], other[f"{part}_{high}"])
    row["value_reasons"] |= other["value_reasons"] | bits("partial_date")


def _end(rng: Random, start: Interval, as_of: date) -> Interval:
    """The same day, running on, unknown, or a later day or interval; never before the start."""
    kind = rng.random()
    if kind < 0.3:
        return start
    if kind < 0.42:
        return FOREVER, FOREVER
    if kind < 0.55:
        return start[0], FOREVER
    if kind < 0.75:
        day = max(random_day(rng, as_of), start[1])
        return day, day
    earliest, latest = random_interval(rng, as_of)
    return max(earliest, start[0]), max(latest, start[1])


def _attribute(rng: Random, name: str) -> Interval | tuple[int, int]:
    attribute = ATTRIBUTES[name]
    if rng.random() < 0.25:
        return attribute.low, attribute.high
    high = 4 if name == "line_number" else attribute.high
    low = rng.randint(attribute.low, high)
    return low, low if rng.random() < 0.85 else rng.randint(low, high)


def _event(rng: Random, patient: int, concept: str, table: str, batch: Batch) -> Row:
    start = random_interval(rng, batch.as_of)
    end = _end(rng, start, batch.as_of)
    late = start[1] > batch.as_of
    certain = concept != "*" and not late and rng.random() < 0.8
    reasons = [] if certain else ["unmapped_code" if concept == "*" else rng.choice(_UNSURE)]
    if start[0] != start[1] or end[0] != end[1]:
        reasons.append("partial_date" if late else rng.choice(_DATE_UNSURE))
    row: Row = {
        "patient": patient,
        "concept": concept,
        "source_table": table,
        "source_row": batch.next_source_row(),
        "start_earliest": start[0],
        "start_latest": start[1],
        "end_earliest": end[0],
        "end_latest": end[1],
        "certain": certain,
        "reasons": bits(*reasons),
        "fact_until": max(batch.as_of, add_days(start[1], -1)) if late else _known_until(rng, batch.as_of),
        "recorded_name": concept,
    }
    for name, attribute in ATTRIBUTES.items():
        said = name in TABLE_ATTRIBUTES[table]
        low, high = _attribute(rng, name) if said else (attribute.low, attribute.high)
        row[f"{name}_low"], row[f"{name}_high"] = low, high
    return row


def _add_events(rng: Random, patient: int, table: str, batch: Batch) -> None:
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        row = _event(rng, patient, rng.choice(TABLE_CONCEPTS[table]), table, batch)
        batch.rows["events"].append(row)
        if table == "treatments":
            _add_beside_treatment(rng, row, batch)
        if table == "responses" and rng.random() < 0.5:
            batch.rows["events"].append({**row, "concept": "progression"})
        if table == "lines":
            _add_line_members(rng, row, batch)


def _add_beside_treatment(rng: Random, row: Row, batch: Batch) -> None:
    """Of the same delivered row: the second drug of a regimen, the progression that stopped the course."""
    if rng.random() < 0.3:
        others = [concept for concept in TABLE_CONCEPTS["treatments"] if concept not in (row["concept"], "*")]
        batch.rows["events"].append({**row, "concept": rng.choice(others)})
    if rng.random() < 0.2:
        latest = max(row["start_earliest"], min(row["end_latest"], batch.as_of))
        when = {"start_latest": latest, "end_earliest": row["start_earliest"], "end_latest": latest}
        progression = {
            **row,
            **when,
            "concept": "progression",
            "reasons": bits("needs_review", "partial_date"),
        }
        batch.rows["events"].append(progression)


def _add_line_members(rng: Random, row: Row, batch: Batch) -> None:
    for concept in rng.sample(LINE_DRUGS, rng.randint(0, 3)):
        certain = concept != "*" and rng.random() < 0.75
        member = {
            "patient": row["patient"],
            "line_row": row["source_row"],
            "concept": concept,
            "certain": certain,
        }
        batch.rows["line_members"].append(member)
