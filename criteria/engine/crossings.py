"""When may anything about a patient turn by time alone? So that a night judges only those for whom it may.

The engine compares days of two kinds: those that stand still (of a row, of a window that closes) and those
that move on by one each night (today, the day through which a table is complete). As long as no moving day
reaches one that stands, the next night finds the same order among all of them: it gives the same verdicts,
with each ``holds_until`` that moves a day later for each night.
"""

from dataclasses import dataclass, field

import polars as pl

from criteria.engine.values import NEVER, choose, day_of, larger, moves, standing, take, whole

_ENOUGH_ROWS = 4_000_000
_NOTES = pl.Schema({"place": pl.Int32, "until": pl.Int32})


@dataclass
class Crossings:
    """The days that were compared for the patients of a batch, as ``until`` values (``engine.values``)."""

    height: int
    today: pl.Series
    _new: list[pl.DataFrame] = field(default_factory=list)
    _rows: int = 0
    _kept: list[pl.DataFrame] = field(default_factory=list)

    def note(self, until: pl.Series, places: pl.Series | None = None) -> None:
        """Takes the last days of values, one a patient, or one for each of ``places``."""
        if places is None:
            places = pl.int_range(self.height, dtype=pl.Int32, eager=True)
        self._new.append(pl.DataFrame({"place": places, "until": until}))
        self._rows += len(until)
        if self._rows > _ENOUGH_ROWS:
            self._fold()

    def meet(self, stands: pl.Series, moves_on: pl.Series, places: pl.Series | None = None) -> None:
        """Takes two days, one that stands and one that moves on: what rests on both ends before they meet."""
        today = self.today if places is None else take(self.today, places)
        wait = stands - moves_on
        last_day = standing(today + larger(wait - 1, whole(0, len(wait))))
        self.note(choose(wait >= 0, last_day, whole(NEVER, len(wait))), places)

    def _fold(self) -> None:
        """Keeps each day of a patient once, and none that never comes."""
        real = [frame.filter(pl.col("until") < NEVER).cast(_NOTES) for frame in self._new]
        self._kept = [pl.concat([pl.DataFrame(schema=_NOTES), *self._kept, *real]).unique()]
        self._new.clear()
        self._rows = 0

    def due(self) -> pl.Series:
        """Per patient the first day after today on which something may turn; ``NEVER`` if nothing does.

        A last day that moves on may take the place of one that stands from the day on which they meet.
        """
        self._fold()
        places = pl.int_range(self.height, dtype=pl.Int32, eager=True)
        today = pl.DataFrame({"place": places, "today": self.today.cast(pl.Int32)})
        notes = self._kept[0].join(today, on="place")
        notes = notes.with_columns(ahead=day_of(notes["until"]) - notes["today"], moves=moves(notes["until"]))
        stand = notes.filter(~pl.col("moves"), pl.col("ahead") >= 0)
        move = notes.filter("moves").select("place", "ahead").unique()
        meetings = (
            stand.join(move, on="place", suffix="_moving")
            .select("place", wait=pl.col("ahead") - pl.col("ahead_moving"))
            # Of two equal days the one that stands is the smaller already (``engine.values``).
            .filter(pl.col("wait") >= 1)
        )
        ends = stand.select("place", wait=pl.col("ahead") + 1)
        soonest = pl.concat([meetings, ends]).group_by("place").agg(pl.col("wait").min())
        waits = today.join(soonest, on="place", how="left", maintain_order="left")["wait"]
        return (self.today + waits.cast(pl.Int64)).fill_null(NEVER)
