"""The nightly configuration: one TOML file that names extracts, trials, limits, schedule and notices.

Every key is checked before anything runs; an unknown one is an error with the nearest known key. Relative
paths count from the file's own folder. ``docs/nightly.md`` explains each key.
"""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.extract.info import read_info
from flows.limits import Limits
from flows.memory import memory_bytes
from flows.request import Night, RunRequest, study_dates
from schemas.errors import ExtractRefused, UsageError, nearest

_CONFIG_BYTES = 1_000_000
Days = Annotated[int, Field(ge=0)]


def _with_tuples(given: Any, *names: str) -> Any:
    """TOML has lists where the models hold what cannot change."""
    if not isinstance(given, dict):
        return given
    return {
        name: tuple(value) if name in names and isinstance(value, list) else value
        for name, value in given.items()
    }


class _Part(BaseModel):
    """A table of the file: unknown keys are refused, nothing is converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Schedule(_Part):
    """When ``prescreen serve`` runs the night."""

    cron: str = "0 2 * * *"
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _zone_is_known(self) -> Self:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, OSError, ValueError):
            raise ValueError("this time zone is not known; write one such as Europe/Berlin") from None
        return self


class Retry(_Part):
    """How often a step that may succeed later is tried again: a late or changing extract, a busy folder."""

    times: Annotated[int, Field(ge=0, le=20)] = 3
    delay_seconds: Annotated[int, Field(ge=1)] = 600


class Keep(_Part):
    """How many nights stay: published runs, and the delivered files from which they can be made again."""

    runs: Annotated[int, Field(ge=1)] = 30
    inputs: Annotated[int, Field(ge=1)] = 7


class Notice(_Part):
    """Who hears of a night: by e-mail, or through a Prefect notification block when Prefect runs it."""

    when: Literal["always", "problems"] = "always"
    smtp_host: str = ""
    smtp_port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    recipients: tuple[str, ...] = ()
    user: str = ""
    password_file: str = ""
    prefect_block: str = ""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, given: Any) -> Any:
        return _with_tuples(given, "recipients")

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.smtp_host and not (self.sender and self.recipients):
            raise ValueError("smtp_host needs sender and recipients too")
        return self


class ExtractJob(_Part):
    """One extract, the trials to screen it for, and the folder to publish into."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    folder: str
    out: str
    trials: Annotated[tuple[str, ...], Field(min_length=1)]
    as_of: Literal["extract", "today"] = "extract"
    enrollment_in_days: Days = 0
    first_dose_in_days: Days = 0
    readings: tuple[str, ...] = ()
    format: Literal["prescreen", "gdc-mmrf"] = "prescreen"
    index_date: date | None = None
    memory: str | None = None
    carry_over: bool = True

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, given: Any) -> Any:
        return _with_tuples(given, "trials", "readings")


class NightlyConfig(_Part):
    """The whole file."""

    extract: Annotated[tuple[ExtractJob, ...], Field(min_length=1)]
    schedule: Schedule = Schedule()
    retry: Retry = Retry()
    limits: Limits = Limits()
    keep: Keep = Keep()
    notice: Notice = Notice()

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, given: Any) -> Any:
        return _with_tuples(given, "extract")

    @model_validator(mode="after")
    def _jobs_differ(self) -> Self:
        for what, values in (
            ("name", [job.name.casefold() for job in self.extract]),
            ("out", [job.out for job in self.extract]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"two extracts have the same {what}")
        return self

    def job(self, name: str) -> ExtractJob:
        """The extract of this name; raises ``UsageError`` if there is none."""
        for job in self.extract:
            if job.name == name:
                return job
        known = [job.name for job in self.extract]
        hint = nearest(name, known) or f"The extracts are: {', '.join(known)}."
        raise UsageError("--job", f"the configuration has no extract '{name}'.", hint)


def read_config(path: Path) -> NightlyConfig:
    """The configuration, with its paths made absolute; raises ``UsageError`` that names the key and the
    step."""
    try:
        raw = path.read_bytes()[:_CONFIG_BYTES]
    except OSError as error:
        raise UsageError(str(path), f"{error.strerror}.", "Give a readable TOML file.") from None
    try:
        given = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(str(path), f"is not valid TOML ({error}).", "Correct it there.") from None
    try:
        config = NightlyConfig.model_validate(given)
    except ValidationError as error:
        raise _explained(path, error) from None
    base = path.resolve().parent
    jobs = tuple(_placed(job, base) for job in config.extract)
    secret = config.notice.password_file
    notice = config.notice.model_copy(update={"password_file": str(base / secret) if secret else ""})
    return config.model_copy(update={"extract": jobs, "notice": notice})


def request_of(config: NightlyConfig, job: ExtractJob, today: date) -> RunRequest:
    """The run of one extract on one night.

    The day that patients are judged on is the extract's own (``extracted_on``), so that a night made up for
    later gives what it would have given, and a night without a new extract publishes nothing new; or today.
    Raises ``ExtractRefused`` if the extract does not tell its day.
    """
    folder = Path(job.folder)
    as_of = today if job.as_of == "today" else _extract_day(folder)
    enrollment, first_dose = study_dates(
        as_of,
        as_of + timedelta(days=job.enrollment_in_days),
        as_of + timedelta(days=job.enrollment_in_days + job.first_dose_in_days),
    )
    return RunRequest(
        extract=folder,
        trials=job.trials,
        out=Path(job.out),
        as_of=as_of,
        enrollment=enrollment,
        first_dose=first_dose,
        readings=job.readings,
        source_format=job.format,
        index_date=job.index_date,
        memory_bytes=memory_bytes(job.memory) if job.memory else None,
        carry_over=job.carry_over,
        night=Night(today, config.limits, config.keep.runs, config.keep.inputs),
    )


def today_in(config: NightlyConfig, now: Any) -> date:
    """The calendar day of a moment in the schedule's time zone."""
    day: date = now.astimezone(ZoneInfo(config.schedule.timezone)).date()
    return day


def _extract_day(folder: Path) -> date:
    day = read_info(folder).extracted_on
    if day is None:
        step = 'Write extracted_on into extract.toml, or as_of = "today" into the configuration.'
        raise ExtractRefused("extract.toml", "the extract does not say of which day it is.", step)
    return day


def _placed(job: ExtractJob, base: Path) -> ExtractJob:
    """Paths from the file's folder; a trial is a path if it is written like one, else an id."""
    trials = tuple(str(base / name) if name.endswith(".toml") or "/" in name else name for name in job.trials)
    return job.model_copy(
        update={"folder": str(base / job.folder), "out": str(base / job.out), "trials": trials}
    )


def _explained(path: Path, error: ValidationError) -> UsageError:
    """The first thing that is wrong, by its key."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"]) or "the file"
    hint = "See docs/nightly.md."
    if first["type"] == "extra_forbidden":
        known = _keys_beside(first["loc"])
        hint = nearest(str(first["loc"][-1]), known) or f"Known are: {', '.join(sorted(known))}."
        return UsageError(str(path), f"key {key}: this key is not known.", hint)
    said = first["msg"].removeprefix("Value error, ")
    return UsageError(str(path), f"key {key}: {said[:1].lower()}{said[1:]}.", hint)


def _keys_beside(place: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at a place may hold."""
    model: type[BaseModel] = NightlyConfig
    for part in place[:-1]:
        if isinstance(part, str):
            model = _TABLES[part]
    return list(model.model_fields)


_TABLES: dict[str, type[BaseModel]] = {
    "extract": ExtractJob,
    "schedule": Schedule,
    "retry": Retry,
    "limits": Limits,
    "keep": Keep,
    "notice": Notice,
}
