"""The manual of the language: what is not in it, and where the error is: file, criterion, character."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from criteria.check import check_trial
from criteria.examples import example_facts
from criteria.trial import Trial, load_trial
from data.catalogue import Catalogue, SetInfo, UnitTable, load_catalogue
from schemas.errors import TrialError

HEAD = """
[trial]
id = "a-trial"
title = "A trial"
source = "made for a test"
lookback_days = 28
"""
CRITERION = """
[[inclusion]]
id = "I01"
protocol = "as posted"
meets_when = '''{expression}'''
curability = "retest"
"""
QUESTIONS = """
[questions.boundary]
asks = "Does the limit itself qualify?"
default = "literal"
[questions.boundary.options]
literal = "as posted"
nonstrict = "it does"
[questions.days]
asks = "How many days?"
default = 14
"""


def written(folder: Path, text: str, name: str = "a-trial.toml") -> Path:
    """A trial file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str, readings: Mapping[str, str] | None = None) -> Trial:
    """The trial of a file with this text."""
    return load_trial(str(written(folder, text)), load_catalogue(), readings)


def refused(folder: Path, text: str, readings: Mapping[str, str] | None = None) -> str:
    """The error of a trial file that must be refused."""
    with pytest.raises(TrialError) as error:
        loaded(folder, text, readings)
    assert error.value.exit_code == 3
    assert str(error.value).startswith("a-trial.toml")
    return str(error.value)


class Wrong(NamedTuple):
    """An expression that is refused: the sentence, the expression, the character, and what the error says."""

    sentence: str
    expression: str
    place: int
    says: str


def title(row: Any) -> str:
    """The sentence of a row as the name of its test."""
    return str(row.sentence)


NAMES = (
    Wrong("a name nearly right", "hemoglobine > 8", 1, "Did you mean 'hemoglobin'?"),
    Wrong("a name in capitals", "ECOG < 2", 1, "Did you mean 'ecog'?"),
    Wrong("a name like no other", "zzzzzz > 8", 1, "the data dictionary list the names"),
    Wrong(
        "the place is where the name stands",
        "ecog < 2 and ever(bortezomip)",
        19,
        "Did you mean 'bortezomib'?",
    ),
    Wrong("a limit of a test that is a word", "hbsag_upper_limit > 1", 1, "unknown name 'hbsag_upper_limit'"),
    Wrong("a function nearly right", "within_day(radiotherapy, 14, as_of)", 1, "Did you mean 'within_days'?"),
    Wrong("a function like no other", "qqq(radiotherapy)", 1, "The functions are: age, at_least,"),
    Wrong(
        "an attribute nearly right", "ever(only(hypertension, controled))", 25, "Did you mean 'controlled'?"
    ),
    Wrong(
        "an attribute of other rows",
        "ever(only(surgery, grade >= 3))",
        20,
        "these rows have no attribute 'grade' (they have: major)",
    ),
    Wrong(
        "rows without attributes", "ever(only(progression, grade >= 3))", 6, "have no attributes to ask about"
    ),
    Wrong(
        "a fact about the patient inside only",
        "ever(only(surgery, hemoglobin > 8))",
        20,
        "unknown attribute 'hemoglobin'",
    ),
    Wrong(
        "a function inside only",
        "ever(only(surgery, age(as_of) > 8))",
        20,
        "cannot be asked about a single row",
    ),
    Wrong("a word nearly right", "sex = 'femal'", 7, "Did you mean 'female'?"),
    Wrong("a word like no other", "sex = 'x'", 7, "The words are: female, male."),
    Wrong("a word of a list", "sex in ('female', 'mail')", 19, "Did you mean 'male'?"),
    Wrong("a stop reason", "ever(only(bortezomib, stop_reason = 'toxic'))", 37, "Did you mean 'toxicity'?"),
    Wrong("a question that is not asked", "reading.bondary = 'literal'", 1, "Did you mean 'boundary'?"),
    Wrong("an option that is not offered", "reading.boundary = 'strict'", 20, "Did you mean 'nonstrict'?"),
    Wrong(
        "only reading may stand before a name",
        "readings.boundary = 'literal'",
        1,
        "only 'reading.' may stand before a name",
    ),
    Wrong("no window without a unit", "within(radiotherapy, 14, as_of)", 1, "unknown function 'within'"),
    Wrong(
        "a unit that there is not", "within_hours(radiotherapy, 14, as_of)", 1, "Did you mean 'within_years'?"
    ),
    Wrong(
        "a unit for what follows that there is not",
        "followed_within_years(bortezomib, progression, 1)",
        1,
        "Did you mean 'followed_within_days'?",
    ),
)

NOT_YET = tuple(
    Wrong(
        f"{name} is known and not there yet",
        f"{name}(bortezomib) > 1",
        1,
        f"{name}(...) is not available yet",
    )
    for name in ("total", "lowest", "highest", "best_response", "half_life_days")
)

