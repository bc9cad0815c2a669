"""What one trial's verdicts add up to over batches and shares of the patients."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from criteria.attrition import count_exclusions
from criteria.ranking import summarise_patients
from criteria.trial import Trial
from criteria.waiting import Waiting
from criteria.worklist import count_open_questions
from schemas.facts import Facts

SUMMARIES, EXCLUSIONS, QUESTIONS, ANSWERS, DAYS, OPEN_FACTS = PARTS = (
    "summaries",
    "exclusions",
    "questions",
    "answers",
    "days",
    "open_facts",
)


@dataclass
class Tally:
    """One trial's counts and summaries of all patients, in files until they are ranked: memory is for the
    batch.

    ``folder/<part>/<number>.arrow``: a frame for each batch, or for each time that those who wait were asked
    about.
    """

    trial: Trial
    waiting: Waiting
    folder: Path

    def __post_init__(self) -> None:
        for part in PARTS:
            (self.folder / part).mkdir(parents=True)

    def count(self, verdicts: pl.DataFrame, batch: Facts) -> None:
        """Adds the verdicts of one batch."""
        trial = self.trial
        summary = summarise_patients(verdicts, batch, (trial.id, *trial.registry_ids))
        self.waiting.add(batch, verdicts, summary)
        self._keep(QUESTIONS, count_open_questions(verdicts, summary))
        self._keep(EXCLUSIONS, count_exclusions(verdicts))
        # Ids as small numbers: the summaries of all patients are ranked at once.
        ids = pl.List(pl.Enum([criterion.id for criterion in trial.criteria]))
        compact = pl.col("failing_criteria", "unknown_criteria").cast(ids)
        self._keep(SUMMARIES, summary.with_columns(compact))

    def after_batch(self) -> None:
        """Asks about those who wait, once there are enough, when nothing of the batch is held any more."""
        if self.waiting.is_full:
            self._ask()

    def end(self, answers: pl.DataFrame) -> None:
        """After the last batch: what became of the answers about its patients."""
        self._ask()
        self._keep(ANSWERS, answers)

    def add(self, folder: Path) -> None:
        """Takes over the files of another share; shares are added in the order of their patients."""
        for part in PARTS:
            for path in sorted((folder / part).iterdir()):
                path.rename(self._next(part))

    def read(self, part: str) -> pl.DataFrame:
        """One of ``PARTS``, of all patients."""
        return pl.concat([pl.read_ipc(path) for path in sorted((self.folder / part).iterdir())])

    def _ask(self) -> None:
        told = self.waiting.ask()
        if told:
            self._keep(DAYS, told.days)
            self._keep(OPEN_FACTS, told.open_facts)

    def _keep(self, part: str, frame: pl.DataFrame) -> None:
        with self._next(part).open("xb") as file:
            frame.write_ipc(file)

    def _next(self, part: str) -> Path:
        folder = self.folder / part
        return folder / f"{sum(1 for _ in folder.iterdir()):08d}.arrow"
