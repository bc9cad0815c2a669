"""One row per person, whatever was delivered; coverage, answers and steps of screening."""

from collections.abc import Mapping
from datetime import date

import pytest

from schemas.words import BEGINNING, FOREVER
from sql.runner import quarantine_rows
from tests.sql.small import AS_OF, PATIENT, Built, build, reasons

Row = Mapping[str, object]


def _patients(*rows: Row, **tables: list[Row]) -> Built:
    return build({"patients": [{**PATIENT, **row} for row in rows], **tables})


def _one(*rows: Row, **tables: list[Row]) -> dict[str, object]:
    return _patients(*rows, **tables).one("patients")


def test_patients_are_numbered_in_the_order_of_their_ids_as_text() -> None:
    built = _patients(*({"patient_id": name} for name in ("b", "B", "10", "9", "010")))
    assert [row["patient_id"] for row in built.frame("patients")] == ["010", "10", "9", "B", "b"]
    assert [row["patient"] for row in built.frame("patients")] == [0, 1, 2, 3, 4]


def test_a_patient_delivered_twice_alike_is_one_patient_without_doubt() -> None:
    row = _patients({}, {}).one("patients")
    assert (row["birth_earliest"], row["birth_latest"], row["birth_reasons"]) == (date(1960, 5, 1),) * 2 + (
        0,
    )
    assert (row["sex_low"], row["sex_high"], row["sex_reasons"]) == (0, 0, 0)


def test_different_dates_of_birth_span_both() -> None:
    row = _patients({}, {"birth_date": "1962-05-01"}).one("patients")
    assert (row["birth_earliest"], row["birth_latest"]) == (date(1960, 5, 1), date(1962, 5, 1))
    assert reasons(row["birth_reasons"]) == {"conflicting_values"}


def test_different_sexes_leave_the_sex_open() -> None:
    row = _patients({}, {"sex": "male"}).one("patients")
    assert (row["sex_low"], row["sex_high"], reasons(row["sex_reasons"])) == (0, 1, {"conflicting_values"})


