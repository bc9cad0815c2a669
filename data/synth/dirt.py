"""What goes wrong between the ward and the extract, row by row, at the rates of ``data.synth.rates``."""

from collections.abc import Callable

import numpy as np

from data.synth import rates, regimens
from data.synth.columns import (
    BLANK,
    COMMENT,
    NEGATIVE,
    PADDED_ID,
    PLAIN,
    UNKNOWN_ID,
    WORD,
    Array,
    Frame,
    bad_date,
    month_of,
    number,
    pick,
    take,
    text,
    year_of,
)
from data.synth.courses import Course
from data.synth.rates import Rate

_STRANGE_UNITS = ("g/v", "gl/l", "x10^12/mcl", "not_reported")


def classes(rng: np.random.Generator, size: int, *faults: Rate) -> Array:
    """Which of the faults (1, 2, ...) each row has; 0 for none. A row has one at most."""
    edges = np.cumsum([fault.value for fault in faults])
    found = np.searchsorted(edges, rng.random(size), side="right")
    return np.where(found == len(faults), 0, found + 1)


def mixed(kind: Array, clean: Array, *faulty: Array) -> Array:
    """``clean`` where the class is 0, else the cells of that class."""
    return np.choose(kind, (clean, *faulty))


def with_ids(rng: np.random.Generator, frame: Frame, first_patient: int) -> Frame:
    """Add ``patient_id``: the host's, a padded spelling of it, or one that the registry does not have."""
    host = frame["host"] + first_patient
    kind = classes(rng, len(host), rates.PADDED_ID, rates.UNKNOWN_PATIENT)
    return {**frame, "patient_id": host + np.choose(kind, (0, PADDED_ID, UNKNOWN_ID))}


def _repeated(frame: Frame, again: Array) -> tuple[Frame, Array]:
    """The frame with chosen rows twice; True at the second ones."""
    places = np.repeat(np.arange(len(again)), 1 + again)
    second = np.zeros(len(places), dtype=bool)
    second[1:] = places[1:] == places[:-1]
    return take(frame, places), second


