"""What differential tests draw: patients, expressions, criteria and the days to look from.

``random_*`` make them from a seeded generator, fast, for long runs; the Hypothesis strategies shrink: a batch
loses patients one by one, an expression its branches.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from hypothesis import strategies as st

from criteria.language.tree import Node, Type
from criteria.reference.context import Anchors
from criteria.reference.days import add_days
from schemas.facts import Facts
from schemas.words import CURABILITIES, KINDS
from tests.differential.random_facts import facts_of, random_as_of, random_facts
from tests.differential.random_trees import MAX_DEPTH, random_tree
from tests.differential.universe import AS_OF_DAYS, CRITERION_IDS, LENGTHS

__all__ = [
    "MAX_DEPTH",
    "CriterionCase",
    "CurabilityCase",
    "PartCase",
    "anchors",
    "criteria",
    "fact_batches",
    "random_anchors",
    "random_as_of",
    "random_criterion",
    "random_facts",
    "random_tree",
    "seeded",
    "trees",
]


@dataclass(frozen=True)
class CurabilityCase:
    """Whether a fail can lift, where ``when`` surely holds."""

    when: Node | None
    word: str


Curability = tuple[CurabilityCase, ...]


@dataclass(frozen=True)
class PartCase:
    """A part of a random criterion."""

    id: str
    main: Node | None
    review: Node | None = None
    curability: Curability = ()
    protocol: tuple[str, ...] = ("One of several.",)
    review_question: str = ""
    note: str = ""


@dataclass(frozen=True)
class CriterionCase:
    """A random criterion, with the attributes that both engines read."""

    id: str
    kind: str
    main: Node | None = None
    applies: Node | None = None
    review: Node | None = None
    manual: str | None = None
    parts: tuple[PartCase, ...] = ()
    curability: Curability = (CurabilityCase(None, "data"),)
    protocol: tuple[str, ...] = field(default=("What is asked.",))
    review_question: str = ""
    note: str = ""


def seeded(seed: int) -> Random:
    """A generator that makes the same things each time."""
    return Random(seed)  # noqa: S311  # test data, not a secret


def random_anchors(rng: Random, as_of: date) -> Anchors:
    """Days to look from: on ``as_of``, some time after it, now and then before it."""
    enrollment = add_days(as_of, rng.choice((0, 0, 1, 7, 28, -3)))
    return Anchors(as_of, enrollment, add_days(enrollment, rng.choice((0, 0, 1, 14, -1))))


def _maybe(rng: Random, chance: float, depth: int) -> Node | None:
    return random_tree(rng, Type.TRUTH, depth) if rng.random() < chance else None


def _curability(rng: Random, chance_of_when: float) -> Curability:
    last = CurabilityCase(None, rng.choice(CURABILITIES))
    if rng.random() < chance_of_when:
        return CurabilityCase(random_tree(rng, Type.TRUTH, 3), rng.choice(CURABILITIES)), last
    return (last,)


def _part(rng: Random, name: str, depth: int) -> PartCase:
    curability = _curability(rng, 0.3) if rng.random() < 0.7 else ()
    main = random_tree(rng, Type.TRUTH, depth)
    return PartCase(name, main, _maybe(rng, 0.2, 3), curability)


def random_criterion(
    rng: Random, criterion_id: str = CRITERION_IDS[0], depth: int = MAX_DEPTH
) -> CriterionCase:
    """A criterion of either kind: plain, manual, in parts, with review, sometimes not applicable."""
    plain = CriterionCase(
        id=criterion_id,
        kind=rng.choice(KINDS),
        applies=_maybe(rng, 0.3, 3),
        curability=_curability(rng, 0.5),
    )
    form = rng.random()
    if form < 0.05:
        return replace(plain, manual="Is it so?", curability=rng.choice((plain.curability, ())))
    if form < 0.1:
        return replace(plain, review=random_tree(rng, Type.TRUTH, depth))
    review = _maybe(rng, 0.3, 3)
    if form < 0.35:
        letters = "abc"[: rng.randint(1, 3)]
        parts = tuple(_part(rng, f"{criterion_id}{letter}", depth - 1) for letter in letters)
        return replace(plain, parts=parts, review=review)
    return replace(plain, main=random_tree(rng, Type.TRUTH, depth), review=review)


def trees(kind: Type, depth: int = MAX_DEPTH) -> st.SearchStrategy[Node]:
    """Expressions of a type."""
    return st.randoms(use_true_random=False).map(lambda rng: random_tree(rng, kind, depth))


def criteria(depth: int = 4) -> st.SearchStrategy[CriterionCase]:
    """Criteria of either kind."""
    return st.randoms(use_true_random=False).map(lambda rng: random_criterion(rng, depth=depth))


@st.composite
def fact_batches(draw: st.DrawFn, max_patients: int = 8) -> Facts:
    """Facts about a few patients, each made from a seed of its own, so that patients shrink away."""
    as_of = draw(st.sampled_from(AS_OF_DAYS))
    seeds = draw(st.lists(st.integers(0, 2**32 - 1), max_size=max_patients))
    coverage_seed = draw(st.integers(0, 2**32 - 1))
    return facts_of([seeded(seed) for seed in seeds], as_of, seeded(coverage_seed))


@st.composite
def anchors(draw: st.DrawFn, as_of: date) -> Anchors:
    """Days to look from for a batch as of a day."""
    enrollment = add_days(as_of, draw(st.sampled_from((0, 1, -3, *LENGTHS))))
    return Anchors(as_of, enrollment, add_days(enrollment, draw(st.sampled_from((0, 1, 14, -1)))))
