"""The steps of a run as plain functions: load, stage, screen, rank, publish.

Each works on a ``Session``, which holds what the steps hand on; nothing is published before the last one.
``run_screening`` is the whole run; the Prefect flow calls the same steps in the same order.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from criteria.trial import Trial
from data.extract.files import table_files
from data.extract.guard import guarded
from data.extract.info import INFO_FILE, read_info
from data.extract.scan import scan_extract
from flows.answers.in_force import answers_in_force
from flows.canaries import check_canaries
from flows.carried import carried_over
from flows.changes.since import changes_since
from flows.failures import redacted
from flows.files import sha256_of
from flows.identity import about_run, manifest_of, run_identity
from flows.kept import KEPT_INPUTS, keep_inputs, newest_runs, purge
from flows.limits import check_against_last, check_age
from flows.loading import load_tables, wanted_by
from flows.memory import batch_patients
from flows.publish import (
    MANIFEST,
    OutputFolder,
    describe_files,
    is_whole,
    point_latest,
    publish,
    read_manifest,
    write_manifest,
)
from flows.ranked import RANKED, ranked
from flows.report import ReportedRun, write_report
from flows.request import SOURCE_FORMATS, RunRequest
from flows.screening import Screening
from flows.session import Progress, Session, open_session
from flows.shares import cut, gather
from flows.state import StateFiles, days_of, made_with, read_state, replace_state
from flows.tables import VERDICTS_FILE, FactFiles, OutputFile, VerdictFiles, write_output
from flows.tally import ANSWERS
from flows.workbook import workbook_sheets, write_workbook
from schemas.errors import ExtractRefused
from schemas.extract import TABLES
from schemas.sources import SOURCES
from sql.carried import found_by_patient, put_back
from sql.runner import (
    broken_ids,
    extract_day,
    patient_count,
    quarantine_rows,
    stage_extract,
    table_counts,
    unmapped_counts,
)


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
        admit(session)
        if is_published(session):
            return keep(session)
        pick(session)
        load(session)
        stage(session)
        screen(session)
        gate(session)
        rank(session)
        compare(session)
        return publish_run(session)


def admit(session: Session) -> None:
    """Give the run its id, by the bytes of its files; an unattended one ends if its extract is an old one."""
    request, night = session.request, session.request.night
    if night is not None:
        check_age(night.limits, read_info(request.extract).extracted_on, night.today)
    session.inputs = _delivered(request) | _answered(session)
    session.run_id = run_identity(request, session.trials, session.inputs)


def _delivered(request: RunRequest) -> dict[str, dict[str, Any]]:
    """The files that are there to be read, by name, with their hash; rows are known when they are loaded."""
    source = SOURCES.get(request.source_format)
    files = table_files(request.extract, source.by_name if source else TABLES)
    paths = [path for parts in files.values() for path in parts]
    info = request.extract / INFO_FILE
    if info.is_file():
        paths.append(info)
    hashes = {path.name: guarded(path.name, partial(sha256_of, path)) for path in paths}
    return {name: {"sha256": sha256, "rows": None} for name, sha256 in hashes.items()}


def _answered(session: Session) -> dict[str, dict[str, Any]]:
    """The coordinators' answers, an input like the delivered files, where there are any."""
    path = session.out.answers
    if not path.is_file():
        return {}
    session.answers = answers_in_force(path, session.trials, session.request.as_of)
    return {path.name: {"sha256": sha256_of(path), "rows": None}}


def is_published(session: Session) -> bool:
    """Whether this very run is already published and whole."""
    return is_whole(session.out.run(session.run_id))


def pick(session: Session) -> None:
    """Of a run that carries over, find out about whom nothing can have changed since the last one."""
    request = session.request
    if not request.carry_over or request.source_format != SOURCE_FORMATS[0]:
        return
    session.progress("looking for what changed")
    info = read_info(request.extract)
    session.scan = scan_extract(request.extract, session.progress)
    session.about = {
        "made_with": made_with(request, session.trials, info, session.scan),
        **days_of(request, info),
    }
    state = read_state(session.out)
    if state:
        session.carried = carried_over(state, session.scan, session.about, session.answers.patient_ids)


