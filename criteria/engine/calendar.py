"""Days, calendar months and completed years, for whole columns. Days are since 1970-01-01."""

import polars as pl

from criteria.engine.values import DAY_OF_BEGINNING, DAY_OF_FOREVER, NEVER, bounded, choose, whole

DAYS_PER_UNIT = {"days": 1, "weeks": 7}
MONTHS_PER_UNIT = {"months": 1, "years": 12}


def add_months(day: pl.Series, months: int) -> pl.Series:
    """The same day ``months`` later (or earlier), or the last of that month where it has no such day."""
    # Ends of time stay where they are, and polars' calendar is not asked about years beyond its own.
    inside = bounded(day, DAY_OF_BEGINNING + 366 * 400, DAY_OF_FOREVER)
    moved = inside.cast(pl.Int32).cast(pl.Date).dt.offset_by(f"{months}mo").cast(pl.Int32).cast(pl.Int64)
    return choose(day == inside, moved, day)


def window_start(anchor: pl.Series, length: pl.Series, unit: str) -> pl.Series:
    """The first day of the window of this length that ends on the anchor."""
    if unit in DAYS_PER_UNIT:
        start = anchor - length * DAYS_PER_UNIT[unit]
    else:
        start = add_months(anchor, -_fixed(length) * MONTHS_PER_UNIT[unit])
    return bounded(start, DAY_OF_BEGINNING, DAY_OF_FOREVER)


def window_end(start: pl.Series, length: pl.Series, unit: str) -> pl.Series:
    """The last day of the time of this length that begins on ``start``; the end of time stays there."""
    if unit in DAYS_PER_UNIT:
        end = start + length * DAYS_PER_UNIT[unit]
    else:
        end = add_months(start, _fixed(length) * MONTHS_PER_UNIT[unit])
    return choose(start >= DAY_OF_FOREVER, start, end)


def first_anchor_after(day: pl.Series, length: pl.Series, unit: str) -> pl.Series:
    """The first anchor day whose window begins after ``day``; ``NEVER`` for the end of time."""
    if unit in DAYS_PER_UNIT:
        after = day + length * DAYS_PER_UNIT[unit] + 1
    else:
        following = bounded(day, -NEVER, DAY_OF_FOREVER - 1) + 1
        moved = add_months(following, _fixed(length) * MONTHS_PER_UNIT[unit])
        after = moved + (_day_of_month(moved) < _day_of_month(following)).cast(pl.Int64)
    return choose(day >= DAY_OF_FOREVER, whole(NEVER, len(day)), after)


def _fixed(length: pl.Series) -> int:
    """Windows in months have one length for everybody."""
    return int(length[0]) if len(length) else 0


def _day_of_month(day: pl.Series) -> pl.Series:
    return day.cast(pl.Int32).cast(pl.Date).dt.day()


def _as_digits(day: pl.Series) -> pl.Series:
    """A date as the number YYYYMMDD, so that years can be counted by plain division."""
    dates = day.cast(pl.Int32).cast(pl.Date)
    return dates.dt.year().cast(pl.Int64) * 10_000 + dates.dt.month().cast(pl.Int64) * 100 + dates.dt.day()


def completed_years(birth: pl.Series, anchor: pl.Series) -> pl.Series:
    """Age in completed years; somebody born on 29 February turns a year older on 1 March elsewhen."""
    return (_as_digits(anchor) - _as_digits(birth)) // 10_000


def birthday(birth: pl.Series, age: pl.Series) -> pl.Series:
    """The day on which somebody turns ``age``."""
    dates = birth.cast(pl.Int32).cast(pl.Date)
    frame = pl.DataFrame({"birth": dates, "age": age})
    first_of_month = pl.date(pl.col("birth").dt.year() + pl.col("age"), pl.col("birth").dt.month(), 1)
    days_in = first_of_month + pl.duration(days=pl.col("birth").dt.day().cast(pl.Int64) - 1)
    # 29 February spills over to 1 March in a common year, which is the day wanted.
    return frame.select(days_in.cast(pl.Date).cast(pl.Int32).cast(pl.Int64).alias("day")).to_series()


def completed_months(day: pl.Series, anchor: pl.Series) -> pl.Series:
    """The largest m for which ``day`` plus m calendar months is not after the anchor."""
    dates = day.cast(pl.Int32).cast(pl.Date)
    anchors = anchor.cast(pl.Int32).cast(pl.Date)
    months = (anchors.dt.year().cast(pl.Int64) - dates.dt.year()) * 12 + anchors.dt.month() - dates.dt.month()
    last_of_month = anchors.dt.month_end() == anchors
    short = (dates.dt.day() > anchors.dt.day()) & ~last_of_month
    return months - short.cast(pl.Int64)