TYPES = (
    Wrong(
        "the first of two sets", "ever(first(radiotherapy, surgery))", 6, "first(...) takes 1 argument, not 2"
    ),
    Wrong(
        "the last of two sets", "ever(last(radiotherapy, surgery))", 6, "last(...) takes 1 argument, not 2"
    ),
    Wrong(
        "the count of two sets", "count(radiotherapy, surgery) > 1", 1, "count(...) takes 1 argument, not 2"
    ),
    Wrong("the greatest of one", "greatest(ecog) > 1", 1, "takes at least 2 arguments, not 1"),
    Wrong(
        "a number is not a word", "hemoglobin = 'high'", 14, "is a number and cannot be compared with a word"
    ),
    Wrong(
        "a word is not compared with a word",
        "'male' = 'male'",
        1,
        "must be compared with something that holds",
    ),
    Wrong("half an exponent", "ecog < 1e", 8, "without an exponent"),
    Wrong("a number is no answer", "hemoglobin", 1, "'hemoglobin' is a number, a truth is needed here"),
    Wrong("a set is no answer", "radiotherapy", 1, "'radiotherapy' is an event set, a truth is needed here"),
    Wrong("a date is no answer", "as_of", 1, "'as_of' is a date, a truth is needed here"),
    Wrong("a word alone", "'positive'", 1, "must be compared with something that holds words"),
    Wrong(
        "a truth is not compared", "ever(radiotherapy) = 1", 1, "(truth) cannot be compared with '1' (number)"
    ),
    Wrong(
        "a number is not a date", "hemoglobin > as_of", 1, "(number) cannot be compared with 'as_of' (date)"
    ),
    Wrong("words of different lists", "sex = hbsag", 1, "cannot be compared"),
    Wrong("a chain of comparisons", "1 < ecog < 3", 1, "cannot be compared"),
    Wrong(
        "ever of a measurement",
        "ever(hemoglobin)",
        6,
        "'hemoglobin' is a number, an event set is needed here",
    ),
    Wrong("a window on a number", "within_days(radiotherapy, 14, hemoglobin)", 31, "a date is needed here"),
    Wrong("a window of a date", "within_days(radiotherapy, as_of, as_of)", 27, "unknown attribute 'as_of'"),
    Wrong(
        "a window of half a day",
        "within_days(radiotherapy, 1.5, as_of)",
        27,
        "must be a whole number, 0 or more",
    ),
    Wrong(
        "a window below 0", "within_days(radiotherapy, -1, as_of)", 28, "must be a whole number, 0 or more"
    ),
    Wrong("months that depend on the row", "within_months(copd, grade, as_of)", 21, "one fixed length"),
    Wrong("age of a number", "age(5) > 18", 5, "a date is needed here"),
    Wrong("a sum of dates", "as_of + enrollment = as_of", 1, "date + date has no meaning here"),
    Wrong("a product of dates", "as_of * 2 = as_of", 1, "date * number has no meaning here"),
    Wrong("a number before a date", "2 + as_of = as_of", 1, "number + date has no meaning here"),
    Wrong("a sum of sets", "bortezomib + carfilzomib > 1", 1, "event set + event set has no meaning here"),
    Wrong("not of a number", "not ecog", 5, "a truth is needed here"),
    Wrong(
        "branches of two types",
        "if(ecog < 2, as_of, 5) = 5",
        4,
        "the branches of if(...) differ: date and number",
    ),
    Wrong(
        "branches of two lists of words",
        "if(ecog < 2, sex, hbsag) = 'male'",
        4,
        "the branches of if(...) differ",
    ),
    Wrong("an if without an else", "if(ecog < 2, ecog < 1)", 4, "takes a condition and two branches"),
    Wrong(
        "a list of something that is not fixed",
        "ecog in (karnofsky)",
        10,
        "is not a plain number to choose from",
    ),
    Wrong("a list of another type", "ecog in (as_of)", 10, "is not a plain number to choose from"),
    Wrong("the day of a set", "date_of(radiotherapy) = as_of", 1, "date_of(...) takes a measurement"),
    Wrong("the day of a limit", "date_of(alt_upper_limit) = as_of", 1, "date_of(...) takes a measurement"),
    Wrong("too few arguments", "within_days(radiotherapy, 14)", 1, "takes 3 arguments, not 2"),
    Wrong("too many arguments", "ever(radiotherapy, surgery)", 1, "takes 1 argument, not 2"),
    Wrong("none of at least two", "without(radiotherapy) = 1", 1, "takes at least 2 arguments, not 1"),
    Wrong("more than one of two", "ongoing(copd, as_of, as_of)", 1, "takes 1 to 2 arguments, not 3"),
    Wrong(
        "at_least counts in whole numbers",
        "at_least(1.5, ecog < 2, ecog < 1)",
        10,
        "must be a fixed whole number, 0 or more",
    ),
    Wrong(
        "and not by measurement",
        "at_least(ecog, ecog < 2, ecog < 1)",
        10,
        "must be a fixed whole number, 0 or more",
    ),
    Wrong(
        "times in a window that is not fixed",
        "times(qtc > 450, ecog, as_of) > 1",
        18,
        "must be a fixed whole number",
    ),
    Wrong(
        "times of two measurements",
        "times(qtc > qtc_bazett, 30, as_of) > 1",
        7,
        "must be about exactly one measurement",
    ),
    Wrong("times of none", "times(1 > 2, 30, as_of) > 1", 7, "must be about exactly one measurement"),
    Wrong(
        "times of a set", "times(ever(radiotherapy), 30, as_of) > 1", 12, "unknown measurement 'radiotherapy'"
    ),
    Wrong(
        "times of a limit that there is not",
        "times(hbsag_upper_limit > 1, 30, as_of) > 1",
        7,
        "only results of 'hbsag' can be asked about",
    ),
    Wrong(
        "a date inside times",
        "times(date_of(qtc) > 1, 30, as_of) > 1",
        7,
        "cannot be asked about a single result",
    ),
    Wrong("includes without lines", "includes(bortezomib)", 1, "write only(lines, includes(...))"),
    Wrong(
        "includes in other rows",
        "ever(only(bortezomib, includes(bortezomib)))",
        23,
        "write only(lines, includes(...))",
    ),
    Wrong(
        "includes of a condition",
        "ever(only(lines, includes(copd)))",
        27,
        "'copd' is not a drug or a drug class",
    ),
    Wrong(
        "attested without its question",
        "attested(hemoglobin)",
        1,
        "takes the question to ask, in single quotes",
    ),
    Wrong(
        "attested with an empty question", "attested(' ')", 1, "takes the question to ask, in single quotes"
    ),
    Wrong("a number of ten decimals", "ecog < 0.0000000001", 8, "at most 9 decimals and 12 digits"),
    Wrong("a number beyond all numbers", "ecog < 1000000000000", 8, "at most 9 decimals and 12 digits"),
    Wrong("a number with an exponent", "ecog < 1e3", 8, "without an exponent"),
)

