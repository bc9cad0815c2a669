"""Truths about event sets: windows and their edges, what follows what, what goes on, and proven absence."""

from dataclasses import replace
from datetime import date

import pytest

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference.record import Covered
from schemas.words import BEGINNING
from tests.reference.builders import (
    AS_OF,
    COMPLETE,
    DRUG,
    NOTHING_CAPTURED,
    NOW,
    PROGRESSION,
    alt,
    anchor,
    answer,
    attribute,
    compare,
    constant,
    event,
    events_of,
    ever,
    looking_from,
    only,
    patient,
    result,
    when,
    within,
)

YESTERDAY = date(2024, 3, 30)


def ongoing(rows: Node = DRUG, day: Node | None = None) -> Node:
    return tree.Ongoing(type=Type.TRUTH, text="ongoing", rows=rows, anchor=day or anchor())


def followed(
    length: Node | int | None, unit: str = "days", later: Node = PROGRESSION, rows: Node = DRUG
) -> Node:
    size = constant(length) if isinstance(length, int) else length
    return tree.FollowedWithin(type=Type.TRUTH, text="?", rows=rows, later=later, length=size, unit=unit)


def covered(complete_from: str, complete_through: str, table: str = "treatments") -> dict[str, Covered]:
    days = Covered(when(complete_from).earliest, when(complete_through).earliest)
    return {**COMPLETE, table: days}


# --- ever ---


def test_ever_is_yes_with_a_sure_row_and_no_where_absence_is_proven() -> None:
    assert answer(ever(DRUG), patient(event("drug", "2024-01-01"))) == "yes"
    assert answer(ever(DRUG), patient()) == "no"


def test_ever_is_yes_with_a_sure_row_even_where_others_may_be_missing() -> None:
    assert answer(ever(DRUG), patient(event("drug", "2024-01-01"), coverage=NOTHING_CAPTURED)) == "yes"


def test_ever_is_open_with_an_unsure_row_or_without_capture_for_both_reasons() -> None:
    unsure = event("drug", "2024-01-01", certain=False, reasons=["quarantined"])
    assert answer(ever(DRUG), patient(unsure)) == {"quarantined"}
    assert answer(ever(DRUG), patient(coverage=NOTHING_CAPTURED)) == {"not_captured"}
    assert answer(ever(DRUG), patient(unsure, coverage=NOTHING_CAPTURED)) == {"quarantined", "not_captured"}


def test_two_unsure_rows_do_not_make_a_sure_one() -> None:
    rows = [event("drug", "2024-01-01", row=row, certain=False, reasons=["quarantined"]) for row in (1, 2)]
    assert answer(ever(DRUG), patient(*rows)) == {"quarantined"}


@pytest.mark.parametrize(
    ("complete_from", "complete_through", "expected"),
    [
        ("1960-05-17", "2024-03-31", "no"),
        ("1960-05-18", "2024-03-31", {"not_captured"}),
        ("1960-05-17", "2024-03-24", "no"),
        ("1960-05-17", "2024-03-23", {"source_stale"}),
        ("1960-05-18", "2024-03-23", {"not_captured", "source_stale"}),
    ],
)
def test_absence_ever_needs_capture_from_birth_to_at_most_the_lag_before_now(
    complete_from: str, complete_through: str, expected: str | set[str]
) -> None:
    record = patient(coverage=covered(complete_from, complete_through))
    assert answer(ever(DRUG), record, replace(NOW, max_lag_days=7)) == expected


def test_absence_needs_every_home_table() -> None:
    both = events_of("drug", home=("treatments", "medications"))
    assert answer(ever(both), patient()) == {"not_captured"}


