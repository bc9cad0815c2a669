"""How a criterion's verdict comes about: kind, review, parts, applicability, attestation, curability."""

from dataclasses import dataclass, replace

import pytest

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference.criterion import Judgement, first_reason, judge
from tests.reference.builders import NOW, OPEN, answer, known, patient

ATTESTED = tree.Attested(type=Type.TRUTH, text="attested", question="Is it so?")
UNKNOWN = Judgement("unknown", reason="never_recorded")
PASS = Judgement("pass")


@dataclass(frozen=True)
class Case:
    when: Node | None
    word: str


def cases(*words: str) -> tuple[Case, ...]:
    return tuple(Case(None, word) for word in words)


@dataclass(frozen=True)
class Part:
    main: Node | None = None
    review: Node | None = None
    curability: tuple[Case, ...] = ()


@dataclass(frozen=True)
class Criterion:
    kind: str = "inclusion"
    main: Node | None = None
    manual: str | None = None
    applies: Node | None = None
    review: Node | None = None
    parts: tuple[Part, ...] = ()
    curability: tuple[Case, ...] = (Case(None, "retest"),)


def fail(curability: str | None = "retest") -> Judgement:
    return Judgement("fail", curability=curability)


def judged(criterion: Criterion, attestation: str | None = None) -> Judgement:
    return judge(criterion, patient(), replace(NOW, kind=criterion.kind, attestation=attestation))


@pytest.mark.parametrize(
    ("kind", "main", "expected"),
    [
        ("inclusion", known(True), PASS),
        ("inclusion", known(False), fail()),
        ("inclusion", OPEN, UNKNOWN),
        ("exclusion", known(True), fail()),
        ("exclusion", known(False), PASS),
        ("exclusion", OPEN, UNKNOWN),
    ],
)
def test_an_inclusion_passes_when_it_holds_and_an_exclusion_when_it_does_not(
    kind: str, main: Node, expected: Judgement
) -> None:
    assert judged(Criterion(kind, main)) == expected


@pytest.mark.parametrize(
    ("kind", "main", "review", "expected"),
    [
        ("inclusion", True, known(True), "needs_review"),
        ("inclusion", False, known(True), "fail"),
        ("inclusion", True, known(False), "pass"),
        ("inclusion", True, OPEN, "never_recorded"),
        ("inclusion", False, OPEN, "fail"),
        ("exclusion", False, known(True), "needs_review"),
        ("exclusion", True, known(True), "fail"),
        ("exclusion", False, known(False), "pass"),
        ("exclusion", False, OPEN, "never_recorded"),
    ],
)
def test_review_leaves_the_verdict_to_a_person_unless_it_fails_already(
    kind: str, main: bool, review: Node, expected: str
) -> None:
    verdict = judged(Criterion(kind, known(main), review=review))
    assert expected in (verdict.verdict, verdict.reason)


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_a_criterion_of_review_alone_passes_or_is_for_a_person(kind: str) -> None:
    assert judged(Criterion(kind, review=known(True))) == Judgement("unknown", reason="needs_review")
    assert judged(Criterion(kind, review=known(False))) == PASS


@pytest.mark.parametrize(
    ("main", "applies", "expected"),
    [
        (known(False), known(False), Judgement("not_applicable")),
        (known(False), known(True), fail()),
        (known(True), OPEN, PASS),
        (known(False), OPEN, UNKNOWN),
        (OPEN, OPEN, UNKNOWN),
    ],
)
def test_what_does_not_apply_is_not_judged_and_what_may_not_apply_cannot_fail(
    main: Node, applies: Node, expected: Judgement
) -> None:
    assert judged(Criterion(main=main, applies=applies)) == expected


def test_a_criterion_that_may_not_apply_tells_the_reasons_of_both() -> None:
    verdict = judged(Criterion(main=known(True), applies=OPEN, review=known(True)))
    assert verdict == UNKNOWN


def test_manual_is_what_a_person_answers() -> None:
    manual = Criterion(manual="Is it so?")
    assert judged(manual) == Judgement("unknown", reason="needs_attestation")
    assert judged(manual, "pass") == PASS
    assert judged(manual, "fail") == fail()
    assert judged(manual, "not_applicable") == Judgement("not_applicable")
    assert judged(replace(manual, applies=known(False))) == Judgement("not_applicable")


