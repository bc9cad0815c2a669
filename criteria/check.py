"""Is a trial file sound: it reads, decides nothing about nobody, and gives what its own examples say."""

from criteria.engine.screen import evaluate_trial
from criteria.examples import judge_example, nobody
from criteria.trial import Criterion, Trial
from data.catalogue import Catalogue
from schemas.errors import TrialError
from schemas.words import VERDICTS, reason_bit


def check_trial(trial: Trial, catalogue: Catalogue) -> int:
    """The number of examples that hold.

    Raises ``TrialError`` for a criterion that is decided for a patient about whom nothing is recorded and
    nothing declared complete, and for an example whose verdict differs.
    """
    _refuse_verdicts_on_nobody(trial)
    return sum(_check_examples(trial, criterion, catalogue) for criterion in trial.criteria)


def _refuse_verdicts_on_nobody(trial: Trial) -> None:
    facts, anchors = nobody()
    verdicts = evaluate_trial(trial, facts, anchors)
    for row in verdicts.iter_rows(named=True):
        if row["verdict"] != "unknown":
            raise TrialError(
                f"{trial.file_name}, criterion {row['criterion_id']}",
                f"the verdict is '{row['verdict']}' for a patient about whom nothing is recorded.",
                "A blank may hide an answer, never give one: ask for something that has to be known.",
            )


def _check_examples(trial: Trial, criterion: Criterion, catalogue: Catalogue) -> int:
    for number, example in enumerate(criterion.examples, start=1):
        where = f"{trial.file_name}, criterion {criterion.id}, example {number}"
        expected = example.get("expect")
        if expected not in VERDICTS:
            raise TrialError(where, f"'expect' must be one of {', '.join(VERDICTS)}.", "Correct the example.")
        if "reason" in example:
            _known_reason(example["reason"], where)
        outcome = judge_example(trial, criterion.id, example, catalogue)
        if outcome.verdict != expected:
            what = f"the example expects {expected}, the criterion gives {outcome.verdict}"
            because = f" ({outcome.reason})" if outcome.reason else ""
            raise TrialError(where, f"{what}{because}.", "Correct the expression or the example.")
        if "reason" in example and outcome.reason != example["reason"]:
            what = (
                f"the example expects the reason {example['reason']}, the criterion gives {outcome.reason}."
            )
            raise TrialError(where, what, "Correct the expression or the example.")
    return len(criterion.examples)


def _known_reason(reason: str, where: str) -> None:
    try:
        reason_bit(reason)
    except ValueError:
        raise TrialError(where, f"unknown reason '{reason}'.", "Correct the example.") from None
