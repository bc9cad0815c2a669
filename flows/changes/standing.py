"""Where every patient stands in one trial of one run: on the list or not, and by each criterion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from flows.judge import Judged
from schemas.words import VERDICTS

_VERDICT = pl.Enum(VERDICTS)
_NEEDED = ["trial_id", "patient_id", "criterion_id", "verdict"]


@dataclass(frozen=True)
class Standing:
    """One trial of one run.

    ``listing``: one row per patient with patient_id, standing (the tier of a listed patient, the reason of
    another) and listed. ``verdicts``: one row per patient of ``patients``, one column per criterion, the
    place of the verdict among ``VERDICTS``.
    """

    listing: pl.DataFrame
    patients: pl.Series
    criteria: tuple[str, ...]
    verdicts: np.ndarray

    def said(self) -> pl.DataFrame:
        """Everything as rows patient_id, criterion_id (null: the listing), word; for few patients."""
        size = len(self.criteria)
        long = pl.DataFrame(
            {
                "patient_id": np.repeat(self.patients.to_numpy(), size),
                "criterion_id": list(self.criteria) * len(self.patients),
                "word": verdict_words(self.verdicts.ravel()),
            },
            schema={"patient_id": pl.String, "criterion_id": pl.String, "word": pl.String},
        )
        listing = self.listing.select(
            "patient_id", pl.lit(None, pl.String).alias("criterion_id"), word="standing"
        )
        return pl.concat([long, listing])


def verdict_words(places: np.ndarray) -> pl.Series:
    """The words of verdicts given by their place among ``VERDICTS``."""
    return pl.Series(VERDICTS, dtype=pl.String).gather(places)


def published_standing(folder: Path, trial_id: str) -> Standing:
    """The standing in a published or staged run."""
    own = pl.col("trial_id") == trial_id
    candidates = pl.scan_parquet(folder / "candidates.parquet").filter(own)
    others = pl.scan_parquet(folder / "not_listed.parquet").filter(own)
    listing = pl.concat(
        [
            candidates.select("patient_id", standing="tier", listed=pl.lit(value=True)).collect(),
            others.select("patient_id", standing="reason", listed=pl.lit(value=False)).collect(),
        ]
    )
    parts = list(_verdict_parts(folder / "verdicts.parquet", trial_id))
    verdicts = pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(_NEEDED, pl.String))
    return _standing(listing, verdicts)


def _verdict_parts(path: Path, trial_id: str) -> Iterator[pl.DataFrame]:
    """The trial's verdicts in the order of the file."""
    file = pq.ParquetFile(path, read_dictionary=_NEEDED)
    for group in range(file.num_row_groups):
        part = pl.DataFrame(file.read_row_group(group, columns=_NEEDED)).filter(
            pl.col("trial_id").cast(pl.String) == trial_id
        )
        yield part.with_columns(
            pl.col("verdict").cast(_VERDICT), pl.col("patient_id", "criterion_id").cast(pl.String)
        )


def judged_standing(judged: Judged) -> Standing:
    """The standing in an extract judged on the side."""
    listing = judged.summary.select(
        "patient_id",
        standing=pl.coalesce(pl.col("not_listed").cast(pl.String), pl.col("tier").cast(pl.String)),
        listed=pl.col("not_listed").is_null(),
    )
    ids = judged.summary.select("patient", "patient_id")
    return _standing(listing, judged.verdicts.join(ids, on="patient", how="left", maintain_order="left"))


def _standing(listing: pl.DataFrame, verdicts: pl.DataFrame) -> Standing:
    """Verdicts come by patient, then criterion, the same criteria for each."""
    criteria: Sequence[str] = verdicts["criterion_id"].unique(maintain_order=True).to_list()
    size = max(len(criteria), 1)
    grid = verdicts["verdict"].cast(_VERDICT).to_physical().to_numpy().reshape(-1, size)
    return Standing(listing, verdicts["patient_id"].gather_every(size), tuple(criteria), grid)
