"""Tiers, order, opening and closing days, and who is not listed."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from criteria.calendar import with_calendar
from criteria.ranking import DAYS, not_listed_patients, rank_candidates, summarise_patients
from schemas.facts import Facts
from schemas.outputs import output_columns, output_dtypes, pandera_schema
from tests.criteria.frames import AS_OF, facts_about, fails, passes, unknown, verdict_frame

TRIAL_IDS = ("some-trial", "NCT00000001")


def summarised(verdicts: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """The summary that is ranked, of patients of whom no day is known."""
    days = pl.DataFrame(schema={"patient": pl.Int32, **DAYS})
    return with_calendar(summarise_patients(verdicts, facts, TRIAL_IDS), days)


def summary_of(*patients: list[dict[str, Any]], about: list[dict[str, Any]] | None = None) -> pl.DataFrame:
    facts = facts_about(*(about or [{} for _ in patients]))
    return summarised(verdict_frame(*patients), facts)


@pytest.mark.parametrize(
    ("verdicts", "tier"),
    [
        ([passes(), passes()], "eligible"),
        ([passes(), unknown("needs_attestation")], "eligible"),
        ([passes(), unknown("needs_review")], "possible"),
        ([unknown("stale"), unknown("needs_attestation")], "possible"),
        ([fails("time"), unknown("stale")], "opens_later"),
        ([fails("time"), fails("retest")], "near_miss"),
        ([fails("data")], "near_miss"),
        ([fails("time"), fails("permanent")], "excluded"),
        ([{"verdict": "not_applicable"}], "eligible"),
    ],
)
def test_the_tier_follows_from_the_kinds_of_fails_and_unknowns(
    verdicts: list[dict[str, Any]], tier: str
) -> None:
    assert summary_of(verdicts)["tier"].to_list() == [tier]


def test_counts_and_ids_stand_in_protocol_order() -> None:
    row = summary_of([unknown("stale"), fails("data"), unknown("needs_attestation"), fails("time")]).row(
        0, named=True
    )
    assert (row["failing_count"], row["unknown_count"], row["attestation_count"]) == (2, 2, 1)
    assert row["failing_criteria"] == ["C2", "C4"]
    assert row["unknown_criteria"] == ["C1", "C3"]


def test_ranks_go_by_tier_fails_unknowns_opening_day_and_id() -> None:
    late = soon = fails("time")
    summary = summary_of(
        [fails("permanent"), passes()],
        [fails("time", None), passes()],
        [late, passes()],
        [soon, passes()],
        [soon, unknown("stale")],
        [soon, soon],
        [passes(), unknown("stale")],
        [passes(), passes()],
        [passes(), passes()],
    )
    days = {2: date(2026, 6, 1), 3: date(2026, 5, 1), 4: date(2026, 5, 1), 5: date(2026, 5, 1)}
    opening = pl.col("patient").replace_strict(days, default=None, return_dtype=pl.Date)
    summary = summary.with_columns(opens_on=opening).sort("patient_id", descending=True)
    ranked = rank_candidates(summary, "some-trial")
    assert ranked["patient_id"].to_list() == ["p7", "p8", "p6", "p3", "p2", "p1", "p4", "p5", "p0"]
    assert ranked["rank"].to_list() == list(range(1, 10))
    assert ranked.columns == output_columns("candidates")
    pandera_schema("candidates").validate(ranked.cast(pl.Schema(output_dtypes("candidates"))))


def test_ids_are_ordered_as_text_byte_by_byte() -> None:
    about = [{"patient_id": name} for name in ("10", "2", "B", "a", "é", "z")]
    summary = summary_of(*([passes()] for _ in about), about=about)
    ranked = rank_candidates(summary.sample(fraction=1.0, shuffle=True, seed=1), "some-trial")
    assert ranked["patient_id"].to_list() == ["10", "2", "B", "a", "z", "é"]


def reason_for(about: dict[str, Any], log: list[tuple[int, str, str, date]] | None = None) -> str | None:
    facts = facts_about(about, log=log)
    summary = summarised(verdict_frame([passes()]), facts)
    listed = rank_candidates(summary, "some-trial").height
    out = not_listed_patients(summary, "some-trial")
    pandera_schema("not_listed").validate(out)
    assert listed + out.height == 1, "each patient stands in exactly one of the two lists"
    return out["reason"][0] if out.height else None


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"deceased": True, "contact_permitted": "no"}, "deceased"),
        ({"vital_status": "unknown", "last_contact_latest": None}, "vital_status_unknown"),
        ({"vital_status": None, "last_contact_latest": date(2025, 9, 29)}, "vital_status_unknown"),
        ({"vital_status": None, "last_contact_latest": date(2025, 9, 30)}, None),
        ({"vital_status": "alive", "last_contact_latest": None}, None),
        (
            {"vital_status": None, "last_contact_latest": None, "contact_permitted": "no"},
            "vital_status_unknown",
        ),
        ({"contact_permitted": "no"}, "contact_not_permitted"),
        ({"contact_permitted": None}, None),
    ],
)
def test_the_registry_says_who_is_not_listed(about: dict[str, Any], reason: str | None) -> None:
    """Six months before 31 March 2026 is 30 September 2025, and that day is not yet silence."""
    assert reason_for(about) == reason


@pytest.mark.parametrize("status", ["declined", "enrolled", "screen_failed", "withdrawn"])
def test_a_closing_status_of_the_trial_ends_the_search(status: str) -> None:
    assert reason_for({}, [(0, "SOME-Trial", status, AS_OF)]) == status
    assert reason_for({}, [(0, "nct00000001", status, AS_OF)]) == status


@pytest.mark.parametrize(
    "log",
    [
        [(0, "other-trial", "declined", AS_OF)],
        [(0, "some-trial", "contacted", AS_OF)],
        [(0, "some-trial", "consented", AS_OF)],
        [(0, "some-trial", "declined", date(2025, 1, 1)), (0, "NCT00000001", "contacted", AS_OF)],
    ],
)
def test_only_the_latest_status_for_this_trial_counts(log: list[tuple[int, str, str, date]]) -> None:
    assert reason_for({}, log) is None


def test_on_one_day_a_closing_status_outweighs_another() -> None:
    log = [(0, "some-trial", "contacted", AS_OF), (0, "NCT00000001", "declined", AS_OF)]
    assert reason_for({}, log) == "declined"


def test_the_registry_comes_before_the_screening_log() -> None:
    assert reason_for({"contact_permitted": "no"}, [(0, "some-trial", "declined", AS_OF)]) == (
        "contact_not_permitted"
    )


def test_without_criteria_or_patients_the_lists_are_defined() -> None:
    facts = facts_about({}, {})
    assert rank_candidates(summarised(verdict_frame(), facts), "t")["tier"].to_list() == (
        ["eligible", "eligible"]
    )
    nobody = summarised(verdict_frame(), facts_about())
    assert rank_candidates(nobody, "t").height == 0
    assert not_listed_patients(nobody, "t").height == 0
