"""``times``: on how many days a result met a condition, some days apart."""

from collections.abc import Callable

import polars as pl

from criteria.engine.batch import Batch
from criteria.engine.values import (
    NEVER,
    PARTIAL_DATE,
    Interval,
    Truth,
    choose,
    interval,
    number,
    smaller,
    take,
    whole,
)
from criteria.engine.windows import soonest
from criteria.language.tree import Node, ResultPart, Times
from schemas.facts import NUMBER
from schemas.words import UNBOUNDED

OBSERVATIONS = ("observations",)


def result_part(frame: pl.DataFrame, node: ResultPart) -> Interval:
    """One part of each result being counted."""
    low, high = (frame[f"{node.part}_{end}"].cast(NUMBER) for end in ("low", "high"))
    return interval(low, high, frame[f"{node.part}_reasons"].cast(pl.Int64), frame["fact_until"])


def times(
    batch: Batch, node: Times, anchor: Interval, judge: Callable[[Node, pl.DataFrame], Truth]
) -> Interval:
    """From the results that surely count to those that may, without end where results may be missing."""
    frame = batch.results(node.concept)
    places = frame["place"]
    low, high, bits = (take(column, places) for column in (anchor.low, anchor.high, anchor.reasons))
    day, last = frame["date_earliest"], frame["date_latest"]
    condition = judge(node.condition, frame)
    exact = day == last
    must = exact & condition.must & (day >= high - node.days) & (day <= low)
    may = condition.may & (last >= low - node.days) & (day <= high)
    doubt = condition.reasons | bits | choose(exact, whole(0, len(day)), whole(PARTIAL_DATE, len(day)))
    changes = [day - high, last - low, last + node.days + 1 - low, day + node.days + 1 - high]
    until = soonest(batch, changes, places) if anchor.rate else whole(NEVER, len(day))
    until = smaller(smaller(until, frame["fact_until"]), take(anchor.until, places))
    marks = pl.DataFrame({"place": places, "doubt": doubt, "until": until, "open": may & ~must})
    spread = batch.spread(
        marks.group_by("place").agg(pl.col("doubt").filter("open").bitwise_or(), pl.col("until").min()),
        doubt=0,
        until=NEVER,
    )
    surely = apart_count(batch, places.filter(must), day.filter(must), node.apart)
    possible = may & exact
    possibly = apart_count(batch, places.filter(possible), day.filter(possible), node.apart)
    vague = apart_count(
        batch, places.filter(may & ~exact), pl.int_range(int((may & ~exact).sum()), eager=True), 0
    )
    return _bounded(batch, node, anchor, surely, possibly + vague, spread)


def _bounded(
    batch: Batch, node: Times, anchor: Interval, surely: pl.Series, possibly: pl.Series, spread: pl.DataFrame
) -> Interval:
    height = batch.height
    end, moves = batch.until_today(anchor)
    start = anchor.low - node.days
    opens_in = (lambda complete_from: complete_from - start) if anchor.rate else None
    proof = batch.proof_of_absence(OBSERVATIONS, start, end, moves, opens_in)
    high = choose(proof.given, possibly.cast(NUMBER), number(UNBOUNDED, height))
    reasons = spread["doubt"] | proof.reasons
    until = smaller(smaller(spread["until"], proof.until), anchor.until)
    return interval(surely.cast(NUMBER), high, reasons, until)


def apart_count(batch: Batch, places: pl.Series, day: pl.Series, apart: int) -> pl.Series:
    """Per patient, how many days can be counted from the earliest on, each ``apart`` days after the last.

    One pass per counted day, over all patients at once.
    """
    left = pl.DataFrame({"place": places.cast(pl.Int64), "day": day.cast(pl.Int64)})
    total = whole(0, batch.height)
    if apart <= 1:
        counted = left.group_by("place").agg(pl.col("day").n_unique().cast(pl.Int64))
        return batch.spread(counted, day=0)["day"]
    while left.height:
        earliest = left.group_by("place").agg(pl.col("day").min().alias("taken"))
        total = total + batch.spread(earliest)["taken"].is_not_null()
        left = (
            left.join(earliest, on="place")
            .filter(pl.col("day") >= pl.col("taken") + apart)
            .select("place", "day")
        )
    return total
