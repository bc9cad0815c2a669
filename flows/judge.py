"""An extract judged on the side: the steps of a run without its outputs, for canary patients and for
replays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.ranking import summarise_patients
from criteria.trial import Trial
from flows.answers.in_force import answers_in_force
from flows.loading import load_tables, wanted_by
from flows.memory import batch_patients
from flows.session import working_database
from sql.runner import patient_batches, patient_count, read_facts, stage_extract


@dataclass(frozen=True)
class Case:
    """An extract, the dates to judge it on, and the coordinators' answers that are to count, if any.

    ``answers_through``: answers from a later day do not count; by default the as-of date.
    """

    extract: Path
    as_of: date
    enrollment: date
    first_dose: date
    source_format: str = "prescreen"
    index_date: date | None = None
    answers: Path | None = None
    answers_through: date | None = None

    def on(self, day: date) -> "Case":
        """The same extract judged as of another day; enrollment and first dose keep their distance."""
        ahead = day - self.as_of
        # Of another day the answers that were known on it.
        through = None if ahead else self.answers_through
        return replace(
            self,
            as_of=day,
            enrollment=self.enrollment + ahead,
            first_dose=self.first_dose + ahead,
            answers_through=through,
        )


@dataclass(frozen=True)
class Judged:
    """One trial's verdicts (as ``evaluate_trial`` gives them) and its patients' summaries, both in patient
    order."""

    verdicts: pl.DataFrame
    summary: pl.DataFrame


def judge(case: Case, trials: Sequence[Trial], scratch: Path) -> dict[str, Judged]:
    """Every patient of the extract by every criterion of every trial, by trial id.

    ``scratch`` is a folder that does not exist yet; its database stays there for the caller to remove.
    Raises ``ExtractRefused`` as a run does.
    """
    (judged,) = judge_on_days(case, [case.as_of], trials, scratch)
    return judged


def judge_on_days(
    case: Case, days: Iterable[date], trials: Sequence[Trial], scratch: Path
) -> Iterator[dict[str, Judged]]:
    """The same as of each day in turn, from one reading of the extract. What is dated after a day does not
    count on that day."""
    with working_database(scratch) as connection:
        load_tables(case.extract, case.source_format, case.index_date, connection, _silent)
        for day in days:
            yield _judged(connection, case.on(day), trials)


def _judged(connection: duckdb.DuckDBPyConnection, case: Case, trials: Sequence[Trial]) -> dict[str, Judged]:
    stage_extract(connection, case.as_of, wanted_by(trials), _silent)
    anchors = Anchors(case.as_of, case.enrollment, case.first_dose)
    answers = answers_in_force(case.answers, trials, case.as_of, case.answers_through)
    parts: dict[str, list[Judged]] = {trial.id: [] for trial in trials}
    for first, last in patient_batches(0, patient_count(connection) - 1, batch_patients(None)):
        batch = answers.with_answers(read_facts(connection, first, last))
        for trial in trials:
            verdicts = evaluate_trial(trial, batch, anchors)
            told = answers.with_statuses(batch, trial, verdicts)
            summary = summarise_patients(verdicts, told, (trial.id, *trial.registry_ids))
            parts[trial.id].append(Judged(verdicts, summary))
    return {trial_id: _whole(judged) for trial_id, judged in parts.items()}


def _whole(parts: Sequence[Judged]) -> Judged:
    return Judged(pl.concat([part.verdicts for part in parts]), pl.concat([part.summary for part in parts]))


def _silent(_: str) -> None:
    return None
