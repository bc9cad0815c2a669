"""One measured piece of work, in a process of its own: ``python -m tests.bench.measure WORK EXTRACT OUT``.

Prints one JSON line: for each stage wall seconds, cpu seconds (user + system, all threads) and the peak
memory of the process so far in MB. A process of its own, so that no stage profits from another round.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

AS_OF = date(2026, 6, 30)
TRIAL = "mezigdomide-ixazomib-dex"
YARDSTICK = Path(__file__).with_name("yardstick.toml")
MEMORY_VARIABLE = "PRESCREEN_BENCH_MEMORY"
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
# Those of a clean registry.
SCANNED_CLEAN = {
    "observations": ("patient_id", "observation", "date", "value"),
    "treatments": ("patient_id", "drug"),
    "procedures": ("patient_id", "procedure", "start_date"),
    "patients": ("patient_id", "birth_date"),
}

Stages = dict[str, dict[str, float]]


class _AsInstalled(MetaPathFinder):
    """Makes what only the yardsticks and the tests need look as if it were not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in ("pandas", "hypothesis"):
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)


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


@contextmanager
def timed(stages: Stages, name: str, module: ModuleType, function: str) -> Iterator[None]:
    """Adds what all calls of one function of a module cost together under this name."""
    called = getattr(module, function)
    spent = stages.setdefault(name, {"wall": 0.0, "cpu": 0.0, "peak_mb": 0.0})

    def counted(*arguments: object) -> object:
        one: Stages = {}
        with stage(one, name):
            result = called(*arguments)
        for key in ("wall", "cpu"):
            spent[key] += one[name][key]
        spent["peak_mb"] = one[name]["peak_mb"]
        return result

    setattr(module, function, counted)
    try:
        yield
    finally:
        setattr(module, function, called)


def scan(extract: Path, _: Path) -> Stages:
    """The limit: every needed column decoded once and summed up, and nothing else."""
    is_clean = not (extract / "conditions.parquet").exists()
    stages: Stages = {}
    with stage(stages, "import"):
        import duckdb  # noqa: PLC0415 - what an import costs is a stage of its own
    with stage(stages, "scan"), duckdb.connect() as connection:
        for table, columns in (SCANNED_CLEAN if is_clean else SCANNED).items():
            # The hash of every cell: a plain count would be answered from the file's statistics.
            sums = ", ".join(f'sum(hash("{column}") % 1024)' for column in columns)
            connection.execute(f"select {sums} from read_parquet(?)", [str(extract / f"{table}.parquet")])
    return stages


def scan_csv(extract: Path, _: Path) -> Stages:
    """Every CSV file read as text and every cell looked at."""
    stages: Stages = {}
    with stage(stages, "import"):
        import duckdb  # noqa: PLC0415 - what an import costs is a stage of its own
    with stage(stages, "scan"), duckdb.connect() as connection:
        for path in sorted(extract.glob("*.csv")):
            connection.execute(
                "select sum(hash(columns(*)) % 1024) from read_csv(?, all_varchar = true)", [str(path)]
            )
    return stages


def check_csv(extract: Path, _: Path) -> Stages:
    """The byte-level check of the structure of every CSV file."""
    stages: Stages = {}
    with stage(stages, "import"):
        from data.extract.structure import Limits, check_csv  # noqa: PLC0415
        from schemas.extract import TABLES  # noqa: PLC0415
    with stage(stages, "structure"):
        for path in sorted(extract.glob("*.csv")):
            with path.open("rb") as stream:
                check_csv(path.name, TABLES[path.stem], stream, Limits())
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


