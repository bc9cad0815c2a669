"""The steps of a run as plain functions: load, facts, screen, rank, publish.

Each works on a ``Session``, which holds what the steps hand on; nothing is published before the last one.
``run_screening`` is the whole run; the Prefect flow calls the same steps in the same order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from criteria.attrition import add_counts, attrition_table, count_exclusions
from criteria.engine.batch import Batch
from criteria.engine.screen import evaluate_trial
from criteria.ranking import not_listed_patients, rank_candidates, summarise_patients
from criteria.trial import Trial
from criteria.usage import usage_of
from criteria.worklist import add_questions, count_open_questions, look_up_sentence, worklist_table
from data.extract.load import TableCount, load_extract, load_source
from flows.failures import redacted
from flows.files import sha256_of
from flows.identity import about_run, manifest_of, run_identity
from flows.memory import batch_patients
from flows.publish import describe_files, is_whole, point_latest, publish, write_manifest
from flows.request import RunRequest
from flows.session import Progress, Session, Tally, open_session
from flows.tables import FactFiles, VerdictFiles, write_output
from flows.workbook import write_workbook
from schemas.errors import UsageError
from schemas.facts import Facts
from schemas.sources import SOURCES
from sql.runner import (
    Wanted,
    build_facts,
    patient_count,
    quarantine_rows,
    read_facts,
    table_counts,
    unmapped_counts,
)
from sql.stage_source import stage_source

Loader = Callable[[RunRequest, duckdb.DuckDBPyConnection, Progress], list[TableCount]]


@dataclass(frozen=True)
class RunResult:
    """Where the run is, and whether it was there before."""

    run_id: str
    folder: Path
    trials: tuple[Trial, ...]
    repeated: bool


@redacted
def run_screening(request: RunRequest, progress: Progress) -> RunResult:
    """Screen the extract against the trials and publish the outcome, whole or not at all.

    Publishing the same run again changes nothing: the run that is there is checked and kept. Raises a
    ``PrescreenError``, whatever went wrong, without anything of the data.
    """
    with open_session(request, progress) as session:
        load(session)
        if is_published(session):
            return keep(session)
        facts(session)
        screen(session)
        rank(session)
        return publish_run(session)


def load(session: Session) -> None:
    """Read the extract into the working database and give the run its id."""
    request = session.request
    session.progress("reading the extract")
    session.tables = loader_of(request.source_format)(request, session.connection, session.progress)
    session.inputs = _inputs(request.extract, session.tables)
    session.run_id = run_identity(request, session.trials, session.inputs)


def _load_prescreen(
    request: RunRequest, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> list[TableCount]:
    return load_extract(request.extract, connection, progress)


def _load_source(
    request: RunRequest, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> list[TableCount]:
    """A source of another shape: read as it is delivered, then turned by its staging SQL."""
    if request.index_date is None:
        raise RuntimeError("a request for a source that counts days has no index date")
    source = SOURCES[request.source_format]
    tables = load_source(source, request.extract, connection, progress)
    stage_source(source, request.index_date, connection, progress)
    return tables


_LOADERS: dict[str, Loader] = {"prescreen": _load_prescreen, **dict.fromkeys(SOURCES, _load_source)}


def loader_of(source_format: str) -> Loader:
    """What reads an extract of this format into the tables that the facts are made from."""
    if source_format not in _LOADERS:
        raise UsageError(
            "--format", f"'{source_format}' cannot be read.", f"The formats are: {', '.join(_LOADERS)}."
        )
    return _LOADERS[source_format]


def _inputs(extract: Path, tables: list[TableCount]) -> dict[str, dict[str, Any]]:
    inputs: dict[str, dict[str, Any]] = {
        table.file: {"sha256": table.sha256, "rows": table.rows} for table in tables if table.file
    }
    info = extract / "extract.toml"
    if info.is_file():
        inputs[info.name] = {"sha256": sha256_of(info), "rows": None}
    return inputs


def is_published(session: Session) -> bool:
    """Whether this very run is already published and whole."""
    return is_whole(session.out.run(session.run_id))


def keep(session: Session) -> RunResult:
    """Let ``latest`` point to the run that is already there."""
    session.progress("this run is already published")
    point_latest(session.out, session.run_id)
    return _result(session, repeated=True)


def facts(session: Session) -> None:
    """Derive the facts that the trials ask for."""
    session.progress("deriving facts")
    build_facts(session.connection, session.request.as_of, wanted_by(session.trials), session.progress)


def wanted_by(trials: list[Trial]) -> Wanted:
    """The facts that some criterion of some trial reads."""
    usage = usage_of([trial.criteria for trial in trials])
    return Wanted(
        measurements=frozenset(usage.measurements),
        counted=frozenset(usage.counted),
        sets=usage.set_concepts,
    )


def screen(session: Session) -> None:
    """Judge every patient by every criterion, batch by batch, into the staging folder."""
    session.staging.mkdir()
    session.tallies = [Tally(trial) for trial in session.trials]
    total = patient_count(session.connection)
    step = session.request.batch_patients or batch_patients(session.request.memory_bytes)
    with VerdictFiles(session) as verdict_files, FactFiles(session) as fact_files:
        # Without patients there is one empty batch, so that every file has its columns.
        for first in range(0, max(total, 1), step):
            last = min(first + step, total) - 1
            session.progress(f"screening patients {first + 1} to {last + 1} of {total}")
            _screen_batch(session, first, last, verdict_files, fact_files)
    session.counts["screen"] = {"patients": total, "verdicts": session.file_rows["verdicts.parquet"]}


def _screen_batch(
    session: Session, first: int, last: int, verdict_files: VerdictFiles, fact_files: FactFiles
) -> None:
    """One batch; apart, so that nothing of it is held while the next one is read."""
    batch = read_facts(session.connection, first, last)
    fact_files.write(batch, is_first=first == 0)
    shared: dict[int, Batch] = {}
    for tally in session.tallies:
        found = evaluate_trial(tally.trial, batch, session.anchors, shared)
        verdict_files.write(tally.trial, batch, found)
        _count(tally, found, batch)


def _count(tally: Tally, verdicts: pl.DataFrame, batch: Facts) -> None:
    trial = tally.trial
    summary = summarise_patients(verdicts, batch, (trial.id, *trial.registry_ids))
    tally.questions.append(count_open_questions(verdicts, summary))
    tally.exclusions.append(count_exclusions(verdicts))
    # Ids as small numbers: the summaries of all patients are kept until they are ranked.
    ids = pl.List(pl.Enum([criterion.id for criterion in trial.criteria]))
    compact = pl.col("failing_criteria", "unknown_criteria").cast(ids)
    tally.summaries.append(summary.drop("patient").with_columns(compact))


def rank(session: Session) -> None:
    """Order the candidates, count what each criterion costs, list what to look up; all into staging."""
    session.progress("ranking")
    session.counts["rank"] = {}
    tables: dict[str, list[pl.DataFrame]] = {}
    for tally in session.tallies:
        ranked = _ranked(tally, session)
        for name, frame in ranked.items():
            tables.setdefault(name, []).append(frame)
        session.counts["rank"][tally.trial.id] = {
            name: ranked[name].height for name in ("candidates", "not_listed")
        }
    for name, frames in tables.items():
        write_output(session, name, pl.concat(frames))
    session.counts["load"] = rows_by_table(session.connection)
    write_output(session, "quarantine", quarantine_rows(session.connection))
    write_output(session, "unmapped", unmapped_counts(session.connection))


def rows_by_table(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Rows read, accepted and quarantined of every delivered table, and rows that repeat another."""
    delivered = {name for (name,) in connection.execute("select name from delivered").fetchall()}
    return {
        row["table"]: {
            "read": row["rows"],
            "accepted": row["accepted"],
            "quarantined": row["quarantined"],
            "duplicates": row["duplicates"] or 0,
        }
        for row in table_counts(connection).iter_rows(named=True)
        if row["table"] in delivered
    }


