"""The manual of the language: arithmetic, if between numbers, greatest and least, exact or as intervals."""

import pytest

from tests.spec.language import Row, check, title

EXACT = {"kappa_flc": 6, "lambda_flc": 2}
OPEN = {"kappa_flc": "<=6", "lambda_flc": 2}

ARITHMETIC = (
    Row("a sum", EXACT, "kappa_flc + lambda_flc = 8", "pass"),
    Row("a difference", EXACT, "kappa_flc - lambda_flc = 4", "pass"),
    Row("a product", EXACT, "kappa_flc * lambda_flc = 12", "pass"),
    Row("a product binds closer than a sum", EXACT, "kappa_flc + lambda_flc * 2 = 10", "pass"),
    Row("brackets bind closest", EXACT, "(kappa_flc + lambda_flc) * 2 = 16", "pass"),
    Row("a negative number", EXACT, "lambda_flc - kappa_flc = -4", "pass"),
    Row("a product of negative numbers", EXACT, "(lambda_flc - kappa_flc) * -2 = 8", "pass"),
    Row("at most 6, and 2 more, is at most 8", OPEN, "kappa_flc + lambda_flc <= 8", "pass"),
    Row("at most 6, and 2 more, may be 8", OPEN, "kappa_flc + lambda_flc = 8", "unknown", "censored_value"),
    Row("2 less at most 6 is at least -4", OPEN, "lambda_flc - kappa_flc >= -4", "pass"),
    Row("2 less at most 6 is at most 2", OPEN, "lambda_flc - kappa_flc <= 2", "pass"),
    Row("a factor below zero turns the ends round", OPEN, "kappa_flc * -1 between -6 and 0", "pass"),
    Row(
        "a product with something unknown",
        {"kappa_flc": 6},
        "kappa_flc * lambda_flc < 8",
        "unknown",
        "never_recorded",
    ),
    Row("zero times something unknown is zero", {"kappa_flc": 0}, "kappa_flc * lambda_flc = 0", "pass"),
    Row(
        "the same unknown fact twice is two unknowns: too wide, never wrong",
        {},
        "kappa_flc - kappa_flc = 0",
        "unknown",
        "never_recorded",
    ),
    Row("a product is rounded to nine decimals", {"kappa_flc": "0.00001"}, "kappa_flc * 0.00001 = 0", "pass"),
    Row(
        "a lone 5 at the tenth decimal is rounded up",
        {"kappa_flc": "0.00005"},
        "kappa_flc * 0.00001 = 0.000000001",
        "pass",
    ),
    Row("and below zero down", {"kappa_flc": "0.00005"}, "kappa_flc * -0.00001 = -0.000000001", "pass"),
    Row(
        "a number never passes a million million",
        {"urine_m_protein": "999999999999"},
        "urine_m_protein * 1000 = 999999999999 + 1",
        "pass",
    ),
)

BRANCHES = (
    Row("the condition holds", {"ecog": 1, "height": 5}, "height = if(ecog < 2, 5, 7)", "pass"),
    Row("the condition does not hold", {"ecog": 3, "height": 5}, "height = if(ecog < 2, 5, 7)", "fail"),
    Row("below both branches, whatever the condition", {"height": 4}, "height < if(ecog < 2, 5, 7)", "pass"),
    Row("above both branches, whatever the condition", {"height": 8}, "height < if(ecog < 2, 5, 7)", "fail"),
    Row(
        "between the branches the condition is needed",
        {"height": 6},
        "height < if(ecog < 2, 5, 7)",
        "unknown",
        "never_recorded",
    ),
    Row("equal branches need no condition", {"height": 4}, "height < if(ecog < 2, 5, 5)", "pass"),
    Row(
        "an open branch that is not taken does not matter", {"ecog": 1}, "if(ecog < 2, 5, height) = 5", "pass"
    ),
    Row(
        "an open branch that is taken does",
        {"ecog": 3},
        "if(ecog < 2, 5, height) = 5",
        "unknown",
        "never_recorded",
    ),
    Row("branches may be dates", {"ecog": 1}, "if(ecog < 2, as_of, as_of - 9) = as_of", "pass"),
    Row("an open date is one of the two", {}, "if(ecog < 2, as_of, as_of - 9) <= as_of", "pass"),
    Row(
        "branches may be words",
        {"ecog": 1, "hbsag": "positive"},
        "if(ecog < 2, hbsag, hbeag) = 'positive'",
        "pass",
    ),
)

