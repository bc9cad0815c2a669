"""Verdicts: every criterion of a trial for every patient of a batch."""

from dataclasses import dataclass

import polars as pl

from criteria.engine.batch import Anchors, Batch
from criteria.engine.crossings import Crossings
from criteria.engine.evaluate import NEEDS_ATTESTATION, Evaluator
from criteria.engine.logic import all_of, any_of, both, negate
from criteria.engine.values import (
    DAY_OF_FOREVER,
    NEEDS_REVIEW,
    NEVER,
    Truth,
    choose,
    day_of,
    flag,
    moves,
    settled,
    smaller,
    truth,
    whole,
)
from criteria.language.tree import Node
from criteria.trial import Criterion, Curability, Part, Trial
from schemas.facts import Facts
from schemas.words import CURABILITIES, KINDS, REASONS, VERDICTS

PASS, FAIL, UNKNOWN, NOT_APPLICABLE = range(len(VERDICTS))


@dataclass(frozen=True)
class Judged:
    """One criterion for every patient: verdict and curability as ranks, reasons as bits, the last day."""

    verdict: pl.Series
    reasons: pl.Series
    curability: pl.Series
    until: pl.Series


def evaluate_trial(
    trial: Trial,
    facts: Facts,
    anchors: Anchors,
    batches: dict[int, Batch] | None = None,
    crossings: Crossings | None = None,
) -> pl.DataFrame:
    """Every criterion for every patient.

    One row per patient (in the order of the facts) and criterion (in protocol order), with the columns
    patient, criterion_id, kind, verdict, reason, curability, holds_until, moves. ``reason`` is null unless
    unknown, ``curability`` null unless fail, ``holds_until`` null where only new data can change the verdict;
    ``moves``: whether it is one later with each day that the registry reaches further. Words and ids are of
    closed lists (``Enum``). ``batches``: of these facts and anchors by the lag allowed, kept by the caller so
    that the trials of a run share what their criteria ask alike. ``crossings``: where to note the days on
    which anything may turn.
    """
    batches = {} if batches is None else batches
    lag = trial.max_lag_days
    batch = batches[lag] = batches.get(lag) or Batch(facts, anchors, lag, crossings=crossings)
    ids = [criterion.id for criterion in trial.criteria]
    kinds = pl.Series([criterion.kind for criterion in trial.criteria], dtype=pl.Enum(KINDS))
    answers = _answers(batch, trial)
    columns = [
        _columns(_Judge(batch, criterion, answers.get(criterion.id.lower())).judged(), batch.height)
        for criterion in trial.criteria
    ]
    if not columns:
        columns = [_columns(Judged(*(whole(0, 0) for _ in range(4))), 0)]
    # The criteria stand one after the other; the rows are wanted patient by patient.
    place = pl.int_range(batch.height * len(ids), dtype=pl.UInt32, eager=True)
    criterion, patient = place % max(len(ids), 1), place // max(len(ids), 1)
    by_criterion = criterion * batch.height + patient
    judged = {name: pl.concat([each[name] for each in columns]).gather(by_criterion) for name in columns[0]}
    return pl.DataFrame(
        {
            "patient": batch.facts.patients["patient"].gather(patient),
            "criterion_id": pl.Series(ids, dtype=pl.Enum(list(dict.fromkeys(ids)))).gather(criterion),
            "kind": kinds.gather(criterion),
            **judged,
        }
    )


def _columns(judged: Judged, height: int) -> dict[str, pl.Series]:
    """The published columns of one criterion, a row a patient."""
    nothing = whole(-1, height)
    reason = choose(judged.verdict == UNKNOWN, _first_reason(judged.reasons), nothing)
    curability = choose(judged.verdict == FAIL, judged.curability, nothing)
    return {
        "verdict": _word(judged.verdict, VERDICTS),
        "reason": _word(reason, REASONS),
        "curability": _word(curability, CURABILITIES),
        "holds_until": _date(judged.until),
        "moves": moves(judged.until),
    }


def _first_reason(bits: pl.Series) -> pl.Series:
    """The rank of the published reason: the first in the order of the vocabulary; 0 where there is none."""
    return choose(bits == 0, whole(0, len(bits)), bits.bitwise_trailing_zeros().cast(pl.Int64))


