"""What a patient still waits for, and what each fact alone could settle."""

from typing import Any

import polars as pl
import pytest

from criteria.engine.screen import evaluate_trial
from criteria.lookups import lookups_table, wording_of
from criteria.open_facts import OPEN_FACTS, open_facts
from criteria.trial import Criterion, load_trial
from data.catalogue import load_catalogue
from schemas.outputs import pandera_schema
from tests.differential.trials import trial_of
from tests.spec.language import LAG_DAYS, Patient, criterion, facts_of, part

TRAILING = {"complete": {"conditions": ("", "-60"), "treatments": ("", "-60")}}


def waits(asked: Criterion, patient: Patient) -> dict[tuple[str, str], bool]:
    """Kind and name of each open fact of one criterion, and whether it alone could settle it."""
    facts, anchors = facts_of(patient)
    trial = trial_of([asked], max_lag_days=LAG_DAYS)
    found = open_facts(trial, evaluate_trial(trial, facts, anchors), facts, anchors, [0])
    assert found.schema == OPEN_FACTS
    return {(row["kind"], row["fact"]): row["settles"] for row in found.iter_rows(named=True)}


MISSING: list[tuple[str, str, Patient, dict[tuple[str, str], bool]]] = [
    ("a missing value is open and settles", "hemoglobin > 8", {}, {("measurement", "hemoglobin"): True}),
    ("a known value is not open", "hemoglobin > 8", {"hemoglobin": 9}, {}),
    (
        "of two that are both needed, neither settles",
        "hemoglobin > 8 and ecog < 2",
        {},
        {("measurement", "hemoglobin"): False, ("measurement", "ecog"): False},
    ),
    (
        "what is met already is waited for no more",
        "hemoglobin > 8 and ecog < 2",
        {"ecog": 1},
        {("measurement", "hemoglobin"): True},
    ),
    (
        "of two of which one is enough, each settles",
        "hemoglobin > 8 or ecog < 2",
        {},
        {("measurement", "hemoglobin"): True, ("measurement", "ecog"): True},
    ),
    (
        "a denial turns what is needed round",
        "not (hemoglobin > 8 or ecog < 2)",
        {},
        {("measurement", "hemoglobin"): False, ("measurement", "ecog"): False},
    ),
    (
        "only the branch that may count is followed",
        "if(marrow_plasma_cells < 50, platelet_count > 75000, hemoglobin > 8)",
        {"marrow_plasma_cells": 40},
        {("measurement", "platelet_count"): True},
    ),
    (
        "an open condition is waited for together with its branches",
        "platelet_count > if(marrow_plasma_cells < 50, 75000, 50000)",
        {},
        {("measurement", "platelet_count"): False, ("measurement", "marrow_plasma_cells"): False},
    ),
    (
        "a condition alone settles where the value lies between the limits",
        "platelet_count > if(marrow_plasma_cells < 50, 75000, 50000)",
        {"platelet_count": 60000},
        {("measurement", "marrow_plasma_cells"): True},
    ),
    (
        "a sum waits for what of it is missing",
        "kappa_flc + lambda_flc > 10 and greatest(kappa_flc, 1) > 0",
        {"kappa_flc": 5},
        {("measurement", "lambda_flc"): True},
    ),
    (
        "a word among several is waited for",
        "hbsag in ('negative')",
        {},
        {("measurement", "hbsag"): True},
    ),
    (
        "some of many wait for each that is open",
        "at_least(2, hemoglobin > 8, ecog < 2, albumin > 3)",
        {"ecog": 1},
        {("measurement", "hemoglobin"): False, ("measurement", "albumin"): False},
    ),
    (
        "what the person is may be open",
        "childbearing_potential",
        {},
        {("person", "childbearing_potential"): True},
    ),
    ("so may be the age", "age(as_of) >= 18", {"birth": "2008"}, {("person", "age"): True}),
    (
        "a table that trails is waited for, not each set in it",
        "not (ever(hiv) or ever(hepatitis_b))",
        TRAILING,
        {("table", "conditions"): True},
    ),
    (
        "a name that no list has is waited for by its tables",
        "ever(bortezomib)",
        {"unlisted": {"treatments": {"start": "-90", "end": "-60"}}},
        {("names", "treatments, medications"): True},
    ),
    (
        "a row that leaves something open is waited for by its set",
        "ever(only(surgery, major))",
        {"surgery": {"start": "-9"}},
        {("record", "surgery"): True},
    ),
    (
        "what only a person can say is an attestation",
        "attested('willing') and hemoglobin > 8",
        {},
        {("attestation", "A"): False, ("measurement", "hemoglobin"): True},
    ),
]


