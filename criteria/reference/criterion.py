"""The verdict on one criterion for one patient: its statement, what was attested, whether a fail lifts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from criteria.language.tree import Node
from criteria.reference.context import Context
from criteria.reference.evaluate import truth
from criteria.reference.operators import conjunction, disjunction, negation
from criteria.reference.record import Record
from criteria.reference.values import NO, YES, Reasons, TruthValue
from schemas.words import CURABILITIES, REASONS

_FOR_REVIEW = TruthValue(False, True, frozenset({"needs_review"}))
_UNANSWERED = TruthValue(False, True, frozenset({"needs_attestation"}))


class Case(Protocol):
    """Whether a fail can lift, where ``when`` surely holds; ``when`` is None for every other case."""

    @property
    def when(self) -> Node | None: ...
    @property
    def word(self) -> str: ...


Curability = Sequence[Case]


class Part(Protocol):
    """One of several ways to meet or to be caught by a criterion."""

    @property
    def main(self) -> Node | None: ...
    @property
    def review(self) -> Node | None: ...
    @property
    def curability(self) -> Curability: ...


class Criterion(Part, Protocol):
    """A criterion as the trial file states it; ``kind`` is inclusion or exclusion."""

    @property
    def kind(self) -> str: ...
    @property
    def manual(self) -> str | None: ...
    @property
    def applies(self) -> Node | None: ...
    @property
    def parts(self) -> Sequence[Part]: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """``reason`` only for an unknown, ``curability`` only for a fail."""

    verdict: str
    reason: str | None = None
    curability: str | None = None


def judge(criterion: Criterion, record: Record, context: Context) -> Judgement:
    """The verdict; an unknown takes the attested answer, a computed verdict is never overridden."""
    applies = YES if criterion.applies is None else truth(criterion.applies, record, context)
    if not applies.may:
        return Judgement("not_applicable")
    holds = statement(criterion, record, context)
    if holds.must:
        return Judgement("pass")
    if applies.must and not holds.may:
        return Judgement("fail", curability=_curability_of_fail(criterion, record, context))
    if context.attestation is None:
        return Judgement("unknown", reason=first_reason(holds.reasons | applies.reasons))
    if context.attestation == "fail":
        return Judgement("fail", curability=_curability_of_attested_fail(criterion))
    return Judgement(context.attestation)


def first_reason(reasons: Reasons) -> str:
    """The reason that is published of several."""
    return next(reason for reason in REASONS if reason in reasons)


def statement(criterion: Criterion, record: Record, context: Context) -> TruthValue:
    """Whether what the patient needs holds: an inclusion is met, an exclusion does not catch."""
    if criterion.manual is not None:
        return _UNANSWERED
    if criterion.parts:
        return _joined_parts(criterion, record, context)
    return _part_statement(criterion, criterion.kind, record, context)


def _joined_parts(criterion: Criterion, record: Record, context: Context) -> TruthValue:
    """An inclusion needs one of its parts; an exclusion must not catch by any. The review comes on top."""
    parts = [_part_statement(part, criterion.kind, record, context) for part in criterion.parts]
    review_passed = negation(_in_review(criterion, record, context))
    if criterion.kind == "inclusion":
        return conjunction([disjunction(parts), review_passed])
    return conjunction([*parts, review_passed])


def _part_statement(part: Part, kind: str, record: Record, context: Context) -> TruthValue:
    """Inclusion: M and not (R and U); exclusion: not (E or (R and U)), which is not E and not (R and U)."""
    review_passed = negation(_in_review(part, record, context))
    if part.main is None:
        return review_passed
    main = truth(part.main, record, context)
    return conjunction([main if kind == "inclusion" else negation(main), review_passed])


def _in_review(part: Part, record: Record, context: Context) -> TruthValue:
    """R and U: open where the review applies, surely false where it does not."""
    review = NO if part.review is None else truth(part.review, record, context)
    return conjunction([review, _FOR_REVIEW])


def _curability_of_fail(criterion: Criterion, record: Record, context: Context) -> str:
    """Exclusion: the worst of the parts that surely exclude; inclusion: the best, as one part is enough."""
    if not criterion.parts:
        return _first_that_holds(criterion.curability, record, context)
    kind = criterion.kind
    failing = [part for part in criterion.parts if not _part_statement(part, kind, record, context).may]
    lists = [part.curability or criterion.curability for part in failing]
    answers = [_first_that_holds(curability, record, context) for curability in lists]
    return (min if kind == "inclusion" else max)(answers, key=CURABILITIES.index)


def _first_that_holds(curability: Curability, record: Record, context: Context) -> str:
    for case in curability[:-1]:
        if case.when is not None and truth(case.when, record, context).must:
            return case.word
    return curability[-1].word


def _curability_of_attested_fail(criterion: Criterion) -> str:
    """The last that the criterion names, else the worst last of its parts, else data: it may be corrected."""
    if criterion.curability:
        return criterion.curability[-1].word
    lasts = [part.curability[-1].word for part in criterion.parts]
    return max(lasts, key=CURABILITIES.index, default="data")
