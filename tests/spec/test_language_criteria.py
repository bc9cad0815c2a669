"""The manual of the language: from truths to verdicts: review, parts, applying, attestations, curability."""

from typing import Any, NamedTuple

import pytest

from criteria.trial import Criterion
from tests.spec.language import Patient, criterion, judged, part, title

# Three questions with a yes, a no and no answer; each letter stands for one.
A, B, C = "ecog < 1", "karnofsky < 1", "height < 1"
NAMES = {"a": "ecog", "b": "karnofsky", "c": "height"}


class Case(NamedTuple):
    """What holds, the criterion, the answers given ("a" yes, "-a" no), the verdict and the reason."""

    sentence: str
    asked: Criterion
    answers: str
    verdict: str
    reason: str | None = None


def somebody(answers: str, **more: Any) -> Patient:
    """The patient who answers so; a letter not named is not recorded."""
    return {NAMES[word[-1]]: 2 if word[0] == "-" else 0 for word in answers.split()} | more


PLAIN = (
    Case("an inclusion that holds passes", criterion(A), "a", "pass"),
    Case("an inclusion that does not hold fails", criterion(A), "-a", "fail"),
    Case("an inclusion that is open is unknown", criterion(A), "", "unknown", "never_recorded"),
    Case("an exclusion that holds fails", criterion(A, "exclusion"), "a", "fail"),
    Case("an exclusion that does not hold passes", criterion(A, "exclusion"), "-a", "pass"),
    Case("an exclusion that is open is unknown", criterion(A, "exclusion"), "", "unknown", "never_recorded"),
)

REVIEWED = criterion(A, review=B)
EXCLUDED_OR_REVIEWED = criterion(A, "exclusion", review=B)
ONLY_REVIEW = criterion(kind="exclusion", review=B)
REVIEW = (
    Case(
        "where the review applies an inclusion that holds is open", REVIEWED, "a b", "unknown", "needs_review"
    ),
    Case("where it does not, it passes", REVIEWED, "a -b", "pass"),
    Case("what fails anyway fails whatever the review", REVIEWED, "-a b", "fail"),
    Case("and with an open review", REVIEWED, "-a", "fail"),
    Case(
        "an open review leaves it open, for the reason that comes first",
        REVIEWED,
        "a",
        "unknown",
        "never_recorded",
    ),
    Case("an exclusion that holds excludes whatever the review", EXCLUDED_OR_REVIEWED, "a b", "fail"),
    Case(
        "an exclusion that does not hold is open where the review applies",
        EXCLUDED_OR_REVIEWED,
        "-a b",
        "unknown",
        "needs_review",
    ),
    Case("and passes where it does not", EXCLUDED_OR_REVIEWED, "-a -b", "pass"),
    Case("a review alone never excludes", ONLY_REVIEW, "b", "unknown", "needs_review"),
    Case("and passes where it does not apply", ONLY_REVIEW, "-b", "pass"),
    Case("a review alone never fails an inclusion", criterion(review=B), "b", "unknown", "needs_review"),
    Case("which passes where it does not apply", criterion(review=B), "-b", "pass"),
)

APPLIES = criterion(A, applies=B)
APPLYING = (
    Case("where it applies, it is asked", APPLIES, "a b", "pass"),
    Case("and may fail", APPLIES, "-a b", "fail"),
    Case("where it does not apply, it is not applicable", APPLIES, "-a -b", "not_applicable"),
    Case("whatever the answer would be", APPLIES, "a -b", "not_applicable"),
    Case("where that is open, a pass is a pass", APPLIES, "a", "pass"),
    Case("but a fail is not a fail", APPLIES, "-a", "unknown", "never_recorded"),
    Case("a manual one may not apply either", criterion(manual="Asked?", applies=B), "-b", "not_applicable"),
)

EITHER = criterion(parts=(part(A), part(B)))
ANY_EXCLUDES = criterion(kind="exclusion", parts=(part(A), part(B)))
PARTS = (
    Case("one part of an inclusion is enough", EITHER, "a -b", "pass"),
    Case("even if the other is open", EITHER, "b", "pass"),
    Case("it fails if no part holds", EITHER, "-a -b", "fail"),
    Case("and is open while a part is", EITHER, "-a", "unknown", "never_recorded"),
    Case("one part of an exclusion excludes", ANY_EXCLUDES, "a -b", "fail"),
    Case("even if the other is open", ANY_EXCLUDES, "b", "fail"),
    Case("it passes if no part excludes", ANY_EXCLUDES, "-a -b", "pass"),
    Case("and is open while a part is", ANY_EXCLUDES, "-a", "unknown", "never_recorded"),
    Case(
        "a part may be left to a person",
        criterion(kind="exclusion", parts=(part(A), part(review=B))),
        "-a b",
        "unknown",
        "needs_review",
    ),
    Case(
        "another part that excludes decides",
        criterion(kind="exclusion", parts=(part(A), part(review=B))),
        "a b",
        "fail",
    ),
    Case(
        "another part that holds decides an inclusion",
        criterion(parts=(part(A, B), part(C))),
        "a b c",
        "pass",
    ),
    Case(
        "a review of the whole comes on top",
        criterion(parts=(part(A), part(B)), review=C),
        "a c",
        "unknown",
        "needs_review",
    ),
)


