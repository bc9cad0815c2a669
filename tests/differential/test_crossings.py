"""Until the day that a batch names nothing turns: the same verdicts, reasons and last days, moved as they
say.

Random expressions over random patients, looked at again on later nights on which every table that kept up
with the days reaches as many days further, as a registry that is delivered every night does.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random

import polars as pl
import pytest

from criteria.engine.batch import Anchors, Batch
from criteria.engine.crossings import Crossings
from criteria.engine.evaluate import Evaluator
from criteria.engine.values import NEVER, Truth, days, flag, moves, whole
from criteria.language.tree import Node, Type
from schemas.facts import Facts
from schemas.words import KEEPS_UP_DAYS
from tests.differential.random_facts import random_facts
from tests.differential.random_trees import random_tree
from tests.differential.strategies import random_anchors, seeded

PATIENTS = 40
TREES = 240
BLOCKS = 4
NIGHTS = (1, 2, 3, 7, 14, 30, 60)


def _judged(
    node: Node, facts: Facts, anchors: Anchors, lag: int, crossings: Crossings | None = None
) -> Truth:
    nobody = flag(False, facts.patients.height)
    batch = Batch(facts, anchors, lag, crossings=crossings)
    return Evaluator(batch, batch.height, (nobody, nobody)).truth(node)


def _later(facts: Facts, anchors: Anchors, nights: int) -> tuple[Facts, Anchors]:
    """The same facts so many nights later: what kept up with the days goes on keeping up."""
    ahead = timedelta(days=nights)
    through = pl.col("complete_through")
    keeps_up = through >= anchors.as_of - timedelta(days=KEEPS_UP_DAYS)
    coverage = facts.coverage.with_columns(
        pl.when(keeps_up & (through.dt.year() < 9999)).then(through + ahead).otherwise(through)
    )
    moved = Anchors(anchors.as_of + ahead, anchors.enrollment + ahead, anchors.first_dose + ahead)
    return replace(facts, as_of=moved.as_of, coverage=coverage), moved


def _wrong(now: Truth, then: Truth, quiet: pl.Series, nights: int) -> pl.Series:
    """The quiet patients about whom something turned."""
    shifted = now.until + 2 * nights * moves(now.until).cast(pl.Int64)
    never = (now.until >= NEVER) & (then.until >= NEVER)
    same = (now.must == then.must) & (now.may == then.may) & (now.reasons == then.reasons)
    return quiet & ~(same & (never | (shifted == then.until)))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_nothing_turns_before_the_day_that_is_named(block: int) -> None:
    _compare_trees(7_000_000 + 100_000 * block, TREES // BLOCKS)


@pytest.mark.long
@pytest.mark.parametrize("block", range(BLOCKS))
def test_nothing_turns_in_six_thousand_expressions(block: int) -> None:
    _compare_trees(70_000_000 + 100_000 * block, 1500)


def _compare_trees(first_seed: int, trees: int) -> None:
    looked_at = sum(_quiet_nights(seed) for seed in range(first_seed, first_seed + trees))
    # Otherwise a day that is always tomorrow would do.
    assert looked_at > PATIENTS * len(NIGHTS) * trees // 10


def _quiet_nights(seed: int) -> int:
    """How many patients of how many nights were quiet, and are the same."""
    rng: Random = seeded(seed)
    node = random_tree(rng, Type.TRUTH, rng.choice((1, 2, 3, 4)))
    facts = random_facts(rng, PATIENTS)
    drawn = random_anchors(rng, facts.as_of)
    anchors = Anchors(drawn.as_of, drawn.enrollment, drawn.first_dose)
    lag = rng.choice((0, 7))
    today = whole(days(anchors.as_of), PATIENTS)
    crossings = Crossings(PATIENTS, today)
    now = _judged(node, facts, anchors, lag, crossings)
    due, looked_at = crossings.due(), 0
    for nights in NIGHTS:
        quiet = due > today + nights
        then = _judged(node, *_later(facts, anchors, nights), lag)
        wrong = _wrong(now, then, quiet, nights)
        assert not wrong.any(), f"seed {seed}, {nights} nights: {node.text}: patient {wrong.arg_true()[0]}"
        looked_at += int(quiet.sum())
    return looked_at
