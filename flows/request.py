"""What a run is asked to do: paths, dates, trials and readings, read from plain text and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import TrialError, UsageError, nearest

if TYPE_CHECKING:
    from criteria.trial import Trial
    from data.catalogue import Catalogue
    from flows.limits import Limits

# The first gives dates; the others, which schemas.sources describes, count days from an index date.
SOURCE_FORMATS = ("prescreen", "gdc-mmrf")


@dataclass(frozen=True)
class Night:
    """What an unattended run is held to before it may replace the last list, and how much is kept after it.

    None of it decides what a list says, only whether it is published: the day on which it runs, the limits of
    the gate, and how many runs and delivered files stay (None: all).
    """

    today: date
    limits: "Limits"
    keep_runs: int | None = None
    keep_inputs: int | None = None


@dataclass(frozen=True)
class RunRequest:
    """One run: everything that decides its outputs, and nothing about any patient.

    With a ``night`` the run passes the publish gate and its canary patients first. ``memory_bytes``,
    ``batch_patients`` (judged at a time; by default as many as fit) and ``carry_over`` (what the last run of
    this kind said of patients about whom nothing can have changed) change no output.
    """

    extract: Path
    trials: tuple[str, ...]
    out: Path
    as_of: date
    enrollment: date
    first_dose: date
    readings: tuple[str, ...] = ()
    source_format: str = "prescreen"
    index_date: date | None = None
    memory_bytes: int | None = None
    batch_patients: int | None = None
    carry_over: bool = False
    night: Night | None = None

    def __post_init__(self) -> None:
        check_format(self.source_format, self.index_date)


def check_format(source_format: str, index_date: date | None) -> None:
    """Raises ``UsageError`` unless an index date is given just where the format counts days from one."""
    if source_format != SOURCE_FORMATS[0] and index_date is None:
        raise UsageError(
            "--index-date",
            f"is missing; an extract of format {source_format} counts days from it.",
            "Give the day that is to be day 0, as YYYY-MM-DD.",
        )
    if source_format == SOURCE_FORMATS[0] and index_date is not None:
        raise UsageError(
            "--index-date",
            f"has no meaning for an extract of format {source_format}, which gives dates.",
            "Leave it out, or name the format with --format.",
        )


def study_dates(as_of: date, enrollment: date | None, first_dose: date | None) -> tuple[date, date]:
    """Enrollment (default: the as-of date) and first dose (default: the later of as-of and enrollment)."""
    enrolled = enrollment or as_of
    dosed = first_dose or max(as_of, enrolled)
    if dosed < enrolled:
        raise UsageError(
            "--first-dose",
            f"{dosed} is before the enrollment on {enrolled}.",
            "Give a first dose on or after the enrollment.",
        )
    return enrolled, dosed


def load_trials(names: Sequence[str], readings: Sequence[str], catalogue: "Catalogue") -> "list[Trial]":
    """The trials by id or file, with the readings asked for, in the order of their ids.

    Raises ``TrialError`` for an invalid file and ``UsageError`` for a reading that no trial asks for.
    """
    from criteria.trial import load_trial  # noqa: PLC0415 - keeps polars out of `prescreen --help`

    trials = [load_trial(name, catalogue) for name in names]
    _refuse_twins(trials)
    chosen = chosen_readings({trial.id: _options(trial) for trial in trials}, readings)
    try:
        read = [
            load_trial(name, catalogue, chosen[trial.id]) if chosen[trial.id] else trial
            for name, trial in zip(names, trials, strict=True)
        ]
    except TrialError as error:
        # The file was valid with its own readings, so what is wrong is the answer on the command line.
        raise UsageError("--reading", error.what, error.next_step) from None
    return sorted(read, key=lambda trial: trial.id)


def chosen_readings(
    questions: dict[str, dict[str, tuple[str, ...]]], readings: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Per trial the options chosen by ``QUESTION=OPTION`` or ``TRIAL:QUESTION=OPTION``.

    ``questions`` holds each trial's questions and their options (none: any number). A reading without a trial
    is for every trial that asks the question.
    """
    chosen: dict[str, dict[str, str]] = {trial_id: {} for trial_id in questions}
    for reading in readings:
        trial_id, question, option = _split(reading, questions)
        asking = [name for name in questions if trial_id in ("", name) and question in questions[name]]
        if not asking:
            known = {name for own in questions.values() for name in own}
            raise UsageError(
                "--reading",
                f"no trial of this run asks the question '{question}'.",
                nearest(question, known) or f"The questions are: {', '.join(sorted(known)) or 'none'}.",
            )
        for name in asking:
            _refuse_unknown_option(question, option, questions[name][question])
            if chosen[name].setdefault(question, option) != option:
                raise UsageError("--reading", f"'{question}' is given two answers.", "Give one.")
    return chosen


def _split(reading: str, questions: dict[str, dict[str, tuple[str, ...]]]) -> tuple[str, str, str]:
    name, equals, option = reading.partition("=")
    trial_id, colon, question = name.rpartition(":")
    if not (equals and question.strip() and option.strip()):
        raise UsageError(
            "--reading", "a reading has no question or no answer.", "Write --reading QUESTION=OPTION."
        )
    if colon and trial_id.strip() not in questions:
        raise UsageError(
            "--reading",
            f"'{trial_id.strip()}' is no trial of this run.",
            nearest(trial_id.strip(), questions) or "Use the id of a trial given with --trial.",
        )
    return trial_id.strip(), question.strip(), option.strip()


def _refuse_unknown_option(question: str, option: str, options: tuple[str, ...]) -> None:
    if options and option not in options:
        raise UsageError(
            "--reading",
            f"'{option}' is no answer to '{question}'.",
            f"The answers are: {', '.join(options)}. {nearest(option, options)}".rstrip(),
        )


def _options(trial: "Trial") -> dict[str, tuple[str, ...]]:
    return {question.id: tuple(question.options) for question in trial.questions}


def _refuse_twins(trials: "Sequence[Trial]") -> None:
    seen: set[str] = set()
    for trial in trials:
        if trial.id.casefold() in seen:
            raise UsageError("--trial", f"'{trial.id}' is given twice.", "Give each trial once.")
        seen.add(trial.id.casefold())
