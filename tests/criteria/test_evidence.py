"""What a verdict rests on: values, rows, windows as real days, limits met exactly."""

from datetime import date
from decimal import Decimal

import pytest

from criteria.engine.batch import Anchors
from criteria.evidence import Evidence, evidence_for, readings_used
from criteria.examples import example_facts
from criteria.limits import exact_limits
from criteria.trial import Trial, load_trial
from criteria.usage import usage_of
from criteria.windows import windows_of
from data.catalogue import load_catalogue

ANCHORS = Anchors(date(2026, 6, 30), date(2026, 7, 10), date(2026, 7, 15))


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial("mezigdomide-ixazomib-dex", load_catalogue())


def evidence(trial: Trial, criterion_id: str, example: dict[str, object]) -> list[Evidence]:
    facts, _ = example_facts(example, load_catalogue(), "an example")
    return evidence_for(trial.criterion(criterion_id), facts)


def test_a_result_is_told_with_its_value_and_day(trial: Trial) -> None:
    pieces = evidence(trial, "I09", {"hemoglobin": 9.5})
    assert [(piece.name, piece.low, piece.high) for piece in pieces] == [
        ("hemoglobin", Decimal("9.5"), Decimal("9.5"))
    ]
    assert pieces[0].first is not None
    assert pieces[0].first[0] == pieces[0].first[1]


def test_what_is_not_recorded_is_told_too(trial: Trial) -> None:
    assert [piece.found for piece in evidence(trial, "I09", {})] == [False]


@pytest.mark.parametrize(("value", "at_limit"), [(8, True), (8.1, False), ("<8", False)])
def test_a_value_exactly_at_a_limit_is_marked(trial: Trial, value: object, at_limit: bool) -> None:
    (piece,) = evidence(trial, "I09", {"hemoglobin": value})
    assert piece.at_limit is at_limit


@pytest.mark.parametrize(("value", "at_limit"), [(2.4, True), (1.2, False), (2, False)])
def test_a_multiple_of_the_own_upper_limit_is_a_limit_as_well(
    trial: Trial, value: float, at_limit: bool
) -> None:
    (piece,) = evidence(trial, "I11", {"total_bilirubin": value, "total_bilirubin_upper_limit": 1.2})
    assert piece.at_limit is at_limit


def test_both_branches_of_a_choice_are_limits(trial: Trial) -> None:
    assert exact_limits(trial.criterion("I10"))["platelet_count"] == {Decimal(75000), Decimal(50000)}


def test_a_word_is_not_at_a_limit(trial: Trial) -> None:
    for criterion in trial.criteria:
        assert not {"hbsag", "hiv_test", "pregnancy_test"} & set(exact_limits(criterion))


def test_rows_of_a_set_are_told_newest_first(trial: Trial) -> None:
    courses = [{"start": "-900", "end": "-800"}, {"start": "-300", "end": "-200"}]
    pieces = evidence(trial, "I04", {"bortezomib": courses})
    assert [piece.rows for piece in pieces] == sorted((piece.rows for piece in pieces), reverse=True)
    assert {piece.name for piece in pieces} == {"proteasome_inhibitor"}


def test_windows_are_told_as_real_days_from_their_own_anchor(trial: Trial) -> None:
    windows = windows_of(trial.criterion("E15"), ANCHORS)
    assert [(window.first, window.last) for window in windows] == [(date(2026, 6, 10), date(2026, 7, 10))]


def test_a_result_counts_back_from_the_as_of_date(trial: Trial) -> None:
    windows = windows_of(trial.criterion("I09"), ANCHORS)
    assert [(window.first, window.last) for window in windows] == [(date(2026, 6, 2), date(2026, 6, 30))]


def test_the_readings_of_a_criterion_are_those_it_names(trial: Trial) -> None:
    assert readings_used(trial, "I09") == ["lab_max_age_days", "boundary"]
    assert readings_used(trial, "I04") == []
    assert "anti_hbc_only" in readings_used(trial, "E13"), "by way of a definition"


def test_a_whole_trial_says_all_that_it_reads(trial: Trial) -> None:
    usage = usage_of(trial.criteria)
    assert {"hemoglobin", "platelet_count"} <= set(usage.measurements)
    assert "bortezomib" in usage.set_concepts
    assert set(usage.people) <= {"age", "sex", "childbearing_potential"}
