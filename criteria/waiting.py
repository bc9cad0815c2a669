"""The patients of several batches whom nothing rules out for good, asked about together.

When does it change, and what do they wait for? Judging anew costs about as much for one patient as for
thousands, so they are gathered until there are enough.
"""

from dataclasses import dataclass

import polars as pl

from criteria.calendar import asked_about, calendar
from criteria.engine.batch import Anchors, facts_about, joined_facts
from criteria.frames import apart
from criteria.open_facts import open_facts
from criteria.trial import Trial
from criteria.worklist import waiting_patients
from schemas.facts import FRAME_NAMES, Facts


@dataclass(frozen=True)
class _Part:
    """What is known of those who wait in one batch."""

    facts: Facts
    verdicts: pl.DataFrame
    summary: pl.DataFrame


@dataclass(frozen=True)
class Told:
    """The answers about those who were asked about: see ``criteria.calendar`` and ``criteria.open_facts``."""

    days: pl.DataFrame
    open_facts: pl.DataFrame


class Waiting:
    """Those who wait for one trial, until there are ``enough`` of them."""

    def __init__(self, trial: Trial, anchors: Anchors, enough: int) -> None:
        self.trial = trial
        self.anchors = anchors
        self.enough = enough
        self._parts: list[_Part] = []

    def add(self, facts: Facts, verdicts: pl.DataFrame, summary: pl.DataFrame) -> None:
        """Takes a batch: its facts, its verdicts on the trial, and the summary of these."""
        summary = asked_about(summary)
        patients = summary["patient"]
        mine = verdicts.filter(pl.col("patient").is_in(patients.implode()))
        about = facts_about(facts, patients)
        own = Facts(about.as_of, **{name: apart(getattr(about, name)) for name in FRAME_NAMES})
        self._parts.append(_Part(own, mine, summary))

    @property
    def is_full(self) -> bool:
        """Whether there are enough to be asked about."""
        return sum(part.summary.height for part in self._parts) >= self.enough

    def ask(self) -> Told | None:
        """The answers about all who were added since the last time; none if nothing was."""
        if not self._parts:
            return None
        facts = joined_facts([part.facts for part in self._parts])
        verdicts = pl.concat([part.verdicts for part in self._parts])
        summary = pl.concat([part.summary for part in self._parts])
        self._parts.clear()
        patients = waiting_patients(summary)["patient"]
        return Told(
            calendar(self.trial, facts, self.anchors, verdicts, summary),
            open_facts(self.trial, verdicts, facts, self.anchors, patients),
        )
