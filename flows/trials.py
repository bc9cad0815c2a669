"""What ``prescreen trial`` says about trial files."""

import tomllib
from collections.abc import Iterator
from typing import Any

from criteria.check import check_trial
from criteria.trial import Criterion, Question, Trial, load_trial, trial_files
from data.catalogue import load_catalogue
from flows.summary import machine_checked
from schemas.words import KINDS


def list_trials() -> Iterator[str]:
    """One line per trial that comes with Prescreen: id, registry ids, title."""
    for trial_id in trial_files():
        trial = load_trial(trial_id, load_catalogue())
        yield f"{trial.id} ({', '.join(trial.registry_ids)}): {trial.title}"


def show_trial(name: str) -> Iterator[str]:
    """A trial as it is computed: each criterion's protocol text beside its expression, then the questions."""
    trial = load_trial(name, load_catalogue())
    yield f"{trial.id} ({', '.join(trial.registry_ids)}): {trial.title}"
    yield f"source: {trial.source}"
    yield f"{machine_checked(trial)} of {len(trial.criteria)} criteria are checked by machine"
    document = tomllib.loads(trial.raw.decode("utf-8"))
    entries = {entry["id"]: entry for kind in KINDS for entry in document.get(kind, [])}
    for criterion in trial.criteria:
        yield ""
        yield from _criterion(criterion, entries[criterion.id])
    for defined, text in document.get("definitions", {}).items():
        yield f"\ndefinition {defined}: {_one_line(text)}"
    yield from _questions(trial)


def _criterion(criterion: Criterion, entry: dict[str, Any]) -> Iterator[str]:
    yield f"{criterion.id} ({criterion.kind})"
    yield from (f'    "{line}"' for line in criterion.protocol)
    if criterion.manual:
        yield f"    ask: {criterion.manual}"
    for part in (entry, *entry.get("parts", [])):
        name = "" if part is entry else f"{part['id']} "
        for field, words in _FIELDS.items():
            if field in part:
                yield f"    {name}{words}: {_one_line(part[field])}"
    if criterion.curability:
        words = ", ".join(dict.fromkeys(case.word for case in criterion.curability))
        yield f"    a fail may lift by: {words}"
    if criterion.note:
        yield f"    note: {_one_line(criterion.note)}"


# Shown as the file writes them, since that is what its author can change.
_FIELDS = {
    "meets_when": "met when",
    "excluded_when": "excluded when",
    "applies_when": "applies when",
    "review_when": "for a person when",
}


def _questions(trial: Trial) -> Iterator[str]:
    for question in trial.questions:
        yield ""
        yield f"question {question.id}: {question.asks}"
        for option, text in question.options.items():
            yield f"    {option}: {text}{_marks(question, option)}"
        if not question.options:
            yield f"    {question.chosen} {question.unit} [in force]"


def _marks(question: Question, option: str) -> str:
    in_force = " [in force]" if option == question.chosen else ""
    return in_force + (" [departs from the text]" if option in question.departs else "")


def check_file(name: str) -> str:
    """That a trial file is sound; raises ``TrialError`` if it is not."""
    trial = load_trial(name, load_catalogue())
    examples = check_trial(trial, load_catalogue())
    return f"{trial.file_name}: {len(trial.criteria)} criteria, {examples} examples hold"


def _one_line(text: str) -> str:
    return " ".join(text.split())
