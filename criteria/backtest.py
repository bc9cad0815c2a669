"""Were the verdicts right? What was found out about a patient, beside what the criteria said.

The screening log tells the end of the story for some patients: enrolled, or failed screening. A patient who
was enrolled passed every criterion in the eyes of those who had the whole record, so a fail of ours is a
mistake or a record that moved on; one who failed screening, and fails nothing of ours, failed for something
that the registry does not hold or that we read otherwise.
"""

import polars as pl

from criteria.ranking import standing_by_verdicts
from schemas.words import SCREENING_STATUSES, TIERS, VERDICTS

# What settles whether a patient was eligible; the other statuses leave it open.
ENROLLED, SCREEN_FAILED = OUTCOMES = ("enrolled", "screen_failed")


def judged_patients(verdicts: pl.DataFrame, statuses: pl.DataFrame) -> pl.DataFrame:
    """The patients of a trial's screening log with where the verdicts put them.

    Grain: one row per patient of ``statuses`` (``patient``, ``status``, ``date``, each patient once) who has
    verdicts, by patient; adds ``tier``, ``failing_criteria``, ``unknown_criteria`` and ``contradicts``: an
    enrolled patient who fails something, or one who failed screening and fails nothing.
    """
    fails = pl.col("failing_criteria").list.len() > 0
    return (
        statuses.join(standing_by_verdicts(verdicts), on="patient")
        .with_columns(
            contradicts=pl.when(pl.col("status") == ENROLLED)
            .then(fails)
            .otherwise((pl.col("status") == SCREEN_FAILED) & ~fails)
        )
        .select(*statuses.columns, "tier", "failing_criteria", "unknown_criteria", "contradicts")
        .sort("patient")
    )


def count_tiers(patients: pl.DataFrame) -> pl.DataFrame:
    """How many patients of each status stand in each tier: ``status``, ``tier``, ``patients``.

    ``patients`` is what ``judged_patients`` gives. Every pair has its row, in the order of the vocabularies.
    """
    return _counted(patients.select("status", pl.col("tier").cast(pl.String)), SCREENING_STATUSES, TIERS)


def count_verdicts(verdicts: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """By criterion what the verdicts said of those who were enrolled and of those who failed screening.

    Grain: one row per criterion (in the order of ``verdicts``) and outcome, with the number of patients of
    each verdict, and ``only_fail``: those who fail this criterion and no other.
    """
    known = patients.filter(pl.col("status").is_in(OUTCOMES)).select("patient", "status", "failing_criteria")
    rows = verdicts.select("patient", "criterion_id", "verdict").join(known, on="patient")
    alone = (pl.col("verdict") == "fail") & (pl.col("failing_criteria").list.len() == 1)
    counts = rows.group_by("criterion_id", "status").agg(
        *((pl.col("verdict") == verdict).sum().cast(pl.Int64).alias(verdict) for verdict in VERDICTS),
        only_fail=alone.sum().cast(pl.Int64),
    )
    criteria = verdicts.select(pl.col("criterion_id").unique(maintain_order=True))
    grid = criteria.join(pl.DataFrame({"status": OUTCOMES}), how="cross", maintain_order="left_right")
    return grid.join(counts, on=["criterion_id", "status"], how="left", maintain_order="left").with_columns(
        pl.col(*VERDICTS, "only_fail").fill_null(0)
    )


def surprises(patients: pl.DataFrame) -> tuple[int, int]:
    """How many were enrolled although a criterion fails, and failed screening although none does."""
    found = patients.filter("contradicts").group_by("status").len()
    by_status = dict(found.iter_rows())
    return by_status.get(ENROLLED, 0), by_status.get(SCREEN_FAILED, 0)


def _counted(pairs: pl.DataFrame, statuses: tuple[str, ...], tiers: tuple[str, ...]) -> pl.DataFrame:
    grid = pl.DataFrame({"status": statuses}).join(
        pl.DataFrame({"tier": tiers}), how="cross", maintain_order="left_right"
    )
    counts = pairs.group_by("status", "tier").agg(patients=pl.len().cast(pl.Int64))
    return grid.join(counts, on=["status", "tier"], how="left", maintain_order="left").with_columns(
        pl.col("patients").fill_null(0)
    )
