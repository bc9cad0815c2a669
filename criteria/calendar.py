"""When does the list change by time alone? Exact, by judging each patient anew on the patient's own days.

A verdict says until when it holds. So a patient is judged anew only on days on which something may turn: all
patients at once, each as of a day of their own, until what is asked is known or the horizon is reached. The
data stay as they are; as-of date, enrollment and first dose advance together.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from criteria.engine.batch import Anchors, Batch, facts_of, numbered_as
from criteria.engine.screen import evaluate_trial
from criteria.ranking import DAYS, ELIGIBLE, OPENS_LATER, POSSIBLE
from criteria.trial import Trial
from schemas.facts import Facts
from schemas.words import CONFIRMED_DAYS, FOREVER, reason_bit

HORIZON_DAYS = 180
_STALE = reason_bit("stale")


def calendar(
    trial: Trial,
    facts: Facts,
    anchors: Anchors,
    verdicts: pl.DataFrame,
    summary: pl.DataFrame,
    horizon_days: int = HORIZON_DAYS,
) -> pl.DataFrame:
    """The days that matter for the eligible, the possible and those who open later: ``patient`` and ``DAYS``.

    Grain: one row per patient of ``summary`` of whom it is asked (see ``asked_about``), by patient.
    ``verdicts`` and ``summary`` are those that the facts give.

    * ``opens_on``: opens_later: the first day on which no criterion fails.
    * ``closes_on``: eligible and possible: the first day on which a criterion fails, or one that passes now
      is unknown.
    * ``repeat_labs_before``: the first day on which a criterion that passes now is unknown because a result
      has become too old, and ``repeat_labs_criteria``: which.

    Null: not within the horizon. Where a date in the future would change what the registry says (a planned
    start, a date known by its month), nothing is known of later days: an eligible or possible patient may
    close then, and the other days are null.
    """
    judged = _turning(trial, facts, verdicts)
    waiting = _waiting(judged, summary, facts)
    # Of the others nothing is asked: each round looks for its patients among the waiting alone.
    patients = waiting["patient"]
    own = facts_of(facts, patients.to_list())
    waiting, judged = (_numbered(frame, patients) for frame in (waiting, judged))
    settled = [waiting.clear()]
    while True:
        open_ = pl.col("next").is_not_null() & (pl.col("next") <= horizon_days)
        settled.append(waiting.filter(~open_))
        waiting = waiting.filter(open_)
        if waiting.is_empty():
            break
        # Of whom nothing is recorded, nothing recorded changes.
        surprised = (pl.col("next") > pl.col("known_for")).fill_null(value=False)
        settled.append(_surprised(waiting.filter(surprised)))
        waiting, judged = _judged_again(trial, own, anchors, waiting.filter(~surprised), judged)
    day = [
        (pl.lit(anchors.as_of) + pl.duration(days=name)).alias(f"{name}_on")
        for name in ("opens", "closes", "labs")
    ]
    return (
        pl.concat(settled)
        .sort("patient")
        .with_columns(*day, patient=patients)
        .rename({"labs_on": "repeat_labs_before", "labs_criteria": "repeat_labs_criteria"})
        .select("patient", *DAYS)
        .cast(pl.Schema({"patient": pl.Int32(), **DAYS}))
    )


def asked_about(summary: pl.DataFrame) -> pl.DataFrame:
    """The listed patients who are eligible, possible or open later: the rest of a summary has no calendar."""
    return summary.filter(
        pl.col("not_listed").is_null(), pl.col("tier").is_in([ELIGIBLE, POSSIBLE, OPENS_LATER])
    )


def with_calendar(summary: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The summary with the days of its patients' calendar; blank for patients who have none."""
    return summary.join(days, on="patient", how="left", maintain_order="left")


def _numbered(frame: pl.DataFrame, patients: pl.Series) -> pl.DataFrame:
    """The rows about these patients, who become patients 0, 1, ..."""
    places = pl.DataFrame(
        {"patient": patients, "place": pl.int_range(len(patients), dtype=pl.Int32, eager=True)}
    )
    joined = frame.join(places, on="patient", maintain_order="left")
    return joined.with_columns(patient="place").select(frame.columns)


