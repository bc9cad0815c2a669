"""What to look up, most useful first: the unknowns that stand between patients without a fail and a yes.

Counts are additive over batches of patients, as in ``criteria.attrition``.
"""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from criteria.language.tree import Attested
from criteria.trial import Criterion
from criteria.usage import nodes_in, usage_of
from data.catalogue import Catalogue
from schemas.outputs import output_columns, output_dtypes
from schemas.words import REASONS, TIERS

# Of patients who fail something a missing value would not make a candidate.
WAITING_TIERS = TIERS[:2]
# A sentence with more names than this is not read.
MOST_NAMES = 6

_COUNTS = pl.Schema(
    {
        "criterion_id": pl.String,
        "reason": pl.String,
        "patients": pl.Int64,
        "would_become_eligible": pl.Int64,
    }
)


def count_open_questions(verdicts: pl.DataFrame, summary: pl.DataFrame) -> pl.DataFrame:
    """Listed eligible and possible patients of one batch by criterion and reason of the unknown.

    ``summary`` is the batch's ``summarise_patients``. ``would_become_eligible`` counts those for whom nothing
    else is open but attestations.
    """
    waiting = waiting_patients(summary).select(
        "patient", open_facts=pl.col("unknown_count") - pl.col("attestation_count")
    )
    last_open_fact = (pl.col("open_facts") == 1) & (pl.col("reason") != "needs_attestation")
    return (
        verdicts.filter(pl.col("verdict") == "unknown")
        .join(waiting, on="patient")
        .group_by("criterion_id", "reason")
        .agg(patients=pl.len().cast(pl.Int64), would_become_eligible=last_open_fact.sum().cast(pl.Int64))
        .cast(_COUNTS)
        .sort("criterion_id", "reason")
    )


def waiting_patients(summary: pl.DataFrame) -> pl.DataFrame:
    """The listed patients of one batch whom nothing speaks against."""
    return summary.filter(pl.col("not_listed").is_null() & pl.col("tier").is_in(WAITING_TIERS))


def add_questions(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The counts of several batches as those of one."""
    return (
        pl.concat([pl.DataFrame(schema=_COUNTS), *batches])
        .group_by("criterion_id", "reason")
        .agg(pl.col("patients", "would_become_eligible").sum())
        .sort("criterion_id", "reason")
    )


def worklist_table(
    trial_id: str, criteria: Sequence[str], counts: pl.DataFrame, sentence: Callable[[str, str], str]
) -> pl.DataFrame:
    """The published list of one trial; ``criteria`` are ids in protocol order.

    ``sentence`` says what to look up for a criterion and a reason.
    """
    ordered = counts.with_columns(
        place=pl.col("criterion_id").cast(pl.Enum(criteria)),
        reason_place=pl.col("reason").cast(pl.Enum(REASONS)),
    ).sort(
        "would_become_eligible", "patients", "place", "reason_place", descending=[True, True, False, False]
    )
    pairs = ordered.select("criterion_id", "reason").iter_rows()
    told = [sentence(criterion_id, reason) for criterion_id, reason in pairs]
    return (
        ordered.with_columns(
            trial_id=pl.lit(trial_id),
            position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            what_to_look_up=pl.Series(told, dtype=pl.String),
        )
        .select(output_columns("worklist"))
        .cast(pl.Schema(output_dtypes("worklist")))
    )


def look_up_sentence(criterion: Criterion, reason: str, catalogue: Catalogue) -> str:
    """One sentence: what a person does about an unknown of this criterion for this reason."""
    return what_to_look_up(reason, names_read(criterion, catalogue), question_for(criterion, reason))


def what_to_look_up(reason: str, names: str, question: str) -> str:
    """The sentence; ``names`` is what the criterion reads, ``question`` what only a person can answer."""
    if question:
        return f"{_ASK[reason]}: {question}"
    return _SENTENCES[reason].format(names=names or "what the criterion asks for")


def names_read(criterion: Criterion, catalogue: Catalogue) -> str:
    """The plain names of what a criterion reads, the first few of them."""
    usage = usage_of(criterion)
    names = (*usage.measurements, *usage.counted, *(rows.name for rows in usage.sets), *usage.people)
    return few(label_of(name, catalogue) for name in names)


def label_of(name: str, catalogue: Catalogue) -> str:
    """The plain name of a measurement, a set or a personal fact."""
    if name in catalogue.measurements:
        return catalogue.measurements[name].label
    return catalogue.sets[name].label if name in catalogue.sets else name.replace("_", " ")


def few(names: Iterable[str]) -> str:
    """The first of several names, and how many more there are."""
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - MOST_NAMES} more" if len(unique) > MOST_NAMES else ""
    return ", ".join(unique[:MOST_NAMES]) + more


def question_for(criterion: Criterion, reason: str) -> str:
    """The question that the trial file itself asks a person about this reason; empty if it asks none."""
    if reason == "needs_attestation":
        asked = [node.question for node in nodes_in(criterion) if isinstance(node, Attested)]
        return " ".join([criterion.manual] if criterion.manual else asked)
    if reason == "needs_review":
        reviews = [criterion.review_question, *(part.review_question for part in criterion.parts)]
        return " ".join(dict.fromkeys(question for question in reviews if question))
    return ""


_ASK = {"needs_attestation": "Ask and attest", "needs_review": "Read the record and decide"}
_SENTENCES = {
    "never_recorded": "Look up what is missing from the registry: {names}.",
    "stale": "Get a newer result; the last one is too old: {names}.",
    "not_captured": "The extract does not say that it is complete for this; look in the chart: {names}.",
    "source_stale": "The extract trails the as-of date; look for newer records: {names}.",
    "partial_date": "Look up the exact date: {names}.",
    "censored_value": "Look up the exact value behind a < or >: {names}.",
    "conflicting_values": "Find out which of several values of the same day is right: {names}.",
    "unit_unclear": "Find out the unit of the value: {names}.",
    "implausible_value": "Check a value that cannot be right: {names}.",
    "quarantined": "Correct a row that could not be read (see quarantine): {names}.",
    "unmapped_code": "Find out what a name means that no code list has (see check): {names}.",
    "no_upper_limit": "Look up the laboratory's own limit for the value: {names}.",
    "needs_review": "Read the record; the protocol's words leave it open: {names}.",
    "needs_attestation": "Ask and attest: {names}.",
}
