"""What one trial's verdicts add up to over batches and shares of the patients."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from criteria.attrition import count_exclusions
from criteria.ranking import summarise_patients
from criteria.trial import Trial
from criteria.waiting import Waiting
from criteria.worklist import count_open_questions
from schemas.facts import Facts


@dataclass
class Tally:
    """One trial's counts and summaries, a frame for each batch."""

    trial: Trial
    waiting: Waiting
    summaries: list[pl.DataFrame] = field(default_factory=list)
    exclusions: list[pl.DataFrame] = field(default_factory=list)
    questions: list[pl.DataFrame] = field(default_factory=list)
    answers: list[pl.DataFrame] = field(default_factory=list)

    def count(self, verdicts: pl.DataFrame, batch: Facts) -> None:
        """Adds the verdicts of one batch."""
        trial = self.trial
        summary = summarise_patients(verdicts, batch, (trial.id, *trial.registry_ids))
        self.waiting.add(batch, verdicts, summary)
        self.questions.append(count_open_questions(verdicts, summary))
        self.exclusions.append(count_exclusions(verdicts))
        # Ids as small numbers: the summaries of all patients are kept until they are ranked.
        ids = pl.List(pl.Enum([criterion.id for criterion in trial.criteria]))
        compact = pl.col("failing_criteria", "unknown_criteria").cast(ids)
        self.summaries.append(summary.with_columns(compact))

    def save(self, folder: Path) -> None:
        """Writes what was counted into a new folder."""
        folder.mkdir(parents=True)
        for name, frames in self._frames().items():
            pl.concat(frames).write_ipc(folder / f"{name}.arrow")

    def add_saved(self, folder: Path) -> None:
        """Adds what ``save`` wrote of another share; shares are added in the order of their patients."""
        for name, frames in self._frames().items():
            frames.append(pl.read_ipc(folder / f"{name}.arrow"))

    def _frames(self) -> dict[str, list[pl.DataFrame]]:
        return {
            "summaries": self.summaries,
            "exclusions": self.exclusions,
            "questions": self.questions,
            "answers": self.answers,
            "days": self.waiting.days,
            "open_facts": self.waiting.open_facts,
        }
