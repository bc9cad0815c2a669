"""The patients of several batches whom nothing rules out for good, asked about together.

When does it change, and what do they wait for? Judging anew costs about as much for one patient as for
thousands, so they are gathered until there are enough.
"""

from dataclasses import dataclass

import polars as pl

from criteria.calendar import asked_about, calendar
from criteria.engine.batch import Anchors, facts_about, joined_facts
from criteria.open_facts import open_facts
from criteria.trial import Trial
from criteria.worklist import waiting_patients
from schemas.facts import Facts


@dataclass(frozen=True)
class _Part:
    """What is known of those who wait in one batch."""

    facts: Facts
    verdicts: pl.DataFrame
    summary: pl.DataFrame


class Waiting:
    """What is asked about one trial; ``days`` (see ``criteria.calendar``) and ``open_facts`` are the answers,
    a frame for each time that there were ``enough`` patients."""

    def __init__(self, trial: Trial, anchors: Anchors, enough: int) -> None:
        self.trial = trial
        self.anchors = anchors
        self.enough = enough
        self.days: list[pl.DataFrame] = []
        self.open_facts: list[pl.DataFrame] = []
        self._parts: list[_Part] = []

    def add(self, facts: Facts, verdicts: pl.DataFrame, summary: pl.DataFrame) -> None:
        """Takes a batch: its facts, its verdicts on the trial, and the summary of these."""
        summary = asked_about(summary)
        patients = summary["patient"]
        mine = verdicts.filter(pl.col("patient").is_in(patients.implode()))
        self._parts.append(_Part(facts_about(facts, patients), mine, summary))
        if sum(part.summary.height for part in self._parts) >= self.enough:
            self.ask()

    def ask(self) -> None:
        """Finds the answers for all who were added since the last time."""
        if not self._parts:
            return
        facts = joined_facts([part.facts for part in self._parts])
        verdicts = pl.concat([part.verdicts for part in self._parts])
        summary = pl.concat([part.summary for part in self._parts])
        self._parts.clear()
        self.days.append(calendar(self.trial, facts, self.anchors, verdicts, summary))
        waiting = waiting_patients(summary)["patient"]
        self.open_facts.append(open_facts(self.trial, verdicts, facts, self.anchors, waiting))