# The character is 0 where the expression as a whole cannot be read.
FOREIGN = (
    Wrong("a subquery", "ecog in (select ecog)", 1, "is not part of the criterion language"),
    Wrong("a subquery as a number", "(select 1) > 0", 9, "is not part of the criterion language"),
    Wrong("exists", "exists(select 1)", 15, "unknown function 'exists'"),
    Wrong("a select", "select ecog", 8, "is not part of the criterion language"),
    Wrong("a statement", "drop table patients", 12, "is not part of the criterion language"),
    Wrong("a cast", "cast(ecog as int) < 2", 6, "unknown function 'cast'"),
    Wrong("a cast in two colons", "ecog::int < 2", 1, "unknown function 'cast'"),
    Wrong("a comment to the end of the line", "ecog < 2 -- or more", 10, "comments cannot stand inside"),
    Wrong("a comment in between", "ecog /* or more */ < 2", 6, "comments cannot stand inside"),
    Wrong("a comment of a template", "ecog < 2 {# or more #}", 10, "comments cannot stand inside"),
    Wrong("a template", "ecog < {{ limit }}", 8, "templates cannot stand inside"),
    Wrong("a semicolon at the end", "ecog < 2;", 9, "a ';' cannot stand inside"),
    Wrong("two expressions", "ecog < 2; ecog < 3", 9, "a ';' cannot stand inside"),
    Wrong("a name in double quotes", '"ecog" < 2', 1, "is not a name of the language"),
    Wrong("a name in back quotes", "`ecog` < 2", 0, "cannot be read"),
    Wrong("a name of a table", "registry.main.ecog < 2", 1, "is not a name of the language"),
    Wrong("today's date", "current_date > enrollment", 1, "unknown function 'current_date'"),
    Wrong("the clock", "now() > enrollment", 1, "unknown function 'now'"),
    Wrong("a file", "read_csv('x')", 1, "unknown function 'read_csv'"),
    Wrong("a file as a set", "ever(read_csv('x'))", 6, "unknown function 'read_csv'"),
    Wrong("null", "ecog = null", 8, "is not part of the criterion language"),
    Wrong("is null", "ecog is null", 1, "is not part of the criterion language"),
    Wrong("true", "true", 1, "is not part of the criterion language"),
    Wrong("case", "case when ecog < 2 then 1 else 2 end = 1", 11, "unknown function 'case'"),
    Wrong("coalesce", "coalesce(ecog, 1) < 2", 1, "unknown function 'coalesce'"),
    Wrong("like", "sex like 'f%'", 1, "is not part of the criterion language"),
    Wrong("a division", "ecog / 2 < 1", 1, "is not part of the criterion language"),
    Wrong("a remainder", "ecog % 2 = 0", 1, "is not part of the criterion language"),
    Wrong("minus before a name", "-ecog < 2", 2, "is not part of the criterion language"),
    Wrong("an interval", "as_of + interval '1' day > as_of", 18, "is not part of the criterion language"),
    Wrong("a star", "count(*) > 1", 1, "is not part of the criterion language"),
    Wrong("distinct", "count(distinct surgery) > 1", 1, "is not part of the criterion language"),
    Wrong("a window of SQL", "count(surgery) over () > 1", 1, "is not part of the criterion language"),
    Wrong("an alias", "ecog as e", 1, "is not part of the criterion language"),
    Wrong("an element", "ecog[1] < 2", 1, "is not part of the criterion language"),
    Wrong("an unknown as a parameter", "? < 2", 1, "is not part of the criterion language"),
    Wrong(
        "between, either way round",
        "ecog between symmetric 3 and 1",
        1,
        "is not part of the criterion language",
    ),
    Wrong("a union", "ecog < 2 union select 1", 1, "is not part of the criterion language"),
    Wrong("nothing but brackets", "()", 1, "is not part of the criterion language"),
    Wrong("an open bracket", "ever(radiotherapy", 0, "look for a missing bracket or operator"),
    Wrong("an open end", "ecog < 2 and", 0, "look for a missing bracket or operator"),
    Wrong("4,001 characters", "ecog < 2" + " " * 3993, 0, "longer than 4000 characters"),
    Wrong(
        "a hundred and one brackets of functions", "+".join(["ecog"] * 102) + " < 2", 0, "nested too deeply"
    ),
    Wrong("brackets without end", "not " * 900 + "ecog < 2", 0, "nested too deeply"),
)


