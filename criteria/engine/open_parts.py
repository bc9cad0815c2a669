"""The open parts of a criterion, followed down to the facts that leave them open.

Only parts that are open themselves are followed: in ``a and b`` with a surely true, what ``a`` reads does not
matter any more. "Could" is the best case: a fact turns out as the trial wants it, and whoever has to attest
something does.
"""

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import polars as pl

from criteria.engine.batch import Batch
from criteria.engine.evaluate import Evaluator
from criteria.engine.logic import all_of, any_of, negate
from criteria.engine.values import NEVER, Truth, choose, flag, truth, whole
from criteria.language.tree import (
    Age,
    All,
    Among,
    AnyOf,
    Arithmetic,
    AtLeast,
    Attested,
    Compare,
    Constant,
    EventSet,
    Extreme,
    If,
    Measurement,
    Node,
    Not,
    PatientFact,
    Times,
    Type,
)
from criteria.trial import Criterion, Part
from criteria.usage import nodes_in
from schemas.words import FACT_KINDS, reason_bit

# A kind and a name: of a measurement, a set, a personal fact or a table; a criterion's id for a question.
Fact = tuple[str, str]
MEASUREMENT, RECORD, PERSON, TABLE, NAMES, REVIEW, ATTESTATION = FACT_KINDS
# A set that is open for the first of these alone waits for its table; for the second, for what a name means.
_TRAILING = reason_bit("not_captured") | reason_bit("source_stale")
_UNLISTED = reason_bit("unmapped_code")


@dataclass(frozen=True)
class Gap:
    """Where a fact is open, and why, as bits."""

    mask: pl.Series
    bits: pl.Series


Gaps = dict[Fact, Gap]


@dataclass(frozen=True, kw_only=True)
class Review(Node):
    """Left to a person where the condition may hold."""

    condition: Node


def statement_of(criterion: Criterion) -> tuple[Node, bool]:
    """A criterion as one expression that is open where its verdict is, and what it must become to pass."""
    wanted = criterion.kind == "inclusion"
    if criterion.manual is not None:
        body: Node = Attested(type=Type.TRUTH, text="", question=criterion.manual)
    elif criterion.parts:
        body = AnyOf(
            type=Type.TRUTH, text="", parts=tuple(_reviewed(part, wanted) for part in criterion.parts)
        )
        body = _with_review(body, criterion.review, wanted)
    else:
        body = _reviewed(criterion, wanted)
    if criterion.applies is None:
        return body, wanted
    if wanted:
        excused = Not(type=Type.TRUTH, text="", part=criterion.applies)
        return AnyOf(type=Type.TRUTH, text="", parts=(body, excused)), wanted
    return All(type=Type.TRUTH, text="", parts=(body, criterion.applies)), wanted


def _reviewed(part: Criterion | Part, wanted: bool) -> Node:
    main = part.main or Constant(type=Type.TRUTH, text="", value=Decimal(wanted))
    return _with_review(main, part.review, wanted)


def _with_review(body: Node, review: Node | None, wanted: bool) -> Node:
    if review is None:
        return body
    left = Review(type=Type.TRUTH, text="", condition=review)
    if wanted:
        return All(type=Type.TRUTH, text="", parts=(body, Not(type=Type.TRUTH, text="", part=left)))
    return AnyOf(type=Type.TRUTH, text="", parts=(body, left))


