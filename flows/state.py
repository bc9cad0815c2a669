"""What one night leaves for the next: of each patient what the rows were, and until when nothing turns by
itself.

``OUT/state`` is of the newest run that was asked to leave one; it stands beside the runs, changes none of
them, and may be removed: then the next night judges everybody. Files: ``about.json`` (the run, its dates,
what it was made with, a hash of each file), ``patients.parquet`` (a row a patient, in the order of their
numbers), what was found wrong with their rows, and for each trial ``moves-<trial>.parquet``, a row a verdict
of that run, in its order.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from criteria.engine.crossings import Crossings
from criteria.engine.values import NEVER, days, whole
from criteria.trial import Trial
from data.extract.info import ExtractInfo
from data.extract.scan import Scan
from flows.files import sha256_of
from flows.identity import code_sha256
from flows.publish import MANIFEST, OutputFolder, is_whole
from flows.request import RunRequest
from flows.table_files import ParquetSink, write_parquet
from schemas.facts import Facts
from schemas.words import FOREVER

ABOUT = "about.json"
PATIENTS = "patients"
RUN_DAYS = ("as_of", "enrollment", "first_dose", "extracted_on")
FOUND = ("faults", "duplicates", "names")
# read_on: the first day on which the same rows may say something else; judge_on: on which what they say may
# give other verdicts. Null: never.
_KNOWN = ("patient", "site", "read_on", "judge_on")


@dataclass(frozen=True)
class State:
    """What the last night left; ``run`` is its published run."""

    folder: Path
    run: Path
    about: dict[str, Any]

    def day(self, name: str) -> date:
        """One of ``RUN_DAYS``."""
        return date.fromisoformat(self.about[name])

    def table(self, name: str) -> pl.DataFrame:
        """One of its tables."""
        return pl.read_parquet(self.folder / f"{name}.parquet")

    @property
    def coverage(self) -> pl.DataFrame:
        """The rows of coverage about no patient, as text."""
        return pl.DataFrame(self.about["coverage"], schema=dict.fromkeys(self.about["coverage"], pl.String))


def read_state(out: OutputFolder) -> State | None:
    """The state in an output folder; None if there is none, if it is damaged, or if its run is gone or
    damaged."""
    folder = out.state
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        run = out.run(about["run_id"])
        files = {folder / name: told for name, told in about["files"].items()}
        files[run / MANIFEST] = about["manifest_sha256"]
        are_whole = all(sha256_of(path) == told for path, told in files.items())
        return State(folder, run, about) if are_whole and is_whole(run) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def made_with(request: RunRequest, trials: Sequence[Trial], info: ExtractInfo, scan: Scan) -> dict[str, Any]:
    """Everything besides rows and days that verdicts follow from: where it differs, nobody is carried
    over."""
    return {
        "code": code_sha256(),
        "libraries": {"duckdb": duckdb.__version__, "polars": pl.__version__, "pyarrow": pa.__version__},
        "trials": {trial.id: trial.sha256 for trial in trials},
        "readings": {trial.id: dict(trial.readings) for trial in trials},
        "format": request.source_format,
        "default_units": dict(sorted(info.default_units.items())),
        "tables": scan.first_rows.columns,
        "declared": list(scan.declared),
    }


def days_of(request: RunRequest, info: ExtractInfo) -> dict[str, str | None]:
    """The days that a night is judged on: ``RUN_DAYS``; an extract may not say of which day it is."""
    days = (request.as_of, request.enrollment, request.first_dose, info.extracted_on)
    return {name: day.isoformat() if day else None for name, day in zip(RUN_DAYS, days, strict=True)}


@dataclass
class StateFiles:
    """The state of the run that is going on, gathered batch by batch in a folder of its own.

    ``restless``: days that are no days of a row but of the run; a fact that holds one is another tomorrow.
    """

    folder: Path
    trials: Sequence[Trial]
    as_of: date
    restless: Sequence[date]
    sinks: dict[str, ParquetSink] = field(default_factory=dict)
    patients: list[pl.DataFrame] = field(default_factory=list)
    unread: list[pl.DataFrame] = field(default_factory=list)

    def __enter__(self) -> "StateFiles":
        self.folder.mkdir()
        self.sinks = {
            trial.id: ParquetSink(self.folder / f"moves-{trial.id}.parquet", {"moves": pl.Boolean})
            for trial in self.trials
        }
        return self

    def __exit__(self, *failure: object) -> None:
        for sink in self.sinks.values():
            sink.close()

    def crossings(self, patients: int) -> Crossings:
        """Where to note what turns when, for so many patients."""
        return Crossings(patients, whole(days(self.as_of), patients))

    def write(self, trial: Trial, verdicts: pl.DataFrame) -> None:
        """Which ``holds_until`` of a batch move on, in the order of the verdicts."""
        self.sinks[trial.id].write(verdicts.select("moves"))

    def add(self, numbers: pl.Series, facts: Facts, crossings: Crossings) -> None:
        """Takes the patients judged in a batch; in the facts they are patients 0, 1, ..."""
        stands = pl.concat([frame.select("patient", "fact_until") for frame in _dated(facts)])
        until = stands.group_by("patient").agg(pl.col("fact_until").min())
        restless = pl.col("patient").is_in(self._restless(facts).implode())
        due = pl.from_epoch(crossings.due().replace(NEVER, None), time_unit="d")
        told = (
            facts.patients.select("patient", "site")
            .with_columns(due.alias("judge_on"))
            .join(until, on="patient", how="left", maintain_order="left")
            .with_columns(
                pl.when(restless).then(self.tomorrow).otherwise("judge_on").alias("judge_on"),
                read_on=pl.when(pl.col("fact_until") < FOREVER).then(pl.col("fact_until"))
                + pl.duration(days=1),
            )
        )
        self.patients.append(told.with_columns(patient=numbers).select(_KNOWN))

    def add_carried(self, patients: pl.DataFrame) -> None:
        """Takes what was known of those who were not read: when to read them stands, and for those who were
        not judged when to judge them."""
        self.patients.append(patients.filter(~pl.col("is_judged")).select(_KNOWN))
        self.unread.append(patients.select("patient", "read_on"))

    @property
    def tomorrow(self) -> date:
        """The day after the run's."""
        return self.as_of + timedelta(days=1)

    def _restless(self, facts: Facts) -> pl.Series:
        """The patients with a fact on a day of the run itself."""
        found = [pl.Series(dtype=pl.Int32)]
        for frame in (
            facts.patients,
            facts.latest,
            facts.results,
            facts.events,
            facts.attestations,
            facts.screening_log,
        ):
            on = pl.any_horizontal(pl.col(days_in(frame)).is_in(list(self.restless)))
            found.append(frame.filter(on)["patient"].unique())
        return pl.concat(found).unique()

    def finish(self, scan: Scan, found: Mapping[str, pl.DataFrame], about: Mapping[str, Any]) -> None:
        """Completes the state: ``found`` about everybody as ``sql.carried`` gives it, ``about``: what else to
        remember."""
        # What rows say may change on another day than facts tell: known from reading them, tonight or before.
        known = pl.concat([found["unsettled"], *self.unread])
        rows = known.group_by("patient").agg(rows_on=pl.col("read_on").min())
        number = pl.int_range(len(scan.ids), dtype=pl.Int32, eager=True)
        patients = (
            pl.DataFrame({"patient": number, "patient_id": scan.ids, "fingerprint": scan.fingerprints})
            .join(pl.concat(self.patients), on="patient", how="left", maintain_order="left")
            .join(rows, on="patient", how="left", maintain_order="left")
            .with_columns(read_on=pl.min_horizontal("read_on", "rows_on"))
            .drop("rows_on")
        )
        write_parquet(
            self.folder / f"{PATIENTS}.parquet", pl.concat([patients, scan.first_rows], how="horizontal")
        )
        for name in FOUND:
            write_parquet(self.folder / f"{name}.parquet", found[name])
        files = {path.name: sha256_of(path) for path in sorted(self.folder.iterdir())}
        told = {**about, "coverage": scan.shared.to_dict(as_series=False), "files": files}
        (self.folder / ABOUT).write_text(json.dumps(told, sort_keys=True), encoding="utf-8")


def replace_state(out: OutputFolder, folder: Path, run_id: str, manifest_sha256: str) -> None:
    """Puts the state of the published run in the place of the last."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    about |= {"run_id": run_id, "manifest_sha256": manifest_sha256}
    (folder / ABOUT).write_text(json.dumps(about, sort_keys=True), encoding="utf-8")
    if out.state.exists():
        # Out of the way in one step, so that nobody ever finds half of it; it goes with the scratch.
        out.state.rename(out.work / "last-state")
    folder.rename(out.state)


def days_in(frame: pl.DataFrame) -> list[str]:
    """The columns of facts that hold days on which something was."""
    return [name for name, dtype in frame.schema.items() if dtype == pl.Date and name != "fact_until"]


def _dated(facts: Facts) -> tuple[pl.DataFrame, ...]:
    """The facts that may not stand for ever."""
    return facts.latest, facts.results, facts.events
