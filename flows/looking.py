"""The commands that look: at an extract, a run, a patient, a trial, the record. None of them publishes a
list."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

import os
from datetime import date
from pathlib import Path

import click

from flows.options import CONFIG, DAY, EXTRACT, FOLDER, FORMAT, INDEX_DATE, OUT, console, progress_shown


@click.command()
@OUT
@click.option("--last", type=click.IntRange(min=1), default=30, show_default=True, help="How many records.")
def runs(out: Path, last: int) -> None:
    """List the runs of a folder, also those that published nothing, and why."""
    from flows.records import list_runs

    for line in list_runs(out, last):
        click.echo(line)


@click.command()
@OUT
@click.option("--extract", type=FOLDER, help="Folder with the registry's tables, to be looked at too.")
@CONFIG
def doctor(out: Path, extract: Path | None, config: Path | None) -> None:
    """Say whether this machine is fit to run: folders, disk, versions, clock, Prefect. Changes nothing."""
    from flows.config import read_config
    from flows.doctor import examine, report

    secret = read_config(config).notice.password_file if config else ""
    report(console(), examine(out, extract, Path(secret) if secret else None, os.environ))


@click.command()
@OUT
def verify(out: Path) -> None:
    """Check that the ledger is unbroken and every published file is what was published."""
    from flows.records import verify as check_all

    for line in check_all(out):
        click.echo(line)


@click.command()
@click.argument("run_id")
@OUT
def replay(run_id: str, out: Path) -> None:
    """Make a published run again from its kept files, and say whether every byte is the same."""
    from flows.replay import replay_run

    with progress_shown() as progress:
        told = replay_run(out, run_id, progress)
    click.echo(told)


@click.command()
@EXTRACT
@FORMAT
@INDEX_DATE
@click.option(
    "--as-of", type=DAY, help="Judge plausibility as of this day.  [default: the extract's own day]"
)
def check(extract: Path, source_format: str, index_date: date | None, as_of: date | None) -> None:
    """Say what is in an extract, what was quarantined and why. Publishes nothing."""
    from flows.check import check_extract, print_check

    with progress_shown() as progress:
        found = check_extract(extract, source_format, index_date, as_of, progress)
    print_check(console(), found)


@click.command()
@click.argument("patient_id")
@click.option("--out", required=True, type=FOLDER, help="Folder of a published run.")
@click.option("--trial", "trial_id", help="Only this trial of the run.")
def explain(patient_id: str, out: Path, trial_id: str | None) -> None:
    """Show every criterion for one patient of the newest run, with its evidence."""
    from flows.explain import explain as explanation

    for line in explanation(out, patient_id, trial_id):
        click.echo(line)


@click.command()
@click.option("--out", required=True, type=FOLDER, help="Folder of a published run.")
@click.option("--trial", "trial_id", help="Only this trial of the run.")
@click.option(
    "--at-screening", is_flag=True, help="Judge each patient anew as of the day of the log's status."
)
@click.option("--csv", "counts", type=FOLDER, help="Write the counts into this new file too.")
@click.option("--patients", type=FOLDER, help="Write who they are into this new, private file.")
def backtest(
    out: Path, trial_id: str | None, counts: Path | None, patients: Path | None, *, at_screening: bool
) -> None:
    """Compare the newest run's verdicts with its screening log: who was enrolled, who failed screening.

    Counts only, unless a file for the patients is named.
    """
    from flows.backtest import backtest as compared
    from flows.backtest import backtest_lines, write_counts, write_patients

    with progress_shown() as progress:
        found = compared(out, trial_id, progress, at_screening=at_screening)
    if counts:
        write_counts(counts, found)
    if patients:
        write_patients(patients, found)
    for line in backtest_lines(found):
        click.echo(line)


@click.command()
@click.option("--out", required=True, type=FOLDER, help="Folder of a published run.")
@click.option("--secret", required=True, type=FOLDER, help="File of at least 32 random bytes, mode 0600.")
@click.option("--to", required=True, type=FOLDER, help="A new or empty folder.")
@click.option("--counts-only", is_flag=True, help="Leave out the rows of single patients.")
def pseudonymise(out: Path, secret: Path, to: Path, *, counts_only: bool) -> None:
    """Copy the newest run without ids, dates and small counts, to be shown outside."""
    from flows.pseudonymous.copy import pseudonymise as copied

    for name in copied(out, secret, to, counts_only=counts_only):
        click.echo(to / name)


@click.group()
def trial() -> None:
    """List, show and check trial files."""


@trial.command("list")
def trial_list() -> None:
    """List the trials that come with Prescreen."""
    from flows.trials import list_trials

    for line in list_trials():
        click.echo(line)


@trial.command("show")
@click.argument("trial_id", metavar="ID")
def trial_show(trial_id: str) -> None:
    """Show a trial's criteria as they are computed, and its open questions."""
    from flows.trials import show_trial

    for line in show_trial(trial_id):
        click.echo(line)


@trial.command("check")
@click.argument("file", metavar="FILE")
def trial_check(file: str) -> None:
    """Check a trial file: it reads, it decides nothing about nobody, its examples hold."""
    from flows.trials import check_file

    click.echo(check_file(file))


COMMANDS = (runs, doctor, verify, replay, check, explain, backtest, pseudonymise, trial)
