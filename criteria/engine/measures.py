"""Numbers and dates of a patient: latest results, counts of results, age, time since, first and last days."""

import polars as pl

from criteria.engine.batch import NOT_CAPTURED, Batch
from criteria.engine.calendar import birthday, completed_months, completed_years
from criteria.engine.rows import Rows, lifetime_proof
from criteria.engine.values import (
    DAY_OF_BEGINNING,
    DAY_OF_FOREVER,
    NEVER,
    PARTIAL_DATE,
    Interval,
    choose,
    interval,
    larger,
    number,
    smaller,
    standing,
    take,
    whole,
)
from criteria.language.tree import Measurement, Type
from schemas.facts import NUMBER
from schemas.words import RESULT_WORDS, UNBOUNDED, reason_bit

NEVER_RECORDED = reason_bit("never_recorded")
STALE = reason_bit("stale")


def measurement(batch: Batch, node: Measurement) -> Interval:
    """The latest result (or its limit, or its date) if it is not older than the lookback."""
    height = batch.height
    everything = _everything(batch, node)
    missing = choose(
        batch.captured("observations"), whole(NEVER_RECORDED, height), whole(NOT_CAPTURED, height)
    )
    latest = batch.latest(node.concept)
    if latest is None:
        return interval(*everything, missing, whole(NEVER, height))
    there, earliest, newest = latest["there"], latest["date_earliest"], latest["date_latest"]
    oldest_allowed = batch.today - node.lookback_days
    fresh, stale = there & (earliest >= oldest_allowed), there & (newest < oldest_allowed)
    low, high, bits = _part(latest, node.part)
    reasons = choose(stale, whole(STALE, height), whole(PARTIAL_DATE, height))
    reasons = choose(there, choose(fresh, bits, reasons), missing)
    ages_out = standing(choose(fresh, earliest, newest) + node.lookback_days)
    until = batch.noted(choose(there & ~stale, ages_out, whole(NEVER, height)))
    until = choose(there, smaller(until, latest["fact_until"]), until)
    return interval(choose(fresh, low, everything[0]), choose(fresh, high, everything[1]), reasons, until)


def _everything(batch: Batch, node: Measurement) -> tuple[pl.Series, pl.Series]:
    """What a measurement may be when nothing fresh is known of it."""
    if node.type is Type.DATE:
        return whole(DAY_OF_BEGINNING, batch.height), whole(DAY_OF_FOREVER, batch.height)
    if node.type is Type.WORD:
        top = len(RESULT_WORDS) - 1
        return whole(0, batch.height).cast(NUMBER), whole(top, batch.height).cast(NUMBER)
    return number(-UNBOUNDED, batch.height), number(UNBOUNDED, batch.height)


