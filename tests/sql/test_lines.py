"""Lines of therapy: as the registry numbers them, else derived from the courses."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from schemas.words import BEGINNING, FOREVER
from tests.sql.small import Built, build, reasons

Row = Mapping[str, object]


def _course(drug: str, start: str, stop: str = "", **more: str) -> Row:
    return {"drug": drug, "start_date": start, "stop_date": stop, **more}


def _lines(built: Built) -> list[dict[str, Any]]:
    return built.frame("events", concept="lines")


def _counts(*courses: Row, **tables: list[Row]) -> tuple[int, int]:
    """How many lines there surely are, and how many there may be."""
    lines = _lines(build({"treatments": courses, **tables}))
    return sum(line["certain"] for line in lines), len(lines)


def _members(built: Built, line_row: int) -> dict[str, bool]:
    return {row["concept"]: row["certain"] for row in built.frame("line_members", line_row=line_row)}


VRD = _course("VRd", "2020-01-10", "2020-06-10")


def test_one_line_for_each_number_however_many_courses() -> None:
    courses = [
        _course("VRd", "2020-01-10", "2020-06-10", line="1"),
        _course("lenalidomide", "2020-09-01", "2022-01-01", line="1"),
        _course("daratumumab", "2022-02-01", "2022-12-01", line="2"),
    ]
    built = build({"treatments": courses})
    first, second = _lines(built)
    assert (first["start_earliest"], first["end_latest"]) == (date(2020, 1, 10), date(2022, 1, 1))
    assert (first["line_number_low"], first["line_number_high"], first["certain"]) == (1, 1, True)
    assert (second["line_number_low"], second["source_row"], second["reasons"]) == (2, 2, 0)
    assert _members(built, 1) == {"bortezomib": True, "dexamethasone": True, "lenalidomide": True}
    assert _members(built, 2) == {"daratumumab": True}


def test_a_number_left_out_is_a_line_that_may_be_between_its_neighbours() -> None:
    courses = [_course("VRd", "2020-01-10", "2020-06-10", line="1"), _course("Kd", "2023-01-01", line="3")]
    first, second, third = _lines(build({"treatments": courses}))
    assert [first["certain"], second["certain"], third["certain"]] == [True, False, True]
    assert (second["start_earliest"], second["start_latest"]) == (date(2020, 1, 10), date(2023, 1, 1))
    assert (second["line_number_low"], reasons(second["reasons"])) == (2, {"never_recorded"})


def test_a_lowest_number_above_one_leaves_lines_before_it_open() -> None:
    first, second = _lines(build({"treatments": [_course("Kd", "2023-01-01", line="2")]}))
    assert (first["start_earliest"], first["certain"]) == (BEGINNING, False)
    assert second["certain"] is True


def test_a_line_with_only_an_ordered_course_may_not_be() -> None:
    courses = [{**VRD, "line": "1"}, _course("Kd", "2023-01-01", line="2", status="ordered")]
    assert _counts(*courses) == (1, 2)


def test_a_course_without_a_number_inside_a_numbered_line_belongs_to_it() -> None:
    courses = [
        _course("VRd", "2020-01-10", "2020-06-10", line="1"),
        _course("melphalan", "2020-05-01", "2020-05-02"),
    ]
    built = build({"treatments": courses})
    assert len(_lines(built)) == 1
    assert _members(built, 1)["melphalan"] is True


def test_courses_without_a_number_outside_all_lines_may_be_a_line_for_each_cluster_of_starts() -> None:
    courses = [
        {**VRD, "line": "1"},
        _course("carfilzomib", "2022-01-01", "2022-05-01"),
        _course("pomalidomide", "2022-01-29", "2022-05-01"),
        _course("daratumumab", "2022-01-30", "2022-05-01"),
    ]
    assert _counts(*courses) == (1, 3)


def test_a_supportive_drug_without_a_number_makes_no_line() -> None:
    assert _counts({**VRD, "line": "1"}, _course("omeprazole", "2022-01-01")) == (1, 1)


def test_a_number_that_cannot_be_read_may_be_a_line_of_its_own() -> None:
    lines = _lines(build({"treatments": [{**VRD, "line": "1"}, _course("Kd", "2022-01-01", line="two")]}))
    assert [line["certain"] for line in lines] == [True, False]
    assert "quarantined" in reasons(lines[1]["reasons"])


def test_without_numbers_the_first_drugs_are_the_first_line() -> None:
    built = build({"treatments": [VRD]})
    (line,) = _lines(built)
    assert (line["certain"], line["reasons"], line["line_number_low"], line["line_number_high"]) == (
        True,
        0,
        1,
        1,
    )
    assert (line["start_earliest"], line["end_latest"]) == (date(2020, 1, 10), date(2020, 6, 10))


@pytest.mark.parametrize(("start", "expected"), [("2020-02-07", (1, 1)), ("2020-02-08", (1, 2))])
def test_starts_within_28_days_of_a_lines_first_start_are_one_regimen(
    start: str, expected: tuple[int, int]
) -> None:
    assert _counts(VRD, _course("daratumumab", start, "2020-06-10")) == expected


def test_a_planned_sequence_is_one_line() -> None:
    assert _counts(VRD, _course("daratumumab", "2020-09-01", planned="yes")) == (1, 1)


def test_an_unplanned_new_drug_is_a_new_line() -> None:
    built = build({"treatments": [VRD, _course("daratumumab", "2020-09-01", planned="no")]})
    assert [line["certain"] for line in _lines(built)] == [True, True]
    assert [line["line_number_low"] for line in _lines(built)] == [1, 2]
    assert _members(built, 2) == {"daratumumab": True}


def test_a_new_drug_after_a_progression_is_a_new_line() -> None:
    new = _course("daratumumab", "2020-09-01")
    assert _counts(VRD, new, responses=[{"date": "2020-08-15", "response": "PD"}]) == (2, 2)
    assert _counts(VRD, new, responses=[{"date": "2020-09-15", "response": "PD"}]) == (1, 2)
    assert _counts(VRD, new, responses=[{"date": "2020-08-15", "response": "VGPR"}]) == (1, 2)
    assert _counts({**VRD, "stop_reason": "progression"}, new) == (2, 2)
    assert _counts({**VRD, "stop_reason": "toxicity"}, new) == (1, 2)


@pytest.mark.parametrize(("start", "expected"), [("2020-12-07", (1, 2)), ("2020-12-08", (2, 2))])
def test_another_drug_more_than_180_days_after_the_end_of_all_is_a_new_line(
    start: str, expected: tuple[int, int]
) -> None:
    assert _counts(VRD, _course("carfilzomib", start)) == expected


def test_a_new_drug_without_a_word_on_planning_may_be_a_new_line() -> None:
    built = build({"treatments": [VRD, _course("daratumumab", "2020-09-01", "2021-01-01")]})
    first, second = _lines(built)
    assert (second["certain"], reasons(second["reasons"])) == (False, {"needs_review"})
    assert (second["line_number_low"], second["line_number_high"]) == (2, 2)
    # If it is no line of its own, its drug and its end are the first line's.
    assert (first["end_earliest"], first["end_latest"]) == (date(2020, 6, 10), date(2021, 1, 1))
    assert _members(built, 1)["daratumumab"] is False


def test_the_same_drugs_again_with_nothing_in_between_are_the_same_line() -> None:
    assert _counts(VRD, _course("lenalidomide", "2020-09-01"), _course("VRd", "2023-01-01")) == (1, 1)


def test_the_same_drugs_again_after_another_line_are_a_new_line() -> None:
    courses = [
        VRD,
        _course("Kd", "2021-06-01", "2021-08-01", planned="no"),
        _course("bortezomib", "2023-01-01"),
    ]
    assert _counts(*courses) == (3, 3)


def test_a_drug_added_to_one_that_goes_on_makes_a_line_of_both() -> None:
    courses = [_course("Rd", "2020-01-10", "2022-01-01"), _course("bortezomib", "2020-09-01", planned="no")]
    built = build({"treatments": courses})
    assert _members(built, 2) == {"bortezomib": True, "dexamethasone": True, "lenalidomide": True}


def test_steroids_alone_are_no_line_but_for_long_may_be_one() -> None:
    assert _counts(_course("dexamethasone", "2020-01-01", "2020-01-04")) == (0, 0)
    assert _counts(_course("dexamethasone", "2020-01-01", "2020-03-04")) == (0, 1)
    assert _counts(_course("prednisone", "2019-06-01", "2019-06-08"), VRD) == (1, 1)
    assert _counts(VRD, _course("prednisone", "2020-09-01", "2020-12-01")) == (1, 2)


def test_an_ordered_or_unlisted_course_may_be_a_line() -> None:
    assert _counts(VRD, _course("daratumumab", "2023-09-01", status="ordered")) == (1, 2)
    assert _counts(VRD, _course("rhubarb", "2023-09-01")) == (1, 2)
    assert _counts(_course("rhubarb", "2019-01-01"), VRD) == (1, 2)


def test_an_unlisted_course_beside_the_first_drugs_makes_no_second_line() -> None:
    assert _counts(_course("rhubarb", "2020-01-09"), VRD) == (1, 1)


def _transplant(day: str) -> Row:
    return {"procedure": "autologous_transplant", "start_date": day}


@pytest.mark.parametrize(
    ("second", "expected"),
    [("2020-10-20", (1, 1)), ("2021-01-15", (1, 2)), ("2021-03-30", (1, 2)), ("2021-03-31", (2, 2))],
)
def test_a_second_transplant_is_a_new_line_unless_it_may_be_one_of_a_pair(
    second: str, expected: tuple[int, int]
) -> None:
    assert _counts(VRD, procedures=[_transplant("2020-10-01"), _transplant(second)]) == expected


def test_one_transplant_and_the_melphalan_before_it_belong_to_the_line() -> None:
    course = _course("melphalan", "2020-09-29", "2020-09-30")
    assert _counts(VRD, course, procedures=[_transplant("2020-10-01")]) == (1, 1)


def test_a_transplant_in_a_later_line_is_no_line_of_its_own() -> None:
    courses = [VRD, _course("Kd", "2022-01-01", "2022-05-01", planned="no")]
    transplants = [_transplant("2020-10-01"), _transplant("2022-06-01")]
    assert _counts(*courses, procedures=transplants) == (2, 2)


def test_partial_dates_that_leave_the_order_open_make_no_certain_second_line() -> None:
    assert _counts(_course("VRd", "2020"), _course("Kd", "2020-06-01", planned="no")) == (1, 2)


def test_starts_recorded_as_the_same_month_are_one_regimen() -> None:
    drugs = ("bortezomib", "lenalidomide", "dexamethasone")
    assert _counts(*(_course(drug, "2020-01", "2020-06") for drug in drugs)) == (1, 1)


def test_no_treatment_is_no_line() -> None:
    assert _lines(build({"treatments": [], "procedures": [_transplant("2020-10-01")]})) == []


def test_lines_after_the_as_of_date_do_not_exist() -> None:
    courses = [VRD, _course("Kd", "2025-07-01", planned="no")]
    assert _counts(*courses) == (1, 1)
    assert _counts({**VRD, "line": "1"}, _course("Kd", "2025-07-01", line="2")) == (1, 1)


def test_a_course_without_an_end_leaves_the_lines_end_open() -> None:
    (line,) = _lines(build({"treatments": [_course("VRd", "2020-01-10")]}))
    assert (line["end_earliest"], line["end_latest"]) == (date(2020, 1, 10), FOREVER)
    assert reasons(line["reasons"]) == {"never_recorded"}
