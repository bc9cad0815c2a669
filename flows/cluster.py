"""The workers that judge the shares of a run: those of a Dask cluster, or processes of this machine.

Dask is not needed for anything else: it comes with the extra ``dask``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, temporary_settings

from schemas.errors import UsageError


@dataclass(frozen=True)
class Cluster:
    """In how many shares the patients are judged, and by whom: the workers of the Dask scheduler at this
    address, or so many processes of this machine."""

    shares: int
    scheduler: str | None = None
    workers: int = 1

    def task_runner(self) -> Any:
        """Prefect's task runner for these workers. Raises ``UsageError`` where Dask is not installed."""
        try:
            from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra
        except ImportError:
            step = "Install Prescreen with it: prescreen[dask]."
            raise UsageError("--shares", "needs Dask, which is not installed.", step) from None
        if self.scheduler:
            return DaskTaskRunner(address=self.scheduler)
        # One thread each: a share keeps a processor busy by itself. Nothing listens that need not.
        local = {"n_workers": self.workers, "threads_per_worker": 1, "dashboard_address": None}
        return DaskTaskRunner(cluster_kwargs=local)


@contextmanager
def shared_server() -> Iterator[None]:
    """One Prefect server for a run and its workers where none is named.

    Otherwise each worker would start one of its own, which nobody would stop if the worker died.
    """
    if PREFECT_API_URL.value():
        yield
        return
    server = SubprocessASGIServer()
    server.start()
    try:
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield
    finally:
        server.stop()