def _part(latest: pl.DataFrame, part: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """The ends and the bits of one part of the latest result; zeros where there is none."""
    if part == "date":
        bits = whole(PARTIAL_DATE, latest.height)
        return latest["date_earliest"], latest["date_latest"], bits
    low, high = (latest[f"{part}_{end}"].cast(NUMBER) for end in ("low", "high"))
    return low, high, latest[f"{part}_reasons"].cast(pl.Int64)


def age(batch: Batch, anchor: Interval) -> Interval:
    """Completed years at the anchor."""
    born_first, born_last = batch.birth_earliest, batch.day(batch.facts.patients["birth_latest"])
    low, high = completed_years(born_last, anchor.low), completed_years(born_first, anchor.high)
    bits = batch.facts.patients["birth_reasons"].cast(pl.Int64) | anchor.reasons
    until = anchor.until
    if anchor.rate:
        for born, years, day in ((born_last, low, anchor.low), (born_first, high, anchor.high)):
            turns = standing(birthday(born, years + 1) - day + (batch.today - 1))
            until = smaller(until, batch.noted(turns))
    return interval(low.cast(NUMBER), high.cast(NUMBER), bits, until)


def since(batch: Batch, rows: Rows, anchor: Interval, unit: str) -> Interval:
    """Days or completed months from the last day of the set to the anchor; never happened is without end."""
    height = batch.height
    proof = lifetime_proof(batch, rows.home_tables)
    places = rows.column("place")
    anchor_low, anchor_high = take(anchor.low, places), take(anchor.high, places)
    frame = rows.frame.with_columns(
        possible=rows.column("start_earliest") <= anchor_high,
        surely=rows.column("must") & (rows.column("start_latest") <= anchor_low),
        enters=pl.max_horizontal(
            rows.column("start_earliest") - anchor_high, rows.column("start_latest") - anchor_low
        ),
    )
    spread = batch.spread(
        frame.group_by("place").agg(
            pl.col("end_latest").filter("possible").max().alias("newest"),
            pl.col("end_earliest").filter("surely").max().alias("oldest"),
            pl.col("reasons").filter("possible").bitwise_or().alias("reasons"),
            pl.col("fact_until").min().alias("until"),
            pl.col("enters").max().alias("enters"),
        ),
        reasons=0,
        until=NEVER,
        enters=0,
    )
    nothing, open_end = spread["newest"].is_null(), spread["oldest"].is_null()
    low = _elapsed(spread["newest"].fill_null(0), anchor.low, unit)
    high = _elapsed(spread["oldest"].fill_null(0), anchor.high, unit)
    zero, endless = number(0 * UNBOUNDED, height), number(UNBOUNDED, height)
    low = choose(proof.given, choose(nothing, endless, low), zero)
    high = choose(open_end, endless, high)
    until = smaller(smaller(spread["until"], proof.until), anchor.until)
    rate = 0
    if anchor.rate:
        rate = 1 if unit == "days" else 0
        # A row that has yet to begin, or a month that has yet to be completed, is looked at day by day.
        waiting = spread["enters"] > 0
        if unit == "months":
            waiting = waiting | ~(nothing & open_end)
        daily = standing(batch.today)
        until = choose(waiting, smaller(until, daily), until)
        # What runs on, or may have happened today unrecorded, stands at no days, which is not counted on.
        stands = ((spread["newest"] > anchor.low) | (spread["oldest"] > anchor.high)).fill_null(False)
        waiting = waiting | stands | ~proof.given
        batch.noted(choose(waiting, daily, whole(NEVER, height)))
    bits = spread["reasons"] | anchor.reasons | proof.reasons
    return interval(low, high, bits, until, rate)


def _elapsed(day: pl.Series, anchor: pl.Series, unit: str) -> pl.Series:
    """Whole days or months from a day to the anchor, 0 for a day that is still to come."""
    reached = smaller(day, anchor)
    value = anchor - reached if unit == "days" else completed_months(reached, anchor)
    return larger(value, whole(0, len(value))).cast(NUMBER)


def set_date(batch: Batch, rows: Rows, which: str) -> Interval:
    """The first start or the last end of a set; everything where no row is certain."""
    height = batch.height
    proof = lifetime_proof(batch, rows.home_tables)
    near, far = (f"{which}_earliest", f"{which}_latest")
    surely, possibly = (far, near) if which == "start" else (near, far)
    best = pl.Expr.min if which == "start" else pl.Expr.max
    spread = batch.spread(
        rows.frame.group_by("place").agg(
            best(pl.col(surely).filter("must")).alias("surely"),
            best(pl.col(possibly)).alias("possibly"),
            pl.col("reasons").bitwise_or().alias("reasons"),
            pl.col("fact_until").min().alias("until"),
        ),
        reasons=0,
        until=NEVER,
    )
    # Without a certain row there may be no such day at all, so nothing about it is known.
    nothing = spread["surely"].is_null()
    beginning, forever = whole(DAY_OF_BEGINNING, height), whole(DAY_OF_FOREVER, height)
    certain, widest = spread["surely"].fill_null(0), spread["possibly"].fill_null(0)
    if which == "start":
        low, high = choose(proof.given, widest, beginning), certain
    else:
        low, high = certain, choose(proof.given, widest, forever)
    low, high = choose(nothing, beginning, low), choose(nothing, forever, high)
    bits = spread["reasons"]
    bits = choose(nothing, bits | NEVER_RECORDED, bits | proof.reasons)
    until = smaller(spread["until"], choose(nothing, whole(NEVER, height), proof.until))
    return interval(low, high, bits, until)


def patient_number(batch: Batch, name: str) -> Interval:
    """A word or a yes/no of the patient as an interval of ranks."""
    low, high, bits = (batch.facts.patients[f"{name}_{part}"] for part in ("low", "high", "reasons"))
    return interval(low.cast(NUMBER), high.cast(NUMBER), bits.cast(pl.Int64), whole(NEVER, batch.height))


def fixed_date(day: pl.Series) -> Interval:
    """An anchor that advances with the as-of date."""
    return Interval(day, day, whole(0, len(day)), whole(NEVER, len(day)), 1)
