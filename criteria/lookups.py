"""What to look up or ask, fact by fact: the fact that could decide most comes first, with its patients."""

from collections.abc import Callable
from fractions import Fraction

import polars as pl

from criteria.attrition import SHARE_PLACES
from criteria.trial import Trial
from criteria.worklist import label_of, question_for
from data.catalogue import Catalogue
from schemas.outputs import output_columns, output_dtypes
from schemas.words import FACT_KINDS, REASONS

*_, _TABLE, _NAMES, _REVIEW, _ATTESTATION = FACT_KINDS
# Kind and name of a fact to what one looks up or asks.
Wording = Callable[[str, str], str]


def lookups_table(
    trial_id: str, waiting: pl.DataFrame, places: pl.DataFrame, wording: Wording
) -> pl.DataFrame:
    """The published table of one trial from the open facts of all patients and the candidates' ``places``:
    ``patient_id``, ``rank``.

    Facts that the registry may hold come before answers that everybody has to give; of each, those first that
    could complete most patients, then those with the largest share in what could be settled.
    """
    told = []
    # Fact by fact: those of all patients, put in order at once, would be held twice.
    for kind, fact in waiting.select("kind", "fact").unique().iter_rows():
        rows = waiting.filter(pl.col("kind") == kind, pl.col("fact") == fact)
        if (rows := rows.join(places, on="patient_id").sort("rank")).height:
            told.append(_fact(rows, wording))
    facts = pl.DataFrame(told, schema=output_dtypes("lookups"))
    return (
        facts.sort(
            pl.col("kind") == _ATTESTATION,
            "would_become_eligible",
            "share",
            "kind",
            "fact",
            descending=[False, True, True, False, False],
        )
        .with_columns(trial_id=pl.lit(trial_id), position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        .select(output_columns("lookups"))
    )


def _fact(rows: pl.DataFrame, wording: Wording) -> dict[str, object]:
    """One fact from its rows, which stand in the order of the list."""
    kind, fact = rows["kind"][0], rows["fact"][0]
    counts = rows.group_by("reason").len().rows()
    needed = rows["needed_with"].explode().value_counts().rows()
    share = sum((Fraction(criteria, at_once) for at_once, criteria in needed), Fraction(0))
    return {
        "kind": kind,
        "fact": fact,
        "what": wording(kind, fact),
        "patients": rows.height,
        "settles": int(rows["settles"].sum()),
        "would_become_eligible": int(rows["completes"].sum()),
        "share": float(round(share, SHARE_PLACES)),
        "criteria": sorted(rows["criteria"].explode().unique()),
        "reasons": [reason for reason, _ in sorted(counts, key=lambda one: (-one[1], REASONS.index(one[0])))],
        "patient_ids": rows["patient_id"].to_list(),
    }


def wording_of(trial: Trial, catalogue: Catalogue) -> Wording:
    """What one looks up or asks, in plain words."""

    def told(kind: str, fact: str) -> str:
        if kind in (_REVIEW, _ATTESTATION):
            reason = f"needs_{kind}"
            return question_for(trial.criterion(fact), reason) or " ".join(trial.criterion(fact).protocol)
        if kind == _TABLE:
            return f"newer or more complete records: {fact}"
        if kind == _NAMES:
            return f"names that no code list has, in {fact}"
        return label_of(fact, catalogue)

    return told