class OpenParts:
    """The open facts of one criterion's expressions for a batch of patients."""

    def __init__(self, batch: Batch, criterion_id: str) -> None:
        self.batch = batch
        self.height = batch.height
        self.criterion_id = criterion_id
        nobody = flag(False, batch.height)
        self.evaluator = Evaluator(batch, batch.height, (nobody, nobody))
        self._truths: dict[int, Truth] = {}
        self._gaps: dict[int, Gaps] = {}

    def truth(self, node: Node) -> Truth:
        """What a part is worth."""
        if id(node) not in self._truths:
            self._truths[id(node)] = self._truth(node)
        return self._truths[id(node)]

    def _truth(self, node: Node) -> Truth:
        match node:
            case All():
                return all_of([self.truth(part) for part in node.parts])
            case AnyOf():
                return any_of([self.truth(part) for part in node.parts])
            case Not():
                return negate(self.truth(node.part))
            case Review():
                bits = whole(reason_bit("needs_review"), self.height)
                may = self.truth(node.condition).may
                return truth(flag(False, self.height), may, bits, whole(NEVER, self.height))
            case _:
                return self.evaluator.truth(node)

    def gaps(self, node: Node) -> Gaps:
        """The facts that leave a truth open, each with the patients for whom it does."""
        if id(node) not in self._gaps:
            unknown = self.truth(node).unknown
            self._gaps[id(node)] = _merged(
                (fact, Gap(gap.mask & unknown, gap.bits)) for fact, gap in self._parts(node)
            )
        return self._gaps[id(node)]

    def _parts(self, node: Node) -> Iterator[tuple[Fact, Gap]]:
        match node:
            case All() | AnyOf() | AtLeast():
                for part in node.parts:
                    yield from self.gaps(part).items()
            case Not():
                yield from self.gaps(node.part).items()
            case If():
                yield from self._branches(node, self.gaps(node.then), self.gaps(node.otherwise))
            case Review():
                yield from self.gaps(node.condition).items()
                must, bits = self.truth(node.condition).must, self.truth(node).reasons
                yield (REVIEW, self.criterion_id), Gap(must, bits)
            case Attested():
                given = self.truth(node)
                yield (ATTESTATION, self.criterion_id), Gap(given.unknown, given.reasons)
            case Compare():
                yield from self._compared(node, (node.left, node.right))
            case Among():
                yield from self._compared(node, (node.item,))
            case _:
                yield from self._named(node, self.truth(node))

    def _branches(self, node: If, then: Gaps, otherwise: Gaps) -> Iterator[tuple[Fact, Gap]]:
        """The condition, and each branch where it may be the one that counts."""
        condition = self.truth(node.condition)
        yield from self.gaps(node.condition).items()
        for gaps, live in ((then, condition.may), (otherwise, ~condition.must)):
            yield from ((fact, Gap(gap.mask & live, gap.bits)) for fact, gap in gaps.items())

    def _compared(self, node: Node, sides: Iterable[Node]) -> Iterator[tuple[Fact, Gap]]:
        """What leaves a comparison open: a side that is not exact, or if all are, whatever it reads."""
        found = [item for side in sides for item in self._inexact(side)]
        yield from found if found else self._named(node, self.truth(node))

    def _inexact(self, node: Node) -> Iterator[tuple[Fact, Gap]]:
        """What leaves a number, a word or a date open."""
        match node:
            case Arithmetic():
                yield from (*self._inexact(node.left), *self._inexact(node.right))
            case Extreme():
                yield from (item for part in node.parts for item in self._inexact(part))
            case If():
                sides = (_merged(self._inexact(part)) for part in (node.then, node.otherwise))
                yield from self._branches(node, *sides)
            case _:
                value = self.evaluator.interval(node)
                open_ = Truth(flag(False, self.height), value.low != value.high, value.reasons, value.until)
                yield from self._named(node, open_)

    def _named(self, node: Node, worth: Truth) -> Iterator[tuple[Fact, Gap]]:
        """What a leaf reads; for whom it is only its table that trails, or an unlisted name, that instead."""
        bits = worth.reasons
        trailing = (bits != 0) & (bits & ~_TRAILING == 0)
        unlisted = bits & _UNLISTED != 0
        masks = {TABLE: worth.unknown & trailing, NAMES: worth.unknown & unlisted}
        plain = worth.unknown & ~trailing & ~unlisted
        for fact in dict.fromkeys(_facts_in(node)):
            yield fact, Gap(masks.get(fact[0], plain), bits)

    def could(self, node: Node, wanted: bool, fact: Fact) -> pl.Series:
        """For whom this fact alone, if it turns out well, makes a truth what is wanted."""
        worth = self.truth(node)
        already = worth.must if wanted else ~worth.may
        match node:
            case All() | AnyOf():
                each = [self.could(part, wanted, fact) for part in node.parts]
                return _all(each) if isinstance(node, All) == wanted else _any(each)
            case Not():
                return self.could(node.part, not wanted, fact)
            case Attested():
                return flag(True, self.height)
            case Review() if fact[0] == REVIEW:
                return already | self.truth(node.condition).must
            case Review():
                return already | self.could(node.condition, False, fact)
            case _:
                gaps = self.gaps(node)
                if fact not in gaps:
                    return already
                others = [gap.mask for other, gap in gaps.items() if other != fact]
                return already | (gaps[fact].mask & ~_any([flag(False, self.height), *others]))


def _merged(items: Iterable[tuple[Fact, Gap]]) -> Gaps:
    found: Gaps = {}
    for fact, gap in items:
        bits = choose(gap.mask, gap.bits, whole(0, len(gap.mask)))
        known = found.get(fact)
        found[fact] = Gap(known.mask | gap.mask, known.bits | bits) if known else Gap(gap.mask, bits)
    return found


def _facts_in(node: Node) -> Iterator[Fact]:
    for part in nodes_in(node):
        match part:
            case Measurement() | Times():
                yield MEASUREMENT, part.concept
                yield TABLE, "observations"
            case EventSet():
                yield RECORD, part.name
                yield from ((TABLE, table) for table in part.home_tables)
                yield NAMES, ", ".join(part.any_of or part.home_tables)
            case Age():
                yield PERSON, "age"
            case PatientFact():
                yield PERSON, part.name


def _all(masks: list[pl.Series]) -> pl.Series:
    return reduce(operator.and_, masks)


def _any(masks: list[pl.Series]) -> pl.Series:
    return reduce(operator.or_, masks)
