"""Answers over the nights: what a coordinator said is not asked again until the evidence changes."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows import steps
from flows.explain import explain
from flows.publish import ANSWERS_FILE, read_manifest
from flows.records import verify
from flows.replay import replay_run
from flows.report import report_name
from flows.steps import run_screening
from schemas.errors import StorageFailed
from schemas.outputs import output_dtypes
from tests.flows.answers.office import (
    CONDITIONS,
    LATER_TUMOUR,
    TUMOUR,
    Office,
    listed,
    sheet_rows,
    states,
    verdicts,
)
from tests.flows.extracts import AS_OF, CANARY, TABLES
from tests.flows.test_shares import in_any_order, published, run_in_shares

E3 = ("answers", (CANARY, "E3"), "answer")
E4 = ("answers", (CANARY, "E4"), "answer")
CAME_OF_IT = ("status", (CANARY,), "status")
CHANGED = tuple(line.replace(TUMOUR, LATER_TUMOUR) for line in CONDITIONS)
WORSE = tuple(line.replace("10.5,g/dL", "7.5,g/dL") for line in TABLES["observations"])
BETTER = tuple(line.replace("10.5,g/dL", "10.9,g/dL") for line in TABLES["observations"])


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why the list changed takes half of a night: it is left out where a test asks for verdicts alone."""
    nothing = pl.DataFrame(schema=pl.Schema(output_dtypes("changes")))
    monkeypatch.setattr(steps, "changes_since", lambda *_: nothing)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not on this machine")
def test_an_answer_counts_the_next_night_and_is_asked_again_when_its_evidence_changes(office: Office) -> None:
    first = office.night()
    assert verdicts(first)["E3"] == ("unknown", "needs_attestation")
    assert verdicts(first)["E4"] == ("unknown", "needs_review")
    by_hand = {
        E3: "pass",
        ("answers", (CANARY, "E3"), "date"): date(2026, 4, 1),
        ("answers", (CANARY, "E3"), "answered_by"): "A. Colleague",
        E4: "pass",
        ("answers", (CANARY, "E4"), "comment"): "cured, long ago",
    }
    filled = office.filled(first, by_hand, office=True)
    assert office.take(filled).answers == 2

    second = office.night(1)
    assert verdicts(second)["E3"] == verdicts(second)["E4"] == ("pass", None)
    asked = {
        (row["patient_id"], row["criterion_id"]): row["earlier"] for row in sheet_rows(second, "answers")
    }
    assert asked[CANARY, "E3"] == "pass; 2026-04-01; by A. Colleague"
    assert asked[CANARY, "E4"] == "pass; 2026-03-31; by N. Surname"
    changes = pl.read_parquet(second.folder / "changes.parquet")
    assert set(changes["causes"].explode()) == {"answers"}

    third = office.night(2, conditions=CHANGED)
    assert verdicts(third)["E3"] == ("pass", None), "the evidence of this one is as it was"
    assert verdicts(third)["E4"] == ("unknown", "needs_review")
    assert states(third) == {(CANARY, "E3"): "counts", (CANARY, "E4"): "evidence_changed"}
    said = "pass; 2026-03-31; by N. Surname; counts no longer: the evidence has changed since"
    assert said in {row["earlier"] for row in sheet_rows(third, "answers")}
    assert f"    answered  {said}" in list(explain(office.out, CANARY))
    assert said in (third.folder / report_name("tiny")).read_text("utf-8")

    fourth = office.night(3)
    assert verdicts(fourth)["E4"] == ("pass", None), "the evidence is what it was again"


@pytest.mark.usefixtures("unexplained")
def test_reading_a_workbook_twice_changes_nothing(office: Office) -> None:
    filled = office.filled(office.night(), {E3: "pass"})
    assert office.take(filled).is_new
    before = (office.out / "answers" / ANSWERS_FILE).read_bytes()
    assert not office.take(filled).is_new
    again = office.filled(office.night(), {E3: "pass"})
    assert not office.take(again).is_new, "the same answer in another file"
    assert (office.out / "answers" / ANSWERS_FILE).read_bytes() == before


@pytest.mark.usefixtures("unexplained")
def test_a_workbook_read_again_brings_back_nothing_that_was_answered_otherwise_since(office: Office) -> None:
    first = office.night()
    old = office.filled(first, {E3: "pass"})
    office.take(old)
    office.take(office.filled(first, {E3: "fail"}))
    assert not office.take(old).is_new
    assert office.take(old, by="A. Colleague").is_new, "but another name is another answer"
    assert verdicts(office.night(1))["E3"] == ("pass", None)


