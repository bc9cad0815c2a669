"""The vectorised engine and the slow reference say the same of random patients, expression by expression.

They share the typed tree and nothing else. ``PATIENTS`` is what every change is held to; the long run
(``pytest -m long``) is the same test on a million patients.
"""

from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.language.tree import Node, Type
from criteria.reference.context import Anchors as ReferenceAnchors
from criteria.reference.context import Context
from criteria.reference.criterion import judge
from criteria.reference.record import records
from criteria.trial import Criterion, Curability, Part
from schemas.facts import Facts
from tests.differential.compare import differences
from tests.differential.random_facts import random_facts
from tests.differential.random_trees import random_tree
from tests.differential.strategies import (
    CriterionCase,
    fact_batches,
    random_anchors,
    random_criterion,
    seeded,
    trees,
)
from tests.differential.strategies import anchors as days_of
from tests.differential.trials import trial_of
from tests.differential.universe import CRITERION_IDS, TRIAL_ID

PATIENTS_PER_TREE = 25
PATIENTS = 20_000
BLOCKS = 8
MAX_LAG_DAYS = (0, 7)


def _question(rng: Random, patients: int) -> tuple[Facts, Anchors]:
    facts = random_facts(rng, patients)
    days = random_anchors(rng, facts.as_of)
    return facts, Anchors(days.as_of, days.enrollment, days.first_dose)


def _compare_trees(first_seed: int, patients: int, per_tree: int = PATIENTS_PER_TREE) -> None:
    for seed in range(first_seed, first_seed + patients // per_tree):
        rng = seeded(seed)
        node = random_tree(rng, Type.TRUTH, rng.choice((1, 2, 2, 3, 4, 5)))
        facts, anchors = _question(rng, per_tree)
        found = differences(node, facts, anchors, rng.choice(MAX_LAG_DAYS), rng)
        assert not found, f"seed {seed}: {node.text}: {found[0]}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_both_engines_give_the_same_verdict_and_reasons_and_no_verdict_changes_before_its_time(
    block: int,
) -> None:
    """Verdict, reasons and ``until`` agree on random expressions over random patients."""
    _compare_trees(1_000_000 * block, PATIENTS // BLOCKS)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(node=trees(Type.TRUTH, 4), facts=fact_batches(4), data=st.data())
def test_hypothesis_finds_no_patient_and_no_expression_on_which_the_engines_differ(
    node: Node, facts: Facts, data: st.DataObject
) -> None:
    """The same question, with the search and the shrinking of Hypothesis."""
    days = data.draw(days_of(facts.as_of))
    anchors = Anchors(days.as_of, days.enrollment, days.first_dose)
    assert not differences(node, facts, anchors, data.draw(st.sampled_from(MAX_LAG_DAYS)), seeded(1))


@pytest.mark.long
@pytest.mark.parametrize("block", range(100))
def test_both_engines_agree_on_a_million_patients(block: int) -> None:
    """The same, 50 times as often."""
    _compare_trees(100_000_000 + 1_000_000 * block, 10_000, per_tree=250)


def _criterion(case: CriterionCase) -> Criterion:
    def cases(given: tuple[object, ...]) -> tuple[Curability, ...]:
        return tuple(Curability(one.when, one.word) for one in given)

    parts = tuple(
        Part(part.id, part.protocol, part.main, part.review, "", cases(part.curability), "")
        for part in case.parts
    )
    return Criterion(
        id=case.id,
        kind=case.kind,
        protocol=case.protocol,
        main=case.main,
        manual=case.manual,
        applies=case.applies,
        review=case.review,
        review_question="",
        curability=cases(case.curability),
        parts=parts,
        note="",
        examples=(),
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_both_engines_judge_random_criteria_alike(block: int) -> None:
    """Verdict, published reason and curability of whole criteria: parts, reviews, answers, applicability."""
    for seed in range(5_000_000 + 1000 * block, 5_000_000 + 1000 * block + 30):
        rng = seeded(seed)
        cases = [random_criterion(rng, criterion_id, 3) for criterion_id in CRITERION_IDS]
        facts, anchors = _question(rng, PATIENTS_PER_TREE)
        lag = rng.choice(MAX_LAG_DAYS)
        trial = trial_of([_criterion(case) for case in cases], TRIAL_ID, lag)
        verdicts = evaluate_trial(trial, facts, anchors)
        for case in cases:
            rows = verdicts.filter(pl.col("criterion_id") == case.id).iter_rows(named=True)
            for row, record in zip(rows, records(facts), strict=True):
                answer = record.attestations.get((TRIAL_ID, case.id))
                days = ReferenceAnchors(anchors.as_of, anchors.enrollment, anchors.first_dose)
                slow = judge(case, record, Context(days, lag, case.kind, answer))
                fast = (row["verdict"], row["reason"], row["curability"])
                assert fast == (slow.verdict, slow.reason, slow.curability), f"seed {seed}, {case.id}"
