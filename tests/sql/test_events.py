"""Which events a row makes, when they were, and when they only may be."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from schemas.facts import ATTRIBUTES
from schemas.words import BEGINNING, FOREVER
from tests.sql.small import AS_OF, Built, build, reasons

Row = Mapping[str, object]
TOML = "extracted_on = 2025-05-30\n"


def _events(table: str, *rows: Row, **options: Any) -> list[dict[str, Any]]:
    return build({table: rows}, toml=TOML, **options).frame("events", source_table=table)


def _event(table: str, row: Row, **options: Any) -> dict[str, Any]:
    (event,) = _events(table, row, **options)
    return event


def _span(event: dict[str, Any]) -> tuple[date, date, date, date]:
    return event["start_earliest"], event["start_latest"], event["end_earliest"], event["end_latest"]


def _trust(event: dict[str, Any]) -> tuple[bool, set[str]]:
    return event["certain"], reasons(event["reasons"])


def _names(built: Built, **where: object) -> dict[str, bool]:
    return {row["concept"]: row["certain"] for row in built.frame("events", **where)}


DAY, END = date(2024, 3, 5), date(2024, 9, 6)


def _course(**more: str) -> Row:
    return {"drug": "bortezomib", "start_date": "2024-03-05", "stop_date": "2024-09-06", **more}


def test_a_course_given_with_both_dates_is_certain_and_exact() -> None:
    event = _event("treatments", _course())
    assert _span(event) == (DAY, DAY, END, END)
    assert _trust(event) == (True, set())
    assert (event["concept"], event["recorded_name"], event["fact_until"]) == (
        "bortezomib",
        "bortezomib",
        FOREVER,
    )


def test_an_attribute_that_a_row_does_not_have_is_its_whole_domain() -> None:
    event = _event("treatments", _course())
    for name, attribute in ATTRIBUTES.items():
        if name != "recorded_stop_reason":
            assert (event[f"{name}_low"], event[f"{name}_high"]) == (attribute.low, attribute.high), name


def test_a_blank_stop_reason_may_be_any_and_is_recorded_as_not_stated() -> None:
    blank, stated = _event("treatments", _course()), _event("treatments", _course(stop_reason="toxicity"))
    assert (blank["recorded_stop_reason_low"], blank["recorded_stop_reason_high"]) == (5, 5)
    assert (stated["stop_reason_low"], stated["stop_reason_high"]) == (3, 3)
    assert (stated["recorded_stop_reason_low"], stated["recorded_stop_reason_high"]) == (3, 3)


def test_a_course_without_a_last_day_may_have_ended_on_any_day() -> None:
    event = _event("treatments", _course(stop_date=""))
    assert _span(event) == (DAY, DAY, DAY, FOREVER)
    assert _trust(event) == (True, {"never_recorded"})


@pytest.mark.parametrize("status", ["planned", "ordered"])
def test_a_course_that_was_only_intended_may_not_have_been(status: str) -> None:
    assert _trust(_event("treatments", _course(status=status))) == (False, {"needs_review"})


def test_a_cancelled_course_is_no_event() -> None:
    assert _events("treatments", _course(status="cancelled")) == []


def test_a_regimen_is_one_event_for_each_of_its_drugs() -> None:
    built = build({"treatments": [_course(drug="VRd")]})
    assert _names(built, source_table="treatments", source_row=1) == {
        "bortezomib": True,
        "dexamethasone": True,
        "lenalidomide": True,
    }


@pytest.mark.parametrize(
    "cell",
    ["Velcade + Revlimid", "velcade/revlimid", "bortezomib; lenalidomide", "Bortezomib and Lenalidomide"],
)
def test_several_agents_in_one_cell_are_an_event_each(cell: str) -> None:
    built = build({"treatments": [_course(drug=cell)]})
    assert _names(built, source_table="treatments") == {"bortezomib": True, "lenalidomide": True}


def test_an_unlisted_agent_among_listed_ones_may_be_any_drug() -> None:
    built = build({"treatments": [_course(drug="bortezomib + rhubarb")]})
    assert _names(built, source_table="treatments") == {"*": False, "bortezomib": True}


@pytest.mark.parametrize("name", ["daratumumab-fihj", "DARATUMUMAB", " Darzalex ", "L01FC01", "1721947"])
def test_suffix_case_brand_and_codes_name_the_same_drug(name: str) -> None:
    assert _event("treatments", _course(drug=name))["concept"] == "daratumumab"


@pytest.mark.parametrize("name", ["rhubarb", "bortezomibb", "L01XX99"])
def test_an_unlisted_treatment_may_be_any_drug(name: str) -> None:
    event = _event("treatments", _course(drug=name))
    assert event["concept"] == "*"
    assert _trust(event) == (False, {"unmapped_code"})


def test_a_treatment_without_a_readable_name_may_be_any_drug() -> None:
    event = _event("treatments", _course(drug=""))
    assert (event["concept"], _trust(event)) == ("*", (False, {"quarantined"}))


def test_an_end_before_the_start_leaves_both_open_and_the_course_in_doubt() -> None:
    event = _event("treatments", _course(stop_date="2024-03-04"))
    assert _span(event) == (BEGINNING, FOREVER, BEGINNING, FOREVER)
    assert _trust(event) == (False, {"quarantined"})


def test_a_start_that_may_lie_after_the_as_of_date_may_not_have_been() -> None:
    event = _event("treatments", _course(start_date="2025-06", stop_date=""))
    assert _trust(event) == (False, {"never_recorded", "partial_date"})
    assert event["fact_until"] == date(2025, 6, 29)


def test_what_starts_after_the_as_of_date_does_not_exist() -> None:
    assert _events("treatments", _course(start_date="2025-06-02", stop_date="")) == []


def test_a_partial_start_cannot_lie_after_an_exact_end() -> None:
    event = _event("treatments", _course(start_date="2024", stop_date="2024-09-06"))
    assert _span(event) == (date(2024, 1, 1), END, END, END)


def _medication(**more: str) -> Row:
    return {"drug": "omeprazole", "start_date": "2024-03-05", "status": "active", **more}


def test_a_medication_confirmed_within_ninety_days_is_still_taken() -> None:
    event = _event("medications", _medication(last_confirmed_date="2025-03-03"))
    assert _span(event) == (DAY, DAY, FOREVER, FOREVER)
    assert _trust(event) == (True, set())
    assert event["fact_until"] == AS_OF


def test_a_medication_confirmed_longer_ago_may_have_ended_since() -> None:
    event = _event("medications", _medication(last_confirmed_date="2025-03-02"))
    assert _span(event) == (DAY, DAY, date(2025, 3, 2), FOREVER)
    assert _trust(event) == (True, {"stale"})


def test_a_medication_stopped_on_an_unknown_day_ended_by_the_day_of_the_extract() -> None:
    event = _event("medications", _medication(status="stopped"))
    assert _span(event) == (DAY, DAY, DAY, date(2025, 5, 30))
    assert _trust(event) == (True, {"never_recorded"})


def test_a_medication_without_a_start_began_at_some_time_before_its_end() -> None:
    event = _event("medications", _medication(start_date="", status="stopped", stop_date="2024-09-06"))
    assert _span(event) == (BEGINNING, END, END, END)
    assert _trust(event) == (True, {"never_recorded"})


def test_a_medication_said_to_be_active_after_its_end_may_go_on() -> None:
    event = _event("medications", _medication(stop_date="2024-09-06"))
    assert (event["end_earliest"], event["end_latest"]) == (END, FOREVER)
    assert _trust(event) == (True, {"conflicting_values"})


def test_a_planned_medication_may_not_have_been() -> None:
    assert _event("medications", _medication(status="planned"))["certain"] is False


def test_the_route_of_a_medication_is_kept() -> None:
    event = _event("medications", _medication(drug="ketoconazole", route="topical"))
    assert (event["route_low"], event["route_high"]) == (2, 2)


def test_an_unlisted_medication_is_no_event_but_a_slip_of_a_listed_one_may_be_it() -> None:
    built = build({"medications": [_medication(drug="metoprolol zok"), _medication(drug="omeprazol")]})
    assert _names(built, source_table="medications") in ({"omeprazole": False}, {"omeprazole": True})
    slip = build({"medications": [_medication(drug="ommeprazole")]})
    assert _names(slip, source_table="medications") == {"omeprazole": False}


def test_a_listed_name_with_a_strength_may_be_that_medication() -> None:
    event = _event("medications", _medication(drug="itraconazole 100 mg"))
    assert (event["concept"], event["certain"]) == ("itraconazole", False)


def _condition(**more: str) -> Row:
    return {"condition": "multiple_myeloma", "onset_date": "2024-03-05", "status": "active", **more}


@pytest.mark.parametrize(
    ("text", "system"),
    [("multiple_myeloma", ""), ("C90.00", "icd10cm"), ("c9000", "icd10cm"), ("109989006", "snomed")],
)
def test_a_condition_is_named_by_concept_or_code_with_or_without_dots(text: str, system: str) -> None:
    event = _event("conditions", _condition(condition=text, code_system=system))
    assert (event["concept"], _span(event)) == ("multiple_myeloma", (DAY, DAY, FOREVER, FOREVER))
    assert _trust(event) == (True, set())


def test_an_unlisted_code_is_something_else() -> None:
    assert _events("conditions", _condition(condition="Z99.99", code_system="icd10cm")) == []


def test_a_code_broader_than_a_listed_one_may_be_it() -> None:
    built = build({"conditions": [_condition(condition="C90", code_system="icd10cm")]})
    names = _names(built, source_table="conditions")
    assert names["multiple_myeloma"] is False


def test_a_condition_ruled_out_is_no_event() -> None:
    assert _events("conditions", _condition(status="ruled_out")) == []


def test_a_condition_that_cannot_be_read_may_be_any() -> None:
    event = _event("conditions", _condition(condition=""))
    assert (event["concept"], _trust(event)) == ("*", (False, {"quarantined"}))


def test_a_code_of_an_unreadable_system_may_be_what_it_is_in_a_known_one() -> None:
    event = _event("conditions", _condition(condition="C90.00", code_system="ICD-10"))
    assert (event["concept"], _trust(event)) == ("multiple_myeloma", (False, {"quarantined"}))


def test_an_unknown_onset_was_at_some_time_up_to_the_as_of_date() -> None:
    event = _event("conditions", _condition(onset_date=""))
    assert _span(event) == (BEGINNING, AS_OF, FOREVER, FOREVER)
    assert _trust(event) == (True, {"partial_date"})


@pytest.mark.parametrize(
    ("status", "resolved", "end", "why"),
    [
        ("resolved", "2024-09-06", (END, END), set()),
        ("", "2024-09-06", (END, END), set()),
        ("resolved", "", (DAY, date(2025, 5, 30)), {"never_recorded"}),
        ("", "", (DAY, FOREVER), {"never_recorded"}),
        ("active", "2024-09-06", (END, FOREVER), {"conflicting_values"}),
    ],
)
def test_when_a_condition_ended(status: str, resolved: str, end: tuple[date, date], why: set[str]) -> None:
    event = _event("conditions", _condition(status=status, resolved_date=resolved))
    assert (event["end_earliest"], event["end_latest"]) == end
    assert _trust(event) == (True, why)


def test_what_a_condition_states_is_kept() -> None:
    event = _event("conditions", _condition(grade="3", confirmed="yes", controlled="no"))
    assert (event["grade_low"], event["grade_high"]) == (3, 3)
    assert (event["confirmed_low"], event["controlled_high"]) == (1, 0)


def test_a_procedure_takes_one_day_unless_it_says_otherwise() -> None:
    event = _event("procedures", {"procedure": "surgery", "start_date": "2024-03-05", "major": "yes"})
    assert _span(event) == (DAY, DAY, DAY, DAY)
    assert (event["major_low"], _trust(event)) == (1, (True, set()))


def test_a_planned_procedure_may_not_have_been_and_a_cancelled_one_was_not() -> None:
    row = {"procedure": "radiotherapy", "start_date": "2024-03-05"}
    assert _trust(_event("procedures", {**row, "status": "planned"})) == (False, {"needs_review"})
    assert _events("procedures", {**row, "status": "cancelled"}) == []


def test_a_response_of_pd_is_also_a_progression() -> None:
    rows = [{"date": "2024-03-05", "response": "PD"}, {"date": "2024-09-06", "response": "VGPR"}]
    built = build({"responses": rows})
    assert [row["response_low"] for row in built.frame("events", concept="responses")] == [0, 4]
    progression = built.one("events", concept="progression")
    assert (_span(progression), _trust(progression)) == ((DAY, DAY, DAY, DAY), (True, set()))


def test_a_response_that_cannot_be_read_may_be_a_progression() -> None:
    progression = build({"responses": [{"date": "2024-03-05", "response": "progress"}]}).one(
        "events", concept="progression"
    )
    assert _trust(progression) == (False, {"quarantined"})


def test_a_stop_for_progression_is_evidence_to_review_beside_a_table_of_responses() -> None:
    tables: dict[str, list[Row]] = {
        "treatments": [_course(drug="VRd", stop_reason="progression")],
        "responses": [],
    }
    progression = build(tables).one("events", concept="progression")
    assert _span(progression) == (DAY, END, DAY, END)
    assert _trust(progression) == (False, {"needs_review", "partial_date"})


def test_a_stop_for_progression_counts_where_no_responses_are_recorded() -> None:
    built = build({"treatments": [_course(drug="VRd", stop_reason="progression")]})
    assert _trust(built.one("events", concept="progression")) == (True, {"partial_date"})


def test_another_trial_without_an_end_may_go_on() -> None:
    row = {"trial_id": "X-1", "interventional": "yes", "start_date": "2024-03-05"}
    event = _event("trial_participation", row)
    assert (event["concept"], event["interventional_low"]) == ("trial_participation", 1)
    assert _span(event) == (DAY, DAY, DAY, FOREVER)


def test_an_allergy_never_ends_and_keeps_its_kind() -> None:
    event = _event("allergies", {"substance": "Ninlaro", "kind": "intolerance"})
    assert (event["concept"], event["kind_low"], event["kind_high"]) == ("allergy_to_ixazomib", 1, 1)
    assert _span(event) == (BEGINNING, AS_OF, FOREVER, FOREVER)


def test_rows_alike_in_every_column_are_one_event() -> None:
    assert len(_events("procedures", *[{"procedure": "surgery", "start_date": "2024-03-05"}] * 3)) == 1
    assert len(_events("medications", _medication(), _medication())) == 1
