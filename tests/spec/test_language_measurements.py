"""The manual of the language: a measurement is its latest result, if that is not too old."""

import pytest

from tests.spec.language import Row, check, title

OLD = {"hemoglobin": 10, "hemoglobin_days_ago": 40}
LIMITED = {"alt": 60, "alt_upper_limit": 40}

LATEST = (
    Row("a result of today counts", {"hemoglobin": 10}, "hemoglobin > 8", "pass"),
    Row("a result below the limit fails", {"hemoglobin": 7.9}, "hemoglobin > 8", "fail"),
    Row("no result is no answer", {}, "hemoglobin > 8", "unknown", "never_recorded"),
    Row(
        "a result of 27 days ago counts",
        {"hemoglobin": 10, "hemoglobin_days_ago": 27},
        "hemoglobin > 8",
        "pass",
    ),
    Row(
        "a result of 28 days ago counts",
        {"hemoglobin": 10, "hemoglobin_days_ago": 28},
        "hemoglobin > 8",
        "pass",
    ),
    Row(
        "a result of 29 days ago is stale, and not a fail",
        {"hemoglobin": 10, "hemoglobin_days_ago": 29},
        "hemoglobin > 8",
        "unknown",
        "stale",
    ),
    Row(
        "a stale result does not fail either", {**OLD, "hemoglobin": 2}, "hemoglobin > 8", "unknown", "stale"
    ),
    Row(
        "where observations were not delivered, nothing recorded means nothing",
        {"not_captured": ["observations"]},
        "hemoglobin > 8",
        "unknown",
        "not_captured",
    ),
    Row(
        "a result that is there counts, complete table or not",
        {"hemoglobin": 10, "not_captured": ["observations"]},
        "hemoglobin > 8",
        "pass",
    ),
    Row(
        "a table that trails makes a result neither older nor younger",
        {"hemoglobin": 10, "complete": {"observations": ("", "-90")}},
        "hemoglobin > 8",
        "pass",
    ),
)

SIGNS = (
    Row("8 is not below 8", {"hemoglobin": 8}, "hemoglobin < 8", "fail"),
    Row("8 is at most 8", {"hemoglobin": 8}, "hemoglobin <= 8", "pass"),
    Row("8 is not above 8", {"hemoglobin": 8}, "hemoglobin > 8", "fail"),
    Row("8 is at least 8", {"hemoglobin": 8}, "hemoglobin >= 8", "pass"),
    Row("8 equals 8.0", {"hemoglobin": 8}, "hemoglobin = 8.0", "pass"),
    Row("8 does not differ from 8", {"hemoglobin": 8}, "hemoglobin <> 8", "fail"),
    Row("8.1 differs from 8", {"hemoglobin": 8.1}, "hemoglobin <> 8", "pass"),
    Row("!= is <>", {"hemoglobin": 8.1}, "hemoglobin != 8", "pass"),
    Row("the number may stand first", {"hemoglobin": 8.1}, "8 < hemoglobin", "pass"),
    Row("nine decimals are told apart", {"hemoglobin": "8.000000001"}, "hemoglobin > 8", "pass"),
    Row("a tenth of three is exact: 0.1 + 0.2 is 0.3", {"ecog": 0.3}, "ecog = 0.1 + 0.2", "pass"),
    Row("between takes in its lower end", {"hemoglobin": 8}, "hemoglobin between 8 and 10", "pass"),
    Row("between takes in its upper end", {"hemoglobin": 10}, "hemoglobin between 8 and 10", "pass"),
    Row("below the lower end is not between", {"hemoglobin": 7.9}, "hemoglobin between 8 and 10", "fail"),
    Row("above the upper end is not between", {"hemoglobin": 10.1}, "hemoglobin between 8 and 10", "fail"),
    Row("not between is its opposite", {"hemoglobin": 10.1}, "hemoglobin not between 8 and 10", "pass"),
    Row("in: one of the numbers", {"ecog": 1}, "ecog in (0, 1)", "pass"),
    Row("in: none of the numbers", {"ecog": 2}, "ecog in (0, 1)", "fail"),
    Row("in: nothing recorded", {}, "ecog in (0, 1)", "unknown", "never_recorded"),
    Row("not in is its opposite", {"ecog": 2}, "ecog not in (0, 1)", "pass"),
)

