"""The ``prescreen`` command. Each command imports what it needs when it runs, so that help is immediate."""

# ruff: noqa: PLC0415 - for that reason

import os
import signal
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from flows import VERSION, answering, looking, make_private_prefect_home
from flows.failures import explained
from flows.options import CONFIG, DAY, FOLDER, console, progress_shown, run_options
from flows.request import RunRequest, study_dates
from schemas.errors import PrescreenError, UsageError

DEMO_PATIENTS = 1000
DEMO_SEED = 1


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
    with progress_shown() as progress:
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
    with progress_shown() as progress:
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
@click.option(
    "--shares", type=click.IntRange(min=1), help="Judge the patients in so many shares, by Dask's workers."
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler, like tcp://host:8786.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes of this machine, without a scheduler.  [default: 1]",
)
def flow(shares: int | None, scheduler: str | None, workers: int | None, **options: Any) -> None:
    """Do the same as `run`, recorded as a Prefect flow (counts and states only), and by many workers."""
    request = request_from(options)
    if shares is None and (scheduler or workers):
        raise UsageError("--scheduler and --workers", "go with --shares.", "Say in how many shares.")
    make_private_prefect_home()
    from flows.cluster import Cluster
    from flows.screen_flow import run_as_flow
    from flows.summary import print_summary

    cluster = Cluster(shares, scheduler, workers or 1) if shares else None
    result = run_as_flow(request, cluster)
    print_summary(console(), result.folder, result.trials)


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
@click.option("--patients", required=True, type=click.IntRange(min=1), help="How many patients.")
@click.option(
    "--seed", required=True, type=click.IntRange(min=0), help="The same seed gives the same registry."
)
@click.option("--out", required=True, type=FOLDER, help="A new or empty folder.")
def synth(patients: int, seed: int, out: Path) -> None:
    """Make a synthetic registry. Every patient is invented."""
    from data.synth.generate import generate

    with progress_shown() as progress:
        generate(patients, seed, out, progress=progress)
    click.echo(f"{patients} invented patients in {out}")


@cli.command()
def demo() -> None:
    """Make a synthetic registry in ./demo, screen it, and say where to look."""
    from flows.demo import run_demo

    with progress_shown() as progress:
        folder = Path("demo")
        result = run_demo(folder, DEMO_PATIENTS, DEMO_SEED, progress)
    _finish_demo(folder, result)


def _finish_demo(folder: Path, result: Any) -> None:
    from flows.demo import where_to_look
    from flows.summary import print_summary

    print_summary(console(), result.folder, result.trials)
    click.echo(where_to_look(folder, result))


for _command in (*looking.COMMANDS, *answering.COMMANDS):
    cli.add_command(_command)


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
        if not code:
            return
        sys.exit(code)
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
