"""The newest run's verdicts beside its own screening log: who was enrolled or failed screening, and what we
said. Only counts are told; ids go into a private file, on request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from criteria.backtest import (
    ENROLLED,
    OUTCOMES,
    count_tiers,
    count_verdicts,
    judged_patients,
    surprises,
)
from criteria.ranking import last_statuses
from criteria.trial import Trial, load_trial
from data.catalogue import load_catalogue
from flows.changes.causes import RunSide
from flows.changes.rows import write_rows
from flows.failures import redacted
from flows.files import private_files
from flows.judge import Case, Judged, judge_on_days
from flows.kept import kept_files
from flows.lock import run_lock
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.session import Progress
from flows.table_files import write_csv
from schemas.errors import StorageFailed, UsageError, nearest
from schemas.words import SCREENING_STATUSES, TIERS, VERDICTS

TODAY, AT_SCREENING = "as_of_run", "at_screening"
_KEYS = ["patient", "patient_id"]


@dataclass(frozen=True)
class Compared:
    """One trial's verdicts beside its log: the patients of the log, and the counts made of them."""

    trial_id: str
    patients: pl.DataFrame
    tiers: pl.DataFrame
    verdicts: pl.DataFrame


@dataclass(frozen=True)
class Backtest:
    """A run's verdicts beside its screening log; ``judged`` says as of which day (``TODAY`` or
    ``AT_SCREENING``)."""

    run_id: str
    as_of: str
    judged: str
    trials: tuple[Compared, ...]


@dataclass(frozen=True)
class _Logged:
    """A trial of the run and the last status of everybody in its log: patient, patient_id, status, date."""

    trial: Trial
    statuses: pl.DataFrame


@redacted
def backtest(out: Path, trial_id: str | None, progress: Progress, *, at_screening: bool) -> Backtest:
    """The newest run's verdicts beside its screening log.

    With ``at_screening`` each patient is judged anew as of the day of the status, from the delivered files
    that were kept of the run, by the program as it is now. Raises ``UsageError`` for a trial that the run
    does not have, ``StorageFailed`` if there is no run or its files are not kept any more.
    """
    folder = OutputFolder(out)
    run = latest_run(folder)
    manifest = read_manifest(run)
    logged = [_logged(run, manifest, name) for name in _chosen(manifest, trial_id)]
    if at_screening:
        found = _judged_at_screening(folder, manifest, logged, progress)
    else:
        found = {one.trial.id: _published(run, one) for one in logged}
    compared = tuple(_compared(one, found[one.trial.id]) for one in logged)
    return Backtest(run.name, manifest["as_of"], AT_SCREENING if at_screening else TODAY, compared)


def _chosen(manifest: Mapping[str, Any], trial_id: str | None) -> list[str]:
    known = sorted(manifest["trials"])
    if trial_id is not None and trial_id not in known:
        hint = nearest(trial_id, known) or f"The run has: {', '.join(known)}."
        raise UsageError("--trial", f"the newest run has no trial '{trial_id}'.", hint)
    return known if trial_id is None else [trial_id]


def _logged(run: Path, manifest: Mapping[str, Any], trial_id: str) -> _Logged:
    trial = load_trial(
        str(run / "trials" / f"{trial_id}.toml"), load_catalogue(), manifest["readings"][trial_id]
    )
    log = pl.read_parquet(run / "facts" / "screening_log.parquet")
    ids = pl.read_parquet(run / "facts" / "patients.parquet", columns=_KEYS)
    statuses = last_statuses(log, (trial.id, *trial.registry_ids))
    return _Logged(trial, statuses.join(ids, on="patient").select(*_KEYS, "status", "date"))


def _published(run: Path, logged: _Logged) -> pl.DataFrame:
    """What the run itself said of the patients of the log."""
    own = pl.scan_parquet(run / "verdicts.parquet").filter(
        pl.col("trial_id") == logged.trial.id,
        pl.col("patient_id").is_in(logged.statuses["patient_id"].implode()),
    )
    return _with_places(own.collect(engine="in-memory"), logged)


def _with_places(verdicts: pl.DataFrame, logged: _Logged) -> pl.DataFrame:
    return verdicts.join(logged.statuses.select(_KEYS), on="patient_id", maintain_order="left")


def _judged_at_screening(
    folder: OutputFolder, manifest: Mapping[str, Any], logged: list[_Logged], progress: Progress
) -> dict[str, pl.DataFrame]:
    files = kept_files(folder, manifest)
    if files is None:
        step = "Leave out --at-screening, or raise keep.inputs for runs to come."
        raise StorageFailed(manifest["run_id"], "its delivered files are not kept any more.", step)
    everybody = pl.concat([one.statuses for one in logged])
    side = RunSide(manifest, {one.trial.id: one.trial for one in logged}, files)
    with private_files(), run_lock(folder.root):
        folder.sweep()
        try:
            rows = side.rows(everybody["patient_id"].unique().to_list())
            case = side.case(write_rows(rows, folder.replay / "extract"))
            days = everybody["date"].unique().sort().to_list()
            return _on_their_days(case, days, logged, folder.replay / "work", progress)
        finally:
            folder.sweep()