# --- within ---


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-03-03", "2024-03-03", "yes"),
        ("2024-03-02", "2024-03-02", "no"),
        ("2024-01-01", "2024-03-03", "yes"),
        ("2024-03-31", "ongoing", "yes"),
        ("2024-04-01", "ongoing", "no"),
        ("2024-01-01", "ongoing", "yes"),
        ("2024-03-01/2024-03-02", "2024-03-03", "yes"),
        ("2024-01-01", "2024-03-02/2024-03-03", {"partial_date"}),
        ("2024-03-31/2024-04-01", "ongoing", {"partial_date"}),
        ("beginning/2024-03-31", "2024-03-31", "yes"),
    ],
)
def test_a_row_is_within_28_days_if_it_shares_a_day_with_the_window_ends_included(
    start: str, end: str, expected: str | set[str]
) -> None:
    record = patient(event("drug", start, end, reasons=["partial_date"]))
    assert answer(within(DRUG, 28), record) == expected


@pytest.mark.parametrize(
    ("unit", "length", "inside", "outside"),
    [
        ("weeks", 4, "2024-03-03", "2024-03-02"),
        ("months", 1, "2024-02-29", "2024-02-28"),
        ("months", 6, "2023-09-30", "2023-09-29"),
        ("years", 1, "2023-03-31", "2023-03-30"),
        ("days", 0, "2024-03-31", "2024-03-30"),
    ],
)
def test_weeks_are_seven_days_and_months_and_years_go_by_the_calendar(
    unit: str, length: int, inside: str, outside: str
) -> None:
    assert answer(within(DRUG, length, unit), patient(event("drug", inside))) == "yes"
    assert answer(within(DRUG, length, unit), patient(event("drug", outside))) == "no"


def test_a_year_before_a_leap_day_reaches_to_28_february() -> None:
    context = looking_from("2024-02-29")
    assert answer(within(DRUG, 1, "years"), patient(event("drug", "2023-02-28")), context) == "yes"
    assert answer(within(DRUG, 1, "years"), patient(event("drug", "2023-02-27")), context) == "no"


def test_part_of_a_day_does_not_lengthen_a_window() -> None:
    assert answer(within(DRUG, constant("28.9")), patient(event("drug", "2024-03-02"))) == "no"


def test_an_unsure_row_in_the_window_leaves_it_open_and_one_outside_does_not() -> None:
    for start, expected in (("2024-03-20", {"needs_review"}), ("2024-01-20", "no")):
        row = event("drug", start, certain=False, reasons=["needs_review"])
        assert answer(within(DRUG, 28), patient(row)) == expected


def test_every_row_must_qualify_by_itself() -> None:
    rows = [event("drug", "2024-02-20/2024-03-10", row=row, reasons=["partial_date"]) for row in (1, 2)]
    assert answer(within(DRUG, 28), patient(*rows)) == {"partial_date"}


def test_an_open_anchor_must_agree_on_all_its_days() -> None:
    sample = within(DRUG, 7, day=alt("date"))
    for start, expected in (("2024-03-14", "yes"), ("2024-03-08", {"partial_date"}), ("2024-03-07", "no")):
        record = patient(event("drug", start), results=[result("2024-03-15/2024-03-20", "1")])
        assert answer(sample, record) == expected


def test_a_length_of_the_row_is_tried_short_and_long() -> None:
    length = tree.If(
        type=Type.NUMBER,
        text="if",
        condition=attribute("major", Type.TRUTH),
        then=constant(28),
        otherwise=constant(7),
    )
    for start, major, expected in (
        ("2024-03-10", 1, "yes"),
        ("2024-03-10", 0, "no"),
        ("2024-03-10", (0, 1), {"needs_review"}),
        ("2024-03-30", (0, 1), "yes"),
    ):
        assert answer(within(DRUG, length), patient(event("drug", start, major=major))) == expected


