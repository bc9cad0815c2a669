"""The trial NCT06050512 at its limits: the value on the limit and its neighbours, the last day and the next.

Each row is a sentence about a patient, the patient in brief, and the verdict that must come out. What a row
does not say is: nothing recorded, every table complete. Dates are days before the day of the run, which is
also the day of enrollment and of the first dose, unless the row gives them. An exclusion that does not apply
is a pass.
"""

from functools import cache
from typing import Any, NamedTuple

import polars as pl
import pytest

from criteria.engine.screen import evaluate_trial
from criteria.examples import example_facts, judge_example
from criteria.trial import Trial, load_trial
from data.catalogue import load_catalogue

Patient = dict[str, Any]


class Row(NamedTuple):
    """One line of the table; ``reason`` only where the verdict is unknown."""

    criterion: str
    sentence: str
    patient: Patient
    verdict: str
    reason: str | None = None


# Two of the three ways to have measurable disease that are surely not met, so that the third decides.
NO_SERUM = {"serum_m_protein": 0, "urine_m_protein": 0}
NO_LIGHT_CHAINS = {"flc_ratio": 1, "kappa_flc": 10, "lambda_flc": 10}
NO_URINE_EITHER = {"urine_m_protein": 0, **NO_LIGHT_CHAINS}
NO_SERUM_EITHER = {"serum_m_protein": 0, **NO_LIGHT_CHAINS}
ABNORMAL = {"flc_ratio": 12, "lambda_flc": 8}
# 72 kg years over 72 mg/dL: with 67.5 kg and 1.5 mg/dL a man of 68 has exactly 45 mL/min.
MAN_OF_68 = {"sex": "male", "age": 68, "creatinine": 1.5}
GOOD_QTC = {"qtc_fridericia_or_unstated": 430}
COPD = {"copd": {"start": "-900", "end": "ongoing"}, **GOOD_QTC}
HEAVY_WOMAN = {"sex": "female", "age": 65, "weight": 100, "height": 160}
NO_RESPONSE = {"bortezomib": {"start": "-400", "end": "-300", "stop_reason": "lack_of_response"}}
CORE_ANTIBODY = {
    "anti_hbc": "positive",
    "hbsag": "negative",
    "hiv_test": "negative",
    "hcv_antibody": "negative",
}
LITERAL_CALCIUM = {"readings": {"calcium": "literal"}}


def course(start: str, end: str, **attributes: Any) -> Patient:
    """A course of bortezomib and the line of therapy that it is."""
    line = {"start": start, "end": end, "includes": ["bortezomib"]}
    return {"bortezomib": {"start": start, "end": end, **attributes}, "lines": line}


