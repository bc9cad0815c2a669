"""Whose time runs out: the patients who close, or whose results get too old, in the next weeks."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from flows.report.pictures import CALENDAR_DAYS
from flows.report.words import TIER_WORDS
from schemas.words import TIERS

# As many rows as one reads; the others stand in candidates.xlsx.
MOST_CLOSING = 100
# Results that get too old within these days are worth repeating at the next visit.
SOON_DAYS = 30


def closing(candidates: pl.DataFrame, as_of: date) -> tuple[list[dict[str, Any]], int]:
    """The patients by the first of their days, and how many more there are.

    Each is told with the day on which results get too old, whose criteria need them, and the closing day.
    """
    last = as_of + timedelta(days=CALENDAR_DAYS)
    first_day = pl.min_horizontal("closes_on", "repeat_labs_before")
    found = (
        candidates.with_columns(day=first_day)
        .filter((pl.col("day") > as_of) & (pl.col("day") <= last))
        .sort("day", "rank")
    )
    rows = found.head(MOST_CLOSING).select(
        "patient_id",
        "repeat_labs_before",
        pl.col("repeat_labs_criteria").list.join(", ").fill_null(""),
        "closes_on",
        tier=pl.col("tier").replace_strict(TIER_WORDS),
    )
    return rows.to_dicts(), max(found.height - MOST_CLOSING, 0)


def too_old_soon(candidates: pl.DataFrame, as_of: date) -> int:
    """Patients whom nothing speaks against and for whom a result that counts gets too old soon."""
    open_ = pl.col("tier").is_in(TIERS[:2])
    soon = pl.col("repeat_labs_before") <= as_of + timedelta(days=SOON_DAYS)
    return candidates.filter(open_ & soon).height
