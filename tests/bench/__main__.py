"""``python -m tests.bench [--patients N ...] [--rounds 5] [--forms] [--trials] [--nights] [--write FILE]``.

Makes (or reuses) the registries, holds the hand-written screens to the product row for row, then runs every
piece of work in turn, round after round, and prints the medians as Markdown tables. Ratios are to the scan of
the same files in the same round. Nothing here passes or fails but the agreement: a slow day of the machine is
no error.
"""

import importlib.util
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import polars as pl

from tests.bench import registry
from tests.bench.measure import MEMORY_VARIABLE, Stages
from tests.bench.yardsticks import ANSWERS, CRITERIA

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
HEAD = ("| patients | stage | cpu s | wall s | peak MB | cpu / scan |", "|---|---|---|---|---|---|")
README = Path(__file__).resolve().parents[2] / "README.md"
# A label, the work, and the scan that it is compared with.
Task = tuple[str, str, Path]
Rounds = list[dict[str, Stages]]


def tasks_of(extract: Path, *, forms: bool, trials: bool, nights: bool) -> dict[str, list[Task]]:
    """What is measured over one registry, by the scan that it is compared with."""
    clean = registry.clean(extract)
    by_hand = ["sql by hand"] + (["pandas by hand"] if importlib.util.find_spec("pandas") else [])
    full: list[Task] = [
        ("scan", "scan", extract),
        ("plain load", "plain load", extract),
        ("run", "run", extract),
    ]
    plain: list[Task] = [("clean scan", "scan", clean)]
    plain += [(name, name, clean) for name in ("yardstick run", *by_hand)]
    if trials:
        plain.append(("hundred trials", "hundred trials", clean))
    if nights:
        later = registry.next_night(extract)
        full += [(name, name, later) for name in ("night", "night, carried over")]
    if forms:
        csv = registry.as_csv(extract)
        full.append(("run, shuffled rows", "run", registry.shuffled(extract)))
        full += [
            ("csv scan", "csv scan", csv),
            ("csv structure", "csv structure", csv),
            ("run, csv", "run", csv),
        ]
    return {"scan": full, "clean scan": plain}


def measure(work: str, extract: Path, out: Path) -> Stages:
    """One piece of work in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.measure", work, str(extract), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    stages: Stages = json.loads(done.stdout)
    if "publish" in stages:
        stages["loaded to ranked"] = _sum(stages, ("facts", "verdicts", "rank"))
        whole = ("import", "load", "facts", "verdicts", "rank", "compare", "publish")
        stages["whole run"] = _sum(stages, whole)
    return stages


def _sum(stages: Stages, names: tuple[str, ...]) -> dict[str, float]:
    total = {key: sum(stages[name][key] for name in names) for key in ("wall", "cpu")}
    return {**total, "peak_mb": max(stages[name]["peak_mb"] for name in names[-3:])}


def require_agreement(clean: Path) -> int:
    """How many verdicts the product and every hand-written screen agree on; all of them, or it ends here."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        measure("yardstick run", clean, out)
        ours = pl.read_parquet(out / "out" / "latest" / "verdicts.parquet")
        key = ["patient_id", "criterion_id"]
        ours = ours.select(*key, "verdict").sort(key)
        for name in [name for name in ("sql by hand", "pandas by hand") if _can(name)]:
            measure(name, clean, out)
            wide = pl.read_parquet(out / ANSWERS)
            theirs = wide.unpivot(
                list(CRITERIA), index="patient_id", variable_name="criterion_id", value_name="verdict"
            )
            if not theirs.sort(key).equals(ours):
                raise click.ClickException(f"{name} and the product differ over {clean.name}.")
    return ours.height


def _can(name: str) -> bool:
    return "pandas" not in name or importlib.util.find_spec("pandas") is not None


def one_round(tasks: dict[str, list[Task]]) -> dict[str, Stages]:
    """Every task once, in turn."""
    measured = {}
    for label, work, extract in (task for group in tasks.values() for task in group):
        with tempfile.TemporaryDirectory() as out:
            measured[label] = measure(work, extract, Path(out))
    return measured