def _word(ranks: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Ranks as words; rank -1, the last of the table, is no word."""
    table = pl.Series([*words, None], dtype=pl.Enum(words))
    return table.gather(choose(ranks < 0, whole(len(words), len(ranks)), ranks))


def _date(until: pl.Series) -> pl.Series:
    nothing = pl.repeat(None, len(until), eager=True, dtype=pl.Int64)
    day = day_of(until)
    return choose(day < DAY_OF_FOREVER, day, nothing).cast(pl.Int32).cast(pl.Date)


def _answers(batch: Batch, trial: Trial) -> dict[str, pl.Series]:
    """Per criterion (its id in lower case) that anybody has answered: each patient's answer, null if none."""
    names = {trial.id.casefold(), *(registry_id.casefold() for registry_id in trial.registry_ids)}
    given = batch.facts.attestations.filter(pl.col("trial_id").str.to_lowercase().is_in(names))
    placed = batch.place(given.with_columns(pl.col("criterion_id").str.to_lowercase()))
    return {
        str(criterion_id): batch.spread(_clear_answers(rows))["answer"]
        for (criterion_id,), rows in placed.partition_by("criterion_id", as_dict=True).items()
    }


def _clear_answers(given: pl.DataFrame) -> pl.DataFrame:
    """``place`` and ``answer``. The trial may go by several names: answers of the last day that differ are
    no answer."""
    latest = given.filter(pl.col("date") == pl.col("date").max().over("place"))
    return latest.group_by("place").agg(
        answer=pl.when(pl.col("answer").n_unique() == 1).then(pl.col("answer").first())
    )


class _Judge:
    """Judges one criterion; holds what its expressions share. ``answer``: of each patient, if any has one."""

    def __init__(self, batch: Batch, criterion: Criterion, answer: pl.Series | None) -> None:
        self.batch = batch
        self.criterion = criterion
        self.height = batch.height
        self.is_inclusion = criterion.kind == "inclusion"
        self.answer = answer
        yes, no = ("pass", "fail") if self.is_inclusion else ("fail", "pass")
        self.evaluator = Evaluator(batch, self.height, (self._answered(yes), self._answered(no)))

    def _answered(self, word: str) -> pl.Series:
        if self.answer is None:
            return flag(False, self.height)
        return (self.answer == word).fill_null(False)

    def judged(self) -> Judged:
        """The verdict, with a person's answer where the registry leaves it open."""
        statement = self._statement()
        verdict = choose(statement.must, whole(PASS, self.height), whole(FAIL, self.height))
        verdict = choose(statement.unknown, whole(UNKNOWN, self.height), verdict)
        reasons, until = statement.reasons, statement.until
        if self.criterion.applies is not None:
            applies = self.evaluator.truth(self.criterion.applies)
            open_ = applies.unknown & (verdict != PASS)
            verdict = choose(open_, whole(UNKNOWN, self.height), verdict)
            verdict = choose(~applies.may, whole(NOT_APPLICABLE, self.height), verdict)
            reasons = choose(open_, reasons | applies.reasons, reasons)
            until = choose(applies.may, smaller(until, applies.until), applies.until)
        curability = self._curability()
        for rank, word in enumerate(VERDICTS) if self.answer is not None else ():
            answered = (verdict == UNKNOWN) & self._answered(word)
            last = CURABILITIES.index(self._cases()[-1].word)
            curability = choose(answered, whole(last, self.height), curability)
            verdict = choose(answered, whole(rank, self.height), verdict)
        return Judged(verdict, reasons, curability, until)

    def _statement(self) -> Truth:
        """What must hold to pass: the inclusion itself, or the exclusion negated, once."""
        criterion = self.criterion
        if criterion.manual is not None:
            return self._open(NEEDS_ATTESTATION)
        if criterion.parts:
            body = any_of([self._with_review(part.main, part.review) for part in criterion.parts])
            body = self._reviewed(body, criterion.review)
        else:
            body = self._with_review(criterion.main, criterion.review)
        return body if self.is_inclusion else negate(body)

    def _with_review(self, main: Node | None, review: Node | None) -> Truth:
        body = settled(self.is_inclusion, self.height) if main is None else self.evaluator.truth(main)
        return self._reviewed(body, review)

    def _reviewed(self, body: Truth, review: Node | None) -> Truth:
        """What is left to a person cannot be decided by the registry, whichever way it points."""
        if review is None:
            return body
        open_question = both(self.evaluator.truth(review), self._open(NEEDS_REVIEW))
        return all_of([body, negate(open_question)]) if self.is_inclusion else any_of([body, open_question])

    def _open(self, bit: int) -> Truth:
        height = self.height
        return truth(flag(False, height), flag(True, height), whole(bit, height), whole(NEVER, height))

    def _cases(self) -> tuple[Curability, ...]:
        """The criterion's own cases, or those of its last part; a manual one may be corrected by data."""
        if self.criterion.curability:
            return self.criterion.curability
        if self.criterion.parts:
            return max((part.curability for part in self.criterion.parts), key=_severity)
        return (Curability(None, "data"),)

    def _curability(self) -> pl.Series:
        """Rank of the curability of a fail, computed for everybody and read only where there is one."""
        if not self.criterion.parts:
            return self._case_rank(self._cases())
        return self._curability_of_parts()

    def _case_rank(self, cases: tuple[Curability, ...]) -> pl.Series:
        rank = whole(CURABILITIES.index(cases[-1].word), self.height)
        for case in reversed(cases[:-1]):
            if case.when is not None:
                holds = self.evaluator.truth(case.when).must
                rank = choose(holds, whole(CURABILITIES.index(case.word), self.height), rank)
        return rank

    def _curability_of_parts(self) -> pl.Series:
        """An inclusion can be met by its most curable part; an exclusion lifts with its least curable one."""
        start = len(CURABILITIES) - 1 if self.is_inclusion else 0
        rank = whole(start, self.height)
        for part in self.criterion.parts:
            own = self._case_rank(part.curability or self._cases())
            failing = self._failing(part)
            better = own < rank if self.is_inclusion else own > rank
            rank = choose(failing & better, own, rank)
        return rank

    def _failing(self, part: Part) -> pl.Series:
        body = self._with_review(part.main, part.review)
        return ~body.may if self.is_inclusion else body.must


def _severity(cases: tuple[Curability, ...]) -> int:
    return CURABILITIES.index(cases[-1].word)
