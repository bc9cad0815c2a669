"""A trial made of given criteria, for tests that have no file."""

from collections.abc import Sequence
from pathlib import Path

from criteria.trial import Criterion, Trial


def trial_of(criteria: Sequence[Criterion], trial_id: str = "a-trial", max_lag_days: int = 7) -> Trial:
    """A trial with these criteria and no questions."""
    return Trial(
        id=trial_id,
        registry_ids=(),
        title="A trial",
        source="made for a test",
        max_lag_days=max_lag_days,
        questions=(),
        criteria=tuple(criteria),
        path=Path("a-trial.toml"),
        raw=b"",
    )
