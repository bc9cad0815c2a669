"""The random patients and expressions are what they should be: well formed, varied, the same by seed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from inspect import getmembers, isclass

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference.context import Anchors, Context
from criteria.reference.evaluate import truth
from criteria.reference.record import records
from schemas.facts import ATTRIBUTES, EVERYBODY, FRAME_NAMES, SCHEMAS, Facts
from schemas.words import BEGINNING, FOREVER
from tests.differential.strategies import (
    MAX_DEPTH,
    anchors,
    criteria,
    fact_batches,
    random_criterion,
    random_facts,
    random_tree,
    seeded,
    trees,
)
from tests.differential.universe import CRITERION_IDS

NODE_TYPES = {kind for _, kind in getmembers(tree, isclass) if issubclass(kind, Node) and kind is not Node}


def children(node: Node) -> Iterator[Node]:
    """The nodes right below a node."""
    for part in fields(node):
        value = getattr(node, part.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Node):
                yield one


def walk(node: Node) -> Iterator[Node]:
    """The node and every node below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Node) -> int:
    """How many nodes lie on the longest way down."""
    return 1 + max((depth(child) for child in children(node)), default=0)


def test_every_kind_of_node_occurs_often() -> None:
    rng = seeded(1)
    kinds = (Type.TRUTH, Type.NUMBER, Type.DATE, Type.WORD, Type.SET)
    nodes = [node for _ in range(400) for kind in kinds for node in walk(random_tree(rng, kind))]
    counts = Counter(type(node) for node in nodes)
    assert set(counts) == NODE_TYPES
    assert min(counts.values()) >= 20


def test_every_variant_of_a_node_occurs() -> None:
    rng = seeded(2)
    nodes = [node for _ in range(1500) for node in walk(random_tree(rng, Type.TRUTH))]
    variants = {
        (type(node).__name__, getattr(node, name))
        for node in nodes
        for name in ("operator", "which", "unit", "part", "name")
        if isinstance(getattr(node, name, None), str)
    }
    assert {("Compare", operator) for operator in ("=", "<>", "<", "<=", ">", ">=")} <= variants
    assert {("Arithmetic", operator) for operator in ("+", "-", "*")} <= variants
    assert {("Within", unit) for unit in ("days", "weeks", "months", "years")} <= variants
    assert {("FollowedWithin", unit) for unit in ("days", "months")} <= variants
    assert {("Since", unit) for unit in ("days", "months")} <= variants
    assert {("Measurement", part) for part in ("value", "upper_limit", "lower_limit", "date")} <= variants
    assert {("RowAttribute", name) for name in ATTRIBUTES} <= variants
    assert {(kind, which) for kind in ("Edge",) for which in ("first", "last")} <= variants
    assert any(isinstance(node, tree.FollowedWithin) and node.length is None for node in nodes)


def test_expressions_are_at_most_six_deep_and_of_the_type_asked_for() -> None:
    rng = seeded(3)
    for _ in range(300):
        for kind in (Type.TRUTH, Type.NUMBER, Type.DATE, Type.WORD, Type.SET):
            node = random_tree(rng, kind)
            assert node.type is kind
            # Where the depth is used up, a leaf such as ever(set) still has a node of its own below it.
            assert depth(node) <= MAX_DEPTH + 1


def test_facts_have_their_columns_and_their_order() -> None:
    facts = random_facts(seeded(4), 50)
    for name in FRAME_NAMES:
        frame = getattr(facts, name)
        assert frame.schema == pl.Schema(SCHEMAS[name])
        if "patient" in frame.columns:
            assert frame.get_column("patient").is_sorted()
    assert facts.patients.height == 50


