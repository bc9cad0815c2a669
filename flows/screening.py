"""Facts and verdicts, batch by batch of patients: the heart of a run, wherever it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from criteria.engine.batch import Anchors, Batch
from criteria.engine.screen import evaluate_trial
from criteria.trial import Trial
from criteria.waiting import Waiting
from flows.answers.in_force import AnswersInForce
from flows.tables import FactFiles, VerdictFiles
from flows.tally import Tally
from sql.runner import patient_batches, read_facts


@dataclass(frozen=True)
class Screening:
    """Patients to be judged: the database that their extract is staged in, the trials, the dates, how many
    are judged at a time, and what coordinators answered about them."""

    connection: duckdb.DuckDBPyConnection
    trials: Sequence[Trial]
    anchors: Anchors
    batch_patients: int
    answers: AnswersInForce

    def tallies(self) -> list[Tally]:
        """A tally for each trial, with nothing in it."""
        enough = max(self.batch_patients // (2 * len(self.trials)), 1)
        return [Tally(trial, Waiting(trial, self.anchors, enough)) for trial in self.trials]

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
                if tally.waiting.is_full:
                    tally.waiting.ask()
        for tally in tallies:
            tally.waiting.ask()
            tally.answers.append(self.answers.judged(tally.trial.id))
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
        batch = self.answers.with_answers(read_facts(self.connection, first, last))
        shared: dict[int, Batch] = {}
        for tally in tallies:
            found = evaluate_trial(tally.trial, batch, self.anchors, shared)
            verdict_files.write(tally.trial, batch, found)
            batch = self.answers.with_statuses(batch, tally.trial, found)
            tally.count(found, batch)
        fact_files.write(batch, is_first=first == 0)