def table(patients: int, tasks: dict[str, list[Task]], rounds: Rounds) -> list[str]:
    """Medians over the rounds, one row a stage; ratios are medians of the ratios in the rounds."""
    rows = []
    for scan, group in tasks.items():
        for label, *_ in group:
            for name in rounds[0][label]:
                cells = [one[label][name] for one in rounds]
                ratios = [one[label][name]["cpu"] / one[scan]["scan"]["cpu"] for one in rounds]
                cpu, wall, peak = (median(cells, key) for key in ("cpu", "wall", "peak_mb"))
                numbers = f"{cpu:.2f} | {wall:.2f} | {peak:,.0f} | {statistics.median(ratios):.1f}"
                rows.append(f"| {patients:,} | {label}: {name} | {numbers} |")
    return rows


def median(cells: list[dict[str, float]], key: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(cell[key] for cell in cells)


def exponents(measured: dict[int, Rounds]) -> list[str]:
    """How the cpu of each stage grows from one size to the next: 1 is linear."""
    rows = []
    sizes = sorted(measured)
    for small, large in itertools.pairwise(sizes):
        for label, stages in measured[small][0].items():
            for name in set(stages) - {"import"}:
                before, after = (
                    median([one[label][name] for one in measured[size]], "cpu") for size in (small, large)
                )
                exponent = math.log(max(after, 0.01) / max(before, 0.01)) / math.log(large / small)
                rows.append(f"| {small:,} to {large:,} | {label}: {name} | {exponent:.2f} |")
    return sorted(rows)


@click.command()
@click.option("--patients", type=int, multiple=True, default=(10_000, 100_000), show_default=True)
@click.option("--rounds", type=int, default=5, show_default=True)
@click.option("--memory", default="", help="What the runs aim for, as 1GB.  [default: 2GB]")
@click.option("--forms", is_flag=True, help="Also rows in any order, and CSV.")
@click.option("--trials", is_flag=True, help="Also a hundred trials in one run.")
@click.option("--nights", is_flag=True, help="Also the night after, in full and carried over.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    help="Also put the tables into this page, and the run's own rows into the README.",
)
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path(tempfile.gettempdir()) / "prescreen-bench"
)
def main(
    patients: tuple[int, ...],
    rounds: int,
    memory: str,
    forms: bool,
    trials: bool,
    nights: bool,
    write: Path | None,
    data: Path,
) -> None:
    """Measure and print."""
    os.environ[MEMORY_VARIABLE] = memory
    lines = list(HEAD)
    measured: dict[int, Rounds] = {}
    for count in sorted(patients):
        extract = registry.generated(data, count)
        tasks = tasks_of(extract, forms=forms, trials=trials, nights=nights)
        agreed = require_agreement(registry.clean(extract))
        click.echo(f"{count:,} patients: {agreed:,} verdicts of all screens agree", err=True)
        measured[count] = []
        for number in range(rounds):
            click.echo(f"{count:,} patients, round {number + 1} of {rounds}", err=True)
            measured[count].append(one_round(tasks))
            # So that a benchmark that is stopped has not run for nothing.
            click.echo("\n".join(table(count, tasks, measured[count][-1:])), err=True)
        lines += table(count, tasks, measured[count])
    if len(measured) > 1:
        lines += ["", "| patients | stage | cpu grows as patients to the power |", "|---|---|---|"]
        lines += exponents(measured)
    click.echo("\n".join(lines))
    if write:
        put(write, lines)
        put(
            README,
            [*HEAD, *(row for row in lines if row.startswith(f"| {max(patients):,} |") and _quoted(row))],
        )


def _quoted(row: str) -> bool:
    """What the README quotes: the run's own stages, and what they are compared with."""
    label, _, name = row.split("|")[2].strip().partition(": ")
    return label in ("scan", "plain load", "run") and name != "import"


def put(page: Path, lines: list[str]) -> None:
    """The lines between the marks of a page."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    text = "\n".join(lines)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
