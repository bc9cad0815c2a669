"""Which answers count in a run: those whose evidence is still what it was when they were given.

Worked out patient by patient from the facts, before the verdicts (answers to criteria) and after them (what
came of a patient), so that a run remains a function of extract, answers, trial files and dates.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from criteria.evidence import Reads, evidence_in, reads_of
from criteria.patient_rows import PatientRows, rows_by_patient
from criteria.trial import Criterion, Trial
from flows.answers.store import TAKE_BACK, Answer, known_on, last_answers, read_batches
from flows.evidence_key import Verdict, changed_since, evidence_key
from schemas.facts import SCHEMAS, Facts
from schemas.outputs import output_columns, output_dtypes
from schemas.words import ANSWER_STATES

COUNTS, CHANGED, TAKEN_BACK, NOT_YET, NOT_IN_RUN = ANSWER_STATES
# A dismissal rests on what the registry says; who takes part, or has left, is not brought back by a result.
DISMISSALS = ("declined", "screen_failed")
# Of two steps of one day the one that keeps a patient off a list wins, as among the registry's own.
_STEPS = ("contacted", "consented", "declined", "screen_failed", "withdrawn", "enrolled")

# One of ANSWER_STATES, and the criteria whose evidence changed.
State = tuple[str, tuple[str, ...]]


@dataclass
class AnswersInForce:
    """The answers that may count on a day, by trial and patient; ``states`` gathers what became of each."""

    as_of: date
    trials: dict[str, Trial] = field(default_factory=dict)
    held: dict[str, dict[str, list[Answer]]] = field(default_factory=dict)
    not_yet: list[Answer] = field(default_factory=list)
    states: dict[Answer, State] = field(default_factory=dict)
    _reads: dict[tuple[str, str], Reads] = field(default_factory=dict)

    def with_answers(self, batch: Facts) -> Facts:
        """The batch with the answers to criteria that still stand on the same evidence."""
        rows: list[tuple[object, ...]] = []
        for trial_id, patient, answers, own in self._concerned(batch, to_criteria=True):
            trial = self.trials[trial_id]
            by_id = {criterion.id: criterion for criterion in trial.criteria}
            for answer in answers:
                criterion = by_id.get(answer.criterion_id)
                if criterion is None or answer.answer == TAKE_BACK:
                    self.states[answer] = (NOT_IN_RUN if criterion is None else TAKEN_BACK), ()
                elif self._key(trial, answer.patient_id, criterion, own) != answer.evidence:
                    self.states[answer] = CHANGED, (answer.criterion_id,)
                else:
                    self.states[answer] = COUNTS, ()
                    rows.append((patient, trial_id, criterion.id, answer.answer, answer.date, None))
        return replace(batch, attestations=_merged(batch.attestations, rows)) if rows else batch

    def with_statuses(self, batch: Facts, trial: Trial, verdicts: pl.DataFrame) -> Facts:
        """The batch with what came of one trial's patients, but for dismissals that new data put in doubt."""
        rows: list[tuple[object, ...]] = []
        for trial_id, patient, answers, own in self._concerned(batch, to_criteria=False):
            if trial_id != trial.id:
                continue
            (answer,) = answers
            changed: list[str] = []
            if answer.answer in DISMISSALS:
                changed = changed_since(answer.evidence, self._keys(trial, answer, own, verdicts, patient))
            if answer.answer == TAKE_BACK:
                self.states[answer] = TAKEN_BACK, ()
            elif changed:
                self.states[answer] = CHANGED, tuple(changed)
            else:
                self.states[answer] = COUNTS, ()
                rows.append((patient, trial_id, answer.answer, answer.date))
        return replace(batch, screening_log=_logged(batch.screening_log, rows)) if rows else batch

    def table(self) -> pl.DataFrame:
        """What became of each last answer of the run's trials, as the run publishes it."""
        told: dict[Answer, State] = dict.fromkeys(self._all(), (NOT_IN_RUN, ()))
        told |= dict.fromkeys(self.not_yet, (NOT_YET, ()))
        told |= self.states
        rows = [
            {
                "trial_id": answer.trial_id,
                "patient_id": answer.patient_id,
                "criterion_id": answer.criterion_id or None,
                "answer": answer.answer,
                "date": answer.date,
                "answered_by": answer.answered_by,
                "comment": answer.comment or None,
                "state": state,
                "changed_criteria": list(changed),
                "run_id": answer.run_id,
            }
            for answer, (state, changed) in told.items()
        ]
        frame = pl.DataFrame(rows, schema=pl.Schema(output_dtypes("answers")), orient="row")
        return frame.select(output_columns("answers")).sort(
            "trial_id", "patient_id", "criterion_id", "date", nulls_last=True
        )

    def _all(self) -> Iterator[Answer]:
        for patients in self.held.values():
            for answers in patients.values():
                yield from answers

    def _concerned(
        self, batch: Facts, *, to_criteria: bool
    ) -> Iterator[tuple[str, int, list[Answer], PatientRows]]:
        """Of each trial the patients of the batch with answers: place, answers, rows."""
        asked = {patient for patients in self.held.values() for patient in patients}
        if not asked:
            return
        own = batch.patients.filter(pl.col("patient_id").is_in(sorted(asked)))
        places = dict(own.select("patient", "patient_id").iter_rows())
        for patient, rows in rows_by_patient(batch, places):
            for trial_id, patients in self.held.items():
                answers = [
                    answer
                    for answer in patients.get(places[patient], ())
                    if bool(answer.criterion_id) is to_criteria
                ]
                if answers:
                    yield trial_id, patient, answers, rows

    def _keys(
        self, trial: Trial, answer: Answer, own: PatientRows, verdicts: pl.DataFrame, patient: int
    ) -> Iterator[tuple[Verdict, str]]:
        for verdict in verdicts.filter(pl.col("patient") == patient).iter_rows(named=True):
            criterion = trial.criterion(verdict["criterion_id"])
            yield verdict, self._key(trial, answer.patient_id, criterion, own)

    def _key(self, trial: Trial, patient_id: str, criterion: Criterion, own: PatientRows) -> str:
        name = trial.id, criterion.id
        if name not in self._reads:
            self._reads[name] = reads_of(criterion, self.as_of)
        return evidence_key(trial, patient_id, criterion, evidence_in(own, self._reads[name]))


