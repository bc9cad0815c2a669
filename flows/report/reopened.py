"""The answers that count no longer, since what they rested on changed."""

from dataclasses import dataclass

import polars as pl

from flows.answers.in_force import CHANGED
from flows.answers.told import in_words

MOST_REOPENED = 100


@dataclass(frozen=True)
class Reopened:
    """One answer: whose, to which criterion (empty: what came of the patient), and what was said."""

    patient_id: str
    criterion_id: str
    told: str


def reopened(answers: pl.DataFrame) -> tuple[list[Reopened], int]:
    """The answers of one trial that count no longer, and how many more there are."""
    open_again = answers.filter(pl.col("state") == CHANGED)
    rows = open_again.head(MOST_REOPENED).iter_rows(named=True)
    told = [Reopened(row["patient_id"], row["criterion_id"] or "", in_words(row)) for row in rows]
    return told, max(open_again.height - MOST_REOPENED, 0)
