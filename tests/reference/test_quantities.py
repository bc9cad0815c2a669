"""How many rows, how long ago, when first and last, and on how many days."""

from decimal import Decimal

import pytest

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference import evaluate
from criteria.reference.record import Covered
from criteria.reference.values import any_date
from schemas.words import UNBOUNDED
from tests.reference.builders import (
    COMPLETE,
    DRUG,
    LINES,
    NOTHING_CAPTURED,
    NOW,
    alt,
    anchor,
    compare,
    constant,
    days,
    event,
    looking_from,
    number_of,
    patient,
    result,
    span,
    span_and_reasons,
    when,
)


def count(rows: Node = DRUG) -> Node:
    return tree.Count(type=Type.NUMBER, text="count", rows=rows)


def since(unit: str = "days", day: Node | None = None) -> Node:
    return tree.Since(type=Type.NUMBER, text="since", rows=DRUG, anchor=day or anchor(), unit=unit)


def set_date(which: str) -> Node:
    return tree.SetDate(type=Type.DATE, text=which, rows=DRUG, which=which)


def times(condition: Node, length: int = 30, apart: int = 1, day: Node | None = None) -> Node:
    return tree.Times(
        type=Type.NUMBER,
        text="times",
        concept="alt",
        condition=condition,
        days=length,
        anchor=day or anchor(),
        apart=apart,
    )


HIGH = compare(tree.ResultPart(type=Type.NUMBER, text="alt", part="value"), ">", 50)


# --- count ---


def test_a_count_is_from_the_sure_rows_to_all_of_them() -> None:
    record = patient(
        event("lines", "2023", table="lines", row=1),
        event("lines", "2023", table="lines", row=2, certain=False, reasons=["needs_review"]),
    )
    assert evaluate.number(count(LINES), record, NOW) == number_of("1", "2", "needs_review")
    assert span(count(LINES), patient()) == (0, 0)


def test_a_count_has_no_upper_bound_where_rows_may_be_missing() -> None:
    record = patient(event("drug", "2024-01-01"), coverage=NOTHING_CAPTURED)
    assert span_and_reasons(count(), record) == (1, UNBOUNDED, {"not_captured"})


# --- days and months since ---


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-01", "2024-03-01", (30, 30)),
        ("2024-01-01", "ongoing", (0, 0)),
        ("2024-03-31", "2024-03-31", (0, 0)),
        ("2024-04-01", "2024-04-02", (UNBOUNDED, UNBOUNDED)),
        ("2024-01-01", "2024-03-01/2024-03-11", (20, 30)),
        ("2024-01-01", "2024-01-01/ongoing", (0, 90)),
        ("2024-03-21/2024-04-05", "2024-04-10", (0, UNBOUNDED)),
    ],
)
def test_days_since_run_from_the_last_day_not_later_than_the_anchor(
    start: str, end: str, expected: tuple[Decimal | int, Decimal | int]
) -> None:
    assert span(since(), patient(event("drug", start, end))) == expected


def test_what_never_happened_is_longer_ago_than_anything() -> None:
    assert span(since(), patient()) == (UNBOUNDED, UNBOUNDED)
    assert span_and_reasons(since(), patient(coverage=NOTHING_CAPTURED)) == (0, UNBOUNDED, {"not_captured"})


def test_a_later_row_may_be_missing_where_the_table_is_not_complete() -> None:
    record = patient(
        event("drug", "2024-03-01"),
        coverage={**COMPLETE, "treatments": Covered(when("1960").earliest, when("2024-03-30").earliest)},
    )
    assert evaluate.number(since(), record, NOW) == number_of("0", "30", "source_stale")


def test_an_unsure_row_can_only_make_it_shorter() -> None:
    record = patient(
        event("drug", "2024-03-01", row=1),
        event("drug", "2024-03-21", row=2, certain=False, reasons=["quarantined"]),
    )
    assert evaluate.number(since(), record, NOW) == number_of("10", "30", "quarantined")


def test_days_since_an_open_anchor_take_the_row_in_only_where_it_starts_by_every_day() -> None:
    node = since(day=alt("date"))
    record = patient(event("drug", "2024-03-10"), results=[result("2024-03-15/2024-03-20", "1")])
    assert evaluate.number(node, record, NOW) == number_of("5", "10", "partial_date")
    between = patient(event("drug", "2024-03-17"), results=[result("2024-03-15/2024-03-20", "1")])
    assert span(node, between) == (0, UNBOUNDED)


@pytest.mark.parametrize(
    ("last_day", "months"),
    [("2023-09-30", 6), ("2024-02-29", 1), ("2024-03-01", 0), ("2024-03-31", 0), ("2023-03-31", 12)],
)
def test_months_since_are_completed_months(last_day: str, months: int) -> None:
    assert span(since("months"), patient(event("drug", last_day))) == (months, months)


# --- first start and last end ---


def test_the_first_start_and_the_last_end_are_over_all_rows() -> None:
    record = patient(
        event("drug", "2024-01-05", "2024-02-10", row=1), event("drug", "2024-01-20", "2024-01-21", row=2)
    )
    assert days(set_date("start"), record) == when("2024-01-05")
    assert days(set_date("end"), record) == when("2024-02-10")


