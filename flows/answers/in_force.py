"""Which answers count in a run: those whose evidence is still what it was when they were given.

Worked out patient by patient from the facts, before the verdicts (answers to criteria) and after them (what
came of a patient), so that a run remains a function of extract, answers, trial files and dates.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from criteria.evidence import Reads, evidence_in, reads_of
from criteria.patient_rows import PatientRows, rows_by_patient
from criteria.trial import Criterion, Trial
from flows.answers.store import TAKE_BACK, Answer, Question, known_on, last_answers, read_batches
from flows.evidence_key import evidence_key, turned_since
from schemas.facts import SCHEMAS, Facts
from schemas.outputs import output_columns, output_dtypes
from schemas.words import ANSWER_STATES

COUNTS, CHANGED, TAKEN_BACK, NOT_YET, NOT_IN_RUN = ANSWER_STATES
# A dismissal rests on what the registry says; who takes part, or has left, is not brought back by a result.
DISMISSALS = ("declined", "screen_failed")
# Of two steps of one day the one that keeps a patient off a list wins, as among the registry's own.
_STEPS = ("contacted", "consented", "declined", "screen_failed", "withdrawn", "enrolled")

JUDGED: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("patient_id", "criterion_id", "state"), pl.String),
    "changed_criteria": pl.List(pl.String),
}
# One of ANSWER_STATES, and the criteria whose evidence changed.
State = tuple[str, tuple[str, ...]]


@dataclass
class AnswersInForce:
    """The answers that may count on a day, by trial and patient; ``states`` gathers what became of those
    about patients who were judged."""

    as_of: date
    trials: dict[str, Trial] = field(default_factory=dict)
    held: dict[str, dict[str, list[Answer]]] = field(default_factory=dict)
    not_yet: list[Answer] = field(default_factory=list)
    states: dict[Answer, State] = field(default_factory=dict)
    _reads: dict[tuple[str, str], Reads] = field(default_factory=dict)

    @property
    def patient_ids(self) -> set[str]:
        """The patients about whom anything was told, whether it counts or not."""
        return {patient_id for patients in self.held.values() for patient_id in patients}

    def with_answers(self, batch: Facts) -> Facts:
        """The batch with the answers to criteria that still stand on the same evidence."""
        rows: list[tuple[object, ...]] = []
        for trial_id, trial in self.trials.items():
            own = self._given(trial_id, to_criteria=True)
            places = _places(batch, own)
            for patient, facts in _facts_of(batch, places):
                for answer in own[places[patient]]:
                    self.states[answer] = state = self._state(trial, answer, facts), ()
                    if state[0] == COUNTS:
                        told = answer.criterion_id, answer.answer, answer.date, None
                        rows.append((patient, trial_id, *told))
        return replace(batch, attestations=_merged(batch.attestations, rows)) if rows else batch

    def with_statuses(self, batch: Facts, trial: Trial, verdicts: pl.DataFrame) -> Facts:
        """The batch with what came of one trial's patients, but for dismissals that new data put in doubt."""
        own = self._given(trial.id, to_criteria=False)
        places = _places(batch, own)
        last = {patient: own[patient_id][0] for patient, patient_id in places.items()}
        changed = self._changed(batch, trial, verdicts, last)
        rows: list[tuple[object, ...]] = []
        for patient, answer in last.items():
            if answer.answer == TAKE_BACK:
                self.states[answer] = TAKEN_BACK, ()
            elif patient in changed:
                self.states[answer] = CHANGED, changed[patient]
            else:
                self.states[answer] = COUNTS, ()
                rows.append((patient, trial.id, answer.answer, answer.date))
        return replace(batch, screening_log=_logged(batch.screening_log, rows)) if rows else batch

    def _state(self, trial: Trial, answer: Answer, facts: PatientRows) -> str:
        criterion = next((one for one in trial.criteria if one.id == answer.criterion_id), None)
        if criterion is None:
            return NOT_IN_RUN
        if answer.answer == TAKE_BACK:
            return TAKEN_BACK
        key = self._key(trial, answer.patient_id, criterion, facts)
        return COUNTS if key == answer.evidence else CHANGED

    def _changed(
        self, batch: Facts, trial: Trial, verdicts: pl.DataFrame, last: Mapping[int, Answer]
    ) -> dict[int, tuple[str, ...]]:
        """The dismissed patients for whom new data say otherwise, and on which criteria."""
        dismissed = [patient for patient, answer in last.items() if answer.answer in DISMISSALS]
        now: dict[int, list[dict[str, Any]]] = {patient: [] for patient in dismissed}
        for row in verdicts.filter(pl.col("patient").is_in(dismissed)).iter_rows(named=True):
            now[row["patient"]].append(row)
        turned = {patient: turned_since(last[patient].evidence, rows) for patient, rows in now.items()}
        found = {}
        # The evidence itself is looked at only where a verdict turned.
        for patient, facts in _facts_of(batch, [one for one, names in turned.items() if names]):
            keys = {
                name: self._key(trial, last[patient].patient_id, trial.criterion(name), facts)
                for name in turned[patient]
            }
            changed = [name for name, key in keys.items() if not key.startswith(turned[patient][name])]
            if changed:
                found[patient] = tuple(changed)
        return found

    def judged(self, trial_id: str) -> pl.DataFrame:
        """What became of the answers about the patients who were judged: ``JUDGED``."""
        rows = [
            (answer.patient_id, answer.criterion_id, state, list(changed))
            for answer, (state, changed) in self.states.items()
            if answer.trial_id == trial_id
        ]
        return pl.DataFrame(rows, schema=JUDGED, orient="row")

    def table(self, judged: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """What became of each last answer of the run's trials, as the run publishes it.

        ``judged``: by trial what became of the answers about all patients of the run.
        """
        states: dict[Question, State] = {
            (trial_id, patient_id, criterion_id): (state, tuple(changed))
            for trial_id, frame in judged.items()
            for patient_id, criterion_id, state, changed in frame.iter_rows()
        }
        told = {answer: states.get(answer.question, (NOT_IN_RUN, ())) for answer in self._all()}
        told |= dict.fromkeys(self.not_yet, (NOT_YET, ()))
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

    def _given(self, trial_id: str, *, to_criteria: bool) -> dict[str, list[Answer]]:
        """By patient the answers to criteria of a trial, or what came of the patient."""
        found: dict[str, list[Answer]] = {}
        for patient_id, answers in self.held.get(trial_id, {}).items():
            own = [answer for answer in answers if bool(answer.criterion_id) is to_criteria]
            if own:
                found[patient_id] = own
        return found

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


def _places(batch: Facts, patient_ids: Collection[str]) -> dict[int, str]:
    """Which of these patients are in the batch, by their place."""
    if not patient_ids:
        return {}
    own = batch.patients.filter(pl.col("patient_id").is_in(sorted(patient_ids)))
    return dict(own.select("patient", "patient_id").iter_rows())


def _facts_of(batch: Facts, patients: Collection[int]) -> Iterable[tuple[int, PatientRows]]:
    return rows_by_patient(batch, patients) if patients else ()


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
