"""What changed since the run before, as the report tells it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.report.words import CAUSE_WORDS, CHANGE_WORDS, in_words

# Patients and kinds of change that are told one by one; the rest stands in changes.parquet.
MOST_MOVES = 100
MOST_VERDICTS = 40


@dataclass(frozen=True)
class Move:
    """A patient who came, went or moved; ``before`` and ``after`` are empty where there was no place."""

    patient_id: str
    words: str
    before: str
    after: str
    causes: str


@dataclass(frozen=True)
class VerdictChange:
    """A change of verdict on one criterion, for so many patients, for the same causes."""

    criterion_id: str
    before: str
    after: str
    causes: str
    patients: int


@dataclass(frozen=True)
class ChangesView:
    """What changed: counts by kind, the patients who moved, the verdicts that changed."""

    compared_with: str
    counts: list[tuple[str, int]]
    moves: list[Move]
    more_moves: int
    verdicts: list[VerdictChange]
    more_verdicts: int


def changes_view(changes: pl.DataFrame, compared_with: str | None) -> ChangesView:
    """The changes of one trial; the order is that of the kinds, then of the patients' ids."""
    counts = dict(changes.group_by("change").len().iter_rows())
    of_criterion = pl.col("change") == "criterion"
    kind = pl.col("change").cast(pl.Enum(list(CHANGE_WORDS)))
    moves = changes.filter(~of_criterion).sort(kind, "patient_id")
    verdicts = (
        changes.filter(of_criterion)
        .with_columns(pl.col("causes").list.join(";"))
        .group_by("criterion_id", "before", "after", "causes")
        .len("patients")
        .sort("patients", "criterion_id", "before", "after", "causes", descending=[True, *[False] * 4])
    )
    return ChangesView(
        compared_with=compared_with or "the run before",
        counts=[(words, counts.get(word, 0)) for word, words in CHANGE_WORDS.items()],
        moves=[_move(row) for row in moves.head(MOST_MOVES).iter_rows(named=True)],
        more_moves=max(moves.height - MOST_MOVES, 0),
        verdicts=[_verdict(row) for row in verdicts.head(MOST_VERDICTS).iter_rows(named=True)],
        more_verdicts=max(verdicts.height - MOST_VERDICTS, 0),
    )


def patient_changes(changes: pl.DataFrame | None) -> dict[str, list[list[str]]]:
    """Per patient what changed: (criterion or empty, change, before, after, causes), for the script."""
    found: dict[str, list[list[str]]] = {}
    for row in [] if changes is None else changes.sort("patient_id", maintain_order=True).to_dicts():
        told = [row["criterion_id"] or "", CHANGE_WORDS[row["change"]]]
        told += [in_words(row["before"]), in_words(row["after"]), _causes(row["causes"])]
        found.setdefault(row["patient_id"], []).append(told)
    return found


def _move(row: dict[str, Any]) -> Move:
    before, after = in_words(row["before"]), in_words(row["after"])
    return Move(row["patient_id"], CHANGE_WORDS[row["change"]], before, after, _causes(row["causes"]))


def _verdict(row: dict[str, Any]) -> VerdictChange:
    causes = _causes(row["causes"].split(";") if row["causes"] else [])
    before, after = in_words(row["before"]), in_words(row["after"])
    return VerdictChange(row["criterion_id"], before, after, causes, row["patients"])


def _causes(causes: list[str] | None) -> str:
    return ", ".join(CAUSE_WORDS[cause] for cause in causes or [])
