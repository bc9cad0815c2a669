"""What makes a run this run: the hashes of its inputs, trials and code, its dates and its readings.

The run's id and its manifest follow from these alone, never a clock: the same night run twice is one run.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from criteria.trial import Trial
from flows import VERSION
from flows.files import sha256_of_all
from flows.request import RunRequest

if TYPE_CHECKING:
    from flows.session import Session

PRE_SCREEN_ONLY = (
    "Pre-screen only: a list of patients worth a closer look, made from registry data. It does not say that "
    "anybody is eligible; that is for a physician to decide with the patient and the full record."
)
_ROOT = Path(__file__).resolve().parent.parent
_CODE_FOLDERS = ("schemas", "data", "sql", "criteria", "flows")
_CODE_SUFFIXES = (".py", ".sql", ".csv", ".j2", ".css", ".js")
_ID_DIGITS = 12


@cache
def code_sha256() -> str:
    """One hash over the code, the SQL and the code lists that made a run."""
    paths = (path for folder in _CODE_FOLDERS for path in (_ROOT / folder).rglob("*"))
    return sha256_of_all(
        (path.relative_to(_ROOT).as_posix(), path) for path in paths if path.suffix in _CODE_SUFFIXES
    )


def _decisive(request: RunRequest, trials: Sequence[Trial], inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "as_of": request.as_of.isoformat(),
        "enrollment": request.enrollment.isoformat(),
        "first_dose": request.first_dose.isoformat(),
        "format": request.source_format,
        "index_date": request.index_date.isoformat() if request.index_date else None,
        "readings": {trial.id: trial.readings for trial in trials},
        # Hashes only: what a file holds is decided by its bytes, and a repeat is known before it is loaded.
        "inputs": {name: told["sha256"] for name, told in inputs.items()},
        "trials": {trial.id: {"sha256": trial.sha256} for trial in trials},
        "code": {"version": VERSION, "sha256": code_sha256()},
    }


def run_identity(request: RunRequest, trials: Sequence[Trial], inputs: Mapping[str, Any]) -> str:
    """The run's id: the as-of date and a short hash of everything that decides the outputs."""
    decisive = json.dumps(_decisive(request, trials, inputs), sort_keys=True, ensure_ascii=False)
    return f"{request.as_of.isoformat()}-{hashlib.sha256(decisive.encode()).hexdigest()[:_ID_DIGITS]}"


def manifest_of(session: "Session", outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about a run that can be told without naming a patient."""
    trials = session.trials
    return {
        **_decisive(session.request, trials, session.inputs),
        "inputs": dict(session.inputs),
        "run_id": session.run_id,
        "departures": {trial.id: trial.departures for trial in trials},
        "extracted_on": session.extracted_on.isoformat() if session.extracted_on else None,
        "compared_with": session.compared_with,
        "columns": session.columns,
        "outputs": dict(outputs),
        "rows": dict(session.counts),
        "statement": PRE_SCREEN_ONLY,
    }


def about_run(request: RunRequest, trials: Sequence[Trial], run_id: str) -> list[tuple[str, str]]:
    """What a reader of the list must know, as (what, text) lines for the workbook's second sheet."""
    lines = [
        ("what this is", PRE_SCREEN_ONLY),
        ("run", run_id),
        ("as of", request.as_of.isoformat()),
        ("enrollment", request.enrollment.isoformat()),
        ("first dose", request.first_dose.isoformat()),
    ]
    if request.index_date:
        told = "the source counts days; this is day 0, so that no date here is one of a calendar"
        lines.append(("index date", f"{request.index_date}: {told}"))
    for trial in trials:
        lines += [("trial", f"{trial.id} ({', '.join(trial.registry_ids)})"), ("title", trial.title)]
        lines += [(f"reading: {question}", text) for question, text in readings_in_words(trial)]
    return lines


def readings_in_words(trial: Trial) -> list[tuple[str, str]]:
    """Each question with the answer in force, and whether it departs from the letter of the protocol."""
    said = []
    for question in trial.questions:
        words = question.options.get(question.chosen, question.unit)
        departs = " [departs from the posted text]" if question.id in trial.departures else ""
        said.append((question.id, f"{question.chosen}: {words}{departs}"))
    return said
