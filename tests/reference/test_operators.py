"""Operators on truths, numbers, dates and words of which only bounds are known."""

from decimal import Decimal
from itertools import product

import pytest

from criteria.reference import operators
from criteria.reference.values import (
    NO,
    YES,
    DateValue,
    NumberValue,
    TruthValue,
    Value,
    WordValue,
    any_date,
    any_number,
    any_word,
    number_value,
    on_grid,
    reasons_of,
    word_value,
)
from schemas.words import BEGINNING, FOREVER, REASONS, UNBOUNDED, reason_bit
from tests.reference.builders import number_of, shown, when

A = TruthValue(False, True, frozenset({"stale"}))
B = TruthValue(False, True, frozenset({"partial_date"}))
TRUTHS = (NO, A, YES)


def _worlds(value: TruthValue) -> list[bool]:
    return [world for world in (False, True) if (world or not value.must) and (not world or value.may)]


@pytest.mark.parametrize(("left", "right"), list(product(TRUTHS, (NO, B, YES))))
def test_and_or_and_not_say_what_every_pair_of_worlds_says(left: TruthValue, right: TruthValue) -> None:
    pairs = list(product(_worlds(left), _worlds(right)))
    for operator, plain in ((operators.conjunction, all), (operators.disjunction, any)):
        answers = {plain(pair) for pair in pairs}
        value = operator([left, right])
        assert (value.must, value.may) == (answers == {True}, True in answers)
        assert value.reasons == (left.reasons | right.reasons if len(answers) == 2 else frozenset())
    assert set(_worlds(operators.negation(left))) == {not world for world in _worlds(left)}


def test_an_open_truth_carries_the_reasons_of_its_open_parts_only() -> None:
    assert shown(operators.conjunction([A, YES, B])) == {"stale", "partial_date"}
    assert shown(operators.conjunction([A, NO])) == "no"
    assert shown(operators.disjunction([A, YES])) == "yes"
    assert shown(operators.negation(A)) == {"stale"}


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [(0, "yes"), (1, "yes"), (2, {"stale", "partial_date"}), (3, {"stale", "partial_date"}), (4, "no")],
)
def test_at_least_counts_what_is_sure_and_what_is_possible(minimum: int, expected: str | set[str]) -> None:
    assert shown(operators.at_least(minimum, [YES, A, B, NO])) == expected


def test_if_takes_the_branch_of_a_decided_condition() -> None:
    assert operators.choice(YES, number_of("1"), number_of("2")) == number_of("1")
    assert operators.choice(NO, number_of("1"), number_of("2")) == number_of("2")


def test_if_with_an_open_condition_is_decided_where_both_branches_agree() -> None:
    assert operators.choice(A, YES, YES) == YES
    assert operators.choice(A, NO, NO) == NO
    assert operators.choice(A, number_of("5"), number_of("5")) == number_of("5")


def test_if_with_an_open_condition_may_be_what_either_branch_may_be() -> None:
    assert operators.choice(A, YES, NO) == TruthValue(False, True, frozenset({"stale"}))
    assert operators.choice(A, B, YES) == TruthValue(False, True, frozenset({"stale", "partial_date"}))
    assert operators.choice(A, number_of("1"), number_of("3", "4", "censored_value")) == number_of(
        "1", "4", "stale", "censored_value"
    )
    assert operators.choice(A, when("2024-01-01"), when("2024-03-01")) == when(
        "2024-01-01/2024-03-01", "stale"
    )
    assert operators.choice(A, WordValue(2, 2), WordValue(0, 0)) == WordValue(0, 2, frozenset({"stale"}))


def test_if_refuses_branches_of_different_types() -> None:
    with pytest.raises(TypeError):
        operators.choice(A, number_of("1"), YES)


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (("1", "3"), "<", ("3", "5"), {"stale"}),
        (("1", "3"), "<=", ("3", "5"), "yes"),
        (("1", "3"), "<", ("3.000000001", "5"), "yes"),
        (("3", "5"), "<", ("1", "3"), "no"),
        (("3", "5"), "<=", ("1", "3"), {"stale"}),
        (("3", "5"), ">=", ("1", "3"), "yes"),
        (("3", "5"), ">", ("1", "3"), {"stale"}),
        (("1", "2"), "=", ("3", "4"), "no"),
        (("1", "3"), "=", ("3", "4"), {"stale"}),
        (("3", "3"), "=", ("3", "3"), "yes"),
        (("1", "2"), "<>", ("3", "4"), "yes"),
        (("3", "3"), "<>", ("3", "3"), "no"),
        (("1", "3"), "<>", ("3", "3"), {"stale"}),
    ],
)
def test_a_comparison_of_numbers_holds_where_every_pair_of_points_does(
    left: tuple[str, str], operator: str, right: tuple[str, str], expected: str | set[str]
) -> None:
    first, second = number_of(*left, "stale"), number_of(*right, "stale")
    assert shown(operators.comparison(operator, first, second)) == expected


def test_a_censored_result_is_compared_as_an_interval() -> None:
    below_half = number_of("0", "0.499999999", "censored_value")
    assert shown(operators.comparison("<", below_half, number_of("0.5"))) == "yes"
    assert shown(operators.comparison(">", below_half, number_of("100"))) == "no"
    assert shown(operators.comparison(">", below_half, number_of("0.3"))) == {"censored_value"}


