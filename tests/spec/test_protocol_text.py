"""The trial file for NCT06050512 quotes the posted eligibility text whole: nothing left out, nothing twice.

``NCT06050512.txt`` beside this file is the public text as posted, with its bullets and escapes.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

POSTED_FILE = Path(__file__).with_name("NCT06050512.txt")
READINGS_PAGE = Path(__file__).parents[2] / "docs" / "protocol-readings.md"
TRIAL_FILE = Path(__file__).parents[2] / "criteria" / "trials" / "mezigdomide-ixazomib-dex.toml"
# Lines of the posting that are not criteria.
HEADINGS = (
    "The following criteria is provided for health care professionals.",
    "Inclusion Criteria:",
    "Hematologic laboratory parameters of:",
    "Non-hematologic laboratory parameters of:",
    "Exclusion Criteria:",
)
WITH_PARTS = {"I07": "abc", "E03": "abc", "E10": "abcdefgh"}


def squeezed(text: str) -> str:
    """The text without what carries no meaning: white space, and the escapes of < and >."""
    return re.sub(r"\s+", "", text.replace("\\", ""))


def posted_text() -> str:
    """The posting without its bullets, squeezed."""
    lines = POSTED_FILE.read_text(encoding="utf-8").splitlines()
    return squeezed("".join(re.sub(r"^\s*(\*|o) ", "", line) for line in lines))


def trial_entries() -> list[dict[str, Any]]:
    """The inclusion entries, then the exclusion entries, as they stand in the trial file."""
    trial = tomllib.loads(TRIAL_FILE.read_text(encoding="utf-8"))
    return [*trial["inclusion"], *trial["exclusion"]]


def quotations(entry: dict[str, Any]) -> list[str]:
    """The posted words that an entry quotes."""
    protocol = entry["protocol"]
    return [protocol] if isinstance(protocol, str) else list(protocol)


def uncovered(text: str, entries: list[dict[str, Any]]) -> str:
    """Walks the posting word by word: the next words must be a heading or the next criterion's quotation.

    Answers with what is left where the walk stops, or with nothing when text and quotations end together.
    """
    pending = [(entry["id"], squeezed(quoted)) for entry in entries for quoted in quotations(entry)]
    headings = [squeezed(heading) for heading in HEADINGS]
    while text:
        heading = next((each for each in headings if text.startswith(each)), None)
        if heading is not None:
            text = text.removeprefix(heading)
        elif pending and text.startswith(pending[0][1]):
            text = text.removeprefix(pending.pop(0)[1])
        else:
            return f"posted: {text[:60]}..., next quotation: {pending[:1]}"
    return f"quoted, not posted: {pending}" if pending else ""


def test_every_word_of_the_posting_belongs_to_exactly_one_criterion_in_the_order_posted() -> None:
    assert uncovered(posted_text(), trial_entries()) == ""


@pytest.mark.parametrize("left_out", [entry["id"] for entry in trial_entries()])
def test_a_criterion_that_is_left_out_is_noticed(left_out: str) -> None:
    entries = [entry for entry in trial_entries() if entry["id"] != left_out]
    assert uncovered(posted_text(), entries) != ""


def test_words_quoted_by_two_criteria_are_noticed() -> None:
    entries = trial_entries()
    assert uncovered(posted_text(), [*entries, entries[-1]]) != ""
    assert uncovered(posted_text(), [entries[0], *entries]) != ""


def test_a_single_changed_word_is_noticed() -> None:
    assert uncovered(posted_text().replace("75,000", "70,000"), trial_entries()) != ""


def test_the_criteria_are_i01_to_i17_and_e01_to_e22_in_the_order_of_the_posting() -> None:
    wanted = [f"I{n:02}" for n in range(1, 18)] + [f"E{n:02}" for n in range(1, 23)]
    assert [entry["id"] for entry in trial_entries()] == wanted


def test_named_parts_stand_inside_one_criterion_and_quote_its_own_words_once_and_in_order() -> None:
    for entry in trial_entries():
        parts = entry.get("parts", [])
        assert [part["id"] for part in parts] == [
            entry["id"] + mark for mark in WITH_PARTS.get(entry["id"], "")
        ]
        rest = squeezed("".join(quotations(entry)))
        for part in parts:
            before, found, rest = rest.partition(squeezed("".join(quotations(part))))
            assert found, f"{part['id']} quotes words that {entry['id']} does not have there"
            assert not before or part is parts[0], f"words before {part['id']} belong to no part"
        assert not parts or not rest, f"{entry['id']} ends with words of no part"


def test_every_criterion_says_what_it_does_and_shows_a_patient() -> None:
    for entry in trial_entries():
        assert entry["note"].strip(), f"{entry['id']} does not say what it leaves out"
        assert entry["examples"], f"{entry['id']} shows no patient"
        verdicts = {example["expect"] for example in entry["examples"]}
        assert "manual" in entry or len(verdicts) > 1, f"{entry['id']} shows only one verdict"


def test_the_page_on_readings_names_every_criterion_and_every_question_with_its_options() -> None:
    rows = [line for line in READINGS_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    questions = tomllib.loads(TRIAL_FILE.read_text(encoding="utf-8"))["questions"]
    for name, question in questions.items():
        row = next((each for each in rows if each.startswith(f"| `{name}` |")), "")
        for option in question.get("options", {str(question["default"]): ""}):
            mark = f"**`{option}`**" if option in question.get("departs_from_text", []) else option
            assert mark in row, f"the page does not show {option} of {name} as it is"
    for entry in trial_entries():
        named = [part["id"] for part in entry.get("parts", [])] if entry["id"] == "E10" else [entry["id"]]
        assert all(any(each.startswith(f"| {name} |") for each in rows) for name in named)