UNITS = (
    Row("81 g/L are 8.1 g/dL", {"hemoglobin": "81 g/L"}, "hemoglobin = 8.1", "pass"),
    Row("5 g/L of M-protein are 0.5 g/dL", {"serum_m_protein": "5 g/L"}, "serum_m_protein >= 0.5", "pass"),
    Row("10 mg/dL of light chains are 100 mg/L", {"kappa_flc": "10 mg/dL"}, "kappa_flc = 100", "pass"),
    Row(
        "a limit may have a unit of its own",
        {"hemoglobin": 10, "hemoglobin_upper_limit": "160 g/L"},
        "hemoglobin_upper_limit = 16",
        "pass",
    ),
)

CENSORED = (
    Row("below 0.5 is below 0.5", {"serum_m_protein": "<0.5"}, "serum_m_protein < 0.5", "pass"),
    Row("below 0.5 is not at least 0.5", {"serum_m_protein": "<0.5"}, "serum_m_protein >= 0.5", "fail"),
    Row("below 0.5 is not below zero", {"serum_m_protein": "<0.5"}, "serum_m_protein < 0", "fail"),
    Row(
        "below 0.5 may be above 0.3",
        {"serum_m_protein": "<0.5"},
        "serum_m_protein > 0.3",
        "unknown",
        "censored_value",
    ),
    Row(
        "at most 0.5 may be 0.5",
        {"serum_m_protein": "<=0.5"},
        "serum_m_protein >= 0.5",
        "unknown",
        "censored_value",
    ),
    Row("above 1000 is not 1000", {"urine_m_protein": ">1000"}, "urine_m_protein <> 1000", "pass"),
    Row("above 1000 is above 1000", {"urine_m_protein": ">1000"}, "urine_m_protein > 1000", "pass"),
    Row(
        "above 1000 has no upper end",
        {"urine_m_protein": ">1000"},
        "urine_m_protein < 999999",
        "unknown",
        "censored_value",
    ),
    Row(
        "at least 1000 may be 1000",
        {"urine_m_protein": ">=1000"},
        "urine_m_protein > 1000",
        "unknown",
        "censored_value",
    ),
    Row(
        "a limit in another unit is converted first",
        {"serum_m_protein": "<5 g/L"},
        "serum_m_protein < 0.5",
        "pass",
    ),
    Row(
        "a censored value may or may not be one of a list",
        {"ecog": "<2"},
        "ecog in (0, 1)",
        "unknown",
        "censored_value",
    ),
    Row("a censored value surely outside a list", {"ecog": "<2"}, "ecog in (2, 3)", "fail"),
    Row("both ends inside: surely between", {"ecog": "<2"}, "ecog between 0 and 2", "pass"),
)

LIMITS = (
    Row(
        "a limit without a value leaves the value open",
        {"alt_upper_limit": 40},
        "alt < alt_upper_limit",
        "unknown",
        "never_recorded",
    ),
    Row("twice the upper limit of the result itself", LIMITED, "alt < 2 * alt_upper_limit", "pass"),
    Row("exactly 1.5 times the limit is not below it", LIMITED, "alt < 1.5 * alt_upper_limit", "fail"),
    Row(
        "a limit not given is assumed to be plausible, which is enough to pass",
        {"alt": 20},
        "alt < alt_upper_limit",
        "pass",
    ),
    Row("or to fail", {"alt": 600}, "alt < 3 * alt_upper_limit", "fail"),
    Row("or not enough", {"alt": 100}, "alt < 3 * alt_upper_limit", "unknown", "no_upper_limit"),
    Row(
        "the limit of a stale result is stale",
        {**LIMITED, "alt_days_ago": 29},
        "alt_upper_limit > 0",
        "unknown",
        "stale",
    ),
    Row("the limit of no result is never recorded", {}, "alt_upper_limit > 0", "unknown", "never_recorded"),
    Row(
        "the ratio of light chains brings its own lower limit",
        {"flc_ratio": 0.25},
        "flc_ratio < flc_ratio_lower_limit",
        "pass",
    ),
    Row(
        "a lower limit as given",
        {"flc_ratio": 0.25, "flc_ratio_lower_limit": 0.2},
        "flc_ratio < flc_ratio_lower_limit",
        "fail",
    ),
)

