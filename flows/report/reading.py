"""What is told of each item for each patient: which of the patient's pieces, or that nothing is recorded.

Wide, a row per patient and columns per item: what a criterion rests on is then those of its items, side by
side, and never a row per patient, criterion and piece.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from flows.explain import MOST_ROWS
from flows.report.items import Item
from flows.report.shared import Shared, told_once

_PAIR = ["patient", "item"]
_PLACED = {"item": pl.Int64, "after": pl.Int64}


@dataclass(frozen=True)
class Reading:
    """``frame`` has a row per patient; the methods name its columns. ``pieces`` are those that are shown.

    The pieces of a patient are counted from 0, in the order of the rows of ``pieces``.
    """

    items: Sequence[Item]
    frame: pl.DataFrame
    pieces: pl.DataFrame

    def told(self, item: Item) -> pl.Expr:
        """The places of its pieces, with commas, or of the note that there are none; else null."""
        return pl.col(f"told {self.items.index(item)}")

    def more(self, item: Item) -> pl.Expr:
        """The place of the note on how many more rows there are; null if all are shown."""
        return pl.col(f"more {self.items.index(item)}")

    def is_absent(self, item: Item) -> pl.Expr:
        """Whether nothing is recorded, and no earlier item of the name has said so."""
        return pl.col(f"absent {self.items.index(item)}")

    def is_stale(self, item: Item) -> pl.Expr:
        """Whether a result is too old."""
        return pl.col(f"stale {self.items.index(item)}")


def reading_of(items: Sequence[Item], pieces: pl.DataFrame, patients: pl.Series, shared: Shared) -> Reading:
    """The reading of these patients; ``pieces`` as made by ``Pieces`` for the same items."""
    places = {item: place for place, item in enumerate(items)}
    pairs = [(place, places[item.after]) for item, place in places.items() if item.after]
    after = pl.DataFrame(pairs, schema=_PLACED, orient="row")
    fresh = _not_told_before(pieces, after)
    counts = _counts(fresh, after)
    shown = _shown(fresh, counts)
    parts = [
        pieces.group_by(_PAIR).agg(pl.col("stale").any()),
        shown.group_by(_PAIR, maintain_order=True).agg(told=pl.col("place").cast(pl.String).str.join(",")),
        _more(counts, items, shared),
    ]
    return Reading(items, _wide(parts, items, patients, shared), shown.select("patient", "piece"))


def _not_told_before(pieces: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The pieces without those that an item tells like the one that it comes after."""
    told = pieces.select("patient", "piece", after="item")
    later = pieces.join(after, on="item").join(told, on=["patient", "piece", "after"], how="anti")
    first = pieces.join(after, on="item", how="anti")
    return pl.concat([first, later.select(pieces.columns)]).sort(*_PAIR, "at")


def _counts(fresh: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """How many pieces each patient has of an item, and ``before``, of the item that it comes after."""
    counts = fresh.group_by(_PAIR).agg(count=pl.len().cast(pl.Int64))
    before = counts.select("patient", after="item", before="count").join(after, on="after")
    counted = counts.join(before.drop("after"), on=_PAIR, how="left")
    return counted.with_columns(pl.col("before").fill_null(0))


def _shown(fresh: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """The first pieces of each name, with their places among those of their patient."""
    counted = fresh.join(counts, on=_PAIR, maintain_order="left")
    few = counted.filter(_nth(*_PAIR) + pl.col("before") < MOST_ROWS)
    return few.with_columns(place=_nth("patient"))


def _nth(*columns: str) -> pl.Expr:
    """How many rows before this one have the same columns, of rows that are sorted by them."""
    row = pl.int_range(pl.len())
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in columns)
    return row - pl.when(begins).then(row).forward_fill()


def _more(counts: pl.DataFrame, items: Sequence[Item], shared: Shared) -> pl.DataFrame:
    """A note for each name with more pieces than are shown."""
    more = counts.select(*_PAIR, rows=pl.col("count") + pl.col("before") - MOST_ROWS)

    def tell(row: dict[str, int]) -> tuple[str]:
        label = shared.label(items[row["item"]].told_name)
        return (str(shared.note(label, f"and {row['rows']} more rows")),)

    many = more.filter(pl.col("rows") > 0).sort(_PAIR)
    return told_once(many, ["item", "rows"], tell, {"more": pl.String}).drop("rows")


def _wide(
    parts: Iterable[pl.DataFrame], items: Sequence[Item], patients: pl.Series, shared: Shared
) -> pl.DataFrame:
    """The parts, which have a row per patient and item, as columns per item, and what is absent."""
    every = pl.DataFrame({"item": range(len(items))}, schema={"item": pl.Int64})
    long = every.join(patients.to_frame("patient"), how="cross")
    for part in parts:
        long = long.join(part, on=_PAIR, how="left", maintain_order="left")
    long = long.with_columns(absent=pl.col("stale").is_null(), stale=pl.col("stale").fill_null(value=False))
    height, names = len(patients), ("told", "more", "absent", "stale")
    frame = pl.DataFrame(
        [patients.rename("patient")]
        + [
            long[name].slice(place * height, height).rename(f"{name} {place}")
            for place in range(len(items))
            for name in names
        ]
    )
    return frame.with_columns(_absences(items)).with_columns(_notes_of_absence(items, shared))


def _absences(items: Sequence[Item]) -> Iterator[pl.Expr]:
    """Nothing of a name is recorded once only."""
    for place, item in enumerate(items):
        if item.after:
            yield pl.col(f"absent {place}") & ~pl.col(f"absent {items.index(item.after)}")


def _notes_of_absence(items: Sequence[Item], shared: Shared) -> Iterator[pl.Expr]:
    for place, item in enumerate(items):
        note = str(shared.note(shared.label(item.told_name), "not recorded"))
        yield pl.when(f"absent {place}").then(pl.lit(note)).otherwise(f"told {place}").alias(f"told {place}")
