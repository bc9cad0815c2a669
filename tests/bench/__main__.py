"""``python -m tests.bench [--patients 10000 --patients 100000] [--rounds 3] [--data DIR]``.

Makes (or reuses) synthetic registries, runs the scan limit, a plain load and a whole run in turn, round
after round, and prints the medians as a Markdown table. Ratios are to the scan of the same round. Nothing
here passes or fails: a slow day of the machine is not an error.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from data.synth.generate import generate
from tests.bench.measure import AS_OF, WORKS, Stages

SEED = 1
Rounds = list[dict[str, Stages]]


def measure(work: str, extract: Path) -> Stages:
    """One piece of work in a fresh process."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tests.bench.measure", work, str(extract), out]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    stages: Stages = json.loads(done.stdout)
    if work == "run":
        parts = [stages[name] for name in stages if name != "import"]
        stages["whole run"] = {
            "wall": sum(part["wall"] for part in stages.values()),
            "cpu": sum(part["cpu"] for part in stages.values()),
            "peak_mb": max(part["peak_mb"] for part in parts),
        }
    return stages


def table(patients: int, rounds: Rounds) -> list[str]:
    """Medians over the rounds, one row a stage."""
    rows = []
    for work, stages in rounds[0].items():
        for name in stages:
            cells = [one[work][name] for one in rounds]
            ratios = [one[work][name]["cpu"] / one["scan"]["scan"]["cpu"] for one in rounds]
            keys = ("cpu", "wall", "peak_mb")
            cpu, wall, peak = (statistics.median(cell[key] for cell in cells) for key in keys)
            ratio = statistics.median(ratios)
            rows.append(
                f"| {patients:,} | {work}: {name} | {cpu:.2f} | {wall:.2f} | {peak:,.0f} | {ratio:.1f} |"
            )
    return rows


@click.command()
@click.option("--patients", type=int, multiple=True, default=(10_000, 100_000), show_default=True)
@click.option("--rounds", type=int, default=3, show_default=True)
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path(tempfile.gettempdir()) / "prescreen-bench"
)
def main(patients: tuple[int, ...], rounds: int, data: Path) -> None:
    """Measure and print."""
    lines = ["| patients | stage | cpu s | wall s | peak MB | cpu / scan |", "|---|---|---|---|---|---|"]
    for count in patients:
        extract = data / f"registry-{count}-{SEED}"
        if not (extract / "extract.toml").exists():
            click.echo(f"making a registry of {count:,} patients", err=True)
            generate(count, SEED, extract, AS_OF, "parquet")
        measured = []
        for number in range(rounds):
            click.echo(f"{count:,} patients, round {number + 1} of {rounds}", err=True)
            measured.append({work: measure(work, extract) for work in WORKS})
        lines += table(count, measured)
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
