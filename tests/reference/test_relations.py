"""Relations that must hold between answers, tried on random patients and random expressions."""

from collections.abc import Iterator
from dataclasses import fields, replace
from random import Random

import pytest

from criteria.language.tree import Node, Type
from criteria.reference.context import Context
from criteria.reference.criterion import judge
from criteria.reference.evaluate import truth
from criteria.reference.record import Event, Record, records
from tests.differential.strategies import (
    CriterionCase,
    CurabilityCase,
    random_anchors,
    random_criterion,
    random_facts,
    random_tree,
    seeded,
)
from tests.differential.worlds import filled
from tests.reference.builders import event

SEEDS = range(10)
PATIENTS, EXPRESSIONS = 20, 15


def parts_of(node: Node) -> Iterator[Node]:
    """The node and every node below it."""
    yield node
    for part in fields(node):
        value = getattr(node, part.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Node):
                yield from parts_of(one)


def cases(seed: int) -> Iterator[tuple[Random, Node, Record, Context]]:
    """Random expressions, each asked of the same random patients."""
    rng = seeded(seed)
    facts = random_facts(rng, PATIENTS)
    patients = records(facts)
    for _ in range(EXPRESSIONS):
        node = random_tree(rng, Type.TRUTH)
        context = Context(random_anchors(rng, facts.as_of), max_lag_days=rng.choice((0, 7)))
        for record in patients:
            yield rng, node, record, context


@pytest.mark.parametrize("seed", SEEDS)
def test_what_must_hold_may_hold_and_an_open_answer_has_a_reason(seed: int) -> None:
    for _, node, record, context in cases(seed):
        value = truth(node, record, context)
        assert value.may or not value.must, node.text
        assert value.exact != bool(value.reasons), node.text


@pytest.mark.parametrize("seed", SEEDS)
def test_filling_a_blank_never_changes_what_was_decided(seed: int) -> None:
    for rng, node, record, context in cases(seed):
        value = truth(node, record, context)
        if value.exact:
            later = truth(node, filled(rng, record), context)
            assert (later.must, later.may) == (value.must, value.may), node.text


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    for rng, node, record, context in cases(seed):
        shuffled = replace(
            record,
            events=tuple(rng.sample(record.events, len(record.events))),
            results=tuple(rng.sample(record.results, len(record.results))),
            line_members=tuple(rng.sample(record.line_members, len(record.line_members))),
        )
        assert truth(node, shuffled, context) == truth(node, record, context), node.text


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_of_another_concept_do_not_matter(seed: int) -> None:
    unrelated: tuple[Event, ...] = (
        event("unrelated", "2024-01-15", "ongoing", row=10**6, table="conditions"),
    )
    for _, node, record, context in cases(seed):
        more = replace(record, events=record.events + unrelated)
        assert truth(node, more, context) == truth(node, record, context), node.text


@pytest.mark.parametrize("seed", SEEDS)
def test_a_criterion_turned_round_passes_where_it_failed_and_stays_unknown(seed: int) -> None:
    turned = {"pass": "fail", "fail": "pass", "unknown": "unknown"}
    plain = CriterionCase("C1", "inclusion", curability=(CurabilityCase(None, "data"),))
    for _, node, record, context in cases(seed):
        asked = judge(replace(plain, main=node), record, context)
        excluded = judge(replace(plain, kind="exclusion", main=node), record, context)
        assert excluded.verdict == turned[asked.verdict], node.text
        assert excluded.reason == asked.reason, node.text


@pytest.mark.parametrize("seed", SEEDS)
def test_a_verdict_tells_a_reason_if_unknown_and_whether_it_lifts_if_failed(seed: int) -> None:
    rng = seeded(seed)
    facts = random_facts(rng, PATIENTS)
    for _ in range(EXPRESSIONS):
        criterion = random_criterion(rng)
        anchors = random_anchors(rng, facts.as_of)
        for record in records(facts):
            answer = record.attestations.get(("random-trial", criterion.id))
            verdict = judge(criterion, record, Context(anchors, 7, criterion.kind, answer))
            assert (verdict.verdict == "unknown") == (verdict.reason is not None)
            assert verdict.verdict != "unknown" or answer is None
            assert verdict.curability is None or verdict.verdict == "fail"
            assert verdict.verdict != "fail" or not criterion.curability or verdict.curability