VALUES = (
    Row("I01", "ECOG 1 is below 2", {"ecog": 1}, "pass"),
    Row("I01", "ECOG 2 is not below 2", {"ecog": 2}, "fail"),
    Row("I03", "no line of therapy is too few", {"prior_lines": 0}, "fail"),
    Row("I03", "one line is enough", {"prior_lines": 1}, "pass"),
    Row("I03", "three lines are not too many", {"prior_lines": 3}, "pass"),
    Row("I03", "four lines are too many", {"prior_lines": 4}, "fail"),
    Row("I07", "serum M-protein 0.5 g/dL is measurable", {"serum_m_protein": 0.5}, "pass"),
    Row("I07", "serum M-protein 5 g/L is 0.5 g/dL", {"serum_m_protein": "5 g/L"}, "pass"),
    Row("I07", "serum M-protein 0.49 g/dL is not", {"serum_m_protein": 0.49, **NO_URINE_EITHER}, "fail"),
    Row(
        "I07", "light chains of exactly 10 mg/dL", {"kappa_flc": "10.0 mg/dL", **ABNORMAL, **NO_SERUM}, "fail"
    ),
    Row("I07", "light chains of 100.1 mg/L", {"kappa_flc": "100.1 mg/L", **ABNORMAL, **NO_SERUM}, "pass"),
    Row(
        "I07",
        "light chains of 500 mg/L with a ratio of 1.20, which is normal",
        {"kappa_flc": "500 mg/L", "lambda_flc": "417 mg/L", "flc_ratio": 1.20, **NO_SERUM},
        "fail",
    ),
    Row("I07", "urine M-protein 200 mg/24h is measurable", {"urine_m_protein": 200}, "pass"),
    Row("I07", "urine M-protein 0.2 g/24h is 200 mg/24h", {"urine_m_protein": "0.2 g/24h"}, "pass"),
    Row("I07", "urine M-protein 199 mg/24h is not", {"urine_m_protein": 199, **NO_SERUM_EITHER}, "fail"),
    Row("I08", "neutrophils of exactly 1,000/uL", {"neutrophil_count": 1000}, "fail"),
    Row("I08", "neutrophils of 1.001 x10^9/L", {"neutrophil_count": "1.001 x10^9/L"}, "pass"),
    Row("I09", "hemoglobin of exactly 8.0 g/dL", {"hemoglobin": 8.0}, "fail"),
    Row("I09", "hemoglobin of 8.1 g/dL", {"hemoglobin": 8.1}, "pass"),
    Row("I09", "hemoglobin of 81 g/L", {"hemoglobin": "81 g/L"}, "pass"),
    Row("I09", "hemoglobin of 5.0 mmol/L is 8.06 g/dL", {"hemoglobin": "5.0 mmol/L"}, "pass"),
    Row("I10", "platelets 75,000, marrow 30 %", {"platelet_count": 75000, "marrow_plasma_cells": 30}, "fail"),
    Row("I10", "platelets 75,000, marrow 60 %", {"platelet_count": 75000, "marrow_plasma_cells": 60}, "pass"),
    Row("I10", "platelets 50,000, marrow 60 %", {"platelet_count": 50000, "marrow_plasma_cells": 60}, "fail"),
    Row("I10", "platelets 50,000, marrow 30 %", {"platelet_count": 50000, "marrow_plasma_cells": 30}, "fail"),
    Row("I10", "platelets 50,000, marrow not known", {"platelet_count": 50000}, "fail"),
    Row(
        "I10",
        "platelets 60,000 and exactly 50 % of the marrow, which the text leaves out",
        {"platelet_count": 60000, "marrow_plasma_cells": 50},
        "unknown",
        "needs_review",
    ),
    Row("I10", "platelets 76,000, marrow not known", {"platelet_count": 76000}, "pass"),
    Row(
        "I10",
        "platelets 60,000, marrow not known",
        {"platelet_count": 60000},
        "unknown",
        "never_recorded",
    ),
    Row(
        "I11",
        "bilirubin of exactly twice the limit",
        {"total_bilirubin": 2.4, "total_bilirubin_upper_limit": 1.2},
        "fail",
    ),
    Row(
        "I12",
        "AST 2.99 times and ALT exactly 3 times the limit",
        {"ast": 119.6, "ast_upper_limit": 40, "alt": 120, "alt_upper_limit": 40},
        "fail",
    ),
    Row(
        "I12",
        "AST and ALT 2.99 times the limit",
        {"ast": 119.6, "ast_upper_limit": 40, "alt": 119.6, "alt_upper_limit": 40},
        "pass",
    ),
    Row("I13", "corrected calcium of exactly 13.0 mg/dL", {"corrected_calcium": 13.0}, "pass"),
    Row("I13", "corrected calcium of 13.1 mg/dL", {"corrected_calcium": 13.1}, "fail"),
    Row("I13", "13.0 mg/dL, as posted", {"corrected_calcium": 13.0, **LITERAL_CALCIUM}, "fail"),
    Row("I13", "13.1 mg/dL, as posted", {"corrected_calcium": 13.1, **LITERAL_CALCIUM}, "pass"),
    Row("I14", "a creatinine clearance of exactly 45 mL/min", {**MAN_OF_68, "weight": 67.5}, "pass"),
    Row("I14", "44.99 mL/min are not rounded up", {**MAN_OF_68, "weight": 67.485}, "fail"),
    Row("E02", "20.0 % plasma cells in the blood", {"blood_plasma_cells": 20.0}, "pass"),
    Row("E02", "20.1 % plasma cells in the blood", {"blood_plasma_cells": 20.1}, "fail"),
    Row("E10", "a QTc of 470 ms", {"qtc_fridericia_or_unstated": 470}, "pass"),
    Row("E10", "a QTc of 471 ms", {"qtc_fridericia_or_unstated": 471}, "fail"),
    Row("E10", "COPD with an FEV1 of 50 %", {**COPD, "fev1_percent_predicted": 50}, "pass"),
    Row("E10", "COPD with an FEV1 of 49 %", {**COPD, "fev1_percent_predicted": 49}, "fail"),
)