@pytest.mark.usefixtures("unexplained")
def test_a_later_answer_takes_the_place_of_an_earlier_one_however_they_are_read(office: Office) -> None:
    first = office.night()
    late = office.filled(first, {E3: "fail", ("answers", (CANARY, "E3"), "date"): date(2026, 4, 2)})
    office.take(late)
    office.take(office.filled(first, {E3: "pass"}))
    assert verdicts(office.night(1))["E3"] == ("pass", None), "the later one is not known by that day"
    assert verdicts(office.night(2))["E3"][0] == "fail"


@pytest.mark.usefixtures("unexplained")
def test_of_one_day_the_answer_on_the_newer_list_counts(office: Office) -> None:
    first, second = office.night(), office.night(1)
    day = AS_OF + timedelta(days=1)
    office.take(office.filled(second, {E3: "fail"}), day=day)
    office.take(office.filled(first, {E3: "pass"}), day=day)
    assert verdicts(office.night(2))["E3"][0] == "fail"


@pytest.mark.usefixtures("unexplained")
def test_an_answer_can_be_taken_back(office: Office) -> None:
    office.take(office.filled(office.night(), {E3: "pass"}))
    second = office.night(1)
    office.take(office.filled(second, {E3: "take_back"}), day=AS_OF + timedelta(days=1))
    third = office.night(2)
    assert verdicts(third)["E3"] == ("unknown", "needs_attestation")
    assert states(third) == {(CANARY, "E3"): "taken_back"}


@pytest.mark.usefixtures("unexplained")
def test_a_computed_verdict_is_not_overridden(office: Office) -> None:
    office.take(office.filled(office.night(), {E4: "fail"}))
    second = office.night(1, conditions=TABLES["conditions"])
    assert verdicts(second)["E4"] == ("pass", None)


@pytest.mark.usefixtures("unexplained")
def test_an_answer_of_the_registry_itself_goes_on_counting_whatever_the_evidence(office: Office) -> None:
    attested = ("patient_id,trial_id,criterion_id,answer,date", f"{CANARY},tiny,E4,pass,2026-03-01")
    assert verdicts(office.night(attestations=attested))["E4"] == ("pass", None)
    assert verdicts(office.night(1, attestations=attested, conditions=CHANGED))["E4"] == ("pass", None)


@pytest.mark.usefixtures("unexplained")
def test_of_the_registrys_answer_and_a_workbooks_the_later_counts(office: Office) -> None:
    first = office.night()
    office.take(office.filled(first, {E3: "pass"}))
    head = "patient_id,trial_id,criterion_id,answer,date"
    for day, verdict in (("2026-03-01", "pass"), ("2026-03-31", "unknown"), ("2026-04-01", "fail")):
        attested = (head, f"{CANARY},tiny,E3,fail,{day}")
        assert verdicts(office.night(1, attestations=attested))["E3"][0] == verdict


@pytest.mark.parametrize("word", ["declined", "screen_failed"])
def test_a_dismissed_patient_comes_back_when_new_data_say_otherwise(office: Office, word: str) -> None:
    first = office.night()
    assert office.take(office.filled(first, {CAME_OF_IT: word})).statuses == 1
    second = office.night(1)
    assert CANARY not in listed(second)
    reasons = dict(
        pl.read_parquet(second.folder / "not_listed.parquet").select("patient_id", "reason").rows()
    )
    assert reasons[CANARY] == word
    assert CANARY not in listed(office.night(1, observations=BETTER)), "another value, the same verdict"
    assert CANARY not in listed(office.night(60)), "that a result became too old is no news"

    third = office.night(2, observations=WORSE)
    assert CANARY in listed(third)
    assert states(third) == {(CANARY, None): "evidence_changed"}
    said = f"{word}; 2026-03-31; by N. Surname; back on the list: new data say otherwise on I1"
    assert said in {row["earlier"] for row in sheet_rows(third, "status")}
    assert f"answered  {said}" in list(explain(office.out, CANARY))


@pytest.mark.usefixtures("unexplained")
@pytest.mark.parametrize("word", ["enrolled", "withdrawn"])
def test_who_takes_part_or_has_left_is_not_brought_back_by_data(office: Office, word: str) -> None:
    office.take(office.filled(office.night(), {CAME_OF_IT: word}))
    assert CANARY not in listed(office.night(1, observations=WORSE))