def _ranked(tally: Tally, session: Session) -> dict[str, pl.DataFrame]:
    trial = tally.trial
    summary = pl.concat(tally.summaries)
    by_id = {criterion.id: criterion for criterion in trial.criteria}
    named = [(criterion.id, criterion.kind, " ".join(criterion.protocol)) for criterion in trial.criteria]

    def sentence(criterion_id: str, reason: str) -> str:
        return look_up_sentence(by_id[criterion_id], reason, session.catalogue)

    return {
        "candidates": rank_candidates(summary, trial.id),
        "not_listed": not_listed_patients(summary, trial.id),
        "attrition": attrition_table(trial.id, named, add_counts(tally.exclusions), summary.height),
        "worklist": worklist_table(trial.id, list(by_id), add_questions(tally.questions), sentence),
    }


def publish_run(session: Session) -> RunResult:
    """Complete the staged run (workbook, trial files, manifest) and publish it in one step."""
    session.progress("publishing")
    request, trials, staging = session.request, session.trials, session.staging
    candidates = pl.read_parquet(staging / "candidates.parquet")
    write_workbook(staging / "candidates.xlsx", candidates, about_run(request, trials, session.run_id))
    session.file_rows["candidates.xlsx"] = candidates.height
    (staging / "trials").mkdir()
    for trial in trials:
        (staging / "trials" / f"{trial.id}.toml").write_bytes(trial.raw)
    outputs = describe_files(staging, session.file_rows)
    write_manifest(staging, manifest_of(request, trials, session.inputs, outputs, session.counts))
    publish(session.out, session.run_id)
    return _result(session, repeated=False)


def _result(session: Session, *, repeated: bool) -> RunResult:
    folder = session.out.run(session.run_id)
    return RunResult(session.run_id, folder, tuple(session.trials), repeated)