DATES = (
    Row(
        "E09",
        "last omeprazole 14 days before the first dose",
        {"omeprazole": {"start": "-90", "end": "-14"}},
        "fail",
    ),
    Row(
        "E09",
        "last omeprazole 15 days before the first dose",
        {"omeprazole": {"start": "-90", "end": "-15"}},
        "pass",
    ),
    Row(
        "E16",
        "last fraction 14 days before the first dose",
        {"radiotherapy": {"start": "-28", "end": "-14"}},
        "fail",
    ),
    Row(
        "E16",
        "last fraction 15 days before the first dose",
        {"radiotherapy": {"start": "-28", "end": "-15"}},
        "pass",
    ),
    Row(
        "E15",
        "major surgery 30 days before enrollment",
        {"surgery": {"start": "-30", "major": "yes"}},
        "fail",
    ),
    Row(
        "E15",
        "major surgery 31 days before enrollment",
        {"surgery": {"start": "-31", "major": "yes"}},
        "pass",
    ),
    Row(
        "E04",
        "progression 60 days after the last dose of bortezomib",
        {**course("-400", "-200"), "progression": {"start": "-140"}},
        "fail",
    ),
    Row(
        "E04",
        "progression 61 days after the last dose of bortezomib, its regimen ended with it",
        {**course("-400", "-200"), "progression": {"start": "-139"}},
        "pass",
    ),
    Row(
        "E04",
        "progression during bortezomib",
        {**course("-400", "-200"), "progression": {"start": "-201"}},
        "fail",
    ),
    Row(
        "E04",
        "progression known by its month only, which day 60 falls into",
        {**course("2025-01-01", "2025-03-20"), "progression": {"start": "2025-05"}},
        "unknown",
        "partial_date",
    ),
    Row(
        "E04",
        "progression known by its month only, all of it before day 60",
        {**course("2025-01-01", "2025-03-20"), "progression": {"start": "2025-04"}},
        "fail",
    ),
    Row(
        "E04",
        "progression 61 days after bortezomib, 30 days after the lenalidomide of the same regimen",
        {
            "bortezomib": {"start": "-400", "end": "-200"},
            "lenalidomide": {"start": "-400", "end": "-169"},
            "lines": {"start": "-400", "end": "-169", "includes": ["bortezomib", "lenalidomide"]},
            "progression": {"start": "-139"},
        },
        "unknown",
        "needs_review",
    ),
    Row(
        "E04",
        "a line without one starts 60 days after bortezomib, and no progression is recorded",
        {
            "bortezomib": {"start": "-400", "end": "-200"},
            "lines": [
                {"start": "-400", "end": "-200", "includes": ["bortezomib"]},
                {"start": "-140", "end": "-20", "includes": ["daratumumab"]},
            ],
        },
        "unknown",
        "needs_review",
    ),
    Row(
        "E04",
        "a line without one starts 61 days after bortezomib",
        {
            "bortezomib": {"start": "-400", "end": "-200"},
            "lines": [
                {"start": "-400", "end": "-200", "includes": ["bortezomib"]},
                {"start": "-139", "end": "-20", "includes": ["daratumumab"]},
            ],
        },
        "pass",
    ),
    Row(
        "E04",
        "a line with carfilzomib starts 30 days after a line with bortezomib",
        {
            "bortezomib": {"start": "-400", "end": "-200"},
            "carfilzomib": {"start": "-170", "end": "-20"},
            "lines": [
                {"start": "-400", "end": "-200", "includes": ["bortezomib"]},
                {"start": "-170", "end": "-20", "includes": ["carfilzomib"]},
            ],
        },
        "unknown",
        "needs_review",
    ),
    Row(
        "E10",
        "an infarction on 31 January, enrollment on 31 July: six calendar months",
        {"as_of": "2025-07-31", "myocardial_ischemia": {"start": "2025-01-31"}, **GOOD_QTC},
        "fail",
    ),
    Row(
        "E10",
        "an infarction on 31 January, enrollment on 1 August",
        {"as_of": "2025-08-01", "myocardial_ischemia": {"start": "2025-01-31"}, **GOOD_QTC},
        "pass",
    ),
    Row(
        "E10",
        "an infarction known by its year only, the end of which is within six months",
        {"as_of": "2026-06-30", "myocardial_ischemia": {"start": "2025"}, **GOOD_QTC},
        "unknown",
        "partial_date",
    ),
    Row(
        "E11",
        "another cancer, diagnosed two years before enrollment to the day",
        {
            "as_of": "2026-06-30",
            "other_malignancy": {"start": "2024-06-30", "end": "ongoing", "residual_disease": "yes"},
        },
        "fail",
    ),
    Row(
        "E11",
        "another cancer, diagnosed two years and a day before enrollment, no longer active",
        {
            "as_of": "2026-06-30",
            "other_malignancy": {"start": "2024-06-29", "end": "2024-12-01", "residual_disease": "yes"},
        },
        "pass",
    ),
    Row(
        "E21",
        "the last dose of another trial one calendar month before enrollment",
        {
            "as_of": "2026-03-31",
            "trial_participation": {"start": "2025-06-01", "end": "2026-02-28", "interventional": "yes"},
        },
        "fail",
    ),
    Row(
        "E21",
        "the last dose of another trial a month and a day before enrollment",
        {
            "as_of": "2026-03-31",
            "trial_participation": {"start": "2025-06-01", "end": "2026-02-27", "interventional": "yes"},
        },
        "pass",
    ),
)