def test_an_attestation_settles_an_unknown_and_never_a_computed_verdict() -> None:
    for attestation in ("pass", "fail", "not_applicable"):
        assert judged(Criterion(main=OPEN), attestation).verdict == attestation
        assert judged(Criterion(main=known(True)), attestation) == PASS
        assert judged(Criterion(main=known(False)), attestation) == fail()
        assert judged(Criterion(main=OPEN, applies=known(False)), attestation).verdict == "not_applicable"


def test_an_attested_part_of_an_expression_counts_as_computed() -> None:
    both = tree.AnyOf(type=Type.TRUTH, text="or", parts=(known(False), ATTESTED))
    assert judged(Criterion(main=both)) == Judgement("unknown", reason="needs_attestation")
    assert judged(Criterion(main=both), "pass") == PASS
    assert judged(Criterion(main=both), "not_applicable") == Judgement("not_applicable")
    assert judged(Criterion("exclusion", both), "fail") == fail()


@pytest.mark.parametrize(
    ("kind", "mains", "expected"),
    [
        ("inclusion", (known(True), known(False)), "pass"),
        ("inclusion", (known(False), known(False)), "fail"),
        ("inclusion", (known(False), OPEN), "unknown"),
        ("inclusion", (known(True), OPEN), "pass"),
        ("exclusion", (known(True), known(False)), "fail"),
        ("exclusion", (known(False), known(False)), "pass"),
        ("exclusion", (known(False), OPEN), "unknown"),
        ("exclusion", (known(True), OPEN), "fail"),
    ],
)
def test_one_part_is_enough_to_be_included_and_one_to_be_excluded(
    kind: str, mains: tuple[Node, Node], expected: str
) -> None:
    assert judged(Criterion(kind, parts=tuple(Part(main) for main in mains))).verdict == expected


def test_a_part_and_the_criterion_may_each_be_for_review() -> None:
    reviewed = Part(known(True), review=known(True))
    assert judged(Criterion(parts=(reviewed, Part(known(False))))).reason == "needs_review"
    assert judged(Criterion(parts=(reviewed, Part(known(True))))) == PASS
    assert judged(Criterion(parts=(Part(known(True)),), review=known(True))).reason == "needs_review"
    unreviewed = Part(known(False), review=known(True))
    assert judged(Criterion("exclusion", parts=(unreviewed,))).reason == "needs_review"
    assert (
        judged(Criterion("exclusion", parts=(Part(known(False)),), review=known(True))).reason
        == "needs_review"
    )


def test_a_fail_lifts_as_the_first_case_that_surely_holds_says() -> None:
    by_case = (
        Case(known(False), "time"),
        Case(OPEN, "retest"),
        Case(known(True), "permanent"),
        *cases("data"),
    )
    assert judged(Criterion(main=known(False), curability=by_case)) == fail("permanent")
    assert judged(Criterion(main=known(False), curability=by_case[:2] + by_case[3:])) == fail("data")
    assert judged(Criterion(main=known(False), curability=cases("time", "data"))) == fail("data")


def test_an_exclusion_in_parts_lifts_as_the_worst_of_those_that_surely_exclude() -> None:
    parts = (
        Part(known(True), curability=cases("time")),
        Part(known(True), curability=cases("retest")),
        Part(known(False), curability=cases("permanent")),
        Part(OPEN, curability=cases("permanent")),
    )
    assert judged(Criterion("exclusion", parts=parts)) == fail("retest")


def test_an_inclusion_in_parts_lifts_as_the_best_of_its_parts() -> None:
    parts = (Part(known(False), curability=cases("permanent")), Part(known(False), curability=cases("time")))
    assert judged(Criterion(parts=parts)) == fail("time")


def test_a_part_that_names_no_curability_takes_the_criterions() -> None:
    parts = (Part(known(True)), Part(known(True), curability=cases("time")))
    assert judged(Criterion("exclusion", parts=parts, curability=cases("permanent"))) == fail("permanent")


def test_an_attested_fail_lifts_as_the_last_case_says() -> None:
    by_case = (Case(known(True), "time"), Case(None, "data"))
    assert judged(Criterion(main=OPEN, curability=by_case), "fail") == fail("data")
    parts = (Part(OPEN, curability=cases("time")), Part(OPEN, curability=cases("data")))
    assert judged(Criterion(parts=parts, curability=()), "fail") == fail("data")
    assert judged(Criterion(manual="Is it so?", curability=()), "fail") == fail("data")


def test_the_reason_published_is_the_first_in_the_order_of_reasons() -> None:
    assert first_reason(frozenset({"needs_review", "stale", "partial_date"})) == "stale"
    assert answer(OPEN, patient()) == {"never_recorded"}
