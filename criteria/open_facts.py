"""Which facts patients without a fail still wait for, and what each of them alone could settle."""

from collections.abc import Iterable, Iterator

import polars as pl

from criteria.engine.batch import Anchors, Batch, facts_of
from criteria.engine.open_parts import OpenParts, statement_of
from criteria.trial import Criterion, Trial
from schemas.facts import Facts
from schemas.outputs import Dtype
from schemas.words import REASONS

_CRITERIA: dict[str, Dtype] = {"criteria": pl.List(pl.String), "needed_with": pl.List(pl.Int64)}
OPEN_FACTS = pl.Schema(
    {
        **dict.fromkeys(("patient_id", "kind", "fact"), pl.String),
        **_CRITERIA,
        "reason": pl.String,
        "settles": pl.Boolean,
        "completes": pl.Boolean,
    }
)
_ROWS = pl.Schema(
    {
        "place": pl.Int64,
        "kind": pl.String,
        "fact": pl.String,
        "criterion_id": pl.String,
        "bits": pl.Int64,
        "could": pl.Boolean,
    }
)


def open_facts(
    trial: Trial, verdicts: pl.DataFrame, facts: Facts, anchors: Anchors, patients: Iterable[int]
) -> pl.DataFrame:
    """What these patients of a batch wait for: one row per patient and fact.

    ``criteria`` are those that are open for it, ``needed_with`` how many facts each waits for at once (1
    where this one alone could settle it); ``reason`` why it is open; ``settles`` whether it alone could
    settle one of them, ``completes`` all that the patient waits for but attestations. "Could" is the best
    case.
    """
    some = sorted(patients)
    own = facts_of(facts, some)
    places = pl.DataFrame({"patient": some}, schema={"patient": pl.Int32}).with_row_index("place")
    unknown = (
        verdicts.filter(pl.col("verdict") == "unknown")
        .join(places, on="patient")
        .select(pl.col("place").cast(pl.Int64), pl.col("criterion_id", "reason").cast(pl.String))
    )
    batch = Batch(own, anchors, trial.max_lag_days)
    rows = [pl.DataFrame(schema=_ROWS)]
    for criterion in trial.criteria:
        waiting = unknown.filter(pl.col("criterion_id") == criterion.id)["place"]
        if len(waiting):
            rows += _rows(criterion, batch, waiting)
    return _by_fact(pl.concat(rows), unknown, own.patients["patient_id"])


def _rows(criterion: Criterion, batch: Batch, waiting: pl.Series) -> Iterator[pl.DataFrame]:
    """For one criterion: who waits for which fact, and whether it alone could settle the criterion."""
    statement, wanted = statement_of(criterion)
    parts = OpenParts(batch, criterion.id)
    for fact, gap in parts.gaps(statement).items():
        own = pl.DataFrame(
            {
                "place": pl.int_range(batch.height, eager=True, dtype=pl.Int64),
                "kind": pl.repeat(fact[0], batch.height, eager=True),
                "fact": pl.repeat(fact[1], batch.height, eager=True),
                "criterion_id": pl.repeat(criterion.id, batch.height, eager=True),
                "bits": gap.bits,
                "could": parts.could(statement, wanted, fact),
            },
            schema=_ROWS,
        )
        yield own.filter(gap.mask & own["place"].is_in(waiting.implode()))


def _by_fact(rows: pl.DataFrame, unknown: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """One row per patient and fact, from one per criterion as well."""
    needs_data = pl.col("reason") != "needs_attestation"
    open_criteria = unknown.filter(needs_data).group_by("place").agg(open_criteria=pl.len())
    patients = pl.DataFrame({"patient_id": ids}).with_row_index("place").cast({"place": pl.Int64})
    first = pl.col("bits").bitwise_trailing_zeros().cast(pl.Int64)
    at_once = pl.len().over("place", "criterion_id").cast(pl.Int64)
    return (
        rows.with_columns(at_once=pl.when("could").then(1).otherwise(at_once))
        .join(unknown, on=["place", "criterion_id"], maintain_order="left")
        .group_by("place", "kind", "fact", maintain_order=True)
        .agg(
            pl.col("criterion_id").alias("criteria"),
            pl.col("at_once").alias("needed_with"),
            pl.col("bits").bitwise_or(),
            pl.col("reason").first().alias("published"),
            pl.col("could").any().alias("settles"),
            (pl.col("could") & needs_data).sum().alias("settled"),
        )
        .join(open_criteria, on="place", how="left", maintain_order="left")
        .join(patients, on="place", maintain_order="left")
        .with_columns(
            # What is open without a reason of its own is open for the reason of the criterion.
            reason=first.replace_strict(dict(enumerate(REASONS)), default=pl.col("published")),
            completes=(pl.col("settled") == pl.col("open_criteria")).fill_null(False),
        )
        .select(OPEN_FACTS.names())
        .cast(OPEN_FACTS)
    )
