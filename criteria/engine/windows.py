"""Truths about event sets: ever, within a window, followed by, and how many. Decided row by row."""

import polars as pl

from criteria.engine.batch import Batch, Proof
from criteria.engine.calendar import first_anchor_after, window_end, window_start
from criteria.engine.rows import IDENTITY, Rows, lifetime_proof
from criteria.engine.values import (
    FAR_DAYS,
    NEVER,
    PARTIAL_DATE,
    Interval,
    Truth,
    bounded,
    choose,
    number,
    smaller,
    standing,
    take,
    truth,
    whole,
)
from schemas.facts import NUMBER
from schemas.words import DATE_REASONS, UNBOUNDED, reason_bit

DATE_BITS = sum(reason_bit(reason) for reason in DATE_REASONS)


def exists(batch: Batch, found: pl.DataFrame, proof: Proof, anchor: Interval | None = None) -> Truth:
    """Whether some row qualifies, from rows with ``place``, ``must``, ``may``, ``reasons`` and ``until``.

    ``anchor`` is the date asked about, which may itself change. A "yes" lasts as long as the longest-lasting
    row that gives it; anything else may change with any row.
    """
    doubt = pl.when(pl.col("reasons") == 0).then(PARTIAL_DATE).otherwise(pl.col("reasons"))
    grouped = found.group_by("place").agg(
        pl.col("must").any(),
        pl.col("may").any(),
        doubt.filter(pl.col("may") & ~pl.col("must")).bitwise_or().alias("reasons"),
        pl.col("until").filter(pl.col("must")).max().alias("lasting"),
        pl.col("until").min().alias("until"),
    )
    spread = batch.spread(grouped, must=False, may=False, reasons=0, lasting=NEVER, until=NEVER)
    must = spread["must"]
    until = smaller(spread["until"], proof.until)
    if anchor is not None:
        until = smaller(until, anchor.until)
    return truth(
        must,
        spread["may"] | ~proof.given,
        spread["reasons"] | proof.reasons,
        choose(must, spread["lasting"], until),
    )


def undated(reasons: pl.Expr) -> pl.Expr:
    """Why a row may not belong, without why its dates are open, unless that is all."""
    others = reasons & ~pl.lit(DATE_BITS, dtype=pl.Int64)
    return pl.when(others == 0).then(reasons).otherwise(others)


def ever(batch: Batch, rows: Rows) -> Truth:
    """``ever``: any row, over the whole life."""
    found = rows.frame.select(
        "place",
        "must",
        undated(pl.col("reasons")).alias("reasons"),
        pl.lit(True).alias("may"),
        pl.col("fact_until").alias("until"),
    )
    return exists(batch, found, lifetime_proof(batch, rows.home_tables))


def within(batch: Batch, rows: Rows, length: Interval, widest: int, unit: str, anchor: Interval) -> Truth:
    """``within_*``: a row shares a day with [anchor - length, anchor].

    ``length`` is per row, ``anchor`` per patient; ``widest`` is the length of a row that says nothing.
    """
    found = _in_window(batch, rows, length, unit, anchor)
    return exists(batch, found, _window_proof(batch, rows, widest, unit, anchor), anchor)


def _in_window(batch: Batch, rows: Rows, length: Interval, unit: str, anchor: Interval) -> pl.DataFrame:
    """Each row's place in the window: surely in, may be in, and until when that stays so."""
    shortest, longest = (whole_length(end) for end in (length.low, length.high))
    places = rows.column("place")
    low, high, bits = (take(column, places) for column in (anchor.low, anchor.high, anchor.reasons))
    s_low, s_high = rows.column("start_earliest"), rows.column("start_latest")
    e_low, e_high = rows.column("end_earliest"), rows.column("end_latest")
    must = rows.column("must") & (s_high <= low) & (e_low >= window_start(high, shortest, unit))
    may = (s_low <= high) & (e_high >= window_start(low, longest, unit))
    until = smaller(rows.column("fact_until"), take(anchor.until, places))
    if anchor.rate:
        changes = [
            s_low - high,
            s_high - low,
            first_anchor_after(e_high, longest, unit) - low,
            first_anchor_after(e_low, shortest, unit) - high,
        ]
        until = smaller(until, soonest(batch, changes, places))
    reasons = rows.column("reasons") | bits | length.reasons
    return rows.frame.select("place").with_columns(must=must, may=may, reasons=reasons, until=until)


def ongoing(batch: Batch, rows: Rows, no_time: Interval, anchor: Interval) -> Truth:
    """``ongoing``: a row runs on the anchor day; a course may have begun at any time of life."""
    high, moves = batch.until_today(anchor)
    proof = batch.proof_of_absence(rows.home_tables, batch.birth_earliest, high, moves)
    return exists(batch, _in_window(batch, rows, no_time, "days", anchor), proof, anchor)


def whole_length(length: pl.Series) -> pl.Series:
    """A window's length in whole units, rounded down; a length below 0 is no length at all."""
    # What is not below 0 is rounded down by being cut off.
    return bounded(length.cast(pl.Float64), 0, NEVER).cast(pl.Int64)


