"""One measured piece of work, in a process of its own: ``python -m tests.bench.measure WORK EXTRACT OUT``.

Prints one JSON line: for each stage wall seconds, cpu seconds (user + system, all threads) and the peak
memory of the process so far in MB. A process of its own, so that no stage profits from another round.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

AS_OF = date(2026, 6, 30)
TRIAL = "mezigdomide-ixazomib-dex"
# The columns of the large tables that a screen has to look at.
SCANNED = {
    "observations": ("patient_id", "observation", "date", "value", "unit", "upper_limit", "status"),
    "treatments": ("patient_id", "drug", "start_date", "stop_date", "line", "status", "stop_reason"),
    "conditions": ("patient_id", "condition", "onset_date", "resolved_date", "status", "grade"),
    "procedures": ("patient_id", "procedure", "start_date", "status", "major"),
    "medications": ("patient_id", "drug", "start_date", "stop_date", "route", "status"),
    "responses": ("patient_id", "date", "response"),
    "patients": ("patient_id", "birth_date", "sex", "vital_status"),
}

Stages = dict[str, dict[str, float]]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb() -> float:
    """The most memory that this process has held so far (not what its parent held when it began)."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@contextmanager
def stage(stages: Stages, name: str) -> Iterator[None]:
    """Adds what the block costs under this name."""
    wall, cpu = time.perf_counter(), _cpu()
    yield
    stages[name] = {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu, "peak_mb": _peak_mb()}


def scan(extract: Path, _: Path) -> Stages:
    """The limit: every needed column decoded once and summed up, and nothing else."""
    stages: Stages = {}
    with stage(stages, "import"):
        import duckdb  # noqa: PLC0415 - what an import costs is a stage of its own
    with stage(stages, "scan"), duckdb.connect() as connection:
        for table, columns in SCANNED.items():
            # The hash of every cell: a plain count would be answered from the file's statistics.
            sums = ", ".join(f'sum(hash("{column}") % 1024)' for column in columns)
            connection.execute(f"select {sums} from read_parquet(?)", [str(extract / f"{table}.parquet")])
    return stages


def load_only(extract: Path, out: Path) -> Stages:
    """The yardstick for a whole run: the same files copied into a DuckDB file."""
    stages: Stages = {}
    with stage(stages, "import"):
        import duckdb  # noqa: PLC0415 - what an import costs is a stage of its own
    with stage(stages, "load"), duckdb.connect(str(out / "plain.duckdb")) as connection:
        for table in SCANNED:
            connection.execute(
                f'create table "{table}" as select * from read_parquet(?)',
                [str(extract / f"{table}.parquet")],
            )
    return stages


def screen(extract: Path, out: Path) -> Stages:
    """A whole run, step by step."""
    stages: Stages = {}
    with stage(stages, "import"):
        from flows import steps  # noqa: PLC0415 - what an import costs is a stage of its own
        from flows.request import RunRequest  # noqa: PLC0415
        from flows.session import open_session  # noqa: PLC0415
    request = RunRequest(extract, (TRIAL,), out / "out", AS_OF, AS_OF, AS_OF)
    with open_session(request, lambda _: None) as session:
        order = (steps.load, steps.facts, steps.screen, steps.rank, steps.publish_run)
        for name, step in zip(("load", "facts", "verdicts", "rank", "publish"), order, strict=True):
            with stage(stages, name):
                step(session)
    return stages


WORKS: dict[str, Callable[[Path, Path], Stages]] = {"scan": scan, "plain load": load_only, "run": screen}

if __name__ == "__main__":
    work, extract, out = sys.argv[1:]
    print(json.dumps(WORKS[work](Path(extract), Path(out))))  # noqa: T201 - the answer