@pytest.mark.parametrize("case", [*PLAIN, *REVIEW, *APPLYING, *PARTS], ids=title)
def test_the_verdict_of_a_criterion(case: Case) -> None:
    found = judged(case.asked, somebody(case.answers))
    assert (found.verdict, found.reason) == (case.verdict, case.reason), f"{case.sentence}: {found}"


class Answered(NamedTuple):
    """What holds, the criterion, the answers of the registry, what a person attested, the verdict, reason."""

    sentence: str
    asked: Criterion
    answers: str
    attested: str | None
    verdict: str
    reason: str | None = None


MANUAL = criterion(manual="Does the patient want to take part?")
ASKED = criterion(f"{A} or attested('Is the patient fit?')")
ASKED_OUT = criterion(f"{A} or attested('Is the patient unfit?')", "exclusion")
ATTESTED = (
    Answered("a manual criterion waits for its answer", MANUAL, "", None, "unknown", "needs_attestation"),
    Answered("and takes it", MANUAL, "", "pass", "pass"),
    Answered("whatever it is", MANUAL, "", "fail", "fail"),
    Answered("not applicable is an answer, too", MANUAL, "", "not_applicable", "not_applicable"),
    Answered("an unknown takes the answer of a person", criterion(A), "", "fail", "fail"),
    Answered("a computed pass is never overridden", criterion(A), "a", "fail", "pass"),
    Answered("nor is a computed fail", criterion(A), "-a", "pass", "fail"),
    Answered("nor what does not apply", APPLIES, "-b", "pass", "not_applicable"),
    Answered("what may not apply takes the answer", APPLIES, "-a", "pass", "pass"),
    Answered("attested(...) is open until it is answered", ASKED, "-a", None, "unknown", "needs_attestation"),
    Answered("in an inclusion, pass is yes", ASKED, "-a", "pass", "pass"),
    Answered("and fail is no", ASKED, "-a", "fail", "fail"),
    Answered("what the registry decides needs no answer", ASKED, "a", None, "pass"),
    Answered("in an exclusion, fail is yes", ASKED_OUT, "-a", "fail", "fail"),
    Answered("and pass is no", ASKED_OUT, "-a", "pass", "pass"),
    Answered(
        "not applicable answers the criterion, not the question",
        ASKED,
        "-a",
        "not_applicable",
        "not_applicable",
    ),
)


@pytest.mark.parametrize("case", ATTESTED, ids=title)
def test_a_person_answers_what_the_registry_leaves_open(case: Answered) -> None:
    patient = somebody(case.answers, **({"attested": case.attested} if case.attested else {}))
    found = judged(case.asked, patient)
    assert (found.verdict, found.reason) == (case.verdict, case.reason), f"{case.sentence}: {found}"


class Fail(NamedTuple):
    """Whether a fail lifts: what holds, the criterion, the answers, what is attested, the curability."""

    sentence: str
    asked: Criterion
    answers: str
    curability: str | None
    attested: str | None = None


CASES = [(B, "permanent"), (C, "time"), (None, "retest")]
BY_CASE = criterion(A, curability=CASES)
BY_PART = (part(A, curability=[(None, "permanent")]), part(B, curability=[(None, "time")]))
IN, OUT = criterion(parts=BY_PART), criterion(kind="exclusion", parts=BY_PART)
UNSAID = criterion(parts=BY_PART, curability=())
NO_QUESTION = criterion(A, curability=[(None, "time"), (None, "retest")])
LIFTING = (
    Fail("a case that asks nothing counts only as the last", NO_QUESTION, "-a", "retest"),
    Fail("a pass has no curability", BY_CASE, "a b", None),
    Fail("an unknown has none", BY_CASE, "b", None),
    Fail("the first case that holds", BY_CASE, "-a b c", "permanent"),
    Fail("the next one where the first does not", BY_CASE, "-a -b c", "time"),
    Fail("the last one where none does", BY_CASE, "-a -b -c", "retest"),
    Fail("a case that is open does not hold", BY_CASE, "-a", "retest"),
    Fail("an inclusion lifts with its best part", IN, "-a -b", "time"),
    Fail("an exclusion lifts with its worst part that excludes", OUT, "a b", "permanent"),
    Fail("and not with one that does not exclude", OUT, "-a b", "time"),
    Fail("nor with one that is open", OUT, "b", "time"),
    Fail(
        "a part without a word of its own takes the criterion's",
        criterion(parts=(part(A), part(B))),
        "-a -b",
        "retest",
    ),
    Fail("an attested fail takes the last case", BY_CASE, "", "retest", "fail"),
    Fail("an attested fail of parts takes the worst of their last", UNSAID, "", "permanent", "fail"),
    Fail(
        "an attested fail of a manual criterion may be corrected",
        criterion(manual="?", curability=()),
        "",
        "data",
        "fail",
    ),
)


@pytest.mark.parametrize("case", LIFTING, ids=title)
def test_a_fail_says_whether_it_lifts(case: Fail) -> None:
    patient = somebody(case.answers, **({"attested": case.attested} if case.attested else {}))
    assert judged(case.asked, patient).curability == case.curability, case.sentence