@pytest.mark.parametrize("wrong", [*NAMES, *NOT_YET, *TYPES, *FOREIGN], ids=title)
def test_an_expression_that_is_not_of_the_language_is_refused_at_its_place(
    wrong: Wrong, tmp_path: Path
) -> None:
    said = refused(tmp_path, HEAD + CRITERION.format(expression=wrong.expression) + QUESTIONS)
    at = f", character {wrong.place}" if wrong.place else ""
    assert said.startswith(f"a-trial.toml, criterion I01, meets_when{at}: "), said
    assert wrong.says in said


def test_what_hides_elsewhere_may_stand_in_a_question_to_a_person(tmp_path: Path) -> None:
    asked = "attested('Fit -- or nearly; /* see {{ note }} */?')"
    trial = loaded(tmp_path, HEAD + CRITERION.format(expression=asked))
    assert trial.criterion("I01").main is not None


class Broken(NamedTuple):
    """A trial file that is refused: the sentence, the text after the head, where and what."""

    sentence: str
    text: str
    says: str


def one(**fields: str) -> str:
    """One inclusion; each field as TOML, an empty text leaves it out."""
    usual = {
        "id": '"I01"',
        "protocol": '"as posted"',
        "meets_when": '"ecog < 2"',
        "curability": '"retest"',
    } | fields
    return "[[inclusion]]\n" + "\n".join(f"{key} = {value}" for key, value in usual.items() if value) + "\n"


def question(**fields: str) -> str:
    """One question; each field as TOML, an empty text leaves it out."""
    usual = {"asks": '"What?"', "default": '"a"', "options": '{ a = "A", b = "B" }'} | fields
    return "[questions.q]\n" + "\n".join(f"{key} = {value}" for key, value in usual.items() if value) + "\n"


