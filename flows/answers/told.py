"""What somebody answered in a workbook and what became of it, in words: read from a run's own folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

# By patient and criterion (empty: what came of the patient).
Told = dict[tuple[str, str], list[str]]


def read_told(folder: Path, trial_id: str, patient_ids: Sequence[str]) -> Told:
    """The answers about these patients in one trial of the run, in words."""
    own = (pl.col("trial_id") == trial_id) & pl.col("patient_id").is_in(list(patient_ids))
    found: Told = {}
    for row in pl.scan_parquet(folder / "answers.parquet").filter(own).collect().iter_rows(named=True):
        if text := in_words(row):
            found.setdefault((row["patient_id"], row["criterion_id"] or ""), []).append(text)
    return found


def in_words(row: Mapping[str, Any]) -> str:
    """One row of answers.parquet as one says it; nothing of an answer to what the run does not ask."""
    given = f"{row['answer']}; {row['date']}; by {row['answered_by']}"
    match row["state"]:
        case "counts":
            return given
        case "evidence_changed" if row["criterion_id"]:
            return f"{given}; counts no longer: the evidence has changed since"
        case "evidence_changed":
            return (
                f"{given}; back on the list: new data say otherwise on {', '.join(row['changed_criteria'])}"
            )
        case "taken_back":
            return f"the answer was taken back; {row['date']}; by {row['answered_by']}"
        case "not_yet":
            return f"{given}; counts from that day on"
    return ""
