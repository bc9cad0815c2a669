"""A batch of patients, made ready for evaluation: places from 0, dates as days, rows at hand by concept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from criteria.engine.crossings import Crossings
from criteria.engine.values import (
    DAY_OF_BEGINNING,
    DAY_OF_FOREVER,
    FAR_DAYS,
    NEVER,
    Interval,
    Truth,
    bounded,
    choose,
    days,
    flag,
    moving,
    smaller,
    standing,
    take,
    whole,
)
from criteria.language.tree import Node
from schemas.facts import ANY_CONCEPT, EVERYBODY, FRAME_NAMES, Facts
from schemas.words import KEEPS_UP_DAYS, reason_bit

# What the operators read of an event and of a result; the rest is for who explains them.
EVENT_COLUMNS = (
    "patient",
    "concept",
    "source_table",
    "source_row",
    "start_earliest",
    "start_latest",
    "end_earliest",
    "end_latest",
    "certain",
    "reasons",
    "fact_until",
)
_PARTS = ("value", "upper_limit", "lower_limit")
RESULT_COLUMNS = (
    "patient",
    "concept",
    "date_earliest",
    "date_latest",
    *(f"{part}_{end}" for part in _PARTS for end in ("low", "high", "reasons")),
    "fact_until",
)
# Words that are compared and grouped by, as numbers.
WORD = pl.Categorical
NOT_CAPTURED = reason_bit("not_captured")
SOURCE_STALE = reason_bit("source_stale")


@dataclass(frozen=True)
class Anchors:
    """The dates that windows hang on. All three advance together when time passes."""

    as_of: date
    enrollment: date
    first_dose: date


@dataclass(frozen=True)
class Proof:
    """Whether no row proves that nothing happened: ``given`` per patient, the bits where it does not."""

    given: pl.Series
    reasons: pl.Series
    until: pl.Series


def _by_concept(placed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = placed.partition_by("concept", as_dict=True)
    return {str(key[0]): frame for key, frame in parts.items()}


class Batch:
    """The facts of consecutive patients with the frames that the operators share.

    ``ahead``: by how many days the anchors of each patient have advanced; by default none.
    ``crossings``: where the days are noted on which something may turn, if anybody asks.
    """

    def __init__(
        self,
        facts: Facts,
        anchors: Anchors,
        max_lag_days: int,
        ahead: pl.Series | None = None,
        crossings: Crossings | None = None,
    ) -> None:
        self.facts = facts
        self.anchors = anchors
        self.max_lag_days = max_lag_days
        self.height = facts.patients.height
        self.first = int(facts.patients["patient"][0]) if self.height else 0
        self.ahead = ahead
        self.today = self.anchor_day("as_of")
        self.crossings = crossings
        # What the facts say by themselves, shared by all criteria of all trials of the batch.
        self.truths: dict[Node, Truth] = {}
        self.intervals: dict[Node, Interval] = {}
        self._coverage: dict[str, tuple[pl.Series, pl.Series, pl.Series]] = {}

    def anchor_day(self, name: str) -> pl.Series:
        """The day of an anchor for each patient."""
        day = whole(days(getattr(self.anchors, name)), self.height)
        return day if self.ahead is None else day + self.ahead

    def today_at(self, places: pl.Series) -> pl.Series:
        """The as-of day of the patients at these places."""
        if self.ahead is None:
            return whole(days(self.anchors.as_of), len(places))
        return take(self.today, places)

    def day(self, column: pl.Series) -> pl.Series:
        """A date column as days."""
        return column.cast(pl.Int32).cast(pl.Int64)

    @cached_property
    def birth_earliest(self) -> pl.Series:
        """The earliest possible birth, where a lifetime begins."""
        return self.day(self.facts.patients["birth_earliest"])

    def met(self, stands: pl.Series, moves_on: pl.Series, places: pl.Series | None = None) -> None:
        """Notes that a day that stands was compared with one that moves on: something may turn as they
        meet."""
        if self.crossings is not None:
            self.crossings.meet(stands, moves_on, places)

    def place(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with each patient's place in the batch as ``place``, dates as days, ``fact_until`` as an
        ``until``."""
        dates = [name for name, kind in frame.schema.items() if kind == pl.Date]
        placed = frame.with_columns(
            (pl.col("patient").cast(pl.Int64) - self.first).alias("place"),
            pl.col(dates).cast(pl.Int32).cast(pl.Int64),
        ).drop("patient")
        if "fact_until" not in dates:
            return placed
        until = self.noted(standing(placed["fact_until"]), placed["place"])
        return placed.with_columns(until.alias("fact_until"))

    def noted(self, until: pl.Series, places: pl.Series | None = None) -> pl.Series:
        """The same days, noted as those after which something may turn, for all patients or these."""
        if self.crossings is not None:
            self.crossings.note(until, places)
        return until

    def spread(self, grouped: pl.DataFrame, **blank: int | bool) -> pl.DataFrame:
        """One row per patient of the batch, in order, from one row per ``place``.

        Absent places are null, or what ``blank`` says of a column.
        """
        row_of_place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, self.height)
        row_of_place.scatter(grouped["place"], pl.int_range(grouped.height, dtype=pl.UInt32, eager=True))
        gathered = {name: pl.col(name).gather(row_of_place) for name in grouped.columns if name != "place"}
        return grouped.select(
            gather.fill_null(blank[name]) if name in blank else gather for name, gather in gathered.items()
        )

    @cached_property
    def _events(self) -> pl.DataFrame:
        """What every set needs of the events; ``event`` is the row of the facts that has the attributes."""
        return (
            self.place(self.facts.events.select(EVENT_COLUMNS))
            .with_columns(pl.col("reasons").cast(pl.Int64), pl.col("concept", "source_table").cast(WORD))
            .with_row_index("event")
        )

    @cached_property
    def _events_by_concept(self) -> dict[str, pl.DataFrame]:
        return _by_concept(self._events)

    def attribute(self, name: str, event: pl.Series) -> pl.Series:
        """One end of an attribute of the named event rows."""
        return take(self.facts.events[name], event)

    def rows(self, members: tuple[tuple[str, bool], ...], any_of: tuple[str, ...]) -> pl.DataFrame:
        """The event rows of the named concepts, and those that may be any concept of these tables.

        Adds ``must``: surely a member. Membership that needs a person makes a row a may with needs_review.
        """
        review = pl.lit(reason_bit("needs_review"), dtype=pl.Int64)
        found = [self._events.clear().with_columns(pl.col("certain").alias("must"))]
        for concept, certain in members:
            frame = self._events_by_concept.get(concept)
            if frame is not None:
                reasons = pl.col("reasons") if certain else pl.col("reasons") | review
                found.append(frame.with_columns((pl.col("certain") & certain).alias("must"), reasons))
        anything = self._events_by_concept.get(ANY_CONCEPT)
        if anything is not None and any_of:
            frame = anything.filter(pl.col("source_table").cast(pl.String).is_in(any_of))
            found.append(frame.with_columns(pl.lit(False).alias("must")))
        return pl.concat(found)

    @cached_property
    def _latest_by_concept(self) -> dict[str, pl.DataFrame]:
        return _by_concept(self.place(self.facts.latest.select(RESULT_COLUMNS)))

    def latest(self, concept: str) -> pl.DataFrame | None:
        """The latest result of a concept, one row per patient of the batch, zeros where a patient is not
        ``there``; nothing if nobody has one."""
        frame = self._latest_by_concept.get(concept)
        if frame is None:
            return None
        there = frame.drop("concept").with_columns(there=pl.lit(value=True))
        return self.spread(there, **{**dict.fromkeys(there.columns, 0), "there": False})

    @cached_property
    def _results(self) -> pl.DataFrame:
        return self.place(self.facts.results.select(RESULT_COLUMNS))

    @cached_property
    def _results_by_concept(self) -> dict[str, pl.DataFrame]:
        return _by_concept(self._results)

    def results(self, concept: str) -> pl.DataFrame:
        """Every result of a concept, one row per day."""
        frame = self._results_by_concept.get(concept)
        return self._results.clear() if frame is None else frame

    @cached_property
    def line_members(self) -> pl.DataFrame:
        """The drugs of each line."""
        return self.place(self.facts.line_members)

    def _declared(self, table: str) -> tuple[pl.Series, pl.Series, pl.Series]:
        """Per patient: is the table captured, complete from, complete through."""
        if table not in self._coverage:
            of_table = self.facts.coverage.filter(pl.col("table") == table)
            general = of_table.filter(pl.col("patient") == EVERYBODY)
            own = of_table.filter(pl.col("patient") != EVERYBODY)
            own = self.place(own).filter(pl.col("place").is_between(0, self.height - 1))
            spread = self.spread(own)
            bounds = [
                self.day(general[name])[0] if general.height else None
                for name in ("complete_from", "complete_through")
            ]
            start, end = (
                spread[name].fill_null(bound) if bound is not None else spread[name]
                for name, bound in zip(("complete_from", "complete_through"), bounds, strict=True)
            )
            self._coverage[table] = (start.is_not_null(), start.fill_null(NEVER), end.fill_null(-NEVER))
        return self._coverage[table]

    def captured(self, table: str) -> pl.Series:
        """For whom the table was delivered at all."""
        return self._declared(table)[0]

    def proof_of_absence(
        self,
        tables: tuple[str, ...],
        low: pl.Series,
        high: pl.Series,
        high_moves: pl.Series,
        opens_in: Callable[[pl.Series], pl.Series] | None = None,
        places: pl.Series | None = None,
    ) -> Proof:
        """Whether the tables are declared complete over [low, high], allowing the lag at the end.

        ``high_moves``: where the end advances with the as-of date. ``opens_in``: for a beginning that
        advances too, in how many days it reaches a date. ``places``: the patient of each row, where the
        window belongs to rows instead of patients.
        """
        height = len(low)
        # Nothing happened before the beginning of time.
        low = bounded(low, DAY_OF_BEGINNING, NEVER)
        given, reasons, until = flag(True, height), whole(0, height), whole(NEVER, height)
        today = self.today if places is None else self.today_at(places)
        needed = smaller(high, today - self.max_lag_days)
        for table in tables:
            columns = self._declared(table)
            captured, start, end = (
                take(column, places) if places is not None else column for column in columns
            )
            early, late = start <= low, needed <= end
            given = given & captured & early & late
            reasons = reasons | choose(captured & early, whole(0, height), whole(NOT_CAPTURED, height))
            reasons = reasons | choose(captured & ~late, whole(SOURCE_STALE, height), whole(0, height))
            proven = self._late_after(late & captured, end - needed + today, high, end, high_moves, today)
            until = smaller(until, self.noted(proven, places))
            self._note_standing_end(high, high_moves, end, today, places)
            if opens_in is not None:
                wait = opens_in(bounded(start, DAY_OF_BEGINNING, DAY_OF_FOREVER))
                comes = captured & ~early & (wait <= FAR_DAYS)
                opens = choose(comes, standing(wait + (today - 1)), whole(NEVER, height))
                until = smaller(until, self.noted(opens, places))
        return Proof(given, choose(given, whole(0, height), reasons), until)

    def until_today(self, anchor: Interval) -> tuple[pl.Series, pl.Series]:
        """The end of a window that closes on the anchor but not after today, and whether it moves."""
        moves = flag(bool(anchor.rate), self.height) | (anchor.high > self.today)
        if not anchor.rate:
            self.met(anchor.high, self.today)
        return smaller(anchor.high, self.today), moves

    def _late_after(
        self,
        late: pl.Series,
        advancing: pl.Series,
        high: pl.Series,
        end: pl.Series,
        high_moves: pl.Series,
        today: pl.Series,
    ) -> pl.Series:
        """The last as-of day on which a proof that holds today still holds; ``advancing`` is that of a
        window whose end advances. It moves on with the end of the table's coverage."""
        never = whole(NEVER, len(end))
        day = choose(high_moves, advancing, end + self.max_lag_days)
        until = choose(keeps_up(end, today), moving(day), standing(day))
        return choose(late & (high_moves | (high > end)), until, never)

    def _note_standing_end(
        self,
        high: pl.Series,
        high_moves: pl.Series,
        end: pl.Series,
        today: pl.Series,
        places: pl.Series | None,
    ) -> None:
        """A window whose end stands still is compared with today and with the table's coverage."""
        never = whole(-NEVER, len(high))
        self.met(choose(high_moves, never, high), today - self.max_lag_days, places)
        self.met(choose(~high_moves & keeps_up(end, today), high, never), end, places)