def test_facts_keep_the_promises_of_facts() -> None:
    facts = random_facts(seeded(5), 300)
    events, results = facts.events, facts.results
    assert events.filter(pl.col("start_earliest") > pl.col("start_latest")).is_empty()
    assert events.filter(pl.col("end_earliest") > pl.col("end_latest")).is_empty()
    assert events.filter(pl.col("start_earliest") > pl.col("end_earliest")).is_empty()
    assert events.filter(pl.col("start_latest") > pl.col("end_latest")).is_empty()
    assert events.filter(pl.col("start_earliest") > facts.as_of).is_empty()
    assert events.filter(pl.col("certain") & (pl.col("start_latest") > facts.as_of)).is_empty()
    assert events.filter(~pl.col("certain") & (pl.col("reasons") == 0)).is_empty()
    assert events.filter(pl.col("fact_until") < facts.as_of).is_empty()
    assert not events.select("patient", "concept", "source_table", "source_row").is_duplicated().any()
    assert results.filter(pl.col("value_low") > pl.col("value_high")).is_empty()
    assert results.filter(pl.col("date_earliest") > facts.as_of).is_empty()
    assert not facts.latest.select("patient", "concept").is_duplicated().any()
    assert not facts.coverage.select("patient", "table").is_duplicated().any()


def test_facts_are_rich_in_what_is_half_known() -> None:
    facts = random_facts(seeded(6), 300)
    events, latest = facts.events, facts.latest
    for frame, some in (
        (events, pl.col("start_earliest") == BEGINNING),
        (events, pl.col("end_earliest") == FOREVER),
        (events, pl.col("start_earliest") < pl.col("start_latest")),
        (events, ~pl.col("certain")),
        (events, pl.col("concept") == "*"),
        (events, pl.col("fact_until") < FOREVER),
        (latest, pl.col("value_low") < pl.col("value_high")),
        (latest, pl.col("date_earliest") < pl.col("date_latest")),
        (latest, pl.col("upper_limit_reasons") > 0),
        (facts.coverage, pl.col("patient") == EVERYBODY),
        (facts.coverage, pl.col("complete_from") > BEGINNING),
        (facts.coverage, pl.col("complete_through") < facts.as_of),
        (facts.line_members, ~pl.col("certain")),
        (facts.attestations, pl.col("answer") == "not_applicable"),
    ):
        assert 5 <= frame.filter(some).height <= frame.height - 5


def test_the_same_seed_makes_the_same_facts_and_expressions() -> None:
    first, second = (random_facts(seeded(7), 20) for _ in range(2))
    assert all(getattr(first, name).equals(getattr(second, name)) for name in FRAME_NAMES)
    assert random_tree(seeded(8), Type.TRUTH) == random_tree(seeded(8), Type.TRUTH)
    assert random_criterion(seeded(9)) == random_criterion(seeded(9))


def test_about_as_many_answers_are_decided_as_are_open() -> None:
    rng = seeded(10)
    facts = random_facts(rng, 50)
    context = Context(Anchors(facts.as_of, facts.as_of, facts.as_of), 7)
    patients = records(facts)
    answers: Counter[tuple[bool, bool]] = Counter()
    for _ in range(100):
        node = random_tree(rng, Type.TRUTH)
        for record in patients:
            value = truth(node, record, context)
            answers[value.must, value.may] += 1
    assert min(answers.values()) > answers.total() / 10


def test_criteria_take_every_form() -> None:
    rng = seeded(11)
    found = [random_criterion(rng, rng.choice(CRITERION_IDS)) for _ in range(200)]
    assert {criterion.kind for criterion in found} == {"inclusion", "exclusion"}
    for form in ("manual", "applies", "review", "parts", "main"):
        assert 5 <= sum(bool(getattr(criterion, form)) for criterion in found) <= 195


@given(st.data(), fact_batches())
@settings(max_examples=30, deadline=None)
def test_hypothesis_draws_what_the_reference_can_answer(data: st.DataObject, facts: Facts) -> None:
    days, node, criterion = (
        data.draw(anchors(facts.as_of)),
        data.draw(trees(Type.TRUTH)),
        data.draw(criteria()),
    )
    assert days.as_of == facts.as_of
    assert facts.patients.height <= 8
    assert criterion.id in CRITERION_IDS
    for record in records(facts):
        value = truth(node, record, Context(days, 7, criterion.kind))
        assert value.may or not value.must