SHAPES = (
    Broken(
        "an unknown key",
        one(meet_when='"ecog < 2"'),
        "criterion I01: unknown key 'meet_when'. Did you mean 'meets_when'?",
    ),
    Broken(
        "a key of the other kind",
        one(excluded_when='"ecog < 2"'),
        "criterion I01: unknown key 'excluded_when'",
    ),
    Broken("an unknown table", "[[inclusions]]\n", "unknown key 'inclusions'. Did you mean 'inclusion'?"),
    Broken("a text that is a number", one(meets_when="2"), "criterion I01: 'meets_when' must be a text"),
    Broken("an empty text", one(meets_when='" "'), "criterion I01: 'meets_when' must be a text"),
    Broken("no protocol text", one(protocol=""), "criterion I01: 'protocol' is missing"),
    Broken(
        "no expression",
        one(meets_when=""),
        "criterion I01: exactly one of meets_when, manual or parts is needed",
    ),
    Broken(
        "two of them",
        one(manual='"Asked?"'),
        "criterion I01: exactly one of meets_when, manual or parts is needed",
    ),
    Broken("no id", one(id=""), "[[inclusion]] number 1: the id must be a letter followed by"),
    Broken(
        "an id with a blank", one(id='"I 01"'), "[[inclusion]] number 1: the id must be a letter followed by"
    ),
    Broken("an id twice", one() + one(), "[[inclusion]] number 2: the id I01 is used twice"),
    Broken("an id twice but for its capitals", one() + one(id='"i01"'), "the id i01 is used twice"),
    Broken(
        "no curability",
        one(curability=""),
        "criterion I01: curability is missing (one of time, retest, data, permanent)",
    ),
    Broken(
        "an unknown curability",
        one(curability='"retests"'),
        "criterion I01, curability: unknown curability 'retests'. Did you mean 'retest'?",
    ),
    Broken(
        "a curability like no other", one(curability='"x"'), "The words are: time, retest, data, permanent."
    ),
    Broken(
        "cases without a last one",
        one(curability='[{ when = "ecog < 3", is = "time" }]'),
        "every case but the last has a 'when'",
    ),
    Broken(
        "a case after the last one",
        one(curability='[{ is = "time" }, { is = "retest" }]'),
        "every case but the last has a 'when'",
    ),
    Broken("no cases", one(curability="[]"), "every case but the last has a 'when'"),
    Broken("a case that says nothing", one(curability="[{ }]"), "criterion I01, curability: 'is' is missing"),
    Broken(
        "a case with a wrong name",
        one(curability='[{ when = "ecok < 3", is = "time" }, { is = "retest" }]'),
        "criterion I01, curability, when, character 1: unknown name 'ecok'. Did you mean 'ecog'?",
    ),
    Broken(
        "a part without an expression",
        one(meets_when="", parts='[{ id = "I01a" }]'),
        "criterion I01a: meets_when or review_when is needed",
    ),
    Broken(
        "a part without curability",
        one(meets_when="", curability="", parts='[{ id = "I01a", meets_when = "ecog < 2" }]'),
        "criterion I01a: curability is missing",
    ),
    Broken(
        "a part with a wrong name",
        one(meets_when="", parts='[{ id = "I01a", meets_when = "ecok < 2" }]'),
        "criterion I01a, meets_when, character 1: unknown name 'ecok'",
    ),
    Broken(
        "a part that is no table",
        one(meets_when="", parts='["I01a"]'),
        "criterion I01: 'parts' must be a list of tables",
    ),
    Broken(
        "a wrong name in review_when",
        one(review_when='"ecok < 2"'),
        "criterion I01, review_when, character 1: unknown name 'ecok'",
    ),
    Broken(
        "a wrong name in applies_when",
        one(applies_when='"ecok < 2"'),
        "criterion I01, applies_when, character 1: unknown name 'ecok'",
    ),
    Broken(
        "a lookback of nothing known",
        one(lookback_days="{ hemoglobine = 90 }"),
        "criterion I01, lookback_days: unknown measurement 'hemoglobine'. Did you mean 'hemoglobin'?",
    ),
    Broken(
        "a lookback of half a day",
        one(lookback_days="{ hemoglobin = 1.5 }"),
        "criterion I01, lookback_days: '1.5' is not a number of days",
    ),
    Broken(
        "a lookback below 0",
        one(lookback_days="{ hemoglobin = -1 }"),
        "criterion I01, lookback_days: '-1' is not a number of days",
    ),
    Broken("a lookback that is true", one(lookback_days="{ hemoglobin = true }"), "is not a number of days"),
    Broken(
        "a lookback by a question of words",
        one(lookback_days='{ hemoglobin = "reading.q" }') + question(),
        "'reading.q' is not a number of days",
    ),
    Broken(
        "a lookback by no question",
        one(lookback_days='{ hemoglobin = "reading.z" }'),
        "'reading.z' is not a number of days",
    ),
    Broken("a question without a default", question(default=""), "question 'q': 'default' is missing"),
    Broken(
        "a question of no table",
        "[questions]\nq = 1\n",
        "question 'q': a question is a table with a lower-case name",
    ),
    Broken(
        "a default that is no option",
        question(default='"aa"'),
        "question 'q': there is no option 'aa'. Did you mean 'a'?",
    ),
    Broken(
        "a departure that is no option",
        question(departs_from_text='"z"'),
        "question 'q': there is no option 'z'. The options are: a, b.",
    ),
    Broken("a number that is none", question(options=""), "question 'q': 'a' is not a number"),
    Broken(
        "a number without end", question(options="", default='"inf"'), "question 'q': 'inf' is not a number"
    ),
    Broken(
        "an option with a bar",
        question(options='{ "a|b" = "A" }'),
        "the name of an option must not contain '|'",
    ),
    Broken(
        "a definition that is no text",
        "[definitions]\nd = 1\n",
        "definition 'd': a definition is an expression in quotes",
    ),
    Broken("a definition of nothing", '[definitions]\nd = ""\n', "'d': exactly one expression is needed"),
    Broken(
        "a definition that cannot be read",
        '[definitions]\nd = "ecog <"\n',
        "definition 'd': the expression cannot be read",
    ),
    Broken(
        "a definition with a wrong name, used or not",
        '[definitions]\nd = "ecok < 2"\n',
        "definition 'd', character 1: unknown name 'ecok'",
    ),
    Broken(
        "a definition of itself",
        one(meets_when='"d"') + '[definitions]\nd = "not d"\n',
        "criterion I01, meets_when, definition 'd', character 5: the definition 'd' is made of itself",
    ),
    Broken(
        "definitions of each other",
        one(meets_when='"d"') + '[definitions]\nd = "not e"\ne = "not d"\n',
        "definition 'd', definition 'e', character 5: the definition 'd' is made of itself",
    ),
    Broken(
        "a definition that stands in for a measurement",
        '[definitions]\nhemoglobin = "ecog + 1"\n',
        "definition 'hemoglobin': the name already means something else",
    ),
    Broken(
        "or for an attribute",
        '[definitions]\ngrade = "ecog + 1"\n',
        "definition 'grade': the name already means something else",
    ),
    Broken(
        "a definition of the wrong type where it is used",
        one(meets_when='"d"') + '[definitions]\nd = "ecog + 1"\n',
        "criterion I01, meets_when, character 1: 'd' is a number, a truth is needed",
    ),
    Broken("not TOML", "[[inclusion", "not valid TOML"),
)