def load(session: Session) -> None:
    """Read the extract into the working database. Raises ``ExtractRefused`` if a file changed meanwhile."""
    request = session.request
    session.progress("reading the extract")
    session.tables = load_tables(
        request.extract,
        request.source_format,
        request.index_date,
        session.connection,
        session.progress,
        session.carried.chosen if session.carried else None,
    )
    for table in session.tables:
        if table.file and session.inputs.get(table.file, {}).get("sha256") != table.sha256:
            step = "Wait until it is delivered whole, then start again."
            raise ExtractRefused(table.file, "the file changed before it was read.", step, may_pass=True)
        if table.file:
            session.inputs[table.file]["rows"] = table.rows


def keep(session: Session) -> RunResult:
    """Let ``latest`` point to the run that is already there."""
    session.progress("this run is already published")
    point_latest(session.out, session.run_id)
    session.attempt.end("repeated", run_id=session.run_id, exit_code=0)
    return _result(session, repeated=True)


def stage(session: Session) -> None:
    """Find out what the names, units and dates of the whole extract mean."""
    session.progress("reading names and units")
    stage_extract(session.connection, session.request.as_of, wanted_by(session.trials), session.progress)
    session.extracted_on = extract_day(session.connection)
    if session.carried:
        delivered: dict[str, int] = {}
        for table in session.tables:
            delivered[table.table] = delivered.get(table.table, 0) + table.rows
        put_back(session.connection, delivered, session.carried.found())


def gate(session: Session) -> None:
    """Of an unattended run, hold the extract to the limits and the program to its canary patients."""
    night = session.request.night
    if night is None:
        return
    session.progress("holding the extract to the limits")
    newest = newest_runs(session.out)
    last = read_manifest(session.out.run(newest[0])) if newest else None
    ids = broken_ids(session.connection)
    check_against_last(night.limits, session.counts["load"], ids, session.columns, last)
    session.progress("judging the canary patients")
    judged = check_canaries(session.trials, session.catalogue, session.out.work)
    session.attempt.told["canaries"] = judged


def screen(session: Session) -> None:
    """Derive the facts and judge every patient by every criterion, batch by batch, into staging."""
    with _screen_files(session) as files, _state_files(session) as state:
        patients = patient_count(session.connection)
        screening = replace(_screening(session), carried=session.carried, state=state)
        session.tallies = screening.screen(0, patients - 1, *files, session.progress)
    if state and session.scan:
        found = found_by_patient(session.connection)
        others = session.carried.found() if session.carried else {}
        known = {
            name: pl.concat([found[name], others[name]]) if name in others else found[name] for name in found
        }
        state.finish(session.scan, known, session.about)


def cut_shares(session: Session, shares: int) -> list[Path]:
    """Instead of ``screen``: the patients as so many shares, for ``judge_share``; their folders."""
    session.progress("cutting shares")
    return cut(session, shares)


def gather_shares(session: Session, folders: list[Path]) -> None:
    """Put together what was judged share by share, as ``screen`` would have left it."""
    with _screen_files(session) as files:
        session.tallies = gather(session, _screening(session), folders, *files)
    shutil.rmtree(folders[0].parent)


def _screening(session: Session) -> Screening:
    """What the session's patients are judged by."""
    size = session.request.batch_patients or batch_patients(session.request.memory_bytes)
    scratch = session.out.work / "tallies"
    return Screening(session.connection, session.trials, session.anchors, size, session.answers, scratch)


@contextmanager
def _state_files(session: Session) -> Iterator[StateFiles | None]:
    """Where a run that carries over gathers what the next one is to know."""
    if session.scan is None:
        yield None
        return
    as_of = session.request.as_of
    restless = [as_of, session.extracted_on or as_of]
    with StateFiles(session.state, session.trials, as_of, restless) as files:
        yield files


@contextmanager
def _screen_files(session: Session) -> Iterator[tuple[VerdictFiles, FactFiles]]:
    """The files of verdicts and facts in a new staging folder; afterwards their rows are counted."""
    session.staging.mkdir()
    verdicts = VerdictFiles(session.staging, session.out.work, session.trials)
    facts = FactFiles(session.staging)
    with verdicts, facts:
        yield verdicts, facts
    session.file_rows[VERDICTS_FILE] = verdicts.rows
    session.file_rows |= {f"facts/{name}.parquet": rows for name, rows in facts.rows.items()}
    session.counts["facts"] = facts.rows
    session.counts["load"] = rows_by_table(session.connection)
    patients = patient_count(session.connection)
    session.counts["screen"] = {"patients": patients, "verdicts": verdicts.rows}