def test_dates_and_words_are_compared_in_their_order() -> None:
    assert shown(operators.comparison("<", when("2024-02"), when("2024-03-01"))) == "yes"
    assert shown(operators.comparison("<", when("2024-02", "partial_date"), when("2024-02-29"))) == {
        "partial_date"
    }
    assert shown(operators.comparison(">=", WordValue(2, 4, frozenset({"stale"})), WordValue(2, 2))) == "yes"
    assert shown(operators.comparison(">", WordValue(2, 4, frozenset({"stale"})), WordValue(2, 2))) == {
        "stale"
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (("2", "2"), "yes"),
        (("4", "4"), "no"),
        (("1", "2"), {"stale"}),
        (("4", "9"), "no"),
        (("1", "1.000000001"), "yes"),
        (("1", "1.000000002"), {"stale"}),
        (("2.000000001", "9"), "no"),
    ],
)
def test_a_number_is_among_the_choices_where_every_point_on_the_grid_is(
    item: tuple[str, str], expected: str | set[str]
) -> None:
    choices = [Decimal(text) for text in ("1", "1.000000001", "2")]
    assert shown(operators.membership(number_of(*item, "stale"), choices)) == expected


def test_a_word_is_among_the_choices_where_every_word_between_is() -> None:
    item = WordValue(1, 3, frozenset({"never_recorded"}))
    assert shown(operators.membership(item, [Decimal(1), Decimal(2), Decimal(3)])) == "yes"
    assert shown(operators.membership(item, [Decimal(1), Decimal(3)])) == {"never_recorded"}
    assert shown(operators.membership(item, [Decimal(0), Decimal(4)])) == "no"


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (("1", "2"), "+", ("10", "20"), ("11", "22")),
        (("1", "2"), "-", ("10", "20"), ("-19", "-8")),
        (("-1", "2"), "*", ("10", "20"), ("-20", "40")),
        (("-3", "-2"), "*", ("-5", "1"), ("-3", "15")),
        (("1.5", "1.5"), "*", ("40", "40"), ("60", "60")),
    ],
)
def test_arithmetic_tries_every_pair_of_ends(
    left: tuple[str, str], operator: str, right: tuple[str, str], expected: tuple[str, str]
) -> None:
    value = operators.number_arithmetic(operator, number_of(*left), number_of(*right))
    assert (value.low, value.high) == (Decimal(expected[0]), Decimal(expected[1]))


def test_arithmetic_stays_within_the_unbounded_ends() -> None:
    anything = any_number(frozenset({"stale"}))
    assert operators.number_arithmetic("+", anything, number_of("1")) == NumberValue(
        -UNBOUNDED + 1, UNBOUNDED, frozenset({"stale"})
    )
    assert operators.number_arithmetic("*", anything, anything) == anything


def test_an_exact_result_has_no_reasons() -> None:
    nothing = operators.number_arithmetic("*", any_number(frozenset({"stale"})), number_of("0"))
    assert nothing == NumberValue(Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("number", "rounded"),
    [
        ("0.0000000005", "0.000000001"),
        ("-0.0000000005", "-0.000000001"),
        ("0.00000000049", "0"),
        ("1.25", "1.25"),
    ],
)
def test_products_are_rounded_to_nine_places_halves_away_from_zero(number: str, rounded: str) -> None:
    assert on_grid(Decimal(number)) == Decimal(rounded)


def test_a_date_moves_by_full_days() -> None:
    assert operators.date_shift("-", when("2024-03-31"), number_of("31")) == when("2024-02-29")
    assert operators.date_shift("+", when("2024-02-28"), number_of("1.9")) == when("2024-02-29")
    moved = operators.date_shift("-", when("2024-03", "partial_date"), number_of("1", "2", "stale"))
    assert moved == when("2024-02-28/2024-03-30", "partial_date", "stale")


def test_a_date_less_a_date_is_days() -> None:
    assert operators.date_difference(when("2024-03-01"), when("2024-02-01")) == number_of("29")
    assert operators.date_difference(when("2024-03-01"), when("2024-02", "stale")) == number_of(
        "1", "29", "stale"
    )


def test_greatest_and_least_take_each_end_by_itself() -> None:
    parts = [number_of("1", "9", "stale"), number_of("3"), number_of("2", "4", "partial_date")]
    assert operators.extreme("greatest", parts) == number_of("3", "9", "stale", "partial_date")
    assert operators.extreme("least", parts) == number_of("1", "3", "stale", "partial_date")
    assert operators.extreme("greatest", [number_of("9"), number_of("1", "5", "stale")]) == number_of("9")


def test_truths_have_no_order() -> None:
    with pytest.raises(TypeError):
        operators.comparison("<", YES, number_of("1"))
    with pytest.raises(TypeError):
        operators.comparison("<", number_of("1"), YES)
    with pytest.raises(TypeError):
        operators.membership(YES, [Decimal(1)])


def test_a_value_of_which_nothing_is_known_has_the_whole_domain() -> None:
    reasons = frozenset({"stale"})
    assert any_date(reasons) == DateValue(BEGINNING, FOREVER, reasons)
    assert any_word("response", reasons) == WordValue(0, 6, reasons)


def test_numbers_beyond_the_unbounded_ends_are_cut() -> None:
    assert number_value(-UNBOUNDED * 2, UNBOUNDED * 2, frozenset()) == any_number(frozenset())


@pytest.mark.parametrize(
    "value",
    [number_value(Decimal(1), Decimal(1), frozenset({"stale"})), word_value(1, 1, frozenset({"stale"}))],
)
def test_what_is_exact_needs_no_reason(value: Value) -> None:
    assert value.exact
    assert not value.reasons


def test_a_bit_mask_names_its_reasons() -> None:
    assert reasons_of(reason_bit("stale") | reason_bit("partial_date")) == {"stale", "partial_date"}
    assert reasons_of((1 << len(REASONS)) - 1) == set(REASONS)
