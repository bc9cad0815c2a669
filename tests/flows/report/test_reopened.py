"""What coordinators answered, as the report tells it."""

from datetime import date

import polars as pl

from flows.report.reopened import MOST_REOPENED, came_of_it, reopened
from schemas.outputs import output_dtypes


def answers(*rows: tuple[str, str | None, str, str]) -> pl.DataFrame:
    """Answers by patient, criterion, word and state."""
    told = [
        {
            "trial_id": "t",
            "patient_id": patient,
            "criterion_id": criterion,
            "answer": word,
            "date": date(2026, 4, 1),
            "answered_by": "N",
            "state": state,
            "changed_criteria": ["I09"] if state == "evidence_changed" else [],
            "run_id": "r",
        }
        for patient, criterion, word, state in rows
    ]
    return pl.DataFrame(told, schema=output_dtypes("answers"))


def test_what_came_of_a_patient_is_a_word_and_a_sentence() -> None:
    found = came_of_it(
        answers(
            ("a", None, "contacted", "counts"),
            ("b", None, "declined", "evidence_changed"),
            ("c", None, "take_back", "taken_back"),
            ("d", None, "contacted", "not_in_run"),
            ("e", None, "consented", "not_yet"),
            ("f", "E3", "pass", "counts"),
            ("g", None, "contacted", "counts"),
        ),
        ["a", "b", "c", "d", "e", "f"],
    )
    assert found == {
        "a": ("contacted", "contacted; 2026-04-01; by N"),
        "b": (
            "back on the list",
            "declined; 2026-04-01; by N; back on the list: new data say otherwise on I09",
        ),
        "e": ("consented", "consented; 2026-04-01; by N; counts from that day on"),
    }


def test_answers_whose_evidence_changed_are_listed_and_a_long_list_is_cut() -> None:
    rows, more = reopened(answers(("a", "E3", "pass", "counts"), ("a", "E4", "fail", "evidence_changed")))
    assert [(row.patient_id, row.criterion_id) for row in rows] == [("a", "E4")]
    assert rows[0].told == "fail; 2026-04-01; by N; counts no longer: the evidence has changed since"
    assert more == 0
    places = range(MOST_REOPENED + 2)
    rows, more = reopened(answers(*[(str(one), None, "declined", "evidence_changed") for one in places]))
    assert (len(rows), more) == (MOST_REOPENED, 2)