def test_a_word_beside_unknown_counts() -> None:
    row = _patients({"sex": "unknown"}, {"sex": "male"}).one("patients")
    assert (row["sex_low"], row["sex_high"], row["sex_reasons"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("sex", "reason"), [("unknown", "never_recorded"), ("", "quarantined"), ("F", "quarantined")]
)
def test_a_sex_that_is_not_known_is_open(sex: str, reason: str) -> None:
    row = _patients({"sex": sex}).one("patients")
    assert (row["sex_low"], row["sex_high"], reasons(row["sex_reasons"])) == (0, 1, {reason})


@pytest.mark.parametrize("birth", ["01.05.1960", "2025-06-02"])
def test_an_unusable_date_of_birth_leaves_the_age_open(birth: str) -> None:
    built = _patients({"birth_date": birth})
    row = built.one("patients")
    assert (row["birth_earliest"], row["birth_latest"]) == (BEGINNING, AS_OF)
    assert reasons(row["birth_reasons"]) == {"quarantined"}
    assert quarantine_rows(built.connection)["column"].to_list() == ["birth_date"]


def test_a_year_of_birth_is_the_whole_year() -> None:
    row = _patients({"birth_date": "1960"}).one("patients")
    assert (row["birth_earliest"], row["birth_latest"]) == (date(1960, 1, 1), date(1960, 12, 31))
    assert reasons(row["birth_reasons"]) == {"partial_date"}


@pytest.mark.parametrize(
    ("row", "deceased"),
    [
        ({"vital_status": "dead"}, True),
        ({"vital_status": "alive", "death_date": "2025-06-01"}, True),
        ({"vital_status": "alive", "death_date": "2025-06"}, True),
        ({"vital_status": "alive", "death_date": "unclear"}, True),
        ({"vital_status": "alive", "death_date": "2025-06-02"}, False),
        ({"vital_status": "unknown"}, False),
        ({}, False),
    ],
)
def test_every_sign_of_death_up_to_the_as_of_date_counts(row: Row, deceased: bool) -> None:
    assert _one(row)["deceased"] is deceased


@pytest.mark.parametrize(("value", "deceased"), [("5", True), ("4", False)])
def test_ecog_five_is_a_sign_of_death(value: str, deceased: bool) -> None:
    ecog = {"observation": "ecog", "date": "2025-01-01", "value": value}
    later = {"observation": "ecog", "date": "2025-02-01", "value": "1"}
    assert _one({}, observations=[ecog, later])["deceased"] is deceased


def test_the_word_that_asks_for_most_care_wins_among_several_rows() -> None:
    assert _one({"vital_status": "alive"}, {"vital_status": "dead"})["vital_status"] == "dead"
    assert _one({"vital_status": "alive"}, {"vital_status": "unknown"})["vital_status"] == "unknown"
    assert _one({"contact_permitted": "yes"}, {"contact_permitted": "no"})["contact_permitted"] == "no"


def test_a_contact_after_the_as_of_date_is_not_known_yet() -> None:
    row = _one({"last_contact_date": "2025-05-01"}, {"last_contact_date": "2025-07-01"})
    assert row["last_contact_latest"] == date(2025, 5, 1)


def test_a_row_about_an_unknown_patient_is_kept_out_and_quarantined() -> None:
    built = _patients(
        {}, procedures=[{"patient_id": "P2", "procedure": "surgery", "start_date": "2025-01-01"}]
    )
    assert built.frame("events") == []
    assert quarantine_rows(built.connection).select("table", "source_row", "column", "rule").rows() == [
        ("procedures", 1, "patient_id", "unknown_patient")
    ]


TOML = "extracted_on = 2025-05-30\n"


def _coverage(rows: list[Row], toml: str = TOML) -> dict[tuple[str, int], tuple[date, date]]:
    patients = [{**PATIENT, "site": "north"}, {**PATIENT, "patient_id": "P2", "site": "south"}]
    tables: dict[str, list[Row]] = {"patients": patients, "conditions": [], "coverage": rows}
    found = build(tables, toml=toml).frame("coverage")
    return {(row["table"], row["patient"]): (row["complete_from"], row["complete_through"]) for row in found}


def test_a_delivered_table_is_complete_through_the_day_of_the_extract_and_another_is_not_captured() -> None:
    assert _coverage([]) == {("conditions", -1): (BEGINNING, date(2025, 5, 30))}


def test_without_a_day_of_the_extract_the_latest_exact_day_in_it_counts() -> None:
    rows = [
        {"condition": "hiv", "onset_date": "2025-04-03"},
        {"condition": "hiv", "onset_date": "2025-05"},
        {"condition": "hiv", "onset_date": "2025-06-02"},
    ]
    assert build({"conditions": rows}).one("coverage")["complete_through"] == date(2025, 4, 3)


def test_the_most_specific_declaration_wins() -> None:
    rows: list[Row] = [
        {"table": "conditions", "complete_through": "2025-01-01"},
        {"table": "conditions", "complete_through": "2025-02-01", "site": "north"},
        {"table": "conditions", "complete_through": "2024-12-01", "site": "south"},
        {"table": "conditions", "complete_through": "2024-01-01", "patient_id": "P2"},
    ]
    assert _coverage(rows) == {
        ("conditions", -1): (BEGINNING, date(2025, 1, 1)),
        ("conditions", 0): (BEGINNING, date(2025, 2, 1)),
        ("conditions", 1): (BEGINNING, date(2024, 1, 1)),
    }


def test_of_several_declarations_of_one_scope_the_one_reaching_furthest_counts() -> None:
    rows: list[Row] = [
        {"table": "conditions", "complete_from": "2010-01-01", "complete_through": "2025-01-01"},
        {"table": "conditions", "complete_from": "2015-01-01", "complete_through": "2025-03-01"},
    ]
    assert _coverage(rows) == {("conditions", -1): (date(2015, 1, 1), date(2025, 3, 1))}


def test_a_partial_declaration_counts_as_narrowly_as_it_can() -> None:
    rows: list[Row] = [{"table": "conditions", "complete_from": "2010", "complete_through": "2025-03"}]
    assert _coverage(rows) == {("conditions", -1): (date(2010, 12, 31), date(2025, 3, 1))}


def test_a_declaration_that_cannot_be_read_declares_nothing() -> None:
    rows: list[Row] = [
        {"table": "conditions", "complete_through": "2025-01-01"},
        {"table": "conditions", "complete_through": "soon"},
    ]
    assert _coverage(rows) == {("conditions", -1): (FOREVER, BEGINNING)}


def test_a_declaration_about_a_table_that_was_not_delivered_does_not_make_it_captured() -> None:
    assert ("allergies", -1) not in _coverage([{"table": "allergies", "complete_through": "2025-01-01"}])


def _answers(*rows: tuple[str, str]) -> Built:
    named = [{"trial_id": "T", "criterion_id": "I15", "answer": answer, "date": day} for answer, day in rows]
    return build({"attestations": named})


def test_the_latest_answer_up_to_the_as_of_date_counts() -> None:
    built = _answers(("fail", "2025-01-01"), ("pass", "2025-02-01"), ("fail", "2025-06-02"))
    answer = built.one("attestations")
    assert (answer["answer"], answer["date"], answer["source_row"]) == ("pass", date(2025, 2, 1), 2)


@pytest.mark.parametrize("second", [("fail", "2025-02-01"), ("fail", "2025-02"), ("perhaps", "2025-02-01")])
def test_answers_that_contradict_each_other_are_no_answer_and_are_counted(second: tuple[str, str]) -> None:
    built = _answers(("pass", "2025-02-01"), second)
    assert built.one("attestations")["answer"] is None
    judged = built.connection.execute("select is_contradicted from judged_attestations").fetchall()
    assert judged.count((True,)) == 1


def test_the_same_answer_twice_is_one_answer() -> None:
    assert _answers(("pass", "2025-02-01"), ("pass", "2025-02-01")).one("attestations")["answer"] == "pass"


def _steps(*rows: tuple[str, str]) -> dict[str, object]:
    named = [{"trial_id": "T", "status": status, "date": day} for status, day in rows]
    return build({"screening_log": named}).one("screening_log")


def test_the_latest_step_of_screening_counts_and_of_one_day_the_one_that_keeps_off_the_list() -> None:
    assert _steps(("declined", "2025-01-01"), ("contacted", "2025-02-01"))["status"] == "contacted"
    assert _steps(("declined", "2025-02-01"), ("contacted", "2025-02-01"))["status"] == "declined"
    assert _steps(("contacted", "2025-02-01"), ("enrolled", "2025-06-02"))["status"] == "contacted"