@pytest.mark.parametrize(
    ("sentence", "asked", "patient", "expected"), MISSING, ids=[row[0] for row in MISSING]
)
def test_an_inclusion_waits_for_what_leaves_it_open(
    sentence: str, asked: str, patient: Patient, expected: dict[tuple[str, str], bool]
) -> None:
    assert waits(criterion(asked), patient) == expected, sentence


def test_an_exclusion_is_settled_when_none_of_it_holds() -> None:
    asked = criterion("hemoglobin < 8 or ecog > 2", kind="exclusion")
    assert waits(asked, {}) == {("measurement", "hemoglobin"): False, ("measurement", "ecog"): False}
    assert waits(criterion("hemoglobin < 8 and ecog > 2", kind="exclusion"), {}) == {
        ("measurement", "hemoglobin"): True,
        ("measurement", "ecog"): True,
    }


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_what_is_left_to_a_person_is_a_review(kind: str) -> None:
    main = "hemoglobin > 8" if kind == "inclusion" else "hemoglobin <= 8"
    asked = criterion(main, kind=kind, review="ever(spinal_cord_compression)")
    compressed = {"hemoglobin": 9, "spinal_cord_compression": {"start": "-90"}}
    assert waits(asked, compressed) == {("review", "A"): True}
    trailing = {"hemoglobin": 9, **TRAILING}
    assert waits(asked, trailing) == {("table", "conditions"): True}
    assert waits(asked, {"spinal_cord_compression": {"start": "-90"}}) == {
        ("review", "A"): False,
        ("measurement", "hemoglobin"): False,
    }


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_a_criterion_that_may_not_apply_is_settled_by_that_as_well(kind: str) -> None:
    main = "hemoglobin > 8" if kind == "inclusion" else "hemoglobin <= 8"
    asked = criterion(main, kind=kind, applies="childbearing_potential")
    both = {("measurement", "hemoglobin"): True, ("person", "childbearing_potential"): True}
    assert waits(asked, {}) == both
    assert waits(asked, {"hemoglobin": 9}) == {}
    assert waits(asked, {"childbearing_potential": "yes"}) == {("measurement", "hemoglobin"): True}


def test_parts_are_alternatives_each_with_its_review() -> None:
    parts = [part("serum_m_protein >= 0.5"), part("ecog < 2", review="ever(hiv)"), part(review="ever(copd)")]
    found = waits(criterion(parts=parts, kind="exclusion"), {"ecog": 3, "hiv": {"start": "-9"}})
    assert found == {("measurement", "serum_m_protein"): False, ("review", "A"): False}
    assert waits(criterion(parts=parts[:2]), {"ecog": 3}) == {("measurement", "serum_m_protein"): True}


def test_a_question_to_a_person_settles_itself() -> None:
    assert waits(criterion(manual="Is the patient willing?"), {}) == {("attestation", "A"): True}


def several(*asked: str) -> tuple[Any, ...]:
    made = [criterion(text) for text in asked]
    return tuple(Criterion(**{**vars(one), "id": f"C{place}"}) for place, one in enumerate(made, start=1))


