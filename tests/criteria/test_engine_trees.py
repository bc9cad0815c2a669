"""The engine refuses a tree whose parts are of the wrong kind; it never answers something else instead."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from criteria.engine.batch import Batch
from criteria.engine.evaluate import Evaluator, ResultEvaluator, RowEvaluator, SilentRowEvaluator
from criteria.language.tree import Attested, Constant, Count, EventSet, Node, RowAttribute, Type
from tests.spec.language import expression, facts_of

SET = expression("radiotherapy", Type.SET)
NUMBER = expression("ecog", Type.NUMBER)
GRADE = RowAttribute(type=Type.NUMBER, text="grade", name="grade")
CONTROLLED = RowAttribute(type=Type.TRUTH, text="controlled", name="controlled")


@pytest.fixture
def batch() -> Batch:
    facts, anchors = facts_of({"radiotherapy": {}, "qtc": 430})
    return Batch(facts, anchors, 7)


def of_rows(batch: Batch) -> RowEvaluator:
    return RowEvaluator(batch, Evaluator(batch, 1).rows(SET))


def of_results(batch: Batch) -> ResultEvaluator:
    return ResultEvaluator(batch, batch.results("qtc"))


WRONG: tuple[tuple[str, Callable[[Batch], object], str], ...] = (
    ("a set is no truth", lambda batch: Evaluator(batch, 1).truth(SET), "is not a truth"),
    ("a set is no number", lambda batch: Evaluator(batch, 1).interval(SET), "is not a number"),
    ("a number is no set", lambda batch: Evaluator(batch, 1).rows(NUMBER), "is not an event set"),
    ("a row has no latest result", lambda batch: of_rows(batch).interval(NUMBER), "cannot be asked of a row"),
    ("nor has one that is not there", lambda batch: SilentRowEvaluator(batch).interval(NUMBER), "of a row"),
    ("a result has no attribute", lambda batch: of_results(batch).interval(GRADE), "asked of a result"),
    ("a result is no yes or no", lambda batch: of_results(batch).truth(CONTROLLED), "asked of a result"),
    (
        "nothing is attested outside a criterion",
        lambda batch: Evaluator(batch, 1).truth(Attested(type=Type.TRUTH, text="", question="?")),
        "needs a criterion",
    ),
)


@pytest.mark.parametrize(("sentence", "ask", "says"), WRONG, ids=[sentence for sentence, *_ in WRONG])
def test_a_tree_of_the_wrong_kind_is_refused(
    sentence: str, ask: Callable[[Batch], object], says: str, batch: Batch
) -> None:
    with pytest.raises(TypeError, match=says):
        ask(batch)


def test_a_row_that_is_not_there_may_say_yes_or_no(batch: Batch) -> None:
    truth = SilentRowEvaluator(batch).truth(CONTROLLED)
    assert (truth.must.to_list(), truth.may.to_list()) == ([False], [True])


def test_a_set_without_members_has_no_rows(batch: Batch) -> None:
    assert isinstance(SET, EventSet)
    empty = replace(SET, members=(), any_of=())
    counted = Evaluator(batch, 1).interval(Count(type=Type.NUMBER, text="", rows=empty))
    assert counted.high.to_list() == [Decimal(0)]


def test_a_constant_is_the_same_for_every_row(batch: Batch) -> None:
    five: Node = Constant(type=Type.NUMBER, text="5", value=Decimal(5))
    assert of_rows(batch).interval(five).low.equals(pl.Series([Decimal(5)], dtype=pl.Decimal(38, 9)))