# A patient for each option of each question that is not the default: the question, the option, and the
# verdict by default and by that option.
OPTIONS: tuple[tuple[str, str, str, Patient, str, str], ...] = (
    ("boundary", "nonstrict", "I01", {"ecog": 2}, "fail", "pass"),
    ("lab_max_age_days", "60", "I09", {"hemoglobin": 10, "hemoglobin_days_ago": 40}, "unknown", "pass"),
    (
        "platelet_at_50pct",
        "lower_tier",
        "I10",
        {"platelet_count": 60000, "marrow_plasma_cells": 50},
        "unknown",
        "pass",
    ),
    ("calcium", "lt13", "I13", {"corrected_calcium": 13}, "pass", "fail"),
    ("calcium", "literal", "I13", {"corrected_calcium": 9.5}, "pass", "fail"),
    (
        "flc_ratio_range",
        "standard",
        "I07",
        {"flc_ratio": 1.9, "flc_ratio_upper_limit": 2.0, "kappa_flc": 190, "lambda_flc": 100, **NO_SERUM},
        "fail",
        "pass",
    ),
    (
        "flc_ratio_range",
        "renal",
        "I07",
        {"flc_ratio": 1.9, "kappa_flc": 190, "lambda_flc": 100, **NO_SERUM},
        "pass",
        "fail",
    ),
    # 100 kg at 160 cm: the ideal weight is 52.4 kg, the adjusted one 71.4 kg.
    ("crcl_weight", "adjusted", "I14", HEAVY_WOMAN | {"creatinine": 1.5}, "pass", "fail"),
    ("crcl_weight", "ideal", "I14", HEAVY_WOMAN | {"creatinine": 1.2}, "pass", "fail"),
    ("crcl_min", "30", "I14", {**MAN_OF_68, "weight": 50}, "fail", "pass"),
    (
        "pi_refractory_anchor",
        "regimen_end",
        "E04",
        {
            "bortezomib": {"start": "-400", "end": "-300"},
            "lines": {"start": "-400", "end": "-100", "includes": ["bortezomib", "lenalidomide"]},
            "progression": {"start": "-60"},
        },
        "unknown",
        "fail",
    ),
    ("pi_lack_of_response", "exclude", "E04", NO_RESPONSE, "unknown", "fail"),
    ("pi_lack_of_response", "ignore", "E04", NO_RESPONSE, "unknown", "pass"),
    (
        "ppi_class_includes_pcab",
        "yes",
        "E09",
        {"vonoprazan": {"start": "-40", "end": "-3"}},
        "unknown",
        "fail",
    ),
    (
        "ppi_class_includes_pcab",
        "no",
        "E09",
        {"vonoprazan": {"start": "-40", "end": "-3"}},
        "unknown",
        "pass",
    ),
    (
        "conduction_block",
        "ctcae3",
        "E10",
        {"conduction_disorder": {"start": "-90", "end": "ongoing", "grade": 3}, **GOOD_QTC},
        "unknown",
        "fail",
    ),
    ("qtc_formula", "reported", "E10", {"qtc": 480, **GOOD_QTC}, "pass", "fail"),
    ("qtc_formula", "bazett", "E10", {"qtc_bazett": 480, **GOOD_QTC}, "unknown", "fail"),
    ("anti_hbc_only", "exclude", "E13", CORE_ANTIBODY, "unknown", "fail"),
    ("anti_hbc_only", "ignore", "E13", CORE_ANTIBODY, "unknown", "pass"),
    (
        "neuropathy_exclude_from",
        "3",
        "E20",
        {"peripheral_neuropathy": {"start": "-90", "end": "ongoing", "grade": 3}},
        "unknown",
        "fail",
    ),
)

