"""Those who wait are gathered over batches and asked about once there are enough."""

import pytest

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.ranking import summarise_patients
from criteria.waiting import Waiting
from tests.flows.extracts import TRIAL
from tests.metamorphic.pipeline import AS_OF, facts_as_of, loaded, trial_of
from tests.metamorphic.registries import synthetic

ANCHORS = Anchors(AS_OF, AS_OF, AS_OF)


@pytest.fixture
def waiting() -> Waiting:
    """Those of one batch, of whom there are more than one."""
    trial = trial_of(TRIAL)
    with loaded(synthetic(12, 7)) as connection:
        facts = facts_as_of(connection, AS_OF, trial)
    verdicts = evaluate_trial(trial, facts, ANCHORS)
    waiting = Waiting(trial, ANCHORS, 2)
    waiting.add(facts, verdicts, summarise_patients(verdicts, facts, (trial.id,)))
    return waiting


def test_there_are_enough_as_soon_as_so_many_wait(waiting: Waiting) -> None:
    assert waiting.is_full
    waiting.enough = 13
    assert not waiting.is_full


def test_who_was_asked_about_is_not_asked_about_again(waiting: Waiting) -> None:
    told = waiting.ask()
    assert told is not None
    assert told.days.height > 1
    assert not waiting.is_full
    assert waiting.ask() is None
