"""What the record says outright: latest results, age, sex, anchors, what was attested."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference import evaluate
from criteria.reference.record import Record
from criteria.reference.values import TruthValue, WordValue, any_date, any_number
from tests.reference.builders import (
    AS_OF,
    DRUG,
    LINES,
    NOTHING_CAPTURED,
    NOW,
    alt,
    anchor,
    answer,
    attribute,
    compare,
    constant,
    days,
    ever,
    known,
    looking_from,
    number_of,
    only,
    patient,
    result,
    span,
    when,
    word_of,
)

HBSAG = tree.Measurement(
    type=Type.WORD, domain="result", text="hbsag", concept="hbsag", part="value", lookback_days=28
)


def test_a_result_is_fresh_through_the_last_day_of_the_lookback() -> None:
    assert span(alt(), patient(results=[result("2024-03-03", "30")])) == (30, 30)
    stale = evaluate.number(alt(), patient(results=[result("2024-03-02", "30")]), NOW)
    assert stale == any_number(frozenset({"stale"}))


def test_a_result_that_may_be_stale_may_be_anything() -> None:
    value = evaluate.number(alt(), patient(results=[result("2024-03-02/2024-03-03", "30")]), NOW)
    assert value == any_number(frozenset({"partial_date"}))


def test_a_result_of_an_unknown_day_that_is_fresh_in_any_case_counts() -> None:
    assert span(alt(), patient(results=[result("2024-03-03/2024-03-31", "30")])) == (30, 30)


def test_no_result_is_never_recorded_where_results_are_captured_and_not_captured_elsewhere() -> None:
    assert evaluate.number(alt(), patient(), NOW).reasons == {"never_recorded"}
    uncaptured = patient(coverage=NOTHING_CAPTURED)
    assert evaluate.number(alt(), uncaptured, NOW) == any_number(frozenset({"not_captured"}))


def test_limits_and_date_are_those_of_the_same_result() -> None:
    limit = number_of("1", "1.5", "no_upper_limit")
    record = patient(results=[result("2024-03-20/2024-03-21", "30", upper=limit, lower=number_of("7"))])
    assert evaluate.number(alt("upper_limit"), record, NOW) == limit
    assert span(alt("lower_limit"), record) == (7, 7)
    assert evaluate.date(alt("date"), record, NOW) == when("2024-03-20/2024-03-21", "partial_date")


def test_the_date_of_no_result_may_be_any() -> None:
    assert evaluate.date(alt("date"), patient(), NOW) == any_date(frozenset({"never_recorded"}))


def test_a_limit_of_which_only_a_range_is_known_decides_where_the_range_agrees() -> None:
    limit = number_of("30", "65", "no_upper_limit")
    triple = tree.Arithmetic(
        type=Type.NUMBER, text="3 * limit", operator="*", left=constant(3), right=alt("upper_limit")
    )
    for value, expected in (("89", "yes"), ("195", "no"), ("90", {"no_upper_limit"})):
        record = patient(results=[result("2024-03-20", value, upper=limit)])
        assert answer(compare(alt(), "<", triple), record) == expected


def test_words_of_results_are_negative_or_positive() -> None:
    is_positive = compare(HBSAG, "=", word_of("result", "positive"))
    for value, expected in (
        (number_of("1"), "yes"),
        (number_of("0"), "no"),
        (number_of("0", "1", "quarantined"), {"quarantined"}),
    ):
        assert (
            answer(is_positive, patient(results=[result("2024-03-20", value, concept="hbsag")])) == expected
        )
    assert answer(is_positive, patient()) == {"never_recorded"}
    assert evaluate.word(HBSAG, patient(), NOW) == WordValue(0, 1, frozenset({"never_recorded"}))


def _age(day: Node) -> Node:
    return tree.Age(type=Type.NUMBER, text="age", anchor=day)


@pytest.mark.parametrize(
    ("birth", "low", "high"),
    [
        ("2006-03-31", 18, 18),
        ("2006-04-01", 17, 17),
        ("2006-03", 18, 18),
        ("2006", 17, 18),
        ("2004-02-29", 20, 20),
    ],
)
def test_age_is_in_completed_years_for_every_possible_birthday(birth: str, low: int, high: int) -> None:
    assert span(_age(anchor()), patient(birth=when(birth, "partial_date"))) == (low, high)


def test_age_is_open_where_the_anchor_is() -> None:
    record = patient(results=[result("2024-03-15/2024-03-31", "1")], birth=when("2006-03-20"))
    value = evaluate.number(_age(alt("date")), record, NOW)
    assert value == number_of("17", "18", "partial_date")


def test_each_anchor_is_its_own_day() -> None:
    context = looking_from("2024-03-31", "2024-04-15")
    context = replace(context, anchors=replace(context.anchors, first_dose=date(2024, 4, 22)))
    found = [days(anchor(name), patient(), context) for name in ("as_of", "enrollment", "first_dose")]
    assert found == [when("2024-03-31"), when("2024-04-15"), when("2024-04-22")]


def test_sex_and_childbearing_potential_are_as_recorded() -> None:
    sex = tree.PatientFact(type=Type.WORD, text="sex", name="sex", domain="sex")
    bears = tree.PatientFact(type=Type.TRUTH, text="bears", name="childbearing_potential")
    record = Record(sex=WordValue(0, 0), childbearing_potential=TruthValue(True, True))
    assert answer(compare(sex, "=", word_of("sex", "female")), record) == "yes"
    assert answer(bears, record) == "yes"
    assert answer(compare(sex, "=", word_of("sex", "male")), Record()) == {"never_recorded"}
    assert answer(bears, Record()) == {"never_recorded"}


@pytest.mark.parametrize(
    ("kind", "attestation", "expected"),
    [
        ("inclusion", "pass", "yes"),
        ("inclusion", "fail", "no"),
        ("inclusion", "not_applicable", {"needs_attestation"}),
        ("exclusion", "fail", "yes"),
        ("exclusion", "pass", "no"),
        ("exclusion", "not_applicable", {"needs_attestation"}),
        ("exclusion", None, {"needs_attestation"}),
    ],
)
def test_what_was_attested_holds_on_pass_in_an_inclusion_and_on_fail_in_an_exclusion(
    kind: str, attestation: str | None, expected: str | set[str]
) -> None:
    node = tree.Attested(type=Type.TRUTH, text="attested", question="Is it so?")
    assert answer(node, patient(), replace(NOW, kind=kind, attestation=attestation)) == expected


def test_constants_are_what_they_say() -> None:
    assert answer(known(True), patient()) == "yes"
    assert answer(known(False), patient()) == "no"
    assert span(constant("1.25"), patient()) == (Decimal("1.25"), Decimal("1.25"))


def test_every_kind_of_expression_is_refused_where_another_is_needed() -> None:
    for wrong in (evaluate.number, evaluate.date, evaluate.word):
        with pytest.raises(TypeError):
            wrong(known(True), patient(), NOW)
    with pytest.raises(TypeError):
        evaluate.truth(constant(1), patient(), NOW)


def test_a_row_or_a_result_can_be_asked_for_only_where_there_is_one() -> None:
    nowhere = tree.ResultPart(type=Type.NUMBER, text="alt", part="value")
    for node in (attribute("grade"), nowhere):
        with pytest.raises(ValueError, match="only inside"):
            evaluate.number(node, patient(), NOW)


def test_operators_reach_their_parts() -> None:
    record = patient(results=[result("2024-03-20", "30")])
    high, low = compare(alt(), ">", 20), compare(alt(), "<", 20)
    truths = {
        tree.All(type=Type.TRUTH, text="and", parts=(high, low)): "no",
        tree.AnyOf(type=Type.TRUTH, text="or", parts=(high, low)): "yes",
        tree.Not(type=Type.TRUTH, text="not", part=low): "yes",
        tree.AtLeast(type=Type.TRUTH, text="at_least", minimum=2, parts=(high, low)): "no",
        tree.If(type=Type.TRUTH, text="if", condition=high, then=low, otherwise=high): "no",
        tree.Among(type=Type.TRUTH, text="in", item=alt(), choices=(constant(30), constant(1))): "yes",
    }
    for node, expected in truths.items():
        assert answer(node, record) == expected
    greatest = tree.Extreme(type=Type.NUMBER, text="greatest", which="greatest", parts=(alt(), constant(9)))
    assert span(greatest, record) == (30, 30)
    assert span(_arithmetic(Type.NUMBER, "-", anchor(), alt("date")), record) == (11, 11)
    assert days(_arithmetic(Type.DATE, "+", alt("date"), constant(11)), record) == when("2024-03-31")
    assert date(2024, 3, 31) == AS_OF


def _arithmetic(kind: Type, operator: str, left: Node, right: Node) -> Node:
    return tree.Arithmetic(type=kind, text="?", operator=operator, left=left, right=right)


def test_rows_are_asked_about_with_their_own_attributes() -> None:
    assert answer(ever(only(LINES, compare(attribute("line_number"), ">", 1))), patient()) == "no"
    assert evaluate.rows(DRUG, patient(), NOW).members == ()