# A table that was not captured proves no absence, so what rests on absence alone stays open.
RESTS_ON = (
    ("I02", "conditions"),
    ("I03", "treatments"),
    ("I04", "treatments"),
    ("I05", "treatments"),
    ("I06", "treatments"),
    ("E01", "conditions"),
    ("E02", "observations"),
    ("E02", "conditions"),
    ("E03", "conditions"),
    ("E05", "allergies"),
    ("E05", "treatments"),
    ("E06", "treatments"),
    ("E09", "medications"),
    ("E11", "conditions"),
    ("E12", "conditions"),
    ("E15", "procedures"),
    ("E16", "procedures"),
    ("E17", "allergies"),
    ("E18", "allergies"),
    ("E19", "conditions"),
    ("E20", "conditions"),
    ("E21", "trial_participation"),
)

# Whether a fail lifts by itself, with a new value, or never.
LIFTING: tuple[tuple[str, str, Patient, str], ...] = (
    ("I03", "no line yet", {"prior_lines": 0}, "retest"),
    ("I03", "four lines", {"prior_lines": 4}, "permanent"),
    ("E09", "omeprazole that has ended", {"omeprazole": {"start": "-90", "end": "-3"}}, "time"),
    ("E09", "omeprazole that goes on", {"omeprazole": {"start": "-90", "end": "ongoing"}}, "retest"),
    ("E10", "a recent infarction", {"myocardial_ischemia": {"start": "-30"}, **GOOD_QTC}, "time"),
    (
        "E10",
        "a recent infarction and a long QTc",
        {"myocardial_ischemia": {"start": "-30"}, "qtc_fridericia_or_unstated": 490},
        "retest",
    ),
    ("E13", "HIV", {"hiv": {"start": "-4000", "end": "ongoing"}}, "permanent"),
    ("E13", "a positive HIV test long ago", {"hiv_test": "positive", "hiv_test_days_ago": 900}, "permanent"),
    ("E13", "hepatitis B surface antigen", {"hbsag": "positive"}, "retest"),
    ("E15", "recent major surgery", {"surgery": {"start": "-5", "major": "yes"}}, "time"),
    ("E16", "recent radiotherapy", {"radiotherapy": {"start": "-9", "end": "-5"}}, "time"),
    (
        "E21",
        "another trial that has ended",
        {"trial_participation": {"start": "-300", "end": "-9", "interventional": "yes"}},
        "time",
    ),
    (
        "E21",
        "another trial that goes on",
        {"trial_participation": {"start": "-300", "end": "ongoing", "interventional": "yes"}},
        "retest",
    ),
)


@cache
def trial() -> Trial:
    """The trial with its default readings."""
    return load_trial("NCT06050512", load_catalogue())


def title(row: Row) -> str:
    """The row as the name of its test."""
    return f"{row.criterion}: {row.sentence}"


@pytest.mark.parametrize("row", VALUES, ids=title)
def test_a_value_at_the_limit_gets_the_verdict_of_the_posted_sign(row: Row) -> None:
    outcome = judge_example(trial(), row.criterion, row.patient, load_catalogue())
    assert (outcome.verdict, outcome.reason) == (row.verdict, row.reason)


@pytest.mark.parametrize("row", DATES, ids=title)
def test_the_last_day_of_a_window_is_inside_and_the_next_is_not(row: Row) -> None:
    outcome = judge_example(trial(), row.criterion, row.patient, load_catalogue())
    assert (outcome.verdict, outcome.reason) == (row.verdict, row.reason)


def test_with_the_limits_taken_in_the_same_values_qualify() -> None:
    at_the_limit: dict[str, Patient] = {
        "I01": {"ecog": 2},
        "I07": {"kappa_flc": "10.0 mg/dL", **ABNORMAL, **NO_SERUM},
        "I08": {"neutrophil_count": 1000},
        "I09": {"hemoglobin": 8.0},
        "I10": {"platelet_count": 75000, "marrow_plasma_cells": 30},
        "I11": {"total_bilirubin": 2.4, "total_bilirubin_upper_limit": 1.2},
        "I12": {"ast": 120, "ast_upper_limit": 40, "alt": 120, "alt_upper_limit": 40},
    }
    for criterion, patient in at_the_limit.items():
        lenient = {**patient, "readings": {"boundary": "nonstrict"}}
        assert judge_example(trial(), criterion, patient, load_catalogue()).verdict == "fail"
        assert judge_example(trial(), criterion, lenient, load_catalogue()).verdict == "pass"


