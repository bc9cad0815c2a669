"""Which rows belong to an event set, surely or possibly, and which are left of it by sets made from it."""

import pytest

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference import evaluate
from criteria.reference.record import Event, LineMember, Record
from tests.reference.builders import (
    DRUG,
    LINES,
    NOTHING_CAPTURED,
    NOW,
    answer,
    attribute,
    compare,
    event,
    events_of,
    ever,
    only,
    patient,
    within,
    word_of,
)


def rows_of(node: Node, record: Record) -> list[tuple[int, bool, set[str]]]:
    """Source row, certainty and reasons of each row of a set."""
    members = evaluate.rows(node, record, NOW).members
    return [(member.event.source_row, member.certain, set(member.reasons)) for member in members]


def without(rows: Node, *removed: Node) -> Node:
    return tree.Without(type=Type.SET, text="without", rows=rows, removed=removed)


def edge(which: str, rows: Node = DRUG) -> Node:
    return tree.Edge(type=Type.SET, text=which, rows=rows, which=which)


def test_rows_of_a_named_concept_belong_as_surely_as_they_and_the_listing_are_sure() -> None:
    record = patient(
        event("drug", "2024-01-01", row=1),
        event("drug", "2024-01-01", row=2, certain=False, reasons=["quarantined"]),
        event("likely", "2024-01-01", row=3),
        event("other", "2024-01-01", row=4),
    )
    assert rows_of(events_of("drug", unsure=["likely"]), record) == [
        (1, True, set()),
        (2, False, {"quarantined"}),
        (3, False, {"needs_review"}),
    ]


def test_a_concept_listed_twice_belongs_if_one_listing_is_sure() -> None:
    assert rows_of(events_of("drug", unsure=["drug"]), patient(event("drug", "2024-01-01"))) == [
        (1, True, set())
    ]


def test_a_row_of_unknown_concept_may_belong_to_the_sets_of_its_table_only() -> None:
    record = patient(
        event("*", "2024-01-01", row=1, certain=False, reasons=["unmapped_code"]),
        event("*", "2024-01-01", row=2, certain=False, reasons=["unmapped_code"], table="procedures"),
    )
    assert rows_of(DRUG, record) == [(1, False, {"unmapped_code"})]


def test_only_keeps_rows_that_meet_the_condition_and_doubts_those_that_may() -> None:
    record = patient(
        event("drug", "2024-01-01", row=1, grade=3),
        event("drug", "2024-01-01", row=2, grade=1),
        event("drug", "2024-01-01", row=3),
        event("drug", "2024-01-01", row=4, grade=(2, 4)),
        event("drug", "2024-01-01", row=5, grade=(2, 4), certain=False, reasons=["quarantined"]),
    )
    assert rows_of(only(DRUG, compare(attribute("grade"), ">=", 2)), record) == [
        (1, True, set()),
        (3, False, {"never_recorded"}),
        (4, True, set()),
        (5, False, {"quarantined"}),
    ]


def test_a_blank_yes_or_no_of_a_row_needs_review_and_a_blank_word_was_never_recorded() -> None:
    record = patient(event("drug", "2024-01-01"))
    assert rows_of(only(DRUG, attribute("major", Type.TRUTH)), record) == [(1, False, {"needs_review"})]
    toxicity = compare(attribute("stop_reason", Type.WORD), "=", word_of("stop_reason", "toxicity"))
    assert rows_of(only(DRUG, toxicity), record) == [(1, False, {"never_recorded"})]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("a", True), ("b", True)], (True, set())),
        ([("a", True), ("b", False)], (False, {"needs_review"})),
        ([("a", True), ("c", True)], (False, {"needs_review"})),
        ([("a", True), ("*", False)], (False, {"unmapped_code"})),
        ([("a", True), ("c", True), ("*", False)], (False, {"needs_review", "unmapped_code"})),
        ([("*", False)], (False, {"unmapped_code"})),
        ([("a", True)], None),
        ([], None),
    ],
)
def test_a_line_includes_a_member_of_every_group(
    members: list[tuple[str, bool]], expected: tuple[bool, set[str]] | None
) -> None:
    groups = ((("a", True),), (("b", True), ("c", False)))
    condition = tree.Includes(type=Type.TRUTH, text="includes", groups=groups)
    record = patient(
        event("lines", "2024-01-01", table="lines", row=7),
        members=[LineMember(7, concept, certain) for concept, certain in members] + [LineMember(8, "b")],
    )
    assert rows_of(only(LINES, condition), record) == ([(7, *expected)] if expected else [])


