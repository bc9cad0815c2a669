"""Verdicts beside what became of the patients: hand-made cases with counts that one can count."""

from datetime import date

import polars as pl

from criteria.backtest import count_tiers, count_verdicts, judged_patients, surprises
from criteria.ranking import last_statuses
from schemas.facts import SCREENING_LOG
from tests.criteria.frames import fails, passes, unknown, verdict_frame

DAY = date(2026, 3, 1)
VERDICTS = verdict_frame(
    [passes(), fails("permanent"), passes()],
    [passes(), passes(), unknown("stale")],
    [fails("retest"), fails("time"), passes()],
    [passes(), passes(), unknown("needs_attestation")],
    [passes(), {"verdict": "not_applicable"}, passes()],
)


def log(*statuses: str) -> pl.DataFrame:
    """Patient i with the i-th status."""
    rows = [(place, status, DAY) for place, status in enumerate(statuses)]
    return pl.DataFrame(
        rows, schema={"patient": pl.Int32, "status": pl.String, "date": pl.Date}, orient="row"
    )


def test_each_logged_patient_has_the_tier_that_the_verdicts_give() -> None:
    found = judged_patients(VERDICTS, log("enrolled", "enrolled", "screen_failed", "screen_failed"))
    assert found["tier"].to_list() == ["excluded", "possible", "near_miss", "eligible"]
    assert found["failing_criteria"].to_list() == [["C2"], [], ["C1", "C2"], []]
    assert found["unknown_criteria"].to_list() == [[], ["C3"], [], ["C3"]]


def test_an_enrolled_patient_with_a_fail_and_a_failed_one_without_contradict_the_verdicts() -> None:
    found = judged_patients(VERDICTS, log("enrolled", "enrolled", "screen_failed", "screen_failed"))
    assert found["contradicts"].to_list() == [True, False, False, True]
    assert surprises(found) == (1, 1)
    assert surprises(found.clear()) == (0, 0)


def test_a_status_that_settles_nothing_contradicts_nothing() -> None:
    found = judged_patients(VERDICTS, log("declined", "contacted", "consented", "withdrawn"))
    assert not found["contradicts"].any()


def test_a_patient_without_verdicts_is_left_out() -> None:
    statuses = pl.concat([log("enrolled"), log("enrolled").with_columns(patient=pl.lit(99, pl.Int32))])
    assert judged_patients(VERDICTS, statuses)["patient"].to_list() == [0]


def test_every_status_and_tier_is_counted_zero_too() -> None:
    tiers = count_tiers(judged_patients(VERDICTS, log("enrolled", "enrolled", "enrolled", "enrolled")))
    assert tiers.height == 6 * 5
    counted = tiers.filter(pl.col("patients") > 0).rows()
    assert counted == [
        ("enrolled", "eligible", 1),
        ("enrolled", "possible", 1),
        ("enrolled", "near_miss", 1),
        ("enrolled", "excluded", 1),
    ]


def test_each_criterion_is_counted_for_those_enrolled_and_those_who_failed_screening() -> None:
    patients = judged_patients(
        VERDICTS, log("enrolled", "enrolled", "screen_failed", "declined", "screen_failed")
    )
    columns = ["criterion_id", "status", "pass", "fail", "unknown", "not_applicable", "only_fail"]
    assert count_verdicts(VERDICTS, patients).select(columns).rows() == [
        ("C1", "enrolled", 2, 0, 0, 0, 0),
        ("C1", "screen_failed", 1, 1, 0, 0, 0),
        ("C2", "enrolled", 1, 1, 0, 0, 1),
        ("C2", "screen_failed", 0, 1, 0, 1, 0),
        ("C3", "enrolled", 1, 0, 1, 0, 0),
        ("C3", "screen_failed", 2, 0, 0, 0, 0),
    ]


def test_without_anybody_in_the_log_every_count_is_zero() -> None:
    nobody = judged_patients(VERDICTS, log())
    assert nobody.is_empty()
    assert count_tiers(nobody)["patients"].sum() == 0
    assert count_verdicts(VERDICTS, nobody).select("pass", "fail", "only_fail").sum().row(0) == (0, 0, 0)


def test_the_last_status_under_any_name_of_the_trial_is_taken() -> None:
    rows = [
        (0, "some-trial", "screen_failed", DAY),
        (0, "NCT00000001", "enrolled", date(2026, 3, 2)),
        (1, "other-trial", "enrolled", DAY),
        (2, "SOME-TRIAL", "contacted", DAY),
        (2, "nct00000001", "declined", DAY),
    ]
    found = last_statuses(
        pl.DataFrame(rows, schema=SCREENING_LOG, orient="row"), ("some-trial", "NCT00000001")
    )
    assert found.rows() == [(0, "enrolled", date(2026, 3, 2)), (2, "declined", DAY)]