def test_absence_in_a_window_needs_capture_of_the_longest_window_only() -> None:
    length = tree.Extreme(
        type=Type.NUMBER, text="greatest", which="greatest", parts=(constant(7), attribute("grade"))
    )
    record = patient(coverage=covered("2024-03-24", "2024-03-31"))
    assert answer(within(DRUG, length), record) == "no"
    assert answer(within(DRUG, 8), record) == {"not_captured"}
    doubled = tree.Arithmetic(
        type=Type.NUMBER, text="2 * grade", operator="*", left=constant(2), right=attribute("grade")
    )
    assert answer(within(DRUG, doubled), record) == {"not_captured"}


def test_a_window_that_ends_later_needs_capture_up_to_now() -> None:
    context = looking_from("2024-03-31", "2024-04-30")
    node = within(DRUG, 28, day=anchor("enrollment"))
    assert answer(node, patient(coverage=covered("2024-04-02", "2024-03-31")), context) == "no"
    assert answer(node, patient(coverage=covered("2024-04-02", "2024-03-30")), context) == {"source_stale"}


def test_a_window_long_before_now_needs_capture_up_to_its_end() -> None:
    node = within(DRUG, 10, day=alt("date", lookback_days=400))
    record = patient(results=[result("2023-12-31", "1")], coverage=covered("2023-12-21", "2023-12-31"))
    assert answer(node, record) == "no"


# --- ongoing ---


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-01", "ongoing", "yes"),
        ("2024-01-01", "2024-03-31", "yes"),
        ("2024-01-01", "2024-03-30", "no"),
        ("2024-03-31", "2024-03-31", "yes"),
        ("2024-04-01", "ongoing", "no"),
        ("2024-01-01", "2024-03-30/ongoing", {"never_recorded"}),
        ("2024-03-31/2024-04-02", "ongoing", {"never_recorded"}),
    ],
)
def test_a_row_is_ongoing_from_its_first_to_its_last_day(
    start: str, end: str, expected: str | set[str]
) -> None:
    assert answer(ongoing(), patient(event("drug", start, end, reasons=["never_recorded"]))) == expected


def test_ongoing_on_an_open_anchor_must_hold_on_all_its_days() -> None:
    node = ongoing(day=alt("date"))
    for end, expected in (("2024-03-20", "yes"), ("2024-03-17", {"partial_date"}), ("2024-03-14", "no")):
        record = patient(event("drug", "2024-01-01", end), results=[result("2024-03-15/2024-03-20", "1")])
        assert answer(node, record) == expected


def test_nothing_ongoing_needs_capture_from_birth() -> None:
    assert answer(ongoing(), patient()) == "no"
    assert answer(ongoing(), patient(coverage=covered("1961", "2024-03-31"))) == {"not_captured"}
    assert answer(ongoing(), patient(coverage=covered("1960", "2024-03-30"))) == {"source_stale"}


# --- followed within ---


@pytest.mark.parametrize(
    ("progression", "expected"),
    [
        ("2024-01-01", "yes"),
        ("2023-12-31", "no"),
        ("2024-02-15", "yes"),
        ("2024-03-01", "yes"),
        ("2024-03-02", "no"),
        ("2024-03", {"partial_date"}),
        ("2024-02", "yes"),
        ("2023-12-31/2024-01-01", {"partial_date"}),
    ],
)
def test_what_follows_within_30_days_starts_from_the_first_day_to_30_after_the_last(
    progression: str, expected: str | set[str]
) -> None:
    record = patient(
        event("drug", "2024-01-01", "2024-01-31"),
        event("progression", progression, table="responses", reasons=["partial_date"]),
    )
    assert answer(followed(30), record) == expected


@pytest.mark.parametrize(
    ("progression", "expected"),
    [("2023-12-31", "no"), ("2024-01-01", "yes"), ("2024-03-31", "yes"), ("2023", "no")],
)
def test_without_a_length_anything_from_the_first_day_on_follows(progression: str, expected: str) -> None:
    record = patient(event("drug", "2024-01-01", "2024-01-02"), event("progression", progression))
    assert answer(followed(None), record) == expected