def test_without_removes_what_is_surely_in_another_set_and_doubts_what_may_be() -> None:
    record = patient(
        event("drug", "2024-01-01", row=1, grade=1),
        event("drug", "2024-01-01", row=2, grade=4),
        event("drug", "2024-01-01", row=3),
    )
    mild = only(DRUG, compare(attribute("grade"), "<=", 2))
    assert rows_of(without(DRUG, mild), record) == [(2, True, set()), (3, False, {"never_recorded"})]


def test_without_one_drug_of_a_regimen_the_others_of_the_same_delivered_row_stay() -> None:
    regimen = events_of("drug", "partner")
    record = patient(
        event("drug", "2024-01-01", row=1),
        event("partner", "2024-01-01", row=1),
        event("partner", "2024-01-01", row=2),
        event("drug", "2024-01-01", row=2, table="medications"),
    )
    found = evaluate.rows(without(regimen, events_of("partner")), record, NOW).members
    assert [(member.event.concept, member.event.source_table) for member in found] == [
        ("drug", "treatments"),
        ("drug", "medications"),
    ]


def test_without_tells_rows_of_the_same_number_in_two_tables_apart() -> None:
    listed = event("drug", "2024-01-01", row=1, grade=1, table="medications")
    record = patient(listed, event("drug", "2024-01-01", row=1, grade=4))
    mild = only(DRUG, compare(attribute("grade"), "<=", 2))
    found = evaluate.rows(without(DRUG, mild), record, NOW).members
    assert [member.event.source_table for member in found] == ["treatments"]


def test_without_joins_the_doubts_of_all_the_sets_that_may_hold_the_row() -> None:
    record = patient(event("drug", "2024-01-01"))
    severe = only(DRUG, compare(attribute("grade"), ">=", 3))
    major = only(DRUG, attribute("major", Type.TRUTH))
    found = rows_of(without(DRUG, severe, major), record)
    assert found == [(1, False, {"never_recorded", "needs_review"})]


def test_the_last_row_is_the_one_that_starts_last() -> None:
    record = patient(event("drug", "2024-01-01", "2024-03-01", row=1), event("drug", "2024-02-01", row=2))
    assert rows_of(edge("last"), record) == [(2, True, set())]
    assert rows_of(edge("first"), record) == [(1, True, set())]


def test_rows_that_start_on_the_same_day_are_all_first_and_last() -> None:
    record = patient(event("drug", "2024-01-01", row=1), event("drug", "2024-01-01", row=2))
    assert (
        rows_of(edge("last"), record)
        == rows_of(edge("first"), record)
        == [(1, True, set()), (2, True, set())]
    )


def test_rows_whose_order_is_open_may_all_be_last() -> None:
    record = patient(
        event("drug", "2024-01-10", row=1),
        event("drug", "2024-02-01/2024-02-20", row=2, reasons=["partial_date"]),
        event("drug", "2024-02-10", row=3),
    )
    assert rows_of(edge("last"), record) == [(2, False, {"partial_date"}), (3, False, {"partial_date"})]
    assert rows_of(edge("first"), record) == [(1, True, set())]


def test_a_later_row_that_only_may_belong_leaves_the_last_in_doubt() -> None:
    record = patient(
        event("drug", "2024-01-10", row=1),
        event("drug", "2024-02-10", row=2, certain=False, reasons=["needs_review"]),
    )
    assert rows_of(edge("last"), record) == [(1, False, {"partial_date"}), (2, False, {"needs_review"})]
    assert rows_of(edge("first"), record) == [(1, True, set())]


@pytest.mark.parametrize("which", ["first", "last"])
def test_no_row_is_surely_first_or_last_where_others_may_be_missing(which: str) -> None:
    record = patient(event("drug", "2024-01-10", row=1), coverage=NOTHING_CAPTURED)
    assert rows_of(edge(which), record) == [(1, False, {"partial_date", "not_captured"})]


def test_a_started_row_ends_when_it_starts() -> None:
    record = patient(event("drug", "2023-01-10", "ongoing"))
    cut = tree.Started(type=Type.SET, text="started", rows=DRUG)
    assert answer(within(DRUG, 28), record) == "yes"
    assert answer(within(cut, 28), record) == "no"
    assert answer(ever(cut), record) == "yes"
    assert evaluate.rows(cut, record, NOW).home_tables == DRUG.home_tables


def test_an_attribute_that_a_row_does_not_name_may_be_anything() -> None:
    row: Event = event("drug", "2024-01-01", grade=3)
    assert row.attribute("grade") == (3, 3)
    assert row.attribute("response") == (0, 6)
