"""Facts and verdicts, batch by batch of patients: the heart of a run, wherever it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from criteria.engine.batch import Anchors, Batch, facts_of, numbered_as
from criteria.engine.screen import evaluate_trial
from criteria.trial import Trial
from criteria.waiting import Waiting
from flows.answers.in_force import AnswersInForce
from flows.carried import Carried, with_carried, with_carried_verdicts
from flows.state import StateFiles
from flows.tables import FactFiles, VerdictFiles
from flows.tally import Tally
from sql.runner import patient_batches, read_facts


@dataclass(frozen=True)
class Screening:
    """Patients to be judged: the database that their extract is staged in, the trials, the dates, how many
    are judged at a time, and what coordinators answered about them.

    ``scratch``: where what is counted waits to be ranked, by trial.
    ``carried``: patients of whom the last night's facts, or verdicts too, still stand; ``state``: what the
    next night is to know.
    """

    connection: duckdb.DuckDBPyConnection
    trials: Sequence[Trial]
    anchors: Anchors
    batch_patients: int
    answers: AnswersInForce
    scratch: Path
    carried: Carried | None = None
    state: StateFiles | None = None

    def tallies(self) -> list[Tally]:
        """A tally for each trial, with nothing in it."""
        # Judged again all at once, they take as much memory as three times as many in a batch.
        enough = max(self.batch_patients // (3 * len(self.trials)), 1)
        return [
            Tally(trial, Waiting(trial, self.anchors, enough), self.scratch / trial.id)
            for trial in self.trials
        ]

    def screen(
        self,
        first: int,
        last: int,
        verdict_files: VerdictFiles,
        fact_files: FactFiles,
        progress: Callable[[str], None],
    ) -> list[Tally]:
        """Judges the patients numbered first to last by every criterion of every trial, into the files."""
        tallies = self.tallies()
        for start, end in patient_batches(first, last, self.batch_patients):
            progress(f"screening patients {start + 1} to {end + 1} of {last + 1}")
            self._batch(start, end, tallies, verdict_files, fact_files)
            for tally in tallies:
                tally.after_batch()
        for tally in tallies:
            tally.end(self.answers.judged(tally.trial.id))
        return tallies

    def _batch(
        self,
        first: int,
        last: int,
        tallies: list[Tally],
        verdict_files: VerdictFiles,
        fact_files: FactFiles,
    ) -> None:
        """One batch; apart, so that nothing of it is held while the next one is read."""
        read = read_facts(self.connection, first, last)
        numbers = read.patients["patient"]
        if self.carried:
            read = with_carried(read, self.carried.facts(self.anchors.as_of, first, last))
            again = self.carried.between(first, last, is_judged=True)["patient"]
            numbers = pl.concat([numbers, again]).sort()
        batch = self.answers.with_answers(read)
        mine = facts_of(batch, numbers.to_list()) if self.carried else batch
        shared: dict[int, Batch] = {}
        crossings = self.state.crossings(mine.patients.height) if self.state else None
        for tally in tallies:
            found = evaluate_trial(tally.trial, mine, self.anchors, shared, crossings)
            if self.carried:
                others = self.carried.verdicts(tally.trial, first, last)
                found = with_carried_verdicts(numbered_as(found, numbers), others)
            verdict_files.write(tally.trial, batch, found)
            if self.state:
                self.state.write(tally.trial, found)
            batch = self.answers.with_statuses(batch, tally.trial, found)
            tally.count(found, batch)
        fact_files.write(batch, is_first=first == 0)
        if self.state and crossings:
            self.state.add(numbers, mine, crossings)
            if self.carried:
                self.state.add_carried(self.carried.between(first, last))
