"""The run as a command and as a Prefect flow, publishing, reports. The only layer that knows Prefect.

Prefect and polars read their settings once, when they are imported, so these stand here, before any import of
them. Each is a default that the environment may overrule. None of this imports anything heavy:
``prescreen --help`` is quick.
"""

import os
from pathlib import Path

VERSION = "0.1.0"


def state_home() -> Path:
    """Where this user's programs keep state (XDG), for Prefect's own database."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


PREFECT_DEFAULTS = {
    # Two separate telemetries; a hospital host is offline, and nothing should leave it anyway.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # A flow without a server of its own starts a temporary one, whose first start may take half a minute.
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_HOME": str(state_home() / "prescreen" / "prefect"),
    # Results and cached inputs are pickles of what a task saw; printed text and logs reach the database.
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs,orphans",
}
# Judging is many small steps. To hand each to other threads costs more than it saves; DuckDB, whose steps are
# large, uses all cores.
POLARS_DEFAULTS = {"POLARS_MAX_THREADS": "1"}
for _name, _value in (PREFECT_DEFAULTS | POLARS_DEFAULTS).items():
    os.environ.setdefault(_name, _value)


def make_private_prefect_home() -> None:
    """Prefect's folder for this user alone, before Prefect makes it for everybody."""
    Path(os.environ["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
