"""The options that several commands share, and how a command tells what it is doing."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.memory import memory_bytes
from flows.request import SOURCE_FORMATS

if TYPE_CHECKING:
    from rich.console import Console


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
        help="Memory to aim for, as 4GB or 1500MB; what does not fit is kept beside the outputs meanwhile."
        "  [default: 2GB]",
    ),
    click.option(
        "--carry-over",
        is_flag=True,
        help="Judge anew only patients whose rows changed since the last run with this option, or about whom "
        "a day has come that turns something. The outputs are the same.",
    ),
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a run, for each command that makes one."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


def console() -> "Console":
    from flows.summary import standard_output

    return standard_output()


@contextlib.contextmanager
def progress_shown() -> Iterator[Callable[[str], None]]:
    """What the run is doing, on standard error, where somebody watches; silent otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True, markup=False).status("starting") as status:
        yield status.update