@pytest.mark.parametrize(
    ("criterion", "patient"),
    [
        ("I01", {"ecog": 3}),
        ("I07", {"kappa_flc": "9.99 mg/dL", **ABNORMAL, **NO_SERUM}),
        ("I08", {"neutrophil_count": 999}),
        ("I09", {"hemoglobin": 7.99}),
        ("I10", {"platelet_count": 74999, "marrow_plasma_cells": 30}),
        ("I10", {"platelet_count": 49999, "marrow_plasma_cells": 60}),
        ("I11", {"total_bilirubin": 2.41, "total_bilirubin_upper_limit": 1.2}),
        ("I12", {"ast": 121, "ast_upper_limit": 40, "alt": 40, "alt_upper_limit": 40}),
        ("I12", {"ast": 40, "ast_upper_limit": 40, "alt": 121, "alt_upper_limit": 40}),
    ],
)
def test_with_the_limits_taken_in_the_next_values_do_not_qualify(criterion: str, patient: Patient) -> None:
    lenient = {**patient, "readings": {"boundary": "nonstrict"}}
    assert judge_example(trial(), criterion, lenient, load_catalogue()).verdict == "fail"


def test_the_dates_of_enrollment_and_first_dose_are_the_anchors_not_the_day_of_the_run() -> None:
    later = {"as_of": "2026-06-01", "enrollment": "2026-06-10", "first_dose": "2026-06-16"}
    rows = {
        "E09": {"omeprazole": {"start": "2026-01-01", "end": "2026-06-01"}},
        "E15": {"surgery": {"start": "2026-05-10", "major": "yes"}},
        "E16": {"radiotherapy": {"start": "2026-05-20", "end": "2026-06-01"}},
    }
    for criterion, patient in rows.items():
        on_the_day = {"as_of": "2026-06-01", **patient}
        assert judge_example(trial(), criterion, on_the_day, load_catalogue()).verdict == "fail"
        assert judge_example(trial(), criterion, {**later, **patient}, load_catalogue()).verdict == "pass"


@pytest.mark.parametrize(
    ("question", "option", "criterion", "patient", "by_default", "by_option"),
    OPTIONS,
    ids=[f"{question}={option}" for question, option, *_ in OPTIONS],
)
def test_an_option_of_a_question_changes_the_verdict_it_is_there_for(
    question: str, option: str, criterion: str, patient: Patient, by_default: str, by_option: str
) -> None:
    chosen = {**patient, "readings": {question: option}}
    assert judge_example(trial(), criterion, patient, load_catalogue()).verdict == by_default
    assert judge_example(trial(), criterion, chosen, load_catalogue()).verdict == by_option


def test_every_option_that_is_not_the_default_stands_in_the_table() -> None:
    shown = {(question, option) for question, option, *_ in OPTIONS}
    for question in trial().questions:
        for option in question.options.keys() - {question.default}:
            assert (question.id, option) in shown
        assert question.id in {name for name, _ in shown}


@pytest.mark.parametrize(("criterion", "table"), RESTS_ON)
def test_a_table_that_was_not_captured_leaves_open_what_rests_on_its_silence(
    criterion: str, table: str
) -> None:
    outcome = judge_example(trial(), criterion, {"not_captured": [table]}, load_catalogue())
    assert (outcome.verdict, outcome.reason) == ("unknown", "not_captured")


@pytest.mark.parametrize(
    ("criterion", "sentence", "patient", "curability"),
    LIFTING,
    ids=[f"{row[0]}: {row[1]}" for row in LIFTING],
)
def test_a_fail_says_whether_it_lifts(
    criterion: str, sentence: str, patient: Patient, curability: str
) -> None:
    facts, anchors = example_facts(patient, load_catalogue(), sentence)
    verdicts = evaluate_trial(trial(), facts, anchors)
    row = verdicts.row(by_predicate=pl.col("criterion_id") == criterion, named=True)
    assert (row["verdict"], row["curability"]) == ("fail", curability)