def keeps_up(end: pl.Series, today: pl.Series) -> pl.Series:
    """Whether coverage ends so near to today that it is taken to end a day later tomorrow."""
    return (end >= today - KEEPS_UP_DAYS) & (end <= today + KEEPS_UP_DAYS)


def facts_about(facts: Facts, patients: pl.Series) -> Facts:
    """The facts about these patients alone, under their numbers, and what is said of everybody."""
    kept = pl.col("patient").is_in(patients.implode()) | (pl.col("patient") == EVERYBODY)
    return Facts(facts.as_of, **{name: getattr(facts, name).filter(kept) for name in FRAME_NAMES})


def joined_facts(parts: list[Facts]) -> Facts:
    """The facts about the patients of several batches, in their order; what is said of everybody once."""
    frames = {name: pl.concat([getattr(part, name) for part in parts]) for name in FRAME_NAMES}
    frames["coverage"] = frames["coverage"].unique(maintain_order=True)
    return Facts(parts[0].as_of, **frames)


def numbered_as(verdicts: pl.DataFrame, patients: pl.Series) -> pl.DataFrame:
    """Verdicts on patients 0, 1, ... under the numbers that these have elsewhere."""
    return verdicts.with_columns(patient=patients.gather(verdicts["patient"]))


def facts_of(facts: Facts, patients: list[int]) -> Facts:
    """The facts of these patients alone, who become patients 0, 1, ..."""
    renamed = pl.DataFrame(
        {"patient": [*patients, EVERYBODY], "new": [*range(len(patients)), EVERYBODY]},
        schema={"patient": pl.Int32, "new": pl.Int32},
    )
    frames = {}
    for name in FRAME_NAMES:
        frame: pl.DataFrame = getattr(facts, name)
        joined = frame.join(renamed, on="patient", maintain_order="left").with_columns(patient="new")
        frames[name] = joined.select(frame.columns)
    return Facts(as_of=facts.as_of, **frames)
