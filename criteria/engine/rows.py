"""Operations on event sets: which rows belong surely, which may."""

from dataclasses import dataclass, replace

import polars as pl

from criteria.engine.batch import Batch, Proof
from criteria.engine.values import (
    NEEDS_REVIEW,
    PARTIAL_DATE,
    UNMAPPED_CODE,
    Truth,
    choose,
    flag,
    smaller,
    take,
    truth,
    whole,
)
from criteria.language.tree import EventSet, Includes
from schemas.facts import ANY_CONCEPT

IDENTITY = ("place", "source_table", "source_row", "concept")


@dataclass(frozen=True)
class Rows:
    """The rows that may belong to a set (``must``: surely do), with the set's home tables.

    Columns: event (which row of the facts), place, concept, source_table, source_row, start_ and end_
    earliest and latest as days, must, reasons, fact_until.
    """

    frame: pl.DataFrame
    home_tables: tuple[str, ...]

    def column(self, name: str) -> pl.Series:
        """One column of the rows."""
        return self.frame[name]


def event_set(batch: Batch, node: EventSet) -> Rows:
    """The rows of a named set."""
    return Rows(batch.rows(node.members, node.any_of), node.home_tables)


def keep(rows: Rows, condition: Truth) -> Rows:
    """``only``: the rows for which the condition may hold."""
    frame = rows.frame.with_columns(
        (rows.column("must") & condition.must).alias("must"),
        (rows.column("reasons") | condition.reasons).alias("reasons"),
    )
    return replace(rows, frame=frame.filter(condition.may))


def started(rows: Rows) -> Rows:
    """``started``: each row cut to its start."""
    frame = rows.frame.with_columns(
        pl.col("start_earliest").alias("end_earliest"), pl.col("start_latest").alias("end_latest")
    )
    return replace(rows, frame=frame)


def without(rows: Rows, removed: list[Rows]) -> Rows:
    """``without``: only a row that is surely in another set leaves; one that may be stays as a may."""
    others = pl.concat([other.frame.select(*IDENTITY, "must", "reasons") for other in removed])
    marks = others.group_by(IDENTITY).agg(
        pl.col("must").any().alias("surely"), pl.col("reasons").bitwise_or().alias("bits")
    )
    joined = rows.frame.join(marks, on=IDENTITY, how="left", maintain_order="left")
    surely, bits = joined["surely"], joined["bits"].fill_null(0)
    frame = joined.with_columns(
        (joined["must"] & surely.is_null()).alias("must"), (joined["reasons"] | bits).alias("reasons")
    ).drop("surely", "bits")
    return replace(rows, frame=frame.filter(~surely.fill_null(False)))


def lifetime_proof(batch: Batch, tables: tuple[str, ...]) -> Proof:
    """Whether "never" is proven: the tables are complete from birth to the as-of date."""
    return batch.proof_of_absence(
        tables,
        batch.birth_earliest,
        batch.today,
        high_moves=flag(True, batch.height),
    )


def edge(batch: Batch, rows: Rows, which: str) -> Rows:
    """``first`` / ``last`` by start: every row that may be it, surely only if no other can be."""
    frame = rows.frame
    near, far = ("start_earliest", "start_latest")
    if which == "first":
        # The first row is the last one of reversed time.
        frame = frame.with_columns((-pl.col(far)).alias("_near"), (-pl.col(near)).alias("_far"))
    else:
        frame = frame.with_columns(pl.col(near).alias("_near"), pl.col(far).alias("_far"))
    rivals = frame.group_by("place").agg(
        pl.col("_near").filter(pl.col("must")).max().alias("_surely_at_least"),
        pl.col("_far").max().alias("_best"),
        (pl.col("_far") == pl.col("_far").max()).sum().alias("_best_count"),
        pl.col("_far").top_k(2).min().alias("_second"),
        pl.col("fact_until").min().alias("_until"),
    )
    frame = frame.join(rivals, on="place", how="left", maintain_order="left")
    unique_best = (pl.col("_far") == pl.col("_best")) & (pl.col("_best_count") == 1)
    alone = frame.select(pl.len().over("place") == 1).to_series() if frame.height else flag(True, 0)
    others = frame.select(pl.when(unique_best).then("_second").otherwise("_best")).to_series()
    beats_others = alone | (others <= frame["_near"])
    proof = lifetime_proof(batch, rows.home_tables)
    given, bits, until = (
        take(column, frame["place"]) for column in (proof.given, proof.reasons, proof.until)
    )
    must = frame["must"] & beats_others & given
    demoted = frame["must"] & ~must
    reasons = choose(demoted, frame["reasons"] | bits | PARTIAL_DATE, frame["reasons"])
    may = frame["_surely_at_least"].is_null() | (frame["_surely_at_least"] <= frame["_far"])
    kept = frame.with_columns(
        must.alias("must"), reasons.alias("reasons"), smaller(frame["_until"], until).alias("fact_until")
    )
    return replace(rows, frame=kept.select(rows.frame.columns).filter(may))


def includes(batch: Batch, rows: Rows, node: Includes) -> Truth:
    """For each line: does it have a member of every group of drugs?"""
    height = rows.frame.height
    must, may, reasons = flag(True, height), flag(True, height), whole(0, height)
    for group in node.groups:
        found = _group_members(batch, rows, dict(group))
        surely, possibly = found["surely"].fill_null(False), found["bits"].is_not_null()
        must, may = must & surely, may & possibly
        reasons = reasons | choose(possibly & ~surely, found["bits"].fill_null(0), whole(0, height))
    return truth(must, may, reasons, whole(10**9, height))


def _group_members(batch: Batch, rows: Rows, group: dict[str, bool]) -> pl.DataFrame:
    """Per line row: ``surely`` has a member of the group, and the bits of those that only may be."""
    members = batch.line_members.filter(pl.col("concept").is_in([*group, ANY_CONCEPT]))
    judged = [concept for concept, certain in group.items() if not certain]
    doubt = (
        pl.when(pl.col("concept") == ANY_CONCEPT)
        .then(UNMAPPED_CODE)
        .when(pl.col("concept").is_in(judged) | ~pl.col("certain"))
        .then(NEEDS_REVIEW)
        .otherwise(0)
        .cast(pl.Int64)
    )
    lines = members.with_columns(doubt.alias("doubt")).group_by("place", "line_row")
    marks = lines.agg(
        (pl.col("doubt") == 0).any().alias("surely"), pl.col("doubt").bitwise_or().alias("bits")
    )
    marks = marks.with_columns(pl.col("line_row").alias("source_row"))
    return rows.frame.select("place", "source_row").join(
        marks, on=["place", "source_row"], how="left", maintain_order="left"
    )