EXTREMES = (
    Row("the greatest of two", EXACT, "greatest(kappa_flc, lambda_flc) = 6", "pass"),
    Row("the least of two", EXACT, "least(kappa_flc, lambda_flc) = 2", "pass"),
    Row("of three, a number among them", EXACT, "greatest(kappa_flc, lambda_flc, 9) = 9", "pass"),
    Row(
        "one known part can be enough from below",
        {"kappa_flc": 6},
        "greatest(kappa_flc, lambda_flc) >= 6",
        "pass",
    ),
    Row(
        "but not from above",
        {"kappa_flc": 6},
        "greatest(kappa_flc, lambda_flc) <= 6",
        "unknown",
        "never_recorded",
    ),
    Row("the least of a known and an unknown", {"kappa_flc": 6}, "least(kappa_flc, lambda_flc) <= 6", "pass"),
    Row(
        "the least may be less",
        {"kappa_flc": 6},
        "least(kappa_flc, lambda_flc) >= 6",
        "unknown",
        "never_recorded",
    ),
    Row("the greatest of an open and a higher number is exact", OPEN, "greatest(kappa_flc, 7) = 7", "pass"),
)

INTERVALS = (
    Row(
        "two intervals that may meet",
        {"kappa_flc": "<=6", "lambda_flc": "<=9"},
        "kappa_flc = lambda_flc",
        "unknown",
        "censored_value",
    ),
    Row(
        "two intervals that cannot meet",
        {"kappa_flc": "<=6", "lambda_flc": ">=7"},
        "kappa_flc = lambda_flc",
        "fail",
    ),
    Row("surely different", {"kappa_flc": "<=6", "lambda_flc": ">=7"}, "kappa_flc <> lambda_flc", "pass"),
    Row("surely below", {"kappa_flc": "<=6", "lambda_flc": ">=7"}, "kappa_flc < lambda_flc", "pass"),
    Row(
        "touching ends are at most",
        {"kappa_flc": "<=6", "lambda_flc": ">=6"},
        "kappa_flc <= lambda_flc",
        "pass",
    ),
    Row(
        "touching ends may be equal",
        {"kappa_flc": "<=6", "lambda_flc": ">=6"},
        "kappa_flc < lambda_flc",
        "unknown",
        "censored_value",
    ),
    Row(
        "neighbours do not touch", {"kappa_flc": "<6", "lambda_flc": ">=6"}, "kappa_flc < lambda_flc", "pass"
    ),
    Row(
        "overlapping intervals",
        {"kappa_flc": ">=6", "lambda_flc": ">=7"},
        "kappa_flc < lambda_flc",
        "unknown",
        "censored_value",
    ),
)

DATES = (
    Row("days after a date", {"enrollment": "2026-07-04"}, "enrollment = as_of + 4", "pass"),
    Row("days before a date", {"enrollment": "2026-07-04"}, "enrollment - 4 = as_of", "pass"),
    Row("date minus date is days", {"first_dose": "2026-07-07"}, "first_dose - as_of = 7", "pass"),
    Row("and may be negative", {"first_dose": "2026-07-07"}, "as_of - first_dose = -7", "pass"),
    Row("dates are in order", {"first_dose": "2026-07-07"}, "as_of < first_dose", "pass"),
    Row(
        "the end of February in a leap year",
        {"as_of": "2028-03-01", "enrollment": "2028-02-29"},
        "as_of - 1 = enrollment",
        "pass",
    ),
    Row(
        "and in a common one",
        {"as_of": "2026-03-01", "enrollment": "2026-02-28"},
        "as_of - 1 = enrollment",
        "pass",
    ),
    Row("a part of a day is no day", {"enrollment": "2026-07-01"}, "as_of + 1.9 = enrollment", "pass"),
    Row("a date between two", {"enrollment": "2026-07-04"}, "enrollment between as_of and as_of + 4", "pass"),
    Row("enrollment is the day of the run unless given", {}, "enrollment = as_of", "pass"),
    Row(
        "the first dose is on enrollment unless given",
        {"enrollment": "2026-07-04"},
        "first_dose = enrollment",
        "pass",
    ),
)


@pytest.mark.parametrize("row", ARITHMETIC, ids=title)
def test_arithmetic_is_exact_and_carries_what_is_open(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", BRANCHES, ids=title)
def test_if_between_values(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", EXTREMES, ids=title)
def test_the_greatest_and_the_least(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", INTERVALS, ids=title)
def test_two_open_numbers_are_compared_pair_by_pair(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", DATES, ids=title)
def test_dates_and_days(row: Row) -> None:
    check(row)
