"""The manual of the language: and, or, not, if and at_least over what is true, false or unknown.

Each letter stands for a question that a patient answers with yes, with no, or not at all.
"""

from itertools import product
from typing import NamedTuple

import pytest

from tests.spec.language import Patient, Row, check, title

# The question behind each letter, its answer if yes and its answer if no. Nothing recorded: unknown.
QUESTIONS = {"a": ("ecog", 0, 2), "b": ("karnofsky", 0, 2), "c": ("height", 0, 2)}
WORDS = ("pass", "fail", "unknown")

AND = """
pass    and pass    is pass
pass    and fail    is fail
pass    and unknown is unknown
fail    and pass    is fail
fail    and fail    is fail
fail    and unknown is fail
unknown and pass    is unknown
unknown and fail    is fail
unknown and unknown is unknown
"""

OR = """
pass    or pass    is pass
pass    or fail    is pass
pass    or unknown is pass
fail    or pass    is pass
fail    or fail    is fail
fail    or unknown is unknown
unknown or pass    is pass
unknown or fail    is unknown
unknown or unknown is unknown
"""

NOT = """
not pass    is fail
not fail    is pass
not unknown is unknown
"""

# if(a, b, c): an open condition does not matter where both branches agree.
IF = """
if pass    then pass    else pass    is pass
if pass    then pass    else fail    is pass
if pass    then pass    else unknown is pass
if pass    then fail    else pass    is fail
if pass    then fail    else fail    is fail
if pass    then fail    else unknown is fail
if pass    then unknown else pass    is unknown
if pass    then unknown else fail    is unknown
if pass    then unknown else unknown is unknown
if fail    then pass    else pass    is pass
if fail    then pass    else fail    is fail
if fail    then pass    else unknown is unknown
if fail    then fail    else pass    is pass
if fail    then fail    else fail    is fail
if fail    then fail    else unknown is unknown
if fail    then unknown else pass    is pass
if fail    then unknown else fail    is fail
if fail    then unknown else unknown is unknown
if unknown then pass    else pass    is pass
if unknown then pass    else fail    is unknown
if unknown then pass    else unknown is unknown
if unknown then fail    else pass    is unknown
if unknown then fail    else fail    is fail
if unknown then fail    else unknown is unknown
if unknown then unknown else pass    is unknown
if unknown then unknown else fail    is unknown
if unknown then unknown else unknown is unknown
"""

TWO_OF_THREE = """
2 of pass    pass    pass    is pass
2 of pass    pass    fail    is pass
2 of pass    pass    unknown is pass
2 of pass    fail    pass    is pass
2 of pass    fail    fail    is fail
2 of pass    fail    unknown is unknown
2 of pass    unknown pass    is pass
2 of pass    unknown fail    is unknown
2 of pass    unknown unknown is unknown
2 of fail    pass    pass    is pass
2 of fail    pass    fail    is fail
2 of fail    pass    unknown is unknown
2 of fail    fail    pass    is fail
2 of fail    fail    fail    is fail
2 of fail    fail    unknown is fail
2 of fail    unknown pass    is unknown
2 of fail    unknown fail    is fail
2 of fail    unknown unknown is unknown
2 of unknown pass    pass    is pass
2 of unknown pass    fail    is unknown
2 of unknown pass    unknown is unknown
2 of unknown fail    pass    is unknown
2 of unknown fail    fail    is fail
2 of unknown fail    unknown is unknown
2 of unknown unknown pass    is unknown
2 of unknown unknown fail    is unknown
2 of unknown unknown unknown is unknown
"""


class Line(NamedTuple):
    """A line of a truth table: the sentence, the words put in, the word that comes out."""

    sentence: str
    given: tuple[str, ...]
    verdict: str


def lines(table: str) -> list[Line]:
    """The lines of a truth table; the last word is the answer, the verdicts before it are put in."""
    found = []
    for text in table.strip().splitlines():
        *given, verdict = [word for word in text.split() if word in WORDS]
        found.append(Line(" ".join(text.split()), tuple(given), verdict))
    return found


def somebody(given: tuple[str, ...]) -> Patient:
    """The patient who answers the questions so."""
    patient: Patient = {}
    for (name, yes, no), word in zip(QUESTIONS.values(), given, strict=False):
        if word != "unknown":
            patient[name] = yes if word == "pass" else no
    return patient


