"""The pages on the language and on trial files say what the code does: functions, words, reasons, keys."""

import re
from pathlib import Path

import pytest

from criteria.check import check_trial
from criteria.example_patient import CONTROL_KEYS, DEFAULT_AS_OF, PATIENT_KEYS
from criteria.language.functions import FUNCTIONS, NOT_YET
from criteria.language.parse import parse_definition
from criteria.language.scope import KIND_ATTRIBUTES, Scope
from criteria.trial import load_trial
from data.catalogue import load_catalogue
from schemas.errors import TrialError
from schemas.facts import ATTRIBUTES
from schemas.words import ANSWERS, CURABILITIES, REASONS, VERDICTS, WORD_DOMAINS

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGE = (DOCS / "language.md").read_text(encoding="utf-8")
TRIAL_FILES = (DOCS / "trial-files.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next of the same level."""
    return page.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def table(text: str, first: str) -> list[list[str]]:
    """The cells of the rows of the table whose first column is headed so."""
    lines = text.split(f"| {first} |", 1)[1].splitlines()[2:]
    rows = [
        line.strip("|").split(" | ")
        for line in lines[: next((n for n, x in enumerate(lines) if not x), None)]
    ]
    return [[cell.strip() for cell in row] for row in rows]


def names(cell: str) -> list[str]:
    """The words in back quotes of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def documented_functions() -> list[list[str]]:
    """The table of functions: signature, meaning, example."""
    return table(section(LANGUAGE, "Functions"), "function")


def test_the_page_lists_every_function_once_and_no_other() -> None:
    listed = [names(row[0])[0].split("(")[0] for row in documented_functions()]
    assert sorted(listed) == sorted([*FUNCTIONS, "if"])


def test_the_page_lists_the_functions_that_are_not_there_yet() -> None:
    told = LANGUAGE.split("Known, and not available")[1].split("\n\n")[0]
    assert sorted(names(told)) == sorted(NOT_YET)


@pytest.mark.parametrize("row", documented_functions(), ids=lambda row: str(row[0]))
def test_the_example_of_a_function_is_an_expression_that_uses_it(row: list[str]) -> None:
    (text,) = names(row[2])
    scope = Scope("docs/language.md", load_catalogue(), {}, {}, lambda concept: 28)
    assert parse_definition(text, scope).text
    assert f"{names(row[0])[0].split('(')[0]}(" in text


@pytest.mark.parametrize("row", documented_functions(), ids=lambda row: str(row[0]))
def test_the_number_of_arguments_is_the_one_of_the_page(row: list[str]) -> None:
    name, inside = re.fullmatch(r"(\w+)\((.*)\)", names(row[0])[0].replace("\\", "")).groups()
    required = [part for part in re.sub(r"\[.*?\]", "", inside).split(",") if part.strip() not in ("", "...")]
    least, most = len(required), len(required) + inside.count("[")
    scope = Scope("docs/language.md", load_catalogue(), {}, {}, lambda concept: 28)
    for given in range(1, 6):
        fits = given >= least and (given <= most or "..." in inside)
        try:
            parse_definition(f"{name}({', '.join(['ecog'] * given)})", scope)
        except TrialError as error:
            refused = "takes" in error.what or "cannot be read" in error.what
            assert refused != fits or name in ("if", "includes", "date_of", "attested"), error.what


def test_the_page_lists_every_reason_in_the_order_of_publication() -> None:
    rows = table(section(LANGUAGE, "Why a verdict is unknown"), "reason")
    assert tuple(names(row[0])[0] for row in rows) == REASONS


def test_the_page_lists_every_attribute_with_its_rows_words_and_blank() -> None:
    rows = {names(row[0])[0]: row for row in table(section(LANGUAGE, "Attributes of a row"), "attribute")}
    assert rows.keys() == ATTRIBUTES.keys()
    for name, (_, kinds, values, blank) in rows.items():
        assert len(kinds.split(", ")) == sum(name in attributes for attributes in KIND_ATTRIBUTES.values())
        if name in WORD_DOMAINS and name != "recorded_stop_reason":
            assert tuple(names(values)) == WORD_DOMAINS[name]
        if name != "recorded_stop_reason":
            assert ATTRIBUTES[name].blank_reason in blank
        if ATTRIBUTES[name].type == "number":
            assert values == f"{ATTRIBUTES[name].low} to {ATTRIBUTES[name].high}"


def test_the_page_lists_every_key_of_an_example() -> None:
    keys = [name for row in table(section(TRIAL_FILES, "Examples"), "key") for name in names(row[0])]
    assert sorted(keys) == sorted([*CONTROL_KEYS, *PATIENT_KEYS])
    assert DEFAULT_AS_OF.isoformat() in TRIAL_FILES
    told = {names(row[0])[0]: names(row[1]) for row in table(section(TRIAL_FILES, "Examples"), "key")}
    assert tuple(told["attested"]) == ANSWERS
    assert tuple(told["expect"]) == VERDICTS


def test_the_page_lists_every_key_of_a_row_and_the_attributes_are_the_rest(tmp_path: Path) -> None:
    keys = {names(row[0])[0] for row in table(section(TRIAL_FILES, "Examples"), "row key")}
    attributes = {name for kind in KIND_ATTRIBUTES.values() for name in kind} - {"recorded_stop_reason"}
    accepted: set[str] = set()
    for name in (
        "bortezomib",
        "copd",
        "surgery",
        "lines",
        "responses",
        "trial_participation",
        "allergy_to_boron",
    ):
        example = f'{{ {name} = {{ zzzz = 1 }}, expect = "pass" }}'
        path = tmp_path / "a-trial.toml"
        path.write_text(ONE_EXAMPLE.format(example=example), encoding="utf-8")
        with pytest.raises(TrialError) as error:
            check_trial(load_trial(str(path), load_catalogue()), load_catalogue())
        accepted |= set(error.value.next_step.removeprefix("Such a row has ").rstrip(".").split(", "))
    assert accepted == keys | attributes


ONE_EXAMPLE = """
[trial]
id = "a-trial"
title = "A trial"
source = "made for a test"
lookback_days = 28
[[inclusion]]
id = "I01"
protocol = "as posted"
meets_when = "ecog < 2"
curability = "retest"
examples = [ {example} ]
"""


def test_the_page_lists_every_curability() -> None:
    rows = table(section(TRIAL_FILES, "[[inclusion]] and [[exclusion]]"), "word")
    assert tuple(names(row[0])[0] for row in rows) == CURABILITIES


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("[trial]", "id registry_ids title source lookback_days max_lag_days"),
        ("[questions.<name>]", "asks default options departs_from_text unit"),
        (
            "[[inclusion]] and [[exclusion]]",
            "id protocol meets_when excluded_when manual parts applies_when review_when review_question "
            "curability lookback_days note examples",
        ),
    ],
)
def test_the_page_lists_every_key_of_a_table(heading: str, known: str) -> None:
    listed = [name for row in table(section(TRIAL_FILES, heading), "key") for name in names(row[0])]
    assert sorted(listed) == sorted(known.split())


def test_the_keys_of_the_pages_are_the_keys_of_the_code() -> None:
    shape = (Path(__file__).parents[2] / "schemas" / "trial.py").read_text(encoding="utf-8")
    keys = set(re.findall(r'^    "(\w+)": (?:TEXT|TEXTS|WHOLE|NUMBER_OR_TEXT|TABLE|TABLES|"a)', shape, re.M))
    documented = {
        name
        for heading in ("[trial]", "[questions.<name>]", "[[inclusion]] and [[exclusion]]")
        for row in table(section(TRIAL_FILES, heading), "key")
        for name in names(row[0])
    }
    assert keys and keys <= documented


def test_the_trial_file_of_the_page_is_sound_and_its_examples_hold(tmp_path: Path) -> None:
    text = TRIAL_FILES.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "a-trial.toml"
    path.write_text(text, encoding="utf-8")
    trial = load_trial(str(path), load_catalogue())
    assert check_trial(trial, load_catalogue()) == text.count("expect =") == 5
    assert [criterion.id for criterion in trial.criteria] == ["I01", "I02", "E01"]
