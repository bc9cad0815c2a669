"""The changes of a staged run since the run whose list was shown before it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from flows.changes.causes import RunSide, add_causes, load_published_trials, manifest_side
from flows.changes.compare import compare
from flows.changes.standing import published_standing
from flows.kept import kept_files
from flows.publish import ANSWERS_FILE, OutputFolder, read_manifest
from flows.session import Session
from schemas.outputs import output_columns, output_dtypes
from schemas.words import CHANGES


def changes_since(
    session: Session, before: Path | None, folder: OutputFolder, manifest: Mapping[str, Any]
) -> pl.DataFrame:
    """One row per change, of all trials that both runs have; none if there was no run before.

    ``before`` is the earlier run in the output folder ``folder``; ``manifest`` is that of the staged run.
    """
    empty = pl.DataFrame(schema=pl.Schema(output_dtypes("changes")))
    if before is None:
        return empty
    earlier = read_manifest(before)
    old_trials = load_published_trials(before, earlier, session.catalogue)
    files = {name: session.request.extract / name for name in session.inputs if name != ANSWERS_FILE}
    if ANSWERS_FILE in session.inputs:
        files[ANSWERS_FILE] = session.out.answers
    old = RunSide(earlier, old_trials, kept_files(folder, earlier))
    new = RunSide(manifest_side(manifest), {trial.id: trial for trial in session.trials}, files)
    items = {
        trial_id: compare(published_standing(before, trial_id), published_standing(session.staging, trial_id))
        for trial_id in new.trials
        if trial_id in earlier["trials"]
    }
    told = add_causes(items, old, new, session.out.work / "changes")
    parts = [
        frame.with_columns(pl.lit(trial_id).alias("trial_id"))
        .select(output_columns("changes"))
        .cast(empty.schema)
        for trial_id, frame in told.items()
    ]
    kind = pl.col("change").cast(pl.Enum(CHANGES))
    return pl.concat([empty, *parts]).sort("trial_id", kind, "patient_id", "criterion_id", nulls_last=True)