def observations(rng: np.random.Generator, frame: Frame, course: Course, as_of: int) -> Frame:
    """Dates, values, units and states as careless entry leaves them."""
    size = len(frame["host"])
    plain = frame["value"] % 8 == PLAIN
    frame = _after_death(rng, frame, course)
    frame["date"] = _observation_dates(rng, frame["date"], as_of)
    kind = classes(
        rng,
        size,
        rates.OBS_BLANK_VALUE,
        rates.OBS_TEXT_VALUE,
        rates.OBS_NEGATIVE,
        rates.OBS_THOUSANDFOLD,
        rates.OBS_CONFLICT,
        rates.OBS_DUPLICATE,
    )
    value = frame["value"]
    negative, comment = value // 8 * 8 + NEGATIVE, number(frame["when"] % 8, 0, COMMENT)
    huge = number(value // 64 * 1000, value // 8 % 8)
    wrong = mixed(kind, value, np.full(size, BLANK), comment, negative, huge, value, value)
    frame["value"] = np.where((kind >= 3) & ~plain, value, wrong)
    frame["unit"] = _units(rng, frame["unit"])
    frame["status"] = _states(rng, frame["status"])
    repeated, second = _repeated(frame, (kind >= 5).astype(np.int64))
    conflict = second & (np.repeat(kind, 1 + (kind >= 5)) == 5)
    repeated["value"] = np.where(conflict, _another(repeated["value"]), repeated["value"])
    return repeated


def _another(value: Array) -> Array:
    """A clearly different value of the same quantity, spelled the same way."""
    digits = value // 64
    more = value + (digits // 5 + 1) * 64
    return np.where(value % 8 == WORD, value + np.where(digits == 0, 64, -64), more)


def _after_death(rng: np.random.Generator, frame: Frame, course: Course) -> Frame:
    """The latest result of a few dead patients is dated after the death."""
    host = frame["host"]
    chosen = (course.death > BLANK) & (rng.random(course.size) < rates.AFTER_DEATH.value)
    newest = np.append(host[1:] != host[:-1], True)
    late = newest & chosen[host]
    return {**frame, "date": np.where(late, course.death[host] + 1 + host % 25, frame["date"])}


def _observation_dates(rng: np.random.Generator, date: Array, as_of: int) -> Array:
    kind = classes(rng, len(date), rates.OBS_BAD_DATE, rates.OBS_MONTH_ONLY, rates.OBS_FUTURE)
    return mixed(kind, date, bad_date(date), month_of(date), as_of + 1 + date % 400)


def _units(rng: np.random.Generator, unit: Array) -> Array:
    """Units left out or misspelled; a quantity without a unit keeps none."""
    size = len(unit)
    kind = classes(rng, size, rates.OBS_BLANK_UNIT, rates.OBS_STRANGE_UNIT)
    strange = pick(rng, size, _STRANGE_UNITS, (1, 1, 1, 1))
    return np.where(unit == BLANK, BLANK, mixed(kind, unit, np.full(size, BLANK), strange))


def _states(rng: np.random.Generator, status: Array) -> Array:
    size = len(status)
    kind = classes(
        rng, size, rates.OBS_CANCELLED, rates.OBS_PRELIMINARY, rates.OBS_CORRECTED, rates.OBS_BAD_STATUS
    )
    words = ("cancelled", "preliminary", "corrected", "Finalised")
    return mixed(kind, status, *(np.full(size, text(word)) for word in words))


def treatments(rng: np.random.Generator, frame: Frame, course: Course, as_of: int) -> Frame:
    """Names and dates of drug courses as they are written down."""
    size = len(frame["host"])
    kind = classes(rng, size, rates.UNMAPPED_DRUG, rates.BRAND_NAME)
    unmapped = pick(rng, size, regimens.UNMAPPED_DRUGS, (5, 2, 2, 2, 1, 1))
    spelled = regimens.spelled_otherwise(frame["drug"], rng.random(size))
    frame["drug"] = mixed(kind, frame["drug"], unmapped, spelled)
    start, stop = frame["start_date"], frame["stop_date"]
    kind = classes(
        rng, size, rates.START_MONTH_ONLY, rates.START_YEAR_ONLY, rates.START_BAD, rates.STOP_BEFORE_START
    )
    frame["stop_date"] = np.where((kind == 4) & (stop > BLANK), start - 1 - start % 40, stop)
    frame["start_date"] = mixed(kind, start, month_of(start), year_of(start), bad_date(start), start)
    again = (rng.random(size) < rates.TREATMENT_DUPLICATE.value).astype(np.int64)
    return _repeated(frame, again)[0]


def responses(rng: np.random.Generator, frame: Frame, course: Course, as_of: int) -> Frame:
    """Misspelled responses and months for dates."""
    size = len(frame["host"])
    kind = classes(rng, size, rates.RESPONSE_BAD)
    bad = pick(rng, size, ("stingent_CR", "nCR", "progressive"), (1, 1, 1))
    frame["response"] = mixed(kind, frame["response"], bad)
    kind = classes(rng, size, rates.RESPONSE_MONTH_ONLY)
    frame["date"] = mixed(kind, frame["date"], month_of(frame["date"]))
    return frame


def conditions(rng: np.random.Generator, frame: Frame, course: Course, as_of: int) -> Frame:
    """Coarse and missing onsets, odd states."""
    size, onset = len(frame["host"]), frame["onset_date"]
    kind = classes(rng, size, rates.ONSET_MONTH_ONLY, rates.ONSET_YEAR_ONLY, rates.ONSET_BLANK)
    frame["onset_date"] = mixed(kind, onset, month_of(onset), year_of(onset), np.full(size, BLANK))
    kind = classes(rng, size, rates.CONDITION_BAD_STATUS)
    frame["status"] = mixed(kind, frame["status"], np.full(size, text("current")))
    return frame


def procedures(rng: np.random.Generator, frame: Frame, course: Course, as_of: int) -> Frame:
    """Months for dates."""
    start = frame["start_date"]
    kind = classes(rng, len(start), rates.PROCEDURE_MONTH_ONLY)
    frame["start_date"] = mixed(kind, start, month_of(start))
    return frame


Soil = Callable[[np.random.Generator, Frame, Course, int], Frame]
SOILS: dict[str, Soil] = {
    "observations": observations,
    "treatments": treatments,
    "responses": responses,
    "conditions": conditions,
    "procedures": procedures,
}