def test_without_a_length_an_open_start_leaves_it_open() -> None:
    row = event("drug", "2024-01", "2024-02-01", reasons=["partial_date"])
    assert answer(followed(None), patient(row, event("progression", "2024-01-15"))) == {"partial_date"}


def test_months_after_go_by_the_calendar() -> None:
    for progression, expected in (("2024-02-29", "yes"), ("2024-03-01", "no")):
        record = patient(event("drug", "2024-01-01", "2024-01-31"), event("progression", progression))
        assert answer(followed(1, "months"), record) == expected


def test_a_row_does_not_follow_itself_but_another_row_of_its_set_does() -> None:
    first = event("drug", "2024-01-01", row=1)
    assert answer(followed(180, later=DRUG), patient(first)) == "no"
    assert answer(followed(180, later=DRUG), patient(first, event("drug", "2024-02-01", row=2))) == "yes"


def test_a_progression_told_by_the_same_delivered_row_follows() -> None:
    record = patient(event("drug", "2024-01-01", row=1), event("progression", "2024-01-01", row=1))
    assert answer(followed(0), record) == "yes"


def test_both_rows_must_be_sure_and_the_reasons_of_both_are_told() -> None:
    drug = event("drug", "2024-01-01", certain=False, reasons=["needs_review"])
    progression = event("progression", "2024-01-02", certain=False, reasons=["quarantined"])
    assert answer(followed(30), patient(drug, progression)) == {"needs_review", "quarantined"}
    sure = event("drug", "2024-01-01", row=2)
    assert answer(followed(30), patient(sure, progression)) == {"quarantined"}


def test_an_end_that_is_not_known_leaves_what_follows_open() -> None:
    record = patient(
        event("drug", "2024-01-01", "2024-01-01/ongoing", reasons=["never_recorded"]),
        event("progression", "2024-03-15"),
    )
    assert answer(followed(30), record) == {"never_recorded"}


def test_a_length_of_the_row_is_tried_for_what_follows_too() -> None:
    record = patient(event("drug", "2024-01-01", grade=(1, 5)), event("progression", "2024-01-04"))
    assert answer(followed(attribute("grade")), record) == {"never_recorded"}
    record = patient(event("drug", "2024-01-01", grade=3), event("progression", "2024-01-04"))
    assert answer(followed(attribute("grade")), record) == "yes"


def test_that_nothing_follows_needs_capture_of_both_sets() -> None:
    drug = event("drug", "2024-01-01", "2024-01-10")
    assert answer(followed(30), patient(drug)) == "no"
    assert answer(followed(30), patient(drug, coverage=covered("2024", "2024-02-09", "responses"))) == "no"
    late = patient(drug, coverage=covered("2024-01-02", "2024-02-09", "responses"))
    assert answer(followed(30), late) == {"not_captured"}
    short = patient(drug, coverage=covered("2024", "2024-02-08", "responses"))
    assert answer(followed(30), short) == {"source_stale"}
    assert answer(followed(30), patient(coverage=covered("1961", "2024-03-31"))) == {"not_captured"}
    assert answer(followed(30), patient(coverage=covered("2024", "2024-02-08", "responses"))) == "no"


def test_that_nothing_ever_follows_needs_capture_up_to_now() -> None:
    drug = event("drug", "2024-01-01", "2024-01-10")
    trailing = patient(drug, coverage={**COMPLETE, "responses": Covered(BEGINNING, YESTERDAY)})
    assert answer(followed(None), trailing) == {"source_stale"}
    assert answer(followed(None), trailing, replace(NOW, max_lag_days=1)) == "no"
    assert COMPLETE["responses"].complete_through == AS_OF


def test_predicates_ask_the_rows_that_only_left() -> None:
    record = patient(event("drug", "2024-03-20", grade=1), event("drug", "2024-01-20", row=2, grade=4))
    severe = only(DRUG, compare(attribute("grade"), ">=", 3))
    assert answer(within(severe, 28), record) == "no"
    assert answer(ever(severe), record) == "yes"
