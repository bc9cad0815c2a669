"""What each criterion costs a trial."""

import random
from fractions import Fraction

import pytest

from criteria.attrition import add_counts, attrition_table, count_exclusions
from schemas.outputs import pandera_schema
from tests.criteria.frames import fails, passes, unknown, verdict_frame

CRITERIA = [("C1", "inclusion", "first"), ("C2", "exclusion", "second"), ("C3", "exclusion", "third")]
FAIL, PASS, OPEN = fails("data"), passes(), unknown("stale")
PATIENTS = [
    [FAIL, PASS, PASS],
    [FAIL, FAIL, FAIL],
    [PASS, FAIL, OPEN],
    [OPEN, PASS, FAIL],
    [OPEN, FAIL, FAIL],
    [PASS, PASS, PASS],
]


def test_every_count_of_the_table_is_as_worked_by_hand() -> None:
    table = attrition_table("t", CRITERIA, count_exclusions(verdict_frame(*PATIENTS)), len(PATIENTS))
    pandera_schema("attrition").validate(table)
    assert table["excluded_alone"].to_list() == [2, 3, 3]
    assert table["remaining_in_order"].to_list() == [4, 2, 1]
    assert table["excluded_only_by_this"].to_list() == [1, 1, 1]
    assert table["unknown"].to_list() == [2, 0, 1]
    assert table["shapley_share"].to_list() == [1.333333, 1.833333, 1.833333]


def test_the_shares_add_up_to_the_patients_excluded() -> None:
    counts = count_exclusions(verdict_frame(*PATIENTS))
    exact = sum(
        (
            Fraction(n, k)
            for k, n in counts.filter(counts["failing_count"] > 0)["failing_count", "failing"].rows()
        ),
        Fraction(0),
    )
    assert exact == 5


@pytest.mark.parametrize("batches", [2, 3, 6])
def test_batches_add_up_to_the_whole(batches: int) -> None:
    rng = random.Random(batches)  # noqa: S311 - made-up patients, not secrets
    patients = [[rng.choice([FAIL, PASS, OPEN]) for _ in CRITERIA] for _ in range(60)]
    parts = [count_exclusions(verdict_frame(*patients[start::batches])) for start in range(batches)]
    assert add_counts(parts).equals(count_exclusions(verdict_frame(*patients)))


def test_a_criterion_that_nobody_fails_costs_nothing() -> None:
    table = attrition_table("t", CRITERIA, count_exclusions(verdict_frame([PASS, PASS, PASS])), 1)
    assert table["excluded_alone"].to_list() == [0, 0, 0]
    assert table["remaining_in_order"].to_list() == [1, 1, 1]


def test_no_patients_and_no_criteria_give_an_empty_table() -> None:
    assert attrition_table("t", [], count_exclusions(verdict_frame()), 0).height == 0
