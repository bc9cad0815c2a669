"""Whose results have to be repeated, and who closes, as the report tells it."""

from datetime import date, timedelta

import polars as pl

from flows.report.days import MOST_CLOSING, closing, too_old_soon
from schemas.outputs import output_dtypes
from schemas.words import TIERS

AS_OF = date(2026, 6, 30)


def candidates(*rows: tuple[str, int | None, int | None]) -> pl.DataFrame:
    """Patients by tier with the days until they close, and until results are too old."""

    def day(days: int | None) -> date | None:
        return None if days is None else AS_OF + timedelta(days=days)

    told = [
        {
            "trial_id": "t",
            "rank": place,
            "patient_id": f"p{place}",
            "tier": tier,
            "closes_on": day(closes),
            "repeat_labs_before": day(labs),
            "repeat_labs_criteria": ["I09", "I10"] if labs else [],
        }
        for place, (tier, closes, labs) in enumerate(rows, start=1)
    ]
    return pl.DataFrame(told, schema=output_dtypes("candidates"))


def test_patients_stand_by_the_first_of_their_days_within_the_calendar() -> None:
    rows, more = closing(
        candidates(
            ("eligible", 40, 50),
            ("possible", 90, None),
            ("opens_later", None, 30),
            ("possible", 91, 91),
            ("excluded", None, None),
        ),
        AS_OF,
    )
    assert [row["patient_id"] for row in rows] == ["p3", "p1", "p2"]
    assert rows[1]["repeat_labs_criteria"] == "I09, I10"
    assert rows[1]["repeat_labs_before"] == AS_OF + timedelta(days=50)
    assert more == 0


def test_a_long_table_is_cut_and_says_so() -> None:
    rows, more = closing(candidates(*[("possible", 5, None)] * (MOST_CLOSING + 3)), AS_OF)
    assert (len(rows), more) == (MOST_CLOSING, 3)


def test_results_count_as_soon_too_old_only_where_nothing_speaks_against_the_patient() -> None:
    frame = candidates(*[(tier, None, days) for tier in TIERS for days in (30, 31)])
    assert too_old_soon(frame, AS_OF) == 2
