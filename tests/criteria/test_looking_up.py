"""What is read, where to look and what to ask, for expressions of every kind."""

from datetime import date
from decimal import Decimal

import pytest

from criteria.engine.batch import Anchors
from criteria.evidence import evidence_for, readings_used
from criteria.limits import exact_limits
from criteria.trial import Trial, load_trial
from criteria.windows import windows_of
from criteria.worklist import look_up_sentence, names_read, question_for
from data.catalogue import load_catalogue
from tests.spec.language import Patient, criterion, facts_of

ANCHORS = Anchors(date(2026, 6, 30), date(2026, 7, 10), date(2026, 7, 15))


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial("mezigdomide-ixazomib-dex", load_catalogue())


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("within_days(radiotherapy, 14, first_dose)", (date(2026, 7, 1), date(2026, 7, 15))),
        ("within_days(radiotherapy, 14, first_dose - 7)", (date(2026, 6, 24), date(2026, 7, 8))),
        ("within_days(radiotherapy, 14, as_of + 7)", (date(2026, 6, 23), date(2026, 7, 7))),
        ("within_months(radiotherapy, 1, enrollment)", (date(2026, 6, 10), date(2026, 7, 10))),
        ("times(qtc > 450, 30, as_of) >= 1", (date(2026, 5, 31), date(2026, 6, 30))),
    ],
)
def test_a_window_is_told_as_real_days(asked: str, days: tuple[date, date]) -> None:
    assert [(window.first, window.last) for window in windows_of(criterion(asked), ANCHORS)] == [days]


@pytest.mark.parametrize(
    "asked",
    [
        "within_days(radiotherapy, 14, start_date(autologous_transplant))",
        "within_days(radiotherapy, 14, start_date(autologous_transplant) - 7)",
        "times(qtc > 450, 30, start_date(autologous_transplant)) >= 1",
        "within_days(bacterial_infection, 7 * grade, as_of)",
    ],
)
def test_a_window_that_differs_between_patients_is_not_told(asked: str) -> None:
    assert windows_of(criterion(asked), ANCHORS) == []


@pytest.mark.parametrize(
    ("asked", "limits"),
    [
        ("hemoglobin > 8", {"hemoglobin": {8}}),
        ("8 < hemoglobin", {"hemoglobin": {8}}),
        ("alt < alt_upper_limit", {"alt_upper_limit": {1}}),
        ("alt < 3 * alt_upper_limit", {"alt_upper_limit": {3}}),
        ("hemoglobin > 2 * ecog", {}),
        ("hemoglobin > ecog + 1", {}),
        ("alt < 3 * ast_upper_limit", {}),
        ("hbsag = 'positive'", {}),
        ("as_of > enrollment", {}),
    ],
)
def test_a_limit_is_a_number_that_a_result_is_compared_with(asked: str, limits: dict[str, set[int]]) -> None:
    found = {
        name: {int(number) for number in numbers} for name, numbers in exact_limits(criterion(asked)).items()
    }
    assert found == limits


def told(asked: str, patient: Patient) -> list[tuple[str, bool]]:
    """The names of what is read about a patient, and whether the registry says something."""
    facts, _ = facts_of(patient)
    return [(piece.name, piece.found) for piece in evidence_for(criterion(asked), facts)]


def test_what_is_known_of_the_person_is_told() -> None:
    asked = "age(as_of) >= 18 and sex = 'female' and childbearing_potential"
    assert told(asked, {"birth": "1990", "sex": "female"}) == [
        ("birth", True),
        ("sex", True),
        ("childbearing_potential", False),
    ]


def test_every_result_that_is_counted_is_told() -> None:
    assert told("times(qtc > 450, 30, as_of) >= 1", {"results": {"qtc": [(460, "-9"), (440, "-5")]}}) == [
        ("qtc", True),
        ("qtc", True),
    ]
    assert told("times(qtc > 450, 30, as_of) >= 1", {}) == [("qtc", False)]


def test_attributes_that_are_asked_for_are_told_in_words() -> None:
    patient = {"bacterial_infection": [{"grade": 3, "controlled": "no"}, {"start": "-5"}]}
    facts, _ = facts_of(patient)
    asked = criterion("ever(only(bacterial_infection, grade >= 3 and not controlled))")
    assert [piece.details for piece in evidence_for(asked, facts)] == [(), ("grade 3", "controlled no")]


def test_a_word_of_a_row_is_told_as_a_word() -> None:
    facts, _ = facts_of({"bortezomib": {"stop_reason": "toxicity"}})
    asked = criterion("ever(only(bortezomib, stop_reason = 'toxicity'))")
    assert [piece.details for piece in evidence_for(asked, facts)] == [("stop reason toxicity",)]


def test_a_set_without_rows_is_told_as_silent() -> None:
    assert told("ever(radiotherapy)", {}) == [("radiotherapy", False)]


def test_a_measurement_with_two_lookbacks_is_told_by_the_wider(trial: Trial) -> None:
    facts, _ = facts_of({"hemoglobin": 10, "hemoglobin_days_ago": 29})
    (piece,) = evidence_for(criterion("hemoglobin > 8"), facts)
    assert piece.stale
    assert piece.low == Decimal(10)


def test_a_number_among_the_fields_of_a_criterion_names_no_reading(trial: Trial) -> None:
    assert "platelet_at_50pct" in readings_used(trial, "I10"), "which has a lookback of 90 days of its own"


def test_a_criterion_is_looked_up_by_the_plain_names_of_what_it_reads(trial: Trial) -> None:
    catalogue = load_catalogue()
    assert look_up_sentence(trial.criterion("I09"), "stale", catalogue) == (
        f"Get a newer result; the last one is too old: {catalogue.measurements['hemoglobin'].label}."
    )
    many = names_read(criterion(" and ".join(f"{name} > 0" for name in list(NUMBERS))), catalogue)
    assert many.endswith(" and 2 more")


NUMBERS = ("hemoglobin", "ecog", "height", "weight", "alt", "ast", "albumin", "calcium")


def test_people_and_sets_are_named_too() -> None:
    named = names_read(criterion("age(as_of) > 1 and sex = 'male' and ever(hiv)"), load_catalogue())
    assert named == f"{load_catalogue().sets['hiv'].label}, age, sex"


def test_a_set_that_the_catalogue_does_not_know_is_named_as_it_is() -> None:
    catalogue = load_catalogue()
    without = type(catalogue)(catalogue.measurements, {}, catalogue.units)
    assert names_read(criterion("ever(hiv)"), without) == "hiv"


def test_the_question_of_the_file_is_asked_where_there_is_one(trial: Trial) -> None:
    assert question_for(trial.criterion("E14"), "needs_attestation") == trial.criterion("E14").manual
    asked = criterion("ecog < 2 or attested('Is the patient fit?')")
    assert question_for(asked, "needs_attestation") == "Is the patient fit?"
    assert question_for(trial.criterion("E19"), "needs_review") == trial.criterion("E19").review_question
    assert question_for(trial.criterion("E19"), "never_recorded") == ""
    assert look_up_sentence(criterion("attested('Fit?')"), "needs_attestation", load_catalogue()) == (
        "Ask and attest: Fit?"
    )