def test_a_fact_completes_whom_it_alone_could_bring_to_the_first_tier() -> None:
    trial = trial_of(
        several("hemoglobin > 8", "hemoglobin < 20", "attested('willing')"), max_lag_days=LAG_DAYS
    )
    facts, anchors = facts_of({})
    found = open_facts(trial, evaluate_trial(trial, facts, anchors), facts, anchors, [0])
    told = {row["fact"]: row for row in found.iter_rows(named=True)}
    assert told["hemoglobin"]["completes"]
    assert told["hemoglobin"]["criteria"] == ["C1", "C2"]
    assert told["hemoglobin"]["reason"] == "never_recorded"
    assert not told["C3"]["completes"], "answers do not count for the tier"


def test_nobody_waits_for_nothing() -> None:
    facts, anchors = facts_of({})
    trial = trial_of(several("hemoglobin > 8"), max_lag_days=LAG_DAYS)
    assert open_facts(trial, evaluate_trial(trial, facts, anchors), facts, anchors, []).is_empty()


def waiting(*rows: tuple[str, str, str, list[str], list[int], str, bool, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=OPEN_FACTS, orient="row")


def test_the_fact_that_could_decide_most_comes_first() -> None:
    catalogue = load_catalogue()
    trial = load_trial("NCT06050512", catalogue)
    batch = waiting(
        ("p1", "measurement", "ecog", ["I01"], [1], "stale", True, False),
        ("p2", "measurement", "ecog", ["I01"], [1], "never_recorded", True, False),
        ("p3", "measurement", "ecog", ["I01"], [1], "never_recorded", True, False),
        ("p1", "measurement", "hemoglobin", ["I09"], [2], "stale", False, False),
        ("p2", "person", "childbearing_potential", ["E07", "I16"], [1, 1], "never_recorded", True, True),
        *(
            ("p1", kind, name, ["E09"], [4], "needs_review", False, False)
            for kind, name in (("review", "E18"),)
        ),
    )
    more = waiting(
        ("p1", "attestation", "I15", ["I15"], [1], "needs_attestation", True, False),
        ("p3", "table", "treatments", ["E05"], [3], "source_stale", False, False),
        ("p3", "names", "treatments, medications", ["E05"], [3], "unmapped_code", False, False),
        ("gone", "table", "treatments", ["E05"], [1], "source_stale", True, True),
        # Who is not listed waits for nothing; a fact that only such patients lack is not looked up.
        ("gone", "measurement", "platelets", ["I10"], [1], "stale", True, True),
    )
    candidates = pl.DataFrame({"patient_id": ["p3", "p1", "p2"], "rank": [1, 2, 3]})
    table = lookups_table(trial.id, pl.concat([batch, more]), candidates, wording_of(trial, catalogue))
    pandera_schema("lookups").validate(table)
    assert table["fact"].to_list() == [
        "childbearing_potential",
        "ecog",
        "hemoglobin",
        "treatments, medications",
        "treatments",
        "E18",
        "I15",
    ]
    ecog = table.row(1, named=True)
    assert ecog["patient_ids"] == ["p3", "p1", "p2"], "by rank"
    assert (ecog["patients"], ecog["settles"], ecog["would_become_eligible"], ecog["share"]) == (3, 3, 0, 3.0)
    assert ecog["reasons"] == ["never_recorded", "stale"]
    assert table["share"].to_list()[2:6] == [0.5, 0.333333, 0.333333, 0.25]
    assert table["position"].to_list() == list(range(1, 8))
    assert table["what"].to_list() == [
        "childbearing potential",
        "ECOG performance status",
        "hemoglobin",
        "names that no code list has, in treatments, medications",
        "newer or more complete records: treatments",
        trial.criterion("E18").review_question,
        trial.criterion("I15").manual,
    ]


def test_a_question_without_words_of_its_own_is_the_protocols() -> None:
    catalogue = load_catalogue()
    trial = load_trial("NCT06050512", catalogue)
    assert wording_of(trial, catalogue)("review", "I02") == " ".join(trial.criterion("I02").protocol)


def test_nothing_open_gives_an_empty_table() -> None:
    candidates = pl.DataFrame(schema={"patient_id": pl.String, "rank": pl.Int64})
    assert lookups_table("t", pl.DataFrame(schema=OPEN_FACTS), candidates, lambda kind, fact: fact).is_empty()