def test_unsure_rows_open_the_first_start_and_the_last_end_to_one_side() -> None:
    record = patient(
        event("drug", "2024-01-05", "2024-02-10", row=1),
        event("drug", "2024-01-01", "2024-02-20", row=2, certain=False, reasons=["needs_review"]),
    )
    assert evaluate.date(set_date("start"), record, NOW) == when("2024-01-01/2024-01-05", "needs_review")
    assert evaluate.date(set_date("end"), record, NOW) == when("2024-02-10/2024-02-20", "needs_review")


def test_unsure_rows_alone_say_nothing_of_a_date_that_may_not_be() -> None:
    record = patient(event("drug", "2024-01-01", "2024-02-20", certain=False, reasons=["needs_review"]))
    nothing_known = any_date(frozenset({"needs_review", "never_recorded"}))
    assert evaluate.date(set_date("start"), record, NOW) == nothing_known
    assert evaluate.date(set_date("end"), record, NOW) == nothing_known


@pytest.mark.parametrize("reasons", [["unmapped_code", "never_recorded"], ["unmapped_code"]])
def test_how_many_asks_for_no_date_so_an_open_date_is_no_reason(reasons: list[str]) -> None:
    record = patient(event("drug", "2024-01-01", certain=False, reasons=reasons))
    assert evaluate.number(count(), record, NOW).reasons == {"unmapped_code"}


def test_rows_that_may_be_missing_may_be_earlier_or_later() -> None:
    record = patient(event("drug", "2024-01-01", "2024-02-20"), coverage=NOTHING_CAPTURED)
    assert evaluate.date(set_date("start"), record, NOW) == when("beginning/2024-01-01", "not_captured")
    assert evaluate.date(set_date("end"), record, NOW) == when("2024-02-20/ongoing", "not_captured")


@pytest.mark.parametrize("which", ["start", "end"])
def test_the_date_of_no_rows_may_be_any(which: str) -> None:
    assert evaluate.date(set_date(which), patient(), NOW) == any_date(frozenset({"never_recorded"}))


# --- times ---


def test_times_counts_days_in_the_window_on_which_the_condition_held() -> None:
    results = [
        result(day, value)
        for day, value in (
            ("2024-02-29", "60"),
            ("2024-03-01", "60"),
            ("2024-03-15", "50"),
            ("2024-03-31", "51"),
            ("2024-04-01", "60"),
        )
    ]
    assert span(times(HIGH), patient(results=results)) == (2, 2)


def test_a_day_counts_once() -> None:
    results = [result("2024-03-15", "60"), result("2024-03-15", "70")]
    assert span(times(HIGH), patient(results=results)) == (1, 1)


@pytest.mark.parametrize(("apart", "expected"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_days_are_counted_from_the_earliest_and_so_far_apart(apart: int, expected: int) -> None:
    results = [result(f"2024-03-1{day}", "60") for day in (3, 0, 1, 2)]
    assert span(times(HIGH, apart=apart), patient(results=results)) == (expected, expected)


def test_a_result_that_may_meet_the_condition_only_raises_the_upper_bound() -> None:
    unsure = result("2024-03-15", number_of("40", "60", "conflicting_values"))
    value = evaluate.number(times(HIGH), patient(results=[unsure, result("2024-03-16", "60")]), NOW)
    assert value == number_of("1", "2", "conflicting_values")


def test_a_result_of_an_unknown_day_only_raises_the_upper_bound() -> None:
    results = [result("2024-03", "60"), result("2024-02-20/2024-02-29", "60"), result("2024-04", "60")]
    assert evaluate.number(times(HIGH), patient(results=results), NOW) == number_of("0", "1", "partial_date")


def test_an_open_anchor_counts_surely_only_in_every_window() -> None:
    results = [result(day, "60") for day in ("2024-02-14", "2024-02-15", "2024-02-20", "2024-03-19")]
    record = patient(results=[*results, result("2024-03-16/2024-03-20", "1")])
    node = times(HIGH, day=alt("date"))
    assert evaluate.number(node, record, NOW) == number_of("1", "3", "partial_date")


def test_a_count_of_days_has_no_upper_bound_where_results_may_be_missing() -> None:
    record = patient(results=[result("2024-03-15", "60")], coverage=NOTHING_CAPTURED)
    assert span_and_reasons(times(HIGH), record) == (1, UNBOUNDED, {"not_captured"})
    late = {**COMPLETE, "observations": Covered(when("2024-03-02").earliest, when("2024-03-31").earliest)}
    assert span(times(HIGH, 30), patient(coverage=late)) == (0, UNBOUNDED)
    assert span(times(HIGH, 29), patient(coverage=late)) == (0, 0)


def test_results_of_other_measurements_do_not_count() -> None:
    assert span(times(HIGH), patient(results=[result("2024-03-15", "60", concept="ast")])) == (0, 0)


def test_a_window_to_a_later_day_counts_what_is_recorded_in_it() -> None:
    context = looking_from("2024-03-31", "2024-04-10")
    record = patient(results=[result("2024-03-31", "60"), result("2024-03-10", "60")])
    assert span(times(HIGH, day=anchor("enrollment")), record, context) == (1, 1)
    assert span(constant(1), record) == (1, 1)
