"""The publish gate: each limit just kept and just passed, and every one that is passed is named."""

from datetime import date
from typing import Any

import pytest

from flows.limits import Limits, check_against_last, check_age
from schemas.errors import ExtractRefused

LIMITS = Limits(max_age_days=2, lost_patients_percent=5, lost_rows_percent=10, quarantined_percent=1)
DAY = date(2026, 6, 30)


def counts(patients: int = 1000, observations: int = 5000, quarantined: int = 0) -> dict[str, dict[str, int]]:
    return {
        "patients": {"read": patients, "accepted": patients, "quarantined": 0},
        "observations": {"read": observations, "accepted": observations, "quarantined": quarantined},
    }


COLUMNS = {"patients": ["patient_id", "sex"], "observations": ["date", "patient_id", "value"]}
LAST: dict[str, Any] = {"rows": {"load": counts()}, "columns": COLUMNS}


@pytest.mark.parametrize(("day", "passes"), [(date(2026, 6, 28), True), (date(2026, 6, 27), False)])
def test_the_extract_may_be_as_old_as_the_limit(day: date, passes: bool) -> None:
    if passes:
        check_age(LIMITS, day, DAY)
        return
    with pytest.raises(ExtractRefused, match="max_age_days") as refused:
        check_age(LIMITS, day, DAY)
    assert refused.value.may_pass


def test_an_extract_of_no_day_has_no_age() -> None:
    check_age(LIMITS, None, DAY)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (counts(patients=950), ""),
        (counts(patients=949), "lost_patients_percent"),
        (counts(observations=4500), ""),
        (counts(observations=4499), "lost_rows_percent"),
        (counts(quarantined=50), ""),
        (counts(quarantined=51), "quarantined_percent"),
        (counts(patients=5000, observations=90000), ""),
    ],
)
def test_a_loss_or_a_share_of_unusable_rows_up_to_the_limit_is_let_through(
    rows: dict[str, dict[str, int]], named: str
) -> None:
    if not named:
        check_against_last(LIMITS, rows, {}, COLUMNS, LAST)
        return
    with pytest.raises(ExtractRefused, match=named):
        check_against_last(LIMITS, rows, {}, COLUMNS, LAST)


def test_few_rows_are_no_share_of_anything() -> None:
    small = {"rows": {"load": counts(patients=30, observations=30)}, "columns": COLUMNS}
    check_against_last(LIMITS, counts(patients=11, observations=11, quarantined=11), {}, COLUMNS, small)
    with pytest.raises(ExtractRefused):
        check_against_last(LIMITS, counts(patients=10, observations=30), {}, COLUMNS, small)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"patients": ["patient_id"], "observations": COLUMNS["observations"]}, "lost the column sex"),
        ({**COLUMNS, "patients": ["patient_id", "sex", "site"]}, "the new column site"),
        ({"patients": COLUMNS["patients"]}, "table observations is not there any more"),
        ({**COLUMNS, "allergies": ["patient_id"]}, "table allergies is new"),
    ],
)
def test_another_set_of_tables_or_columns_is_refused_unless_any_will_do(
    columns: dict[str, list[str]], named: str
) -> None:
    with pytest.raises(ExtractRefused, match=named):
        check_against_last(LIMITS, counts(), {}, columns, LAST)
    check_against_last(LIMITS.model_copy(update={"columns": "any"}), counts(), {}, columns, LAST)


def test_rows_of_nobody_are_refused_from_the_first() -> None:
    with pytest.raises(ExtractRefused, match="broken_ids"):
        check_against_last(LIMITS, counts(), {"observations": 1}, COLUMNS, LAST)


def test_the_first_run_has_nothing_to_lose_but_is_held_to_its_unusable_rows() -> None:
    check_against_last(LIMITS, counts(patients=1), {}, {}, None)
    with pytest.raises(ExtractRefused, match="quarantined_percent"):
        check_against_last(LIMITS, counts(quarantined=100), {}, {}, None)


def test_every_limit_that_is_passed_is_named() -> None:
    with pytest.raises(ExtractRefused) as refused:
        check_against_last(LIMITS, counts(100, 100, 90), {"patients": 2}, {"patients": ["sex"]}, LAST)
    for name in (
        "quarantined_percent",
        "lost_patients_percent",
        "lost_rows_percent",
        "broken_ids",
        "columns",
    ):
        assert name in str(refused.value)