WORDS = (
    Row("a positive test", {"hbsag": "positive"}, "hbsag = 'positive'", "pass"),
    Row("a negative test", {"hbsag": "negative"}, "hbsag = 'positive'", "fail"),
    Row("no test is not a negative test", {}, "hbsag = 'negative'", "unknown", "never_recorded"),
    Row(
        "an old test is stale",
        {"hbsag": "negative", "hbsag_days_ago": 29},
        "hbsag = 'negative'",
        "unknown",
        "stale",
    ),
    Row("not positive is negative", {"hbsag": "negative"}, "hbsag <> 'positive'", "pass"),
    Row("the word may stand first", {"hbsag": "positive"}, "'positive' = hbsag", "pass"),
    Row("one of all words there are holds of any result", {}, "hbsag in ('negative', 'positive')", "pass"),
    Row("two tests can be compared", {"hbsag": "positive", "hbeag": "negative"}, "hbsag = hbeag", "fail"),
    Row("a woman", {"sex": "female"}, "sex = 'female'", "pass"),
    Row("a man", {"sex": "male"}, "sex = 'female'", "fail"),
    Row("sex not recorded", {}, "sex = 'female'", "unknown", "never_recorded"),
    Row("everybody has one of the words", {}, "sex in ('female', 'male')", "pass"),
    Row("able to bear children", {"childbearing_potential": "yes"}, "childbearing_potential", "pass"),
    Row("not able to", {"childbearing_potential": "no"}, "childbearing_potential", "fail"),
    Row("not recorded", {}, "not childbearing_potential", "unknown", "never_recorded"),
)

DATES = (
    Row(
        "the day of a result",
        {"hemoglobin": 10, "hemoglobin_days_ago": 3},
        "date_of(hemoglobin) = as_of - 3",
        "pass",
    ),
    Row(
        "results of two days",
        {"hemoglobin": 10, "ecog": 1, "ecog_days_ago": 2},
        "date_of(ecog) < date_of(hemoglobin)",
        "pass",
    ),
    Row("the day of no result", {}, "date_of(hemoglobin) <= as_of", "unknown", "never_recorded"),
    Row("the day of a stale result is not told", OLD, "date_of(hemoglobin) <= as_of", "unknown", "stale"),
    Row(
        "a window can hang on the day of a result",
        {"platelet_count": 60000, "platelet_count_days_ago": 10, "filgrastim": {"start": "-17"}},
        "within_days(filgrastim, 7, date_of(platelet_count))",
        "pass",
    ),
    Row(
        "a day before that window is outside",
        {"platelet_count": 60000, "platelet_count_days_ago": 10, "filgrastim": {"start": "-18"}},
        "within_days(filgrastim, 7, date_of(platelet_count))",
        "fail",
    ),
)


@pytest.mark.parametrize("row", LATEST, ids=title)
def test_the_latest_result_counts_for_its_lookback(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", SIGNS, ids=title)
def test_signs_are_taken_at_their_word(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", UNITS, ids=title)
def test_a_value_in_another_unit_is_the_same_value(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", CENSORED, ids=title)
def test_a_censored_value_decides_what_all_its_values_decide(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", LIMITS, ids=title)
def test_a_limit_is_the_limit_of_that_very_result(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", WORDS, ids=title)
def test_words_are_compared_within_their_list(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", DATES, ids=title)
def test_a_result_has_a_day(row: Row) -> None:
    check(row)
