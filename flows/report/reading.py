"""What each criterion rests on for each patient, as places: the pieces it shows, and what is not recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from criteria.evidence import Reads
from flows.explain import MOST_ROWS
from flows.report.items import Item, items_of
from flows.report.shared import Shared

GRAIN = ["patient", "criterion"]


@dataclass(frozen=True)
class Reading:
    """What is read, by criterion; ``rows`` and ``pieces`` are frames.

    ``rows``: one row per patient, criterion and thing read, in the order of reading: ``name``, ``found``,
    ``stale``, ``nth`` of its name, and ``place`` among the patient's pieces (below 0: among the notes), which
    is null for rows that are only counted. ``pieces``: each patient's pieces as JSON, in their places.
    """

    rows: pl.DataFrame
    pieces: pl.DataFrame


def reading_of(
    reads: Sequence[Reads], items: Sequence[Item], pieces: pl.DataFrame, patients: pl.Series, shared: Shared
) -> Reading:
    """The reading of these patients; ``pieces`` as made by ``Pieces``, ``items`` as they count them."""
    uses = _uses(reads, items)
    distinct = pieces.select("patient", "piece").unique(maintain_order=True).with_row_index("place")
    found = pieces.join(distinct, on=["patient", "piece"]).select(
        "patient", "item", "at", pl.col("place").cast(pl.Int64), "stale", found=True
    )
    rows = (
        pl.concat([found, _absent(found, items, patients, shared)])
        .join(uses, on="item")
        .sort("patient", "criterion", "order", "at")
        .unique([*GRAIN, "place"], keep="first", maintain_order=True)
        .with_columns(nth=pl.int_range(pl.len()).over(*GRAIN, "name"))
    )
    told = pl.when(~pl.col("found") | (pl.col("nth") < MOST_ROWS)).then("place")
    return _placed(rows.with_columns(place=told), distinct)


def _uses(reads: Sequence[Reads], items: Sequence[Item]) -> pl.DataFrame:
    """Which criterion reads which item, and as what of its items."""
    places = {item: place for place, item in enumerate(items)}
    rows = [
        (criterion, order, places[item], item.told_name)
        for criterion, own in enumerate(reads)
        for order, item in enumerate(items_of(own))
    ]
    return pl.DataFrame(
        rows,
        schema={"criterion": pl.Int64, "order": pl.Int64, "item": pl.Int64, "name": pl.Categorical},
        orient="row",
    )


def _absent(found: pl.DataFrame, items: Sequence[Item], patients: pl.Series, shared: Shared) -> pl.DataFrame:
    """A note for every item of which the registry says nothing about a patient."""
    notes = [shared.note(shared.label(item.told_name), "not recorded") for item in items]
    every = pl.DataFrame(
        {"item": range(len(items)), "place": notes}, schema={"item": pl.Int64, "place": pl.Int64}
    )
    return (
        patients.to_frame("patient")
        .join(every, how="cross")
        .join(found, on=["patient", "item"], how="anti")
        .select("patient", "item", pl.lit(0, pl.UInt32).alias("at"), "place", stale=False, found=False)
    )


def _placed(rows: pl.DataFrame, distinct: pl.DataFrame) -> Reading:
    """The pieces that are shown, counted from 0 for each patient."""
    shown = rows.select("place").filter(pl.col("place") >= 0).unique()
    pieces = distinct.join(shown.cast(pl.UInt32), on="place", how="semi", maintain_order="left").with_columns(
        own=pl.int_range(pl.len()).over("patient")
    )
    own = pieces.select(pl.col("place").cast(pl.Int64), "own")
    placed = rows.join(own, on="place", how="left", maintain_order="left")
    return Reading(
        placed.with_columns(place=pl.coalesce("own", "place")).drop("own"), pieces.select("patient", "piece")
    )