@pytest.mark.usefixtures("unexplained")
def test_a_dismissal_can_be_taken_back_on_the_list_that_no_longer_shows_the_patient(office: Office) -> None:
    office.take(office.filled(office.night(), {CAME_OF_IT: "declined"}))
    second = office.night(1)
    row = next(row for row in sheet_rows(second, "status") if row["patient_id"] == CANARY)
    assert (row["rank"], row["tier"], row["earlier"]) == (
        None,
        "not listed",
        "declined; 2026-03-31; by N. Surname",
    )
    office.take(office.filled(second, {CAME_OF_IT: "take_back"}), day=AS_OF + timedelta(days=1))
    assert CANARY in listed(office.night(2))


@pytest.mark.usefixtures("unexplained")
def test_contacted_keeps_a_patient_on_the_list_and_is_shown(office: Office) -> None:
    office.take(office.filled(office.night(), {CAME_OF_IT: "contacted"}))
    second = office.night(1)
    assert CANARY in listed(second)
    assert "contacted; 2026-03-31; by N. Surname" in {row["earlier"] for row in sheet_rows(second, "status")}


def test_the_answers_are_an_input_of_the_run_so_that_it_can_be_made_again(office: Office) -> None:
    first = office.night()
    assert ANSWERS_FILE not in read_manifest(first.folder)["inputs"]
    office.take(office.filled(first, {E3: "pass", CAME_OF_IT: "declined"}))
    asked = office.night(0)
    assert asked.run_id != first.run_id
    manifest = read_manifest(asked.folder)
    told = manifest["inputs"][ANSWERS_FILE]
    assert (office.out / "kept" / told["sha256"]).read_bytes() == (
        office.out / "answers" / ANSWERS_FILE
    ).read_bytes()
    office.take(office.filled(first, {E3: "fail"}))
    assert "every byte is the same" in replay_run(office.out, asked.run_id, lambda _: None)
    assert "every byte is the same" in replay_run(office.out, first.run_id, lambda _: None)
    verify(office.out)


@pytest.mark.usefixtures("unexplained")
def test_verify_sees_that_an_answer_was_changed_or_taken_out(office: Office) -> None:
    office.take(office.filled(office.night(), {E3: "pass"}))
    office.take(office.filled(office.night(1), {E4: "pass"}))
    verify(office.out)
    path = office.out / "answers" / ANSWERS_FILE
    kept = path.read_bytes()
    for changed in (kept.replace(b'"pass"', b'"fail"', 1), kept.splitlines(keepends=True)[0], b""):
        path.write_bytes(changed)
        with pytest.raises(StorageFailed, match="answers"):
            verify(office.out)


def test_nobody_else_can_read_the_answers_and_the_ledger_names_no_patient(office: Office) -> None:
    office.take(office.filled(office.night(), {E3: "pass"}))
    path = office.out / "answers" / ANSWERS_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    entries = [json.loads(line) for line in (office.out / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert entries[-1]["event"] == "answers"
    assert CANARY not in (office.out / "ledger.jsonl").read_text("utf-8")


def test_answers_count_in_shares_of_the_patients_to_the_same_bytes(office: Office, tmp_path: Path) -> None:
    first = office.night()
    office.take(office.filled(first, {E3: "pass", E4: "fail", ("status", ("004",), "status"): "declined"}))
    asked = office.asked(1, conditions=CHANGED)
    shutil.copytree(office.out, tmp_path / "out2", symlinks=True)
    whole = run_screening(asked, lambda _: None)
    assert states(whole) == {
        (CANARY, "E3"): "counts",
        (CANARY, "E4"): "evidence_changed",
        ("004", None): "counts",
    }
    in_shares = run_in_shares(replace(asked, out=tmp_path / "out2"), 3, in_any_order)
    assert in_shares == published(office.out)


@pytest.mark.usefixtures("unexplained")
def test_who_is_no_longer_in_the_extract_is_told_as_such(office: Office) -> None:
    office.take(office.filled(office.night(), {("answers", ("004", "E3"), "answer"): "pass"}))
    patients = [line for line in TABLES["patients"] if not line.startswith("004,")]
    assert states(office.night(1, patients=patients)) == {("004", "E3"): "not_in_run"}
