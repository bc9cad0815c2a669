"""Dates and readings of a run: defaults, and refusals that name the nearest right word."""

from datetime import date

import pytest

from data.catalogue import load_catalogue
from flows.request import chosen_readings, load_trials, study_dates
from schemas.errors import TrialError, UsageError

AS_OF = date(2026, 3, 31)
QUESTIONS = {"one": {"calcium": ("le13", "literal"), "least": ()}, "two": {"calcium": ("le13", "literal")}}


@pytest.mark.parametrize(
    ("enrollment", "first_dose", "expected"),
    [
        (None, None, (AS_OF, AS_OF)),
        (date(2026, 5, 1), None, (date(2026, 5, 1), date(2026, 5, 1))),
        (date(2026, 1, 1), None, (date(2026, 1, 1), AS_OF)),
        (None, date(2026, 4, 2), (AS_OF, date(2026, 4, 2))),
        (date(2026, 4, 2), date(2026, 4, 2), (date(2026, 4, 2), date(2026, 4, 2))),
    ],
)
def test_dates_that_are_not_given_follow_from_the_as_of_date(
    enrollment: date | None, first_dose: date | None, expected: tuple[date, date]
) -> None:
    assert study_dates(AS_OF, enrollment, first_dose) == expected


def test_a_first_dose_before_the_enrollment_is_refused() -> None:
    with pytest.raises(UsageError, match="before the enrollment"):
        study_dates(AS_OF, date(2026, 4, 2), date(2026, 4, 1))


def test_a_reading_is_for_every_trial_that_asks_unless_it_names_one() -> None:
    assert chosen_readings(QUESTIONS, ["calcium=literal", "least=30"]) == {
        "one": {"calcium": "literal", "least": "30"},
        "two": {"calcium": "literal"},
    }
    assert chosen_readings(QUESTIONS, ["two:calcium=literal"]) == {"one": {}, "two": {"calcium": "literal"}}


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ("calcum=le13", "Did you mean 'calcium'"),
        ("two:least=30", "no trial of this run asks"),
        ("calcium=le14", "Did you mean 'le13'"),
        ("three:calcium=le13", "no trial of this run"),
        ("calcium", "QUESTION=OPTION"),
        ("=le13", "QUESTION=OPTION"),
        ("calcium=", "QUESTION=OPTION"),
    ],
)
def test_a_reading_that_fits_nothing_is_refused_with_a_hint(reading: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        chosen_readings(QUESTIONS, [reading])


def test_two_answers_to_one_question_are_refused() -> None:
    with pytest.raises(UsageError, match="two answers"):
        chosen_readings(QUESTIONS, ["calcium=le13", "calcium=literal"])


def test_readings_reach_the_trial_and_say_whether_they_depart_from_the_text() -> None:
    (trial,) = load_trials(["NCT06050512"], ["calcium=literal", "crcl_min=30"], load_catalogue())
    assert trial.readings["calcium"] == "literal"
    assert trial.readings["crcl_min"] == "30"
    assert "calcium" not in trial.departures


def test_an_answer_that_is_no_number_is_wrong_usage_and_no_fault_of_the_file() -> None:
    with pytest.raises(UsageError, match="not a number"):
        load_trials(["NCT06050512"], ["crcl_min=low"], load_catalogue())


def test_one_trial_cannot_be_given_twice_under_two_names() -> None:
    with pytest.raises(UsageError, match="twice"):
        load_trials(["NCT06050512", "mezigdomide-ixazomib-dex"], [], load_catalogue())


def test_a_trial_that_is_not_there_is_a_trial_error_with_the_nearest_name() -> None:
    with pytest.raises(TrialError, match="mezigdomide-ixazomib-dex"):
        load_trials(["mezigdomide-ixazomib"], [], load_catalogue())
