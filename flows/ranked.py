"""One trial's tables over all patients, from what was counted of them batch by batch."""

from collections.abc import Iterator

import polars as pl

from criteria.attrition import add_counts, attrition_table
from criteria.calendar import with_calendar
from criteria.lookups import lookups_table, wording_of
from criteria.ranking import not_listed_patients, rank_candidates
from criteria.worklist import add_questions, look_up_sentence, worklist_table
from data.catalogue import Catalogue
from flows.tally import DAYS, EXCLUSIONS, OPEN_FACTS, QUESTIONS, SUMMARIES, Tally

RANKED = ("not_listed", "attrition", "worklist", "candidates", "lookups")


def ranked(tally: Tally, catalogue: Catalogue) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables ``RANKED`` of one trial, one at a time: each is as long as the registry."""
    trial = tally.trial
    summary = with_calendar(tally.read(SUMMARIES), tally.read(DAYS))
    by_id = {criterion.id: criterion for criterion in trial.criteria}
    named = [(criterion.id, criterion.kind, " ".join(criterion.protocol)) for criterion in trial.criteria]

    def sentence(criterion_id: str, reason: str) -> str:
        return look_up_sentence(by_id[criterion_id], reason, catalogue)

    yield "not_listed", not_listed_patients(summary, trial.id)
    counts = add_counts([tally.read(EXCLUSIONS)])
    yield "attrition", attrition_table(trial.id, named, counts, summary.height)
    questions = add_questions([tally.read(QUESTIONS)])
    yield "worklist", worklist_table(trial.id, list(by_id), questions, sentence)
    candidates = rank_candidates(summary, trial.id)
    yield "candidates", candidates
    places = candidates.select("patient_id", "rank")
    del summary, candidates
    wording = wording_of(trial, catalogue)
    yield "lookups", lookups_table(trial.id, tally.read(OPEN_FACTS), places, wording)
