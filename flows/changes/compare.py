"""Which patients came, left or moved between two runs, and which of their criteria turned."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from flows.changes.standing import Standing, verdict_words
from schemas.outputs import Dtype
from schemas.words import CHANGES

ITEMS: dict[str, Dtype] = {
    "patient_id": pl.String,
    "change": pl.Enum(CHANGES),
    "criterion_id": pl.String,
    "before": pl.String,
    "after": pl.String,
}
_NEW, _LEFT, _MOVED, _CRITERION = CHANGES


def compare(before: Standing, after: Standing) -> pl.DataFrame:
    """One row per change of a patient who is or was listed, in no order: ``ITEMS``.

    ``before`` and ``after`` hold tiers or reasons for not listing, or verdicts; null where the patient or the
    criterion was not there.
    """
    listings = before.listing.join(after.listing, on="patient_id", how="full", coalesce=True, suffix="_after")
    was, is_now = pl.col("listed").fill_null(False), pl.col("listed_after").fill_null(False)
    seen = listings.filter(was | is_now)
    moved = (
        seen.with_columns(
            change=pl.when(~was)
            .then(pl.lit(_NEW))
            .when(~is_now)
            .then(pl.lit(_LEFT))
            .when(pl.col("standing") != pl.col("standing_after"))
            .then(pl.lit(_MOVED))
        )
        .drop_nulls("change")
        .select(
            "patient_id",
            "change",
            pl.lit(None, pl.String).alias("criterion_id"),
            before="standing",
            after="standing_after",
        )
    )
    turned = [part.join(seen, on="patient_id", how="semi") for part in _turned(before, after)]
    return pl.concat([moved.cast(pl.Schema(ITEMS)), *turned])


def _turned(before: Standing, after: Standing) -> Iterator[pl.DataFrame]:
    """Per criterion of both runs the patients of both whose verdict is another."""
    places = pl.DataFrame({"patient_id": before.patients}).with_row_index("was")
    common = (
        pl.DataFrame({"patient_id": after.patients})
        .with_row_index("now")
        .join(places, on="patient_id", how="inner")
        .sort("now")
    )
    was, now = common["was"].to_numpy(), common["now"].to_numpy()
    for column, criterion in enumerate(after.criteria):
        if criterion not in before.criteria:
            continue
        old = before.verdicts[was, before.criteria.index(criterion)]
        new = after.verdicts[now, column]
        differs = np.flatnonzero(old != new)
        yield pl.DataFrame(
            {
                "patient_id": common["patient_id"].gather(differs),
                "change": [_CRITERION] * len(differs),
                "criterion_id": [criterion] * len(differs),
                "before": verdict_words(old[differs]),
                "after": verdict_words(new[differs]),
            },
            schema=ITEMS,
        )
