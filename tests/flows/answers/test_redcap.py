"""What REDCap is given: fields that it takes, and a value in every one of them, each night."""

import csv
import re
from pathlib import Path

import pytest

from flows.answers.redcap import DICTIONARY_COLUMNS, export_redcap, field_names
from schemas.errors import UsageError
from tests.flows.answers.office import Office
from tests.flows.extracts import AS_OF, CANARY, TABLES

E3 = ("answers", (CANARY, "E3"), "answer")
STATUS = ("status", ("004",), "status")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def exported(office: Office) -> tuple[list[dict[str, str]], dict[str, dict[str, str]]]:
    """The dictionary's rows, and the records by patient."""
    dictionary, data = export_redcap(office.out, office.folder / "redcap")
    return rows(dictionary), {row["record_id"]: row for row in rows(data)}


def words(dictionary: list[dict[str, str]], record: dict[str, str], field: str) -> str:
    """What the code in a field means."""
    (choices,) = [row[DICTIONARY_COLUMNS[5]] for row in dictionary if row[DICTIONARY_COLUMNS[0]] == field]
    meanings = dict(choice.split(", ", 1) for choice in choices.split(" | "))
    return meanings[record[field]]


def test_the_dictionary_has_the_columns_and_names_that_redcap_takes(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.night()
    dictionary, records = exported(office)
    assert len(DICTIONARY_COLUMNS) == 18
    assert list(dictionary[0]) == list(DICTIONARY_COLUMNS)
    names = [row[DICTIONARY_COLUMNS[0]] for row in dictionary]
    assert names[0] == "record_id"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,25}", name) for name in names)
    assert list(records[CANARY]) == names
    for row in dictionary:
        for name in re.findall(r"\[(\w+)\]", row[DICTIONARY_COLUMNS[11]]):
            assert name in names
        assert row["Field Type"] == ("radio" if row[DICTIONARY_COLUMNS[5]] else "text")


def test_every_field_of_every_record_says_something(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = office.night()
    office.take(office.filled(first, {E3: "pass", STATUS: "declined"}), by="=cmd()")
    office.night(1)
    dictionary, records = exported(office)
    assert set(records) == {CANARY, "002", "003", "004", "005", "006"}
    assert all(value for record in records.values() for value in record.values())
    own, declined = records[CANARY], records["004"]
    assert words(dictionary, own, "e3_verdict") == "Pass"
    assert words(dictionary, own, "e3_answer") == "Pass"
    assert words(dictionary, own, "e3_state") == "Counts"
    assert (own["e3_date"], own["e3_by"]) == (str(AS_OF), "'=cmd()")
    assert words(dictionary, own, "e4_answer") == "None"
    assert words(dictionary, declined, "ps_tier") == "Not listed"
    assert (
        words(dictionary, declined, "ps_not_listed") == words(dictionary, declined, "ps_status") == "Declined"
    )
    assert declined["ps_rank"] == "0"


def test_a_patient_of_an_earlier_night_is_told_as_gone(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.night()
    office.night(1, patients=[line for line in TABLES["patients"] if not line.startswith("004,")])
    dictionary, records = exported(office)
    gone = records["004"]
    assert all(gone.values())
    assert words(dictionary, gone, "ps_not_listed") == "Not in the extract"
    assert words(dictionary, gone, "i1_verdict") == "Not in the extract"


def test_the_files_of_another_night_are_replaced_and_private(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.night()
    exported(office)
    office.night(1)
    _, records = exported(office)
    assert records[CANARY]["ps_as_of"] == "2026-04-01"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "redcap").iterdir()} == {0o600}


def test_the_output_folder_takes_no_other_files(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.night()
    with pytest.raises(UsageError):
        export_redcap(office.out, office.out / "redcap")


def test_names_that_are_alike_or_long_or_begin_with_a_digit_stay_apart() -> None:
    names = field_names(["I-1", "i 1", "7.2", "é", "a" * 40, "a" * 41])
    assert names["I-1"] == "i_1"
    assert names["i 1"] == "i_1_2"
    assert names["7.2"] == "c_7_2"
    assert len(set(names.values())) == 6
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,17}", name) for name in names.values())