def soonest(batch: Batch, changes: list[pl.Series], places: pl.Series) -> pl.Series:
    """For rows of the patients at ``places``: the last as-of day before the soonest of the changes, given in
    days from now; past ones never come."""
    height = len(changes[0])
    nearest = whole(NEVER, height)
    for change in changes:
        nearest = choose((change >= 1) & (change < nearest), change, nearest)
    last_day = standing(nearest + (batch.today_at(places) - 1))
    return batch.noted(choose(nearest > FAR_DAYS, whole(NEVER, height), last_day), places)


def _window_proof(batch: Batch, rows: Rows, widest: int, unit: str, anchor: Interval) -> Proof:
    """Whether absence is proven over the widest window that a row could ask about."""
    low = window_start(anchor.low, whole(widest, batch.height), unit)
    high, moves = batch.until_today(anchor)

    def opens_in(complete_from: pl.Series) -> pl.Series:
        reached = first_anchor_after(complete_from - 1, whole(widest, batch.height), unit)
        return reached - anchor.low

    return batch.proof_of_absence(rows.home_tables, low, high, moves, opens_in if anchor.rate else None)


def followed(batch: Batch, rows: Rows, later: Rows, length: Interval | None, unit: str) -> Truth:
    """``followed_within_*``: another row starts from a row's first day to its last day + length."""
    frame = rows.frame
    if length is None:
        reach_low = reach_high = whole(NEVER, frame.height)
    else:
        reach_low = window_end(frame["end_earliest"], whole_length(length.low), unit)
        reach_high = window_end(frame["end_latest"], whole_length(length.high), unit)
    doubt = whole(0, frame.height) if length is None else length.reasons
    frame = frame.with_columns(reach_low=reach_low, reach_high=reach_high, length_reasons=doubt)
    pairs = frame.join(later.frame, on="place", suffix="_later")
    another = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_later") for name in IDENTITY[1:])
    pairs = pairs.filter(another).select(
        "place",
        (
            pl.col("must")
            & pl.col("must_later")
            & (pl.col("start_earliest_later") >= pl.col("start_latest"))
            & (pl.col("start_latest_later") <= pl.col("reach_low"))
        ).alias("must"),
        (
            (pl.col("start_latest_later") >= pl.col("start_earliest"))
            & (pl.col("start_earliest_later") <= pl.col("reach_high"))
        ).alias("may"),
        (pl.col("reasons") | pl.col("reasons_later") | pl.col("length_reasons")).alias("reasons"),
        pl.min_horizontal("fact_until", "fact_until_later").alias("until"),
    )
    return exists(batch, pairs, _followed_proof(batch, rows, later, frame))


def _followed_proof(batch: Batch, rows: Rows, later: Rows, frame: pl.DataFrame) -> Proof:
    """No further row of the set, and none of the later ones in any row's reach, went unrecorded."""
    first = lifetime_proof(batch, rows.home_tables)
    today = batch.today_at(frame["place"])
    second = batch.proof_of_absence(
        later.home_tables,
        frame["start_earliest"],
        smaller(frame["reach_high"], today),
        high_moves=frame["reach_high"] > today,
        places=frame["place"],
    )
    reasons = choose(
        second.given, whole(0, frame.height), second.reasons | frame["reasons"] | frame["length_reasons"]
    )
    # A reach that ends after today stops moving once today has passed it.
    reach = standing(frame["reach_high"])
    stops = batch.noted(
        choose(frame["reach_high"] > today, reach, whole(NEVER, frame.height)), frame["place"]
    )
    batch.met(frame["reach_high"], today, frame["place"])
    grouped = (
        frame.select("place", "fact_until")
        .with_columns(given=second.given, reasons=reasons, until=smaller(second.until, stops))
        .group_by("place")
        .agg(
            pl.col("given").all(),
            pl.col("reasons").bitwise_or(),
            pl.min_horizontal(pl.col("until").min(), pl.col("fact_until").min()).alias("until"),
        )
    )
    spread = batch.spread(grouped, given=True, reasons=0, until=NEVER)
    given, reasons = first.given & spread["given"], first.reasons | spread["reasons"]
    return Proof(given, reasons, smaller(first.until, spread["until"]))


def count(batch: Batch, rows: Rows) -> Interval:
    """``count``: from the certain rows to all rows, without end where absence is not proven."""
    proof = lifetime_proof(batch, rows.home_tables)
    grouped = rows.frame.group_by("place").agg(
        pl.col("must").sum().alias("surely"),
        pl.len().alias("possibly"),
        undated(pl.col("reasons")).filter(~pl.col("must")).bitwise_or().alias("reasons"),
        pl.col("fact_until").min().alias("until"),
    )
    spread = batch.spread(grouped, surely=0, possibly=0, reasons=0, until=NEVER)
    low, high = spread["surely"].cast(NUMBER), spread["possibly"].cast(NUMBER)
    high = choose(proof.given, high, number(UNBOUNDED, batch.height))
    reasons = spread["reasons"] | proof.reasons
    until = smaller(spread["until"], proof.until)
    return Interval(low, high, choose(low == high, whole(0, batch.height), reasons), until)