@pytest.mark.parametrize("broken", SHAPES, ids=title)
def test_a_trial_file_that_is_not_sound_is_refused_with_its_place(broken: Broken, tmp_path: Path) -> None:
    assert broken.says in refused(tmp_path, HEAD + broken.text)


HEADS = (
    Broken("no head", "", "'trial' is missing"),
    Broken("a head that is no table", "trial = 1", "'trial' must be a table"),
    Broken("no title", '[trial]\nid = "a"\nsource = "s"\nlookback_days = 28', "[trial]: 'title' is missing"),
    Broken(
        "an id with a blank", HEAD.replace("a-trial", "a trial"), "the id must be 1 to 64 letters, digits"
    ),
    Broken("an id that is a device", HEAD.replace("a-trial", "con"), "no device name"),
    Broken("a lag below 0", HEAD + "max_lag_days = -1", "'max_lag_days' must be a whole number"),
    Broken(
        "a lookback that is a word",
        HEAD.replace("28", '"soon"'),
        "lookback_days: 'soon' is not a number of days",
    ),
    Broken("a lookback below 0", HEAD.replace("28", "-28"), "lookback_days: '-28' is not a number of days"),
)


@pytest.mark.parametrize("broken", HEADS, ids=title)
def test_a_head_that_is_not_sound_is_refused(broken: Broken, tmp_path: Path) -> None:
    assert broken.says in refused(tmp_path, broken.text)


def test_a_reading_that_the_trial_does_not_ask_for_is_refused(tmp_path: Path) -> None:
    assert "no question 'bondary'. Did you mean 'boundary'?" in refused(
        tmp_path, HEAD + QUESTIONS, {"bondary": "x"}
    )
    assert "'prescreen trial show' lists them" in refused(tmp_path, HEAD + QUESTIONS, {"zzz": "x"})
    assert "there is no option 'strict'" in refused(tmp_path, HEAD + QUESTIONS, {"boundary": "strict"})
    assert "'many' is not a number" in refused(tmp_path, HEAD + QUESTIONS, {"days": "many"})


