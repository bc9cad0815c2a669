"""One patient's rows: by what they are about, with what is said of everybody where nothing else is."""

from datetime import date

import polars as pl

from criteria.patient_rows import only_patient, rows_by_patient
from schemas.facts import ATTESTATIONS, COVERAGE, EVENTS, EVERYBODY, RESULTS, Facts
from tests.criteria.frames import AS_OF, facts_about


def facts() -> Facts:
    about = facts_about({}, {}, {})
    day = {"complete_from": date(1, 1, 1)}
    frames = {
        "latest": pl.DataFrame([{"patient": 1, "concept": "ecog"}], schema=RESULTS),
        "events": pl.DataFrame(
            [{"patient": 2, "concept": "hiv"}, {"patient": 2, "concept": "hiv"}], schema=EVENTS
        ),
        "coverage": pl.DataFrame(
            [
                {"table": "conditions", "patient": EVERYBODY, "complete_through": AS_OF, **day},
                {"table": "conditions", "patient": 2, "complete_through": date(2026, 1, 1), **day},
            ],
            schema=COVERAGE,
        ),
        "attestations": pl.DataFrame(
            [{"patient": 1, "trial_id": "t", "criterion_id": "E1", "answer": "pass"}], schema=ATTESTATIONS
        ),
    }
    kept = ("patients", "results", "line_members", "screening_log")
    return Facts(AS_OF, **{name: getattr(about, name) for name in kept}, **frames)


def test_rows_stand_with_their_patient_in_the_order_asked_for() -> None:
    found = dict(rows_by_patient(facts(), [2, 1]))
    assert list(found) == [2, 1]
    assert (found[1].person["patient_id"], found[2].person["patient_id"]) == ("p1", "p2")
    assert (list(found[1].latest), list(found[2].latest)) == (["ecog"], [])
    assert (len(found[2].events["hiv"]), found[1].events) == (2, {})
    assert [row["answer"] for row in found[1].attestations] == ["pass"]


def test_a_patients_own_coverage_stands_before_that_of_everybody() -> None:
    found = dict(rows_by_patient(facts(), [1, 2]))
    assert found[1].coverage["conditions"]["complete_through"] == AS_OF
    assert found[2].coverage["conditions"]["complete_through"] == date(2026, 1, 1)


def test_the_one_patient_of_the_facts_needs_no_number() -> None:
    assert only_patient(facts_about({})).person["patient_id"] == "p0"
