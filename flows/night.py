"""One night: every extract of a configuration, each in its own output folder, one after the other.

What goes wrong with one extract does not keep the others waiting; it is recorded in its folder's ledger, told
in its summary, and sent in the notice.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.config import ExtractJob, NightlyConfig, request_of
from flows.failures import Interrupted, explained
from flows.files import private_files
from flows.ledger import Ledger, event_of
from flows.lock import run_lock
from flows.morning import told_in_the_morning
from flows.publish import OutputFolder
from flows.request import RunRequest
from flows.steps import RunResult
from schemas.errors import LockHeld, PrescreenError

Runner = Callable[[RunRequest], RunResult]


@dataclass(frozen=True)
class Outcome:
    """What became of one extract: its run, or why there is none."""

    job: ExtractJob
    result: RunResult | None = None
    failure: PrescreenError | None = None


def run_night(config: NightlyConfig, jobs: Iterable[ExtractJob], today: date, run: Runner) -> list[Outcome]:
    """Run each job; ``run`` screens one request and raises a ``PrescreenError`` if it publishes nothing."""
    return [_run_job(config, job, today, run) for job in jobs]


def _run_job(config: NightlyConfig, job: ExtractJob, today: date, run: Runner) -> Outcome:
    try:
        request = request_of(config, job, today)
    except Exception as error:  # whatever it is, the other extracts have their night
        failure = explained(error)
        record_unstarted(Path(job.out), failure)
        return Outcome(job, failure=failure)
    try:
        return Outcome(job, result=run(request))
    except Interrupted:
        raise
    except BaseException as error:
        return Outcome(job, failure=explained(error))


def record_unstarted(folder: Path, failure: PrescreenError) -> None:
    """Records in the folder's ledger and summary a run that ended before it began."""
    out = OutputFolder(folder)
    # A folder that cannot be written is what the failure says already; a busy one is told by its own run.
    with contextlib.suppress(OSError, LockHeld), private_files():
        out.prepare()
        with run_lock(out.root), told_in_the_morning(out):
            Ledger(out.root).append(
                event_of(failure), start=None, exit_code=failure.exit_code, message=str(failure)
            )


def record_crash(folder: Path, failure: PrescreenError) -> None:
    """Records in the folder's ledger and summary a run whose process died, and sweeps up after it."""
    out = OutputFolder(folder)
    with (
        contextlib.suppress(OSError, LockHeld),
        private_files(),
        run_lock(out.root),
        told_in_the_morning(out),
    ):
        ledger = Ledger(out.root)
        for start in ledger.open_starts():
            ledger.append("crashed", start=start["number"], exit_code=failure.exit_code, message=str(failure))
        out.sweep()


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """0 if every extract has its list, else the code of the first that has none."""
    return next((outcome.failure.exit_code for outcome in outcomes if outcome.failure), 0)
