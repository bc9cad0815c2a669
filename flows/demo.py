"""A first look without any registry: invented patients, one trial, where to look afterwards."""

import shlex
from pathlib import Path

import polars as pl

from criteria.trial import trial_files
from data.synth.generate import AS_OF, generate
from flows.report import report_name
from flows.request import RunRequest
from flows.session import Progress
from flows.steps import RunResult, run_screening
from schemas.errors import UsageError


def run_demo(folder: Path, patients: int, seed: int, progress: Progress) -> RunResult:
    """Make a synthetic extract in ``folder/extract``, unless it is there; screen it into ``folder/out``."""
    extract, out = folder / "extract", folder / "out"
    if not (extract / "extract.toml").exists():
        if folder.exists():
            what = "is there already and is no demo."
            raise UsageError(str(folder), what, "Move it away or run the demo in another folder.")
        generate(patients, seed, extract, progress=progress)
    request = RunRequest(
        extract=extract,
        trials=tuple(trial_files()),
        out=out,
        as_of=AS_OF,
        enrollment=AS_OF,
        first_dose=AS_OF,
    )
    return run_screening(request, progress)


def where_to_look(folder: Path, result: RunResult) -> str:
    """The next commands and files worth opening."""
    best = pl.read_parquet(result.folder / "candidates.parquet", n_rows=1)
    latest = folder / "out" / "latest"
    reports = ", ".join(report_name(trial.id) for trial in result.trials)
    lines = [f"Open {latest / 'candidates.xlsx'} in a spreadsheet, or beside it in a browser: {reports}"]
    if not best.is_empty():
        patient = shlex.quote(best["patient_id"][0])
        lines.append(f"Then ask why: prescreen explain {patient} --out {folder / 'out'}")
    return "\n".join(lines)