def _on_their_days(
    case: Case, days: list[date], logged: list[_Logged], scratch: Path, progress: Progress
) -> dict[str, pl.DataFrame]:
    """By trial the verdicts on each patient of its log as of the day of the status."""
    trials = [one.trial for one in logged]
    parts: dict[str, list[pl.DataFrame]] = {trial.id: [] for trial in trials}
    for place, (day, judged) in enumerate(
        zip(days, judge_on_days(case, days, trials, scratch), strict=True), start=1
    ):
        progress(f"judging as of {place} of {len(days)} days")
        for one in logged:
            parts[one.trial.id].append(_of_day(judged[one.trial.id], one, day))
    return {one.trial.id: pl.concat(parts[one.trial.id] or [_nobody(one)]) for one in logged}


def _of_day(judged: Judged, logged: _Logged, day: date) -> pl.DataFrame:
    ids = judged.summary.select(_KEYS)
    verdicts = judged.verdicts.join(ids, on="patient", maintain_order="left").drop("patient")
    own = logged.statuses.filter(pl.col("date") == day).select("patient_id")
    return _with_places(verdicts.join(own, on="patient_id", how="semi", maintain_order="left"), logged)


def _nobody(logged: _Logged) -> pl.DataFrame:
    words = dict.fromkeys(("criterion_id", "kind", "verdict", "reason", "curability"), pl.String)
    return pl.DataFrame(schema={**words, "holds_until": pl.Date, **logged.statuses.select(_KEYS).schema})


def _compared(logged: _Logged, verdicts: pl.DataFrame) -> Compared:
    patients = judged_patients(verdicts, logged.statuses)
    return Compared(logged.trial.id, patients, count_tiers(patients), count_verdicts(verdicts, patients))


def backtest_lines(found: Backtest) -> Iterator[str]:
    """What is told: counts alone."""
    yield f"back-test of run {found.run_id}: its verdicts beside its screening log"
    if found.judged == AT_SCREENING:
        yield (
            "judged anew as of the day of each patient's status: what is dated later does not count; what "
            "the registry was told later about earlier days does"
        )
    else:
        yield (
            f"judged as of {found.as_of}, not as of the day of screening: what happened since, the trial's "
            "own treatment too, counts; --at-screening judges as of the day of the status"
        )
    for compared in found.trials:
        yield ""
        yield from _trial_lines(compared)


def _trial_lines(compared: Compared) -> Iterator[str]:
    yield f"== {compared.trial_id}: {compared.patients.height} patients in the screening log"
    if compared.patients.is_empty():
        return
    yield from _table(["last status", *TIERS], _tier_rows(compared.tiers))
    passed_by, let_through = surprises(compared.patients)
    yield f"enrolled although a criterion fails: {passed_by}"
    yield f"failed screening although no criterion fails: {let_through}"
    yield "by criterion; left of the bar those who were enrolled, right of it those who failed screening"
    words = [word.replace("not_applicable", "n/a") for word in VERDICTS]
    yield from _table(["criterion", *words, "only fail", "|", *words], _criterion_rows(compared.verdicts))


def _tier_rows(tiers: pl.DataFrame) -> Iterator[list[str]]:
    for status in SCREENING_STATUSES:
        yield [status, *(str(count) for count in tiers.filter(pl.col("status") == status)["patients"])]


def _criterion_rows(verdicts: pl.DataFrame) -> Iterator[list[str]]:
    for (criterion_id,), frame in verdicts.group_by("criterion_id", maintain_order=True):
        rows = {row["status"]: row for row in frame.iter_rows(named=True)}
        enrolled, failed = ([str(rows[outcome][word]) for word in VERDICTS] for outcome in OUTCOMES)
        yield [str(criterion_id), *enrolled, str(rows[ENROLLED]["only_fail"]), "|", *failed]


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Columns side by side: names to the left, numbers to the right."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for first, *rest in lines:
        cells = [text.rjust(width) for text, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells])


def write_counts(path: Path, found: Backtest) -> None:
    """Every count as a row: trial_id, judged, status, criterion_id (blank: the tier), result, patients."""
    frames = []
    for compared in found.trials:
        tiers = compared.tiers.select("status", pl.lit("").alias("criterion_id"), "patients", result="tier")
        verdicts = compared.verdicts.unpivot(
            index=["criterion_id", "status"], variable_name="result", value_name="patients"
        )
        both = pl.concat([part.select(_COUNTED.names()).cast(_COUNTED) for part in (tiers, verdicts)])
        told = {"trial_id": pl.lit(compared.trial_id), "judged": pl.lit(found.judged)}
        frames.append(both.select(**told, **{name: pl.col(name) for name in _COUNTED}))
    _write(path, pl.concat(frames))


_COUNTED = pl.Schema(
    {"status": pl.String, "criterion_id": pl.String, "result": pl.String, "patients": pl.Int64}
)


def write_patients(path: Path, found: Backtest) -> None:
    """The patients behind the counts, in a file that only its owner can read."""
    frames = [
        one.patients.filter(pl.col("status").is_in(OUTCOMES)).select(
            pl.lit(one.trial_id).alias("trial_id"),
            "patient_id",
            "status",
            "date",
            pl.col("tier").cast(pl.String),
            "failing_criteria",
            "unknown_criteria",
            contradicts=pl.when("contradicts").then(pl.lit("yes")).otherwise(pl.lit("no")),
        )
        for one in found.trials
    ]
    with private_files():
        _write(path, pl.concat(frames))


def _write(path: Path, frame: pl.DataFrame) -> None:
    try:
        write_csv(path, frame)
    except FileExistsError:
        raise UsageError(str(path), "is already there.", "Name a file that does not exist yet.") from None
