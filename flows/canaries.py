"""Canary patients: invented patients with known verdicts, judged by the same steps before a night is
published.

A trial's canaries stand beside its file, in the folder ``<file name without .toml>.canaries``: an extract as
a registry would deliver it, whose ``extracted_on`` is the day of every date, and ``expected.csv`` with one
row per criterion and one column per patient. They are judged with the trial file's own readings.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from criteria.trial import Trial, load_trial
from data.catalogue import Catalogue
from data.extract.info import read_info
from flows.judge import Case, judge
from schemas.errors import ExtractRefused, TrialError

EXPECTED = "expected.csv"


def canary_folder(trial: Trial) -> Path:
    """Where the trial's canary patients are, if it has any."""
    return trial.path.with_suffix(".canaries")


def check_canaries(trials: Sequence[Trial], catalogue: Catalogue, scratch: Path) -> dict[str, int]:
    """Judges the canary patients of every trial that has some; patients by trial id.

    Raises ``ExtractRefused`` naming the criteria on which a verdict is not the known one: the code, the code
    lists or the trial file no longer say what they said when the verdicts were written down.
    """
    judged = {}
    for trial in trials:
        folder = canary_folder(trial)
        if folder.is_dir():
            own = load_trial(str(trial.path), catalogue)
            judged[trial.id] = _check(own, folder, scratch / trial.id)
    return judged


def _check(trial: Trial, folder: Path, scratch: Path) -> int:
    day = read_info(folder).extracted_on
    if day is None:
        raise TrialError(
            str(folder), "its extract.toml has no extracted_on.", "Write the day of the canaries."
        )
    expected = _expected(trial, folder)
    found = _found(trial, folder, day, scratch)
    both = expected.join(found, on=["patient_id", "criterion_id"], how="left")
    wrong = both.filter(pl.col("verdict").ne_missing(pl.col("expected")))
    if wrong.height:
        criteria = ", ".join(wrong["criterion_id"].unique(maintain_order=True))
        differing = f"{wrong['patient_id'].n_unique()} of {expected['patient_id'].n_unique()}"
        raise ExtractRefused(
            f"trial {trial.id}",
            f"{differing} canary patients do not have their known verdict ({criteria}).",
            "The program, the code lists or the trial file changed: find out which before publishing.",
        )
    return expected["patient_id"].n_unique()


def _expected(trial: Trial, folder: Path) -> pl.DataFrame:
    """Rows patient_id, criterion_id, expected, in protocol order."""
    table = pl.read_csv(folder / EXPECTED, infer_schema=False)
    ids = [criterion.id for criterion in trial.criteria]
    if table["criterion_id"].to_list() != ids:
        where = f"{folder.name}/{EXPECTED}"
        raise TrialError(
            where, "its rows are not the trial's criteria in order.", "Give one row a criterion."
        )
    return table.unpivot(index="criterion_id", variable_name="patient_id", value_name="expected")


def _found(trial: Trial, folder: Path, day: date, scratch: Path) -> pl.DataFrame:
    judged = judge(Case(folder, day, day, day), [trial], scratch)[trial.id]
    ids = judged.summary.select("patient", "patient_id")
    words = pl.col("criterion_id", "verdict").cast(pl.String)
    return judged.verdicts.join(ids, on="patient").select("patient_id", words)
