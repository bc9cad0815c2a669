"""The nightly run as a Prefect flow: the steps of ``flows.steps`` as tasks, to be scheduled with Prefect.

With a ``Cluster`` the patients are judged in shares, each a task of its own that any worker may take.

Prefect keeps what it is told: parameters, logs, messages of failures, results. It is told paths, dates, trial
ids and readings; tasks take and return nothing; logs are counts; and every failure is redacted under the
decorator, before Prefect sees it. The data passes between the tasks in ``_HELD``, inside this process.
"""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import wait
from prefect.logging import get_run_logger

from data.extract.info import read_info
from flows import shares, steps
from flows.cluster import Cluster, shared_server
from flows.config import Retry
from flows.failures import redacted
from flows.files import private_files
from flows.request import RunRequest, study_dates
from flows.session import Session, open_session
from flows.steps import RunResult
from schemas.errors import PrescreenError, UsageError


class _Held:
    """The session of the run that is going on in this process, its shares, and the result of the last."""

    session: Session
    shares: list[Path]
    result: RunResult | None = None


_HELD = _Held()


def _step(name: str, function: Callable[[Session], str]) -> Task[[], None]:
    """A task that does one step on the session and logs what it counted."""

    @redacted
    def step() -> None:
        get_run_logger().info("%s: %s", name, function(_HELD.session))

    return task(name=name, persist_result=False, cache_policy=NO_CACHE, log_prints=False)(step)


def _admit(session: Session) -> str:
    steps.admit(session)
    return f"{len(session.inputs)} files"


def _pick(session: Session) -> str:
    steps.pick(session)
    carried = session.carried.patients.height if session.carried else 0
    return f"{carried} patients carried over"


def _load(session: Session) -> str:
    steps.load(session)
    delivered = [table for table in session.tables if table.file]
    return f"{sum(table.rows for table in delivered)} rows in {len(delivered)} tables"


def _stage(session: Session) -> str:
    steps.stage(session)
    return f"for {len(session.trials)} trials"


def _gate(session: Session) -> str:
    steps.gate(session)
    return "within the limits" if session.request.night else "no limits asked for"


def _screen(session: Session) -> str:
    steps.screen(session)
    return f"{session.counts['screen']['patients']} patients"


def _cut(session: Session, shares: int) -> str:
    _HELD.shares = steps.cut_shares(session, shares)
    return f"{len(_HELD.shares)} shares"


def _gather(session: Session) -> str:
    steps.gather_shares(session, _HELD.shares)
    return f"{session.counts['screen']['patients']} patients"


def _rank(session: Session) -> str:
    steps.rank(session)
    return f"{len(session.trials)} lists"


def _compare(session: Session) -> str:
    steps.compare(session)
    return f"{session.file_rows['changes.parquet']} changes"


def _publish(session: Session) -> str:
    _HELD.result = steps.publish_run(session)
    return session.run_id


def _keep(session: Session) -> str:
    _HELD.result = steps.keep(session)
    return f"{session.run_id} was already published"


admit = _step("admit", _admit)
pick = _step("pick", _pick)
load = _step("load", _load)
stage = _step("stage", _stage)
gate = _step("gate", _gate)
screen = _step("screen", _screen)
gather = _step("gather", _gather)
rank = _step("rank", _rank)
compare = _step("compare", _compare)
publish = _step("publish", _publish)
keep = _step("keep", _keep)


# A worker that died is replaced by the cluster; what is tried again here is a worker that lost its disk.
@task(
    name="judge share",
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
    retries=2,
    retry_delay_seconds=10,
)
def judge_share(folder: str) -> None:
    """Judge one share of the patients, by the folder that holds it; done again, it changes nothing."""
    shares.judge_share(Path(folder))


def _screen_by(cluster: Cluster | None) -> None:
    """The step ``screen``, here or by the workers of a cluster."""
    if cluster is None:
        screen()
        return
    _step("cut", partial(_cut, shares=cluster.shares))()
    judged = judge_share.map([str(folder) for folder in _HELD.shares])
    wait(judged)
    for future in judged:
        # A share's own failure says what went wrong; without one the worker was lost.
        failure = future.state.result(raise_on_failure=False)
        if isinstance(failure, PrescreenError):
            raise failure
    gather()