def test_a_reading_of_half_a_day_is_no_number_of_days(tmp_path: Path) -> None:
    text = HEAD.replace("28", '"reading.days"') + QUESTIONS
    assert loaded(tmp_path, text, {"days": "30"}).readings["days"] == "30"
    assert "'30.5' is not a number of days" in refused(tmp_path, text, {"days": "30.5"})


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match=r"nothing.toml: the trial file cannot be read"):
        load_trial(str(tmp_path / "nothing.toml"), load_catalogue())
    (tmp_path / "a-trial.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TrialError, match="not UTF-8"):
        load_trial(str(tmp_path / "a-trial.toml"), load_catalogue())


def test_a_trial_that_nobody_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(TrialError, match=r"Did you mean 'mezigdomide-ixazomib-dex'\?"):
        load_trial("mezigdomide-ixazomib", load_catalogue())
    with pytest.raises(TrialError, match=r"The trials are: mezigdomide-ixazomib-dex\."):
        load_trial("NCT00000000", load_catalogue())


def test_a_trial_is_found_by_its_registry_id_in_any_capitals() -> None:
    assert load_trial("nct06050512", load_catalogue()).id == "mezigdomide-ixazomib-dex"


def checked(folder: Path, text: str) -> int:
    """How many examples of a trial file hold."""
    return check_trial(loaded(folder, HEAD + text), load_catalogue())


def unsound(folder: Path, text: str) -> str:
    """The error of a trial file that reads, and says something wrong."""
    with pytest.raises(TrialError) as error:
        checked(folder, text)
    assert error.value.exit_code == 3
    return str(error.value)


SETTLED = (
    ("1 < 2", "pass"),
    ("1 < 2 and 2 < 3", "pass"),
    ("1 > 2 or 2 > 3", "fail"),
    ("not 1 > 2", "pass"),
    ("1 between 0 and 2", "pass"),
    ("reading.boundary in ('literal')", "pass"),
    ("reading.boundary not in ('literal', 'nonstrict')", "fail"),
    ("ecog < 2 or 1 < 2", "pass"),
    ("ecog < 2 and 1 > 2", "fail"),
    ("if(reading.days between 10 and 20, 1 < 2, ecog < 2)", "pass"),
    ("sex in ('female', 'male')", "pass"),
    ("at_least(0, ecog < 1, ecog < 2)", "pass"),
)


@pytest.mark.parametrize(("expression", "verdict"), SETTLED)
def test_a_criterion_that_is_decided_for_nobody_is_refused(
    expression: str, verdict: str, tmp_path: Path
) -> None:
    said = unsound(tmp_path, CRITERION.format(expression=expression) + QUESTIONS)
    assert f"criterion I01: the verdict is '{verdict}' for a patient about whom nothing is recorded" in said


def test_a_trial_without_criteria_judges_nobody(tmp_path: Path) -> None:
    assert checked(tmp_path, "") == 0


def test_a_trial_knows_its_bytes_and_its_departures_from_the_text() -> None:
    trial = load_trial("mezigdomide-ixazomib-dex", load_catalogue())
    assert trial.sha256 == hashlib.sha256(trial.path.read_bytes()).hexdigest()
    assert trial.departures == {"calcium": "le13"}
    literal = load_trial("mezigdomide-ixazomib-dex", load_catalogue(), {"calcium": "literal"})
    assert literal.departures == {}


def test_a_trial_that_comes_with_prescreen_is_sound() -> None:
    trial = load_trial("mezigdomide-ixazomib-dex", load_catalogue())
    assert check_trial(trial, load_catalogue()) == sum(len(each.examples) for each in trial.criteria) > 100


def with_examples(*examples: str, kind: str = "") -> str:
    """One criterion on ECOG with these examples."""
    return one(examples="[" + ", ".join(examples) + "]") + kind


EXAMPLES = (
    Broken(
        "no expectation",
        "{ ecog = 1 }",
        "example 1: 'expect' must be one of pass, fail, unknown, not_applicable",
    ),
    Broken(
        "another verdict",
        '{ ecog = 1, expect = "pass" }, { ecog = 2, expect = "pass" }',
        "criterion I01, example 2: the example expects pass, the criterion gives fail.",
    ),
    Broken(
        "another verdict, with its reason",
        '{ expect = "pass" }',
        "the example expects pass, the criterion gives unknown (never_recorded).",
    ),
    Broken(
        "another reason",
        '{ expect = "unknown", reason = "stale" }',
        "the example expects the reason stale, the criterion gives never_recorded.",
    ),
    Broken("an unknown reason", '{ expect = "unknown", reason = "stael" }', "unknown reason 'stael'"),
    Broken(
        "an unknown key",
        '{ ecok = 1, expect = "pass" }',
        "criterion I01, example: unknown key 'ecok'. Did you mean 'ecog'?",
    ),
    Broken("an unknown unit", '{ hemoglobin = "8 mg", expect = "pass" }', "'hemoglobin': unknown unit 'mg'."),
    Broken(
        "a value that is none",
        '{ hemoglobin = "high", expect = "pass" }',
        "'hemoglobin': is a number, or a text such as",
    ),
    Broken(
        "a word that is none", '{ hbsag = "yes", expect = "pass" }', "'hbsag': is one of negative, positive."
    ),
    Broken("a sex that is none", '{ sex = "f", expect = "pass" }', "'sex': is one of female, male."),
    Broken(
        "an answer that is none",
        '{ childbearing_potential = "perhaps", expect = "pass" }',
        "'childbearing_potential': is one of no, yes.",
    ),
    Broken(
        "an age that is none", '{ age = "old", expect = "pass" }', "'age': is a whole number from 0 to 120."
    ),
    Broken(
        "half a line",
        '{ prior_lines = 1.5, expect = "pass" }',
        "'prior_lines': is a whole number from 0 to 99.",
    ),
    Broken(
        "a result from the future",
        '{ ecog = 1, ecog_days_ago = -1, expect = "pass" }',
        "'ecog_days_ago': is a whole number from 0 to 36500.",
    ),
    Broken(
        "a date that is none",
        '{ as_of = "2026-02-30", expect = "pass" }',
        "'as_of': is a date, or days before",
    ),
    Broken(
        "a day beyond the calendar",
        '{ copd = { start = "-9999999" }, expect = "pass" }',
        "'start': is a date, or days before",
    ),
    Broken(
        "half a date of the run",
        '{ as_of = "2026-02", expect = "pass" }',
        "'as_of': must be a whole date, YYYY-MM-DD.",
    ),
    Broken("a row that is none", '{ copd = "yes", expect = "pass" }', "'copd': is a row such as"),
    Broken(
        "a row from the future",
        '{ copd = { start = "+1" }, expect = "pass" }',
        "'start': is after the as-of date",
    ),
    Broken(
        "an end before the start",
        '{ copd = { start = "-3", end = "-4" }, expect = "pass" }',
        "'end': is before the start.",
    ),
    Broken(
        "an attribute of other rows",
        '{ copd = { major = "yes" }, expect = "pass" }',
        "'copd': unknown key 'major'.",
    ),
    Broken(
        "an attribute nearly right",
        '{ copd = { grad = 3 }, expect = "pass" }',
        "'copd': unknown key 'grad'. Did you mean 'grade'?",
    ),
    Broken(
        "a grade that there is not",
        '{ copd = { grade = 6 }, expect = "pass" }',
        "'grade': is a whole number from 1 to 5.",
    ),
    Broken(
        "a word of an attribute",
        '{ bortezomib = { stop_reason = "toxic" }, expect = "pass" }',
        "'stop_reason': unknown word 'toxic'. Did you mean 'toxicity'?",
    ),
    Broken(
        "a word of an attribute like no other",
        '{ bortezomib = { stop_reason = "x" }, expect = "pass" }',
        "The words are: completed, progression,",
    ),
    Broken(
        "certainty in words",
        '{ copd = { certain = "no" }, expect = "pass" }',
        "'copd': 'certain' is true or false.",
    ),
    Broken(
        "an unknown reason of a row",
        '{ copd = { reason = "stael" }, expect = "pass" }',
        "'copd': unknown reason 'stael'. Did you mean 'stale'?",
    ),
    Broken(
        "a concept of another class",
        '{ imid = { concept = "bortezomib" }, expect = "pass" }',
        "'imid': 'bortezomib' is not a member of it.",
    ),
    Broken(
        "a member of a line that is no drug",
        '{ lines = { includes = ["copd"] }, expect = "pass" }',
        "'includes': 'copd' is not a drug.",
    ),
    Broken(
        "a table that there is not",
        '{ not_captured = ["treatment"], expect = "pass" }',
        "unknown table 'treatment'. Did you mean 'treatments'?",
    ),
    Broken(
        "a table like no other", '{ not_captured = ["x"], expect = "pass" }', "The tables are: conditions,"
    ),
    Broken(
        "one table, not in a list",
        '{ not_captured = "treatments", expect = "pass" }',
        "'not_captured': is a list of tables.",
    ),
    Broken(
        "an attestation that is no answer",
        '{ attested = "yes", expect = "pass" }',
        "'attested': is one of pass, fail, not_applicable.",
    ),
    Broken(
        "readings that are no table",
        '{ readings = "literal", expect = "pass" }',
        "'readings': is a table of options.",
    ),
    Broken(
        "a reading that is not asked for",
        '{ readings = { limit = 3 }, expect = "pass" }',
        "there is no question 'limit'",
    ),
)


@pytest.mark.parametrize("broken", EXAMPLES, ids=title)
def test_an_example_that_does_not_hold_is_refused(broken: Broken, tmp_path: Path) -> None:
    said = unsound(tmp_path, with_examples(broken.text))
    assert said.startswith("a-trial.toml") and broken.says in said, said


def test_an_example_holds_with_its_own_readings_and_attestation(tmp_path: Path) -> None:
    text = with_examples(
        '{ ecog = 1, expect = "pass" }',
        '{ ecog = 1, readings = { days = 9 }, expect = "pass" }',
        '{ attested = "fail", expect = "fail" }',
        '{ ecog = 1, sex = "male", age = 60, childbearing_potential = false, expect = "pass" }',
        '{ ecog = 1, expect = "pass", because = "one is below two" }',
        '{ expect = "unknown", reason = "never_recorded" }',
    )
    assert checked(tmp_path, text + QUESTIONS) == 6


def test_a_class_is_shown_by_its_first_certain_member_or_by_the_one_named(tmp_path: Path) -> None:
    examples = ('{ imid = {}, expect = "pass" }', '{ imid = { concept = "iberdomide" }, expect = "unknown" }')
    text = one(meets_when='"ever(imid)"', examples="[" + ", ".join(examples) + "]")
    assert checked(tmp_path, text) == 2


def test_a_class_without_a_certain_member_must_name_one() -> None:
    members = (("iberdomide", False), ("mezigdomide", False))
    open_class = SetInfo("celmods", "CELMoDs", "drug", members, ("treatments",), ("treatments",))
    catalogue = Catalogue({}, {"celmods": open_class}, UnitTable({}))
    with pytest.raises(TrialError, match="'celmods': has no certain member: name one as 'concept'"):
        example_facts({"celmods": {}}, catalogue, "a-trial.toml")
    facts, _ = example_facts({"celmods": {"concept": "iberdomide"}}, catalogue, "a-trial.toml")
    assert facts.events["concept"].to_list() == ["iberdomide"]


def test_a_row_of_which_only_the_month_is_known_may_not_have_begun(tmp_path: Path) -> None:
    example = (
        '{ as_of = "2026-06-10", copd = { start = "2026-06" }, expect = "unknown", reason = "partial_date" }'
    )
    assert checked(tmp_path, one(meets_when='"ever(copd)"', examples=f"[{example}]")) == 1
