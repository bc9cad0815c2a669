"""Worked examples of a trial file, judged: the file shows what it means, and is held to it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.example_patient import DEFAULT_AS_OF, ExamplePatient
from criteria.trial import Trial, load_trial
from data.catalogue import Catalogue, UnitTable
from schemas.errors import TrialError
from schemas.facts import SCHEMAS, Facts
from schemas.words import ANSWERS


@dataclass(frozen=True)
class Outcome:
    """What the engine says of an example."""

    verdict: str
    reason: str | None


def judge_example(trial: Trial, criterion_id: str, example: dict[str, Any], catalogue: Catalogue) -> Outcome:
    """The verdict on one criterion for the patient of an example, with the example's own readings."""
    where = f"{trial.file_name}, criterion {criterion_id}"
    read = load_trial_again(trial, catalogue, {**trial.readings, **_readings(example, where)})
    facts, anchors = example_facts(example, catalogue, where)
    if "attested" in example:
        if example["attested"] not in ANSWERS:
            what = f"is one of {', '.join(ANSWERS)}."
            raise TrialError(f"{where}, example, 'attested'", what, "Correct the example.")
        facts = _attest(facts, trial.id, criterion_id, example["attested"])
    alone = replace(read, criteria=(read.criterion(criterion_id),))
    row = evaluate_trial(alone, facts, anchors).row(0, named=True)
    return Outcome(row["verdict"], row["reason"])


def _readings(example: dict[str, Any], where: str) -> dict[str, str]:
    given = example.get("readings", {})
    if not isinstance(given, dict):
        raise TrialError(f"{where}, example, 'readings'", "is a table of options.", "Correct the example.")
    return {key: str(value) for key, value in given.items()}


def load_trial_again(trial: Trial, catalogue: Catalogue, readings: dict[str, str]) -> Trial:
    """The same file with other readings; the same object where nothing changes."""
    if readings == trial.readings:
        return trial
    return load_trial(str(trial.path), catalogue, readings)


def example_facts(example: dict[str, Any], catalogue: Catalogue, where: str) -> tuple[Facts, Anchors]:
    """The facts of the one patient that an example describes; ``TrialError`` for what cannot be read."""
    return ExamplePatient(example, catalogue, where).facts()


def nobody(as_of: date = DEFAULT_AS_OF) -> tuple[Facts, Anchors]:
    """A patient about whom nothing is recorded, in tables that nobody declared complete."""
    empty = ExamplePatient(
        {"as_of": as_of.isoformat(), "birth": "unknown"}, Catalogue({}, {}, UnitTable({})), "nobody"
    )
    facts, anchors = empty.facts()
    return replace(facts, coverage=facts.coverage.clear()), anchors


def _attest(facts: Facts, trial_id: str, criterion_id: str, answer: Any) -> Facts:
    row = {
        "patient": 0,
        "trial_id": trial_id,
        "criterion_id": criterion_id,
        "answer": answer,
        "date": facts.as_of,
        "source_row": 1,
    }
    return replace(facts, attestations=pl.DataFrame([row], schema=SCHEMAS["attestations"]))
