"""The ``prescreen`` command. Each command imports what it needs when it runs, so that help is immediate."""

# ruff: noqa: PLC0415 - for that reason

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows import VERSION, make_private_prefect_home
from flows.failures import explained
from flows.memory import memory_bytes
from flows.request import SOURCE_FORMATS, RunRequest, study_dates
from schemas.errors import PrescreenError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

DEMO_PATIENTS = 1000
DEMO_SEED = 1


class _Day(click.ParamType[date]):
    """A day as YYYY-MM-DD and nothing else."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        # The library also reads 20260331 and 2026-W14-2; one way to write a day is enough.
        return (
            day if day and day.isoformat() == value else self.fail("write a day as YYYY-MM-DD.", param, ctx)
        )


class _Size(click.ParamType[int]):
    """A size of memory such as 2GB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return value if isinstance(value, int) else memory_bytes(value)


DAY = _Day()
FOLDER = click.Path(path_type=Path)
EXTRACT = click.option("--extract", required=True, type=FOLDER, help="Folder with the registry's tables.")
FORMAT = click.option(
    "--format",
    "source_format",
    type=click.Choice(SOURCE_FORMATS),
    default=SOURCE_FORMATS[0],
    show_default=True,
    help="What the extract looks like.",
)
INDEX_DATE = click.option(
    "--index-date", type=DAY, help="Day 0 of an extract that counts days instead of giving dates."
)
CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Nightly configuration: extracts, trials, limits (docs/nightly.md).",
)
OUT = click.option("--out", required=True, type=FOLDER, help="Folder that runs are published into.")
# One run is asked for by these; a configuration says all of it instead.
_RUN_OPTIONS = (
    click.option("--extract", type=FOLDER, help="Folder with the registry's tables.  [required]"),
    click.option("--trial", "trials", multiple=True, help="Trial id or trial file; repeatable.  [required]"),
    click.option("--as-of", type=DAY, help="The day on which patients are judged.  [required]"),
    click.option("--out", type=FOLDER, help="Folder to publish into.  [required]"),
    click.option("--enrollment", type=DAY, help="Planned enrollment.  [default: the as-of date]"),
    click.option(
        "--first-dose", type=DAY, help="Planned first dose.  [default: enrollment, or as-of if later]"
    ),
    click.option(
        "--reading",
        "readings",
        multiple=True,
        metavar="QUESTION=OPTION",
        help="Another reading of an ambiguous criterion; TRIAL:QUESTION=OPTION for one trial; repeatable.",
    ),
    FORMAT,
    INDEX_DATE,
    click.option(
        "--memory",
        "memory_bytes",
        type=_Size(),
        help="Memory to aim for, as 4GB or 900MB; what does not fit is kept beside the outputs meanwhile."
        "  [default: what the machine has]",
    ),
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a run, for each command that makes one."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="prescreen")
def cli() -> None:
    """Find which patients of a registry could join a trial, and say why, why not and what is missing.

    Pre-screen only: a list of patients worth a closer look, never a decision about anybody.
    """


@cli.command()
@run_options
@CONFIG
@click.option("--job", help="Only this extract of the configuration.")
@click.option("--today", type=DAY, help="The night to run a configuration for.  [default: today]")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    envvar="PRESCREEN_MEMORY_LIMIT",
    help="Most memory that a run may take, like 8G.  [default: what the machine has]",
)
def run(
    config: Path | None, job: str | None, today: date | None, memory_limit: str | None, **options: Any
) -> None:
    """Screen an extract against trials and publish the candidates; or every extract of a configuration.

    Nothing is published unless all of it is. The same extract, trial files and dates give the same bytes.
    """
    from flows.worker import memory_bytes, run_in_worker

    memory = memory_bytes(memory_limit)
    if config is not None:
        _refuse_beside_config(options)
        _run_night(config, job, today, memory)
        return
    if job or today:
        raise UsageError("--job and --today", "go with --config.", "Name the configuration.")

    request = request_from(options)
    with _progress() as progress:
        run_in_worker(request, progress, memory)


def _refuse_beside_config(options: dict[str, Any]) -> None:
    source = click.get_current_context().get_parameter_source
    given = [name for name in options if (where := source(name)) and where.name == "COMMANDLINE"]
    if given:
        name = {"trials": "trial", "readings": "reading", "source_format": "format"}.get(given[0], given[0])
        raise UsageError(
            f"--{name.replace('_', '-')}",
            "is said in the configuration.",
            "Leave it out, or leave out --config.",
        )


