"""How many patients each criterion costs a trial: alone, in protocol order, all by itself, and its share.

Counts are additive over batches of patients (``count_exclusions``, ``add_counts``), so memory does not grow
with the registry; ``attrition_table`` turns the counts of all patients into the published table.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import polars as pl

from schemas.outputs import output_columns, output_dtypes

SHARE_PLACES = 6

_COUNTS = pl.Schema(
    {
        "criterion_id": pl.String,
        "failing_count": pl.UInt32,
        "failing": pl.Int64,
        "failing_first": pl.Int64,
        "unknown": pl.Int64,
    }
)


def count_exclusions(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Counts of one batch by criterion and by how many criteria the patient fails.

    ``failing`` are the patients who fail the criterion, ``failing_first`` those who fail none before it in
    protocol order, ``unknown`` those for whom it is unknown. ``verdicts`` stand by patient, then in protocol
    order.
    """
    failing = pl.col("verdict") == "fail"
    unknown = pl.col("verdict") == "unknown"
    fails = verdicts.filter(failing).select("patient", "criterion_id")
    by_count = (
        fails.with_columns(
            failing_count=pl.len().over("patient"), first=pl.col("patient").is_first_distinct()
        )
        .group_by("criterion_id", "failing_count")
        .agg(failing=pl.len().cast(pl.Int64), failing_first=pl.col("first").sum().cast(pl.Int64))
        .with_columns(unknown=pl.lit(0, pl.Int64))
    )
    unknowns = verdicts.filter(unknown).group_by("criterion_id").agg(unknown=pl.len().cast(pl.Int64))
    without_fail = unknowns.with_columns(
        failing_count=pl.lit(0, pl.UInt32), failing=pl.lit(0, pl.Int64), failing_first=pl.lit(0, pl.Int64)
    )
    return add_counts([frame.select(_COUNTS.names()).cast(_COUNTS) for frame in (by_count, without_fail)])


def add_counts(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The counts of several batches as those of one."""
    frames = [pl.DataFrame(schema=_COUNTS), *batches]
    return (
        pl.concat(frames)
        .group_by("criterion_id", "failing_count")
        .agg(pl.col("failing", "failing_first", "unknown").sum())
        .sort("criterion_id", "failing_count")
    )


def attrition_table(
    trial_id: str, criteria: Sequence[tuple[str, str, str]], counts: pl.DataFrame, patients: int
) -> pl.DataFrame:
    """The published table of one trial; ``criteria`` are (id, kind, protocol text) in protocol order.

    The shares of all criteria add up to the number of patients who fail anything; each is summed as an
    exact fraction and rounded once.
    """
    rows = []
    remaining = patients
    by_criterion = counts.partition_by("criterion_id", as_dict=True, include_key=False)
    for criterion_id, kind, protocol in criteria:
        own = by_criterion.get((criterion_id,), counts.clear())
        remaining -= int(own["failing_first"].sum())
        rows.append(
            {
                "trial_id": trial_id,
                "criterion_id": criterion_id,
                "excluded_alone": int(own["failing"].sum()),
                "remaining_in_order": remaining,
                "excluded_only_by_this": int(own.filter(pl.col("failing_count") == 1)["failing"].sum()),
                "shapley_share": fair_share(own),
                "unknown": int(own["unknown"].sum()),
                "kind": kind,
                "protocol": protocol,
            }
        )
    return pl.DataFrame(rows, schema=output_dtypes("attrition")).select(output_columns("attrition"))


def fair_share(counts: pl.DataFrame) -> float:
    """Sum of 1/k over the patients who fail the criterion and k criteria in all (its Shapley value)."""
    pairs = counts.filter(pl.col("failing_count") > 0).select("failing_count", "failing").iter_rows()
    share = sum((Fraction(patients, failing_count) for failing_count, patients in pairs), Fraction(0))
    return float(round(share, SHARE_PLACES))
