"""The numbers behind the pictures of the report: attrition, missing data, and who opens when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from flows.report.words import REASON_GROUPS

CALENDAR_DAYS = 90
_WEEK = 7


@dataclass(frozen=True)
class AttritionRow:
    """What one criterion costs; the shares of the bars are of all patients, in percent."""

    criterion_id: str
    short: str
    kind: str
    left: int
    alone: int
    only: int
    share: float
    unknown: int
    left_percent: float
    alone_percent: float
    only_percent: float
    share_percent: float


@dataclass(frozen=True)
class MissingRow:
    """Listed patients for whom a criterion is unknown, by what is wrong; (words, patients, percent)."""

    criterion_id: str
    short: str
    patients: int
    percent: float
    groups: list[tuple[str, int, float]]


@dataclass(frozen=True)
class Week:
    """A week of the calendar and how many patients open in it; the bar's height in percent of the fullest."""

    first: date
    last: date
    patients: int
    percent: float


def attrition_rows(attrition: pl.DataFrame, short: Mapping[str, str], patients: int) -> list[AttritionRow]:
    """One row per criterion, in protocol order."""

    def percent(value: float) -> float:
        return _percent(value, patients)

    return [
        AttritionRow(
            criterion_id=row["criterion_id"],
            short=short[row["criterion_id"]],
            kind=row["kind"],
            left=row["remaining_in_order"],
            alone=row["excluded_alone"],
            only=row["excluded_only_by_this"],
            share=row["shapley_share"],
            unknown=row["unknown"],
            left_percent=percent(row["remaining_in_order"]),
            alone_percent=percent(row["excluded_alone"]),
            only_percent=percent(row["excluded_only_by_this"]),
            share_percent=percent(row["shapley_share"]),
        )
        for row in attrition.iter_rows(named=True)
    ]


def missing_rows(unknowns: pl.DataFrame, short: Mapping[str, str], listed: int) -> list[MissingRow]:
    """One row per criterion that is unknown for somebody, in protocol order."""
    counts: dict[str, dict[str, int]] = {}
    for criterion_id, reason, patients in unknowns.iter_rows():
        counts.setdefault(criterion_id, {})[reason] = patients
    rows = []
    for criterion_id, words in short.items():
        own = counts.get(criterion_id)
        if own:
            sums = [(told, sum(own.get(r, 0) for r in reasons)) for told, reasons in REASON_GROUPS.items()]
            groups = [(told, patients, _percent(patients, listed)) for told, patients in sums]
            total = sum(own.values())
            rows.append(MissingRow(criterion_id, words, total, _percent(total, listed), groups))
    return rows


def calendar(candidates: pl.DataFrame, as_of: date) -> tuple[list[Week], list[dict[str, Any]]]:
    """The next weeks with how many patients open in each, and these patients by day."""
    last = as_of + timedelta(days=CALENDAR_DAYS)
    opening = (
        candidates.filter((pl.col("opens_on") > as_of) & (pl.col("opens_on") <= last))
        .sort("opens_on", "rank")
        .select("opens_on", "patient_id", "failing_criteria", "unknown_count")
        .to_dicts()
    )
    weeks = []
    for first in range(1, CALENDAR_DAYS + 1, _WEEK):
        start = as_of + timedelta(days=first)
        end = min(start + timedelta(days=_WEEK - 1), last)
        weeks.append((start, end, sum(start <= row["opens_on"] <= end for row in opening)))
    fullest = max(patients for _, _, patients in weeks)
    return [Week(*week, _percent(week[2], fullest)) for week in weeks], opening


def _percent(value: float, whole: int) -> float:
    return round(100 * value / whole, 2) if whole else 0.0
