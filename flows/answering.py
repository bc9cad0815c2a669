"""The commands for what coordinators answer: a workbook read back, and the same for REDCap."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from datetime import date
from pathlib import Path

import click

from flows.options import DAY, FOLDER, OUT
from schemas.errors import AnswersRefused


@click.command()
@click.argument("workbook", type=FOLDER)
@OUT
@click.option("--by", metavar="NAME", default="", help="Who answered, where a cell does not say.")
@click.option("--date", "day", type=DAY, help="Day of the answers, where a cell does not say.")
@click.option("--today", type=DAY, help="No answer may be from a later day.  [default: today]")
def answers(workbook: Path, out: Path, by: str, day: date | None, today: date | None) -> None:
    """Read a filled-in workbook; the next run in the folder uses its answers.

    All of it or nothing: each cell that cannot be read is named, and then nothing is kept. Reading the same
    workbook again changes nothing.
    """
    from flows.answers.reading import Given
    from flows.answers.take import CORRECTIONS_FILE, take_answers

    # The clock only refuses what is dated ahead; what is kept does not depend on it.
    given = Given(by.strip(), day, today or date.today())  # noqa: DTZ011 - the day where the coordinator sits
    try:
        taken = take_answers(workbook, out, given)
    except AnswersRefused as refused:
        for fault in refused.faults:
            click.echo(fault)
        raise
    if taken.is_new:
        click.echo(
            f"kept: {taken.answers} answers, {taken.statuses} of what came of patients, "
            f"{taken.corrections} corrections; the next run uses them"
        )
    else:
        click.echo("nothing new: all of it was known already, or nothing was answered")
    if taken.waiting:
        where = out / "answers" / CORRECTIONS_FILE
        click.echo(f"corrections for the registry's data manager: {taken.waiting}, in {where}")


@click.command()
@OUT
@click.option("--to", required=True, type=FOLDER, help="Folder for the files, outside the output folder.")
def redcap(out: Path, to: Path) -> None:
    """Write the newest run and its answers as a REDCap import file and data dictionary, one of each a trial.

    Every field of every record says something, so that nothing of an earlier night stays in REDCap.
    """
    from flows.answers.redcap import export_redcap

    for path in export_redcap(out, to):
        click.echo(path)


COMMANDS = (answers, redcap)
