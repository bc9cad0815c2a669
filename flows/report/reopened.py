"""What coordinators answered, as the report tells it: what came of patients, which answers count no more."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from flows.answers.in_force import CHANGED, TAKEN_BACK
from flows.answers.told import in_words

MOST_REOPENED = 100


@dataclass(frozen=True)
class Reopened:
    """One answer: whose, to which criterion (empty: what came of the patient), and what was said."""

    patient_id: str
    criterion_id: str
    told: str


def came_of_it(answers: pl.DataFrame, shown: Collection[str]) -> dict[str, tuple[str, str]]:
    """By patient shown a word for the list and the whole in words; of two answers the later."""
    about = answers.filter(pl.col("criterion_id").is_null(), pl.col("patient_id").is_in(list(shown)))
    return {
        row["patient_id"]: ("back on the list" if row["state"] == CHANGED else row["answer"], told)
        for row in about.iter_rows(named=True)
        if (told := in_words(row)) and row["state"] != TAKEN_BACK
    }


def reopened(answers: pl.DataFrame) -> tuple[list[Reopened], int]:
    """The answers of one trial that count no longer, and how many more there are."""
    open_again = answers.filter(pl.col("state") == CHANGED)
    rows = open_again.head(MOST_REOPENED).iter_rows(named=True)
    told = [Reopened(row["patient_id"], row["criterion_id"] or "", in_words(row)) for row in rows]
    return told, max(open_again.height - MOST_REOPENED, 0)