def _run_night(config: Path, job: str | None, today: date | None, memory: int) -> None:
    from flows.config import read_config, today_in
    from flows.ledger import utc_now
    from flows.night import exit_code_of, run_night, summary_file
    from flows.worker import screen_in_worker

    read = read_config(config)
    jobs = [read.job(job)] if job else list(read.extract)
    with _progress() as progress:
        day = today or today_in(read, utc_now())
        outcomes = run_night(read, jobs, day, lambda request: screen_in_worker(request, progress, memory))
    for outcome in outcomes:
        click.echo(summary_file(Path(outcome.job.out)))
        if outcome.failure:
            click.echo(f"prescreen: {outcome.job.name}: {outcome.failure}", err=True)
    if read.notice.smtp_host:
        from flows.notice import send_notice

        send_notice(read.notice, outcomes)
    click.get_current_context().exit(exit_code_of(outcomes))


@cli.command()
@click.option("--config", required=True, type=FOLDER, help="Nightly configuration (docs/nightly.md).")
def serve(config: Path) -> None:
    """Run the configuration's nights on its schedule, through a Prefect server, until stopped."""
    make_private_prefect_home()
    from flows.night_flow import serve_night

    serve_night(config)


@cli.command()
@run_options
def flow(**options: Any) -> None:
    """Do the same as `run`, recorded as a Prefect flow (counts and states only)."""
    request = request_from(options)
    make_private_prefect_home()
    from flows.screen_flow import run_as_flow
    from flows.summary import print_summary

    result = run_as_flow(request)
    print_summary(_console(), result.folder, result.trials)


def request_from(options: dict[str, Any]) -> RunRequest:
    """The run that a command line asks for."""
    for name, option in (
        ("extract", "--extract"),
        ("trials", "--trial"),
        ("as_of", "--as-of"),
        ("out", "--out"),
    ):
        if not options[name]:
            raise click.MissingParameter(
                ctx=click.get_current_context(), param_hint=f"'{option}'", param_type="option"
            )
    enrollment, first_dose = study_dates(options["as_of"], options["enrollment"], options["first_dose"])
    return RunRequest(**{**options, "enrollment": enrollment, "first_dose": first_dose})


@cli.command()
@OUT
@click.option("--last", type=click.IntRange(min=1), default=30, show_default=True, help="How many records.")
def runs(out: Path, last: int) -> None:
    """List the runs of a folder, also those that published nothing, and why."""
    from flows.records import list_runs

    for line in list_runs(out, last):
        click.echo(line)


@cli.command()
@OUT
@click.option("--extract", type=FOLDER, help="Folder with the registry's tables, to be looked at too.")
@CONFIG
def doctor(out: Path, extract: Path | None, config: Path | None) -> None:
    """Say whether this machine is fit to run: folders, disk, versions, clock, Prefect. Changes nothing."""
    from flows.config import read_config
    from flows.doctor import examine, report

    secret = read_config(config).notice.password_file if config else ""
    report(_console(), examine(out, extract, Path(secret) if secret else None, os.environ))


@cli.command()
@OUT
def verify(out: Path) -> None:
    """Check that the ledger is unbroken and every published file is what was published."""
    from flows.records import verify as check_all

    for line in check_all(out):
        click.echo(line)


@cli.command()
@click.argument("run_id")
@OUT
def replay(run_id: str, out: Path) -> None:
    """Make a published run again from its kept files, and say whether every byte is the same."""
    from flows.replay import replay_run

    with _progress() as progress:
        told = replay_run(out, run_id, progress)
    click.echo(told)


@cli.command()
@EXTRACT
@FORMAT
@INDEX_DATE
@click.option(
    "--as-of", type=DAY, help="Judge plausibility as of this day.  [default: the extract's own day]"
)
def check(extract: Path, source_format: str, index_date: date | None, as_of: date | None) -> None:
    """Say what is in an extract, what was quarantined and why. Publishes nothing."""
    from flows.check import check_extract, print_check

    with _progress() as progress:
        found = check_extract(extract, source_format, index_date, as_of, progress)
    print_check(_console(), found)