def screen(
    extract: Path,
    out: Path,
    trials: tuple[str, ...] = (TRIAL,),
    day: date = AS_OF,
    *,
    carry_over: bool = False,
) -> Stages:
    """A whole run, step by step."""
    # Where they are there, libraries import them; the product does without.
    sys.meta_path.insert(0, _AsInstalled())
    stages: Stages = {}
    with stage(stages, "import"):
        from flows import screening, steps  # noqa: PLC0415 - what an import costs is a stage of its own
        from flows.memory import memory_bytes  # noqa: PLC0415
        from flows.request import RunRequest  # noqa: PLC0415
        from flows.session import open_session  # noqa: PLC0415
    given = os.environ.get(MEMORY_VARIABLE)
    memory = memory_bytes(given) if given else None
    request = RunRequest(
        extract, trials, out / "out", day, day, day, memory_bytes=memory, carry_over=carry_over
    )
    with open_session(request, lambda _: None) as session:
        for name, parts in {
            "load": (steps.admit, steps.pick, steps.load, steps.stage),
            "screen": (steps.screen, steps.gate),
            "rank": (steps.rank,),
            "compare": (steps.compare,),
            "publish": (steps.publish_run,),
        }.items():
            with stage(stages, name), timed(stages, "facts", screening, "read_facts"):
                for part in parts:
                    part(session)
    screened, facts = stages.pop("screen"), stages["facts"]
    stages["verdicts"] = {**screened, **{key: screened[key] - facts[key] for key in ("wall", "cpu")}}
    return stages


def night(*, carry_over: bool) -> Callable[[Path, Path], Stages]:
    """The night after: the run of the registry itself is made before, by a process of its own."""

    def work(extract: Path, out: Path) -> Stages:
        before = extract.with_name(extract.name.removesuffix("-next"))
        name = "run that carries over" if carry_over else "run"
        command = [sys.executable, "-m", "tests.bench.measure", name, str(before), str(out)]
        subprocess.run(command, check=True, capture_output=True)
        return screen(extract, out, day=AS_OF + timedelta(days=1), carry_over=carry_over)

    return work


def screen_yardstick(extract: Path, out: Path) -> Stages:
    """A whole run of the thirteen plain criteria."""
    return screen(extract, out, (str(YARDSTICK),))


def screen_hundred(extract: Path, out: Path) -> Stages:
    """A whole run of a hundred trials, each like the yardstick with other limits."""
    text = YARDSTICK.read_text("utf-8")
    files = []
    for number in range(100):
        own = text.replace('id = "yardstick"', f'id = "yardstick-{number:03d}"')
        own = own.replace("hemoglobin >= 8", f"hemoglobin >= {7 + number / 50:.2f}")
        own = own.replace("platelet_count >= 50000", f"platelet_count >= {50000 + 500 * number}")
        files.append(out / f"yardstick-{number:03d}.toml")
        files[-1].write_text(own, "utf-8")
    return screen(extract, out, tuple(map(str, files)))


def by_hand(name: str) -> Callable[[Path, Path], Stages]:
    """One of the hand-written screens."""

    def work(extract: Path, out: Path) -> Stages:
        stages: Stages = {}
        with stage(stages, "import"):
            from tests.bench import yardsticks  # noqa: PLC0415

            if name == "pandas":
                import pandas  # noqa: F401, PLC0415
        with stage(stages, "screen"):
            {"sql": yardsticks.by_sql, "pandas": yardsticks.by_pandas}[name](extract, out)
        return stages

    return work


WORKS: dict[str, Callable[[Path, Path], Stages]] = {
    "scan": scan,
    "plain load": load_only,
    "run": screen,
    "csv scan": scan_csv,
    "csv structure": check_csv,
    "yardstick run": screen_yardstick,
    "sql by hand": by_hand("sql"),
    "pandas by hand": by_hand("pandas"),
    "hundred trials": screen_hundred,
    "run that carries over": partial(screen, carry_over=True),
    "night": night(carry_over=False),
    "night, carried over": night(carry_over=True),
}

if __name__ == "__main__":
    work, extract, out = sys.argv[1:]
    print(json.dumps(WORKS[work](Path(extract), Path(out))))  # noqa: T201 - the answer