def answers_in_force(
    path: Path | None, trials: Iterable[Trial], as_of: date, through: date | None = None
) -> AnswersInForce:
    """The answers of a store that may count for these trials on a day; of no store, none.

    ``through``: the last day whose answers are known, by default that day. Raises ``StorageFailed`` if the
    store was changed by another hand.
    """
    found = AnswersInForce(as_of, {trial.id: trial for trial in trials})
    batches = read_batches(path) if path else []
    for answer in last_answers(known_on(batches, through or as_of)).values():
        if answer.trial_id in found.trials:
            own = found.held.setdefault(answer.trial_id, {})
            own.setdefault(answer.patient_id, []).append(answer)
    found.not_yet = [
        answer
        for answer in last_answers(batches).values()
        if answer.date > as_of and answer.trial_id in found.trials
    ]
    return found


def _merged(attestations: pl.DataFrame, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """The registry's answers and these: of one name of the trial the later; if they differ on a day, none."""
    question = ["patient", "trial_id", "criterion_id"]
    given = pl.DataFrame(rows, schema=SCHEMAS["attestations"], orient="row")
    both = pl.concat([attestations, given])
    latest = both.filter(pl.col("date") == pl.col("date").max().over(question))
    agreed = pl.when(pl.col("answer").n_unique() == 1).then(pl.col("answer").first())
    return (
        latest.group_by(question, maintain_order=True)
        .agg(agreed.alias("answer"), pl.col("date").first(), pl.col("source_row").min())
        .select(list(SCHEMAS["attestations"]))
        .sort(question)
    )


def _logged(log: pl.DataFrame, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """The registry's log and these steps: of each patient and name of the trial the last."""
    given = pl.DataFrame(rows, schema=SCHEMAS["screening_log"], orient="row")
    weight = pl.col("status").replace_strict({step: place for place, step in enumerate(_STEPS)})
    return (
        pl.concat([log, given])
        .with_columns(weight=weight)
        .sort("patient", "trial_id", "date", "weight", descending=[False, False, True, True])
        .unique(["patient", "trial_id"], keep="first", maintain_order=True)
        .drop("weight")
    )