@cli.command()
@click.argument("patient_id")
@click.option("--out", required=True, type=FOLDER, help="Folder of a published run.")
@click.option("--trial", "trial_id", help="Only this trial of the run.")
def explain(patient_id: str, out: Path, trial_id: str | None) -> None:
    """Show every criterion for one patient of the newest run, with its evidence."""
    from flows.explain import explain as explanation

    for line in explanation(out, patient_id, trial_id):
        click.echo(line)


@cli.command()
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

    with _progress() as progress:
        found = compared(out, trial_id, progress, at_screening=at_screening)
    if counts:
        write_counts(counts, found)
    if patients:
        write_patients(patients, found)
    for line in backtest_lines(found):
        click.echo(line)


@cli.command()
@click.option("--out", required=True, type=FOLDER, help="Folder of a published run.")
@click.option("--secret", required=True, type=FOLDER, help="File of at least 32 random bytes, mode 0600.")
@click.option("--to", required=True, type=FOLDER, help="A new or empty folder.")
@click.option("--counts-only", is_flag=True, help="Leave out the rows of single patients.")
def pseudonymise(out: Path, secret: Path, to: Path, *, counts_only: bool) -> None:
    """Copy the newest run without ids, dates and small counts, to be shown outside."""
    from flows.pseudonymous.copy import pseudonymise as copied

    for name in copied(out, secret, to, counts_only=counts_only):
        click.echo(to / name)


@cli.group()
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


@cli.command()
@click.option("--patients", required=True, type=click.IntRange(min=1), help="How many patients.")
@click.option(
    "--seed", required=True, type=click.IntRange(min=0), help="The same seed gives the same registry."
)
@click.option("--out", required=True, type=FOLDER, help="A new or empty folder.")
def synth(patients: int, seed: int, out: Path) -> None:
    """Make a synthetic registry. Every patient is invented."""
    from data.synth.generate import generate

    with _progress() as progress:
        generate(patients, seed, out, progress=progress)
    click.echo(f"{patients} invented patients in {out}")


@cli.command()
def demo() -> None:
    """Make a synthetic registry in ./demo, screen it, and say where to look."""
    from flows.demo import run_demo

    with _progress() as progress:
        folder = Path("demo")
        result = run_demo(folder, DEMO_PATIENTS, DEMO_SEED, progress)
    _finish_demo(folder, result)


def _finish_demo(folder: Path, result: Any) -> None:
    from flows.demo import where_to_look
    from flows.summary import print_summary

    print_summary(_console(), result.folder, result.trials)
    click.echo(where_to_look(folder, result))


def _console() -> "Console":
    from flows.summary import standard_output

    return standard_output()


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What the run is doing, on standard error, where somebody watches; silent otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True, markup=False).status("starting") as status:
        yield status.update


def _end_as_interrupt(*_: Any) -> None:
    """A terminated run cleans up like an interrupted one."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; every failure is one line on standard error and an exit code of the contract."""
    signal.signal(signal.SIGTERM, _end_as_interrupt)
    try:
        # The exit code of a command that sets one itself (and of --help); else what the command returned.
        code = cli.main(args=arguments, prog_name="prescreen", standalone_mode=False)
    except click.Abort:
        failure: PrescreenError = explained(KeyboardInterrupt())
    except click.ClickException as error:
        failure = _usage(error)
    except (BrokenPipeError, SystemExit):
        # Whoever read the output has seen enough (click makes an exit of it); Python would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except BaseException as error:
        failure = explained(error)
    else:
        sys.exit(code or 0)
    print(f"prescreen: {failure}".replace("\n", " "), file=sys.stderr)  # noqa: T201 - this is the command's voice
    sys.exit(failure.exit_code)


def _usage(error: click.ClickException) -> UsageError:
    """What click found wrong with the command line; for ``explain`` without what was typed, an id."""
    context = getattr(error, "ctx", None)
    where = context.command_path.removeprefix("prescreen ") if context else "command line"
    if where == "explain" and not isinstance(error, click.MissingParameter):
        return UsageError(where, "takes one id and options.", "Write -- before an id that begins with -.")
    return UsageError(
        where, error.format_message(), f"See '{context.command_path if context else 'prescreen'} --help'."
    )


if __name__ == "__main__":
    main()