def holds(line: Line, text: str) -> None:
    """The line of the table is what the language says."""
    for letter, (name, _, _) in QUESTIONS.items():
        text = text.replace(f"<{letter}>", f"{name} < 1")
    reason = "never_recorded" if line.verdict == "unknown" else None
    check(Row(line.sentence, somebody(line.given), text, line.verdict, reason))


@pytest.mark.parametrize("line", lines(AND), ids=title)
def test_and_fails_with_any_part_and_passes_with_all(line: Line) -> None:
    holds(line, "<a> and <b>")


@pytest.mark.parametrize("line", lines(OR), ids=title)
def test_or_passes_with_any_part_and_fails_with_all(line: Line) -> None:
    holds(line, "<a> or <b>")


@pytest.mark.parametrize("line", lines(NOT), ids=title)
def test_not_turns_pass_and_fail_round_and_leaves_unknown(line: Line) -> None:
    holds(line, "not <a>")


@pytest.mark.parametrize("line", lines(IF), ids=title)
def test_if_takes_the_branch_that_the_condition_names(line: Line) -> None:
    holds(line, "if(<a>, <b>, <c>)")


@pytest.mark.parametrize("line", lines(TWO_OF_THREE), ids=title)
def test_at_least_counts_what_surely_and_what_possibly_holds(line: Line) -> None:
    holds(line, "at_least(2, <a>, <b>, <c>)")


@pytest.mark.parametrize(
    ("table", "places"), [(AND, 2), (OR, 2), (NOT, 1), (IF, 3), (TWO_OF_THREE, 3)], ids=str
)
def test_every_combination_stands_in_its_table_once(table: str, places: int) -> None:
    assert sorted(line.given for line in lines(table)) == sorted(product(WORDS, repeat=places))


NONE, ALL = {"ecog": 2, "karnofsky": 2}, {"ecog": 0, "karnofsky": 0}
OTHERS = (
    Row("at least none of them holds always", {}, "at_least(0, ecog < 1, karnofsky < 1)", "pass"),
    Row("at least 1 is or", NONE, "at_least(1, ecog < 1, karnofsky < 1)", "fail"),
    Row("at least as many as there are is and", ALL, "at_least(2, ecog < 1, karnofsky < 1)", "pass"),
    Row("more than there are can never hold", ALL, "at_least(3, ecog < 1, karnofsky < 1)", "fail"),
    Row("not binds closer than and", {"ecog": 0, "karnofsky": 0}, "not ecog < 1 and karnofsky < 1", "fail"),
    Row(
        "and binds closer than or",
        {"ecog": 0, "karnofsky": 2},
        "ecog < 1 or ecog > 1 and karnofsky < 1",
        "pass",
    ),
    Row(
        "brackets bind closest",
        {"ecog": 0, "karnofsky": 2},
        "(ecog < 1 or ecog > 1) and karnofsky < 1",
        "fail",
    ),
    Row("keywords may be written in capitals", ALL, "ecog < 1 AND NOT karnofsky > 1", "pass"),
    Row(
        "a question and its opposite are two unknowns, not one truth",
        {},
        "ecog < 1 or not ecog < 1",
        "unknown",
        "never_recorded",
    ),
    Row(
        "of several reasons the first of the published order is shown",
        {"karnofsky": 0, "karnofsky_days_ago": 90},
        "karnofsky < 1 and ecog < 1",
        "unknown",
        "never_recorded",
    ),
    Row(
        "a part that is settled gives no reason",
        {"ecog": 0, "karnofsky": 0, "karnofsky_days_ago": 90},
        "ecog < 1 and karnofsky < 1",
        "unknown",
        "stale",
    ),
    Row(
        "a branch that is not taken gives no reason",
        {"ecog": 0, "karnofsky": 0, "karnofsky_days_ago": 90},
        "if(ecog < 1, karnofsky < 1, height < 1)",
        "unknown",
        "stale",
    ),
)


@pytest.mark.parametrize("row", OTHERS, ids=title)
def test_connectives_beyond_their_tables(row: Row) -> None:
    check(row)