def run_steps(request: RunRequest, retry: Retry | None = None, cluster: Cluster | None = None) -> RunResult:
    """One run as tasks of the flow that calls it, in the order of ``steps.run_screening``.

    ``retry``: how often a read that may succeed later is tried again; no other step is, since the same data
    would fail it again. Raises the ``PrescreenError`` of the step that failed.
    """
    _HELD.result = None
    with open_session(request, lambda _: None) as session:
        _HELD.session = session
        try:
            retried(admit, retry)()
            if steps.is_published(session):
                keep()
            else:
                if cluster is None:
                    retried(pick, retry)()
                retried(load, retry)()
                stage()
                _screen_by(cluster)
                for step in (gate, rank, compare, publish):
                    step()
        finally:
            del _HELD.session
    if _HELD.result is None:
        raise UsageError("flow", "Prefect did not run a step.", "Look at Prefect's own log.")
    return _HELD.result


def retried(step: Task[[], None], retry: Retry | None) -> Task[[], None]:
    """The task, tried again with spread delays where its failure may pass by itself."""
    if retry is None:
        return step
    return step.with_options(
        retries=retry.times,
        retry_delay_seconds=retry.delay_seconds,
        retry_jitter_factor=0.5,
        retry_condition_fn=_may_pass,
    )


def _may_pass(_task: Any, _run: Any, state: State[Any]) -> bool:
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, PrescreenError) and failure.may_pass


@flow(name="prescreen", persist_result=False, log_prints=False)
@redacted
def screen_flow(
    extract: str,
    trials: list[str],
    out: str,
    as_of: str | None = None,
    enrollment: str | None = None,
    first_dose: str | None = None,
    readings: list[str] | None = None,
    source_format: str = "prescreen",
    index_date: str | None = None,
    memory_bytes: int | None = None,
    parts: int | None = None,
    carry_over: bool = False,
) -> None:
    """Screen an extract and publish the candidates; days are YYYY-MM-DD.

    ``parts``: judge the patients in so many shares, by the flow's task runner.

    Without ``as_of`` the day is the extract's own (``extracted_on`` of extract.toml), so that a night that is
    made up for later gives what it would have given, and a repeated night publishes nothing new.
    """
    judged = _day("as_of", as_of) or _extract_day(Path(extract))
    enrolled, dosed = study_dates(judged, _day("enrollment", enrollment), _day("first_dose", first_dose))
    request = RunRequest(
        extract=Path(extract),
        trials=tuple(trials),
        out=Path(out),
        as_of=judged,
        enrollment=enrolled,
        first_dose=dosed,
        readings=tuple(readings or ()),
        source_format=source_format,
        index_date=_day("index_date", index_date),
        memory_bytes=memory_bytes,
        carry_over=carry_over,
    )
    run_steps(request, cluster=Cluster(parts) if parts else None)


def run_as_flow(request: RunRequest, cluster: Cluster | None = None) -> RunResult:
    """Run the flow for a request, by the workers of a cluster if one is given; raises the ``PrescreenError``
    of the step that failed."""
    _HELD.result = None
    ran = screen_flow if cluster is None else screen_flow.with_options(task_runner=cluster.task_runner())
    # Prefect's server starts inside, so that its files are private as well.
    with private_files(), shared_server() if cluster else nullcontext():
        ran(
            extract=str(request.extract),
            trials=list(request.trials),
            out=str(request.out),
            as_of=request.as_of.isoformat(),
            enrollment=request.enrollment.isoformat(),
            first_dose=request.first_dose.isoformat(),
            readings=list(request.readings),
            source_format=request.source_format,
            index_date=request.index_date.isoformat() if request.index_date else None,
            memory_bytes=request.memory_bytes,
            parts=cluster.shares if cluster else None,
            carry_over=request.carry_over,
        )
    if _HELD.result is None:
        raise UsageError("flow", "Prefect did not run the flow.", "Look at Prefect's own log.")
    return _HELD.result


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(name, "is not a day.", "Write it as YYYY-MM-DD.") from None


def _extract_day(extract: Path) -> date:
    day = read_info(extract).extracted_on
    if day is None:
        raise UsageError(
            "as_of",
            "is not given and extract.toml names no day.",
            "Give as_of, or extracted_on in extract.toml.",
        )
    return day