def rank(session: Session) -> None:
    """Order the candidates, count what each criterion costs, list what to look up; all into staging."""
    session.progress("ranking")
    write_output(session, "quarantine", quarantine_rows(session.connection))
    write_output(session, "unmapped", unmapped_counts(session.connection))
    # Nothing asks the database any more; what it holds makes room for what is kept of everybody.
    session.connection.close()
    session.counts["rank"] = {}
    with ExitStack() as stack:
        files = {name: stack.enter_context(OutputFile(session, name)) for name in RANKED}
        for tally in session.tallies:
            rows = {}
            for name, frame in ranked(tally, session.catalogue):
                files[name].add(frame)
                rows[name] = frame.height
            session.counts["rank"][tally.trial.id] = {
                name: rows[name] for name in ("candidates", "not_listed")
            }
    judged = {tally.trial.id: tally.read(ANSWERS) for tally in session.tallies}
    write_output(session, "answers", session.answers.table(judged))


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


def compare(session: Session) -> None:
    """Say what changed since the list that was shown before this one, and why."""
    session.progress("comparing with the last list")
    compare_with(session, _shown_before(session), session.out)


def compare_with(session: Session, before: Path | None, folder: OutputFolder) -> None:
    """The changes since a run of ``folder``, into staging; none if there is no such run."""
    session.compared_with = before.name if before else None
    changes = changes_since(session, before, folder, manifest_of(session, outputs={}))
    write_output(session, "changes", changes)


def _shown_before(session: Session) -> Path | None:
    """The newest other run that is whole; where this run was published before, of the runs until then."""
    for run_id in newest_runs(session.out, before=session.run_id):
        if is_whole(session.out.run(run_id)):
            return session.out.run(run_id)
    return None


def complete(session: Session) -> dict[str, Any]:
    """Complete the staged run: workbook, trial files, and the manifest of it all, which is returned."""
    request, trials, staging = session.request, session.trials, session.staging
    sheets = workbook_sheets(list(_reported(session)), about_run(request, trials, session.run_id))
    write_workbook(staging / "candidates.xlsx", sheets)
    del sheets
    session.file_rows["candidates.xlsx"] = session.file_rows["candidates.parquet"]
    (staging / "trials").mkdir()
    for trial in trials:
        (staging / "trials" / f"{trial.id}.toml").write_bytes(trial.raw)
    for run in _reported(session):
        write_report(run)
    manifest = manifest_of(session, outputs=describe_files(staging, session.file_rows))
    write_manifest(staging, manifest)
    return manifest


def _reported(session: Session) -> Iterator[ReportedRun]:
    """What is told of each trial; what it reads of the run for that goes with it."""
    about = manifest_of(session, outputs={})
    for trial in session.trials:
        yield ReportedRun(session.staging, about, trial, session.catalogue)


def publish_run(session: Session) -> RunResult:
    """Complete the staged run, publish it in one step, record it, and let go of what need not be kept."""
    session.progress("publishing")
    manifest = complete(session)
    keep_inputs(session.out, session.request.extract, session.inputs)
    publish(session.out, session.run_id)
    manifest_sha256 = sha256_of(session.out.run(session.run_id) / MANIFEST)
    if session.scan:
        replace_state(session.out, session.state, session.run_id, manifest_sha256)
    told = {
        name: manifest[name] for name in ("inputs", "trials", "readings", "code", "rows", "compared_with")
    }
    session.attempt.end(
        "published", run_id=session.run_id, exit_code=0, manifest_sha256=manifest_sha256, **told
    )
    night = session.request.night
    purge(session.out, night.keep_runs if night else None, (night and night.keep_inputs) or KEPT_INPUTS)
    return _result(session, repeated=False)


def _result(session: Session, *, repeated: bool) -> RunResult:
    folder = session.out.run(session.run_id)
    return RunResult(session.run_id, folder, tuple(session.trials), repeated)
