"""The night as a Prefect flow, and the deployment that ``prescreen serve`` keeps running.

Prefect is told the path of the configuration and the day, nothing else. One night runs at a time; nights that
were missed all come due when the program is back, and each of them finds the same extract and the same as-of
date, so that the first publishes and the others return at once.
"""

import os
import time
from datetime import date
from pathlib import Path

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.logging import get_run_logger
from prefect.schedules import Cron

from flows.config import read_config, today_in
from flows.failures import redacted
from flows.files import private_files
from flows.ledger import utc_now
from flows.night import run_night
from flows.notice import send_notice
from flows.screen_flow import run_steps
from schemas.errors import PrescreenError, UsageError

_SERVER_START_SECONDS = 120


class NightFailed(PrescreenError):
    """At least one extract has no list of tonight; its folder's summary and ledger say why."""


@flow(name="prescreen-night", persist_result=False, log_prints=False)
@redacted
def night_flow(config: str, today: str | None = None) -> None:
    """Screen every extract of a configuration. ``today`` (YYYY-MM-DD) is by default the day in its time
    zone."""
    read = read_config(Path(config))
    day = date.fromisoformat(today) if today else today_in(read, utc_now())
    with private_files():
        outcomes = run_night(read, read.extract, day, lambda request: run_steps(request, read.retry))
    log = get_run_logger()
    for outcome in outcomes:
        what = "no list" if outcome.result is None else f"run {outcome.result.run_id}"
        log.info("%s: %s", outcome.job.name, what)
    send_notice(read.notice, outcomes, through_prefect=True)
    failed = [outcome.job.name for outcome in outcomes if outcome.failure]
    if failed:
        where = f"{len(failed)} of {len(outcomes)} extracts"
        raise NightFailed(where, f"no list of tonight for {', '.join(failed)}.", "See 'prescreen runs'.")


def serve_night(config: Path) -> None:
    """Keep the schedule of a configuration until stopped; needs a Prefect server (``PREFECT_API_URL``)."""
    read = read_config(config)
    if not os.environ.get("PREFECT_API_URL"):
        raise UsageError(
            "serve",
            "PREFECT_API_URL is not set, so there is no Prefect server to keep the schedule.",
            "Start one (docs/nightly.md), or let cron call 'prescreen run --config'.",
        )
    try:
        schedule = Cron(read.schedule.cron, timezone=read.schedule.timezone)
    except ValueError:
        what = "key schedule.cron: this is not a cron line."
        raise UsageError(str(config), what, 'Write five fields, such as "0 2 * * *".') from None
    _wait_for_server()
    night_flow.serve(
        name=config.stem,
        parameters={"config": str(config.resolve())},
        schedule=schedule,
        limit=1,
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        # A stop of the program must not silence the schedule.
        pause_on_shutdown=False,
    )


def _wait_for_server() -> None:
    """Returns when the server answers; after a restart of the machine it may come up later than this
    program."""
    end = time.monotonic() + _SERVER_START_SECONDS
    while True:
        with get_client(sync_client=True) as client:
            problem = client.api_healthcheck()
        if problem is None:
            return
        if time.monotonic() > end:
            what = "the Prefect server at PREFECT_API_URL does not answer."
            raise UsageError("serve", what, "Start it, and check PREFECT_API_AUTH_STRING.")
        time.sleep(2)