def _waiting(judged: pl.DataFrame, summary: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Per patient what is asked, what passes now, and on which day something may turn next.

    ``opens``, ``closes``, ``labs``: days from the as-of date, once known; ``wants_*``: not known yet;
    ``known_for``: through how many days the facts stand.
    """
    asked = asked_about(summary).select(
        "patient",
        wants_open=pl.col("tier") == OPENS_LATER,
        wants_close=pl.col("tier") != OPENS_LATER,
        wants_labs=pl.lit(value=True),
        **{name: pl.lit(None, pl.Int64) for name in ("opens", "closes", "labs")},
        labs_criteria=pl.lit([], pl.List(pl.String)),
    )
    passing = judged.group_by("patient").agg(
        passing=pl.col("criterion_id").cast(pl.String).filter(pl.col("verdict") == "pass")
    )
    known = (
        asked.join(passing, on="patient").join(_known_for(facts), on="patient", how="left").sort("patient")
    )
    return known.join(_next_days(judged, known), on="patient", how="left").pipe(_with_next)


def _known_for(facts: Facts) -> pl.DataFrame:
    """Per patient for how many days from the as-of date on the facts stand; medications apart."""
    rows = [
        frame.select("patient", "fact_until")
        for frame in (facts.events.filter(~_runs_out(facts)), facts.latest, facts.results)
    ]
    days = (pl.col("fact_until").min() - pl.lit(facts.as_of)).dt.total_days()
    return pl.concat(rows).group_by("patient").agg(known_for=days)


def _runs_out(facts: Facts) -> pl.Expr:
    """A medication that is taken to go on because it was confirmed: on its last day it becomes a perhaps."""
    return (
        (pl.col("source_table") == "medications")
        & (pl.col("end_earliest") == FOREVER)
        & (pl.col("start_latest") <= facts.as_of)
    )


def _as_of(facts: Facts, ahead: Sequence[int]) -> Facts:
    """The facts about patients 0, 1, ... as they are so many days ahead: confirmations run out."""
    days = pl.DataFrame(
        {"patient": range(len(ahead)), "ahead": ahead}, schema={"patient": pl.Int32, "ahead": pl.Int64}
    )
    today = pl.lit(facts.as_of) + pl.duration(days="ahead")
    over = _runs_out(facts) & (pl.col("fact_until") < today)
    confirmed_on = pl.col("fact_until") - pl.duration(days=CONFIRMED_DAYS)
    events = (
        facts.events.join(days, on="patient", maintain_order="left")
        .with_columns(
            end_earliest=pl.when(over)
            .then(pl.max_horizontal("start_earliest", confirmed_on))
            .otherwise("end_earliest"),
            reasons=pl.when(over).then(pl.col("reasons") | _STALE).otherwise("reasons"),
            fact_until=pl.when(over).then(pl.lit(FOREVER)).otherwise("fact_until"),
        )
        .select(facts.events.columns)
        .cast(facts.events.schema)
    )
    frames = {name: getattr(facts, name) for name in facts.__dataclass_fields__ if name != "events"}
    return Facts(**frames, events=events)


def _turning(trial: Trial, facts: Facts, verdicts: pl.DataFrame) -> pl.DataFrame:
    """The verdicts with ``turns``: in how many days, from the as-of date on, each may be another."""
    return verdicts.select(
        "patient",
        pl.col("criterion_id").cast(pl.String).cast(pl.Enum([criterion.id for criterion in trial.criteria])),
        "verdict",
        "reason",
        turns=(pl.col("holds_until") - pl.lit(facts.as_of)).dt.total_days() + 1,
    )


def _next_days(judged: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
    """Per waiting patient in how many days, from the as-of date on, each thing may turn at the earliest.

    Nobody opens before the last of the fails may lift; a fail that time does not lift stays.
    """
    fails = pl.col("verdict") == "fail"
    passes = pl.col("criterion_id").cast(pl.String).is_in(pl.col("passing"))
    return (
        judged.join(waiting.select("patient", "passing"), on="patient")
        .group_by("patient")
        .agg(
            next_open=pl.when(pl.col("turns").filter(fails).null_count() == 0).then(
                pl.col("turns").filter(fails).max()
            ),
            next_close=pl.col("turns").filter(~fails).min(),
            next_labs=pl.col("turns").filter(passes).min(),
        )
    )


def _with_next(waiting: pl.DataFrame) -> pl.DataFrame:
    """With ``next``, the first day on which something asked may turn; null if nothing can."""
    wanted = [pl.when(f"wants_{name}").then(f"next_{name}") for name in ("open", "close", "labs")]
    return waiting.with_columns(next=pl.min_horizontal(wanted)).drop("next_open", "next_close", "next_labs")


def _surprised(waiting: pl.DataFrame) -> pl.DataFrame:
    """Patients of whom nothing is known from the day on which a fact may change."""
    may_close = pl.when("wants_close").then(pl.col("known_for") + 1)
    return waiting.with_columns(closes=pl.coalesce("closes", may_close))


def _judged_again(
    trial: Trial, facts: Facts, anchors: Anchors, waiting: pl.DataFrame, judged: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each patient as of the next day on which something may turn: with what is known then, and judged so."""
    if waiting.is_empty():
        return waiting, judged
    judged = _judged_on(trial, facts, anchors, waiting.select("patient", "next"), judged)
    found = _found(judged, waiting)
    told = waiting.join(found, on="patient", maintain_order="left").with_columns(
        opens=pl.when("wants_open", "no_fail").then("next").otherwise("opens"),
        closes=pl.when("wants_close", "lost").then("next").otherwise("closes"),
        labs=pl.when("wants_labs", pl.col("too_old").list.len() > 0).then("next").otherwise("labs"),
        labs_criteria=pl.when("wants_labs").then("too_old").otherwise("labs_criteria"),
        wants_open=pl.col("wants_open") & ~pl.col("no_fail"),
        wants_close=pl.col("wants_close") & ~pl.col("lost"),
        wants_labs=pl.col("wants_labs") & (pl.col("too_old").list.len() == 0),
    )
    later = _next_days(judged, waiting)
    told = told.join(later, on="patient", maintain_order="left").pipe(_with_next).select(waiting.columns)
    return told, judged


def _judged_on(
    trial: Trial, facts: Facts, anchors: Anchors, days: pl.DataFrame, judged: pl.DataFrame
) -> pl.DataFrame:
    """The verdicts on each patient as of a day of their own (``next``); a verdict that holds is not asked for
    again, if it holds for everybody."""
    mine = judged.join(days, on="patient", maintain_order="left")
    due = mine.filter(pl.col("turns") <= pl.col("next"))["criterion_id"].unique().to_list()
    own = _as_of(facts_of(facts, days["patient"].to_list()), days["next"].to_list())
    batch = Batch(own, anchors, trial.max_lag_days, days["next"])
    asked = replace(trial, criteria=tuple(one for one in trial.criteria if one.id in due))
    found = evaluate_trial(asked, own, anchors, {trial.max_lag_days: batch})
    again = numbered_as(found, days["patient"])
    kept = mine.filter(~pl.col("criterion_id").is_in(due)).select(judged.columns)
    return pl.concat([kept, _turning(trial, facts, again)]).sort("patient", "criterion_id")


def _found(judged: pl.DataFrame, waiting: pl.DataFrame) -> pl.DataFrame:
    """Per patient whether nothing fails, whether something fails or a pass was lost, which results are too
    old for what passes now."""
    fails, open_ = pl.col("verdict") == "fail", pl.col("verdict") == "unknown"
    passed = pl.col("criterion_id").cast(pl.String).is_in(pl.col("passing"))
    too_old = passed & open_ & (pl.col("reason") == "stale").fill_null(value=False)
    return (
        judged.join(waiting.select("patient", "passing"), on="patient", maintain_order="left")
        .group_by("patient", maintain_order=True)
        .agg(
            no_fail=~fails.any(),
            lost=(fails | (passed & open_)).any(),
            too_old=pl.col("criterion_id").cast(pl.String).filter(too_old),
        )
    )
