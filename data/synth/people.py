"""Rows of patients, with the contradictions that a registry merged from sites holds."""

import numpy as np

from data.synth import rates
from data.synth.columns import (
    BLANK,
    Array,
    Frame,
    Rows,
    bad_date,
    blank_where,
    month_of,
    pick,
    take,
    text,
    year_of,
)
from data.synth.courses import YEAR, Course
from data.synth.dirt import classes, mixed


def patients(rng: np.random.Generator, course: Course) -> Frame:
    """One row a patient, and for a few a second one that contradicts it."""
    rows = Rows("patients")
    people, size = course.people, course.size
    everybody = np.arange(size)
    dead = course.death > BLANK
    rows.add(
        everybody,
        np.zeros(size, dtype=np.int64),
        birth_date=_births(rng, people.birth),
        sex=_sexes(rng, people.male),
        vital_status=_vital(rng, dead, people.lost),
        death_date=_deaths(rng, course.death),
        last_contact_date=blank_where(course.follow_end, rng.random(size) < rates.LAST_CONTACT_BLANK.value),
        contact_permitted=_contact(rng, size),
        childbearing_potential=_childbearing(rng, course),
        site=people.site,
    )
    return _with_contradictions(rng, rows.frame(), people.birth)


def _births(rng: np.random.Generator, birth: Array) -> Array:
    kind = classes(rng, len(birth), rates.BIRTH_YEAR_ONLY, rates.BIRTH_MONTH_ONLY, rates.BAD_BIRTH)
    return mixed(kind, birth, year_of(birth), month_of(birth), bad_date(birth))


def _sexes(rng: np.random.Generator, male: Array) -> Array:
    size = len(male)
    kind = classes(rng, size, rates.MISSING_SEX, rates.BAD_SEX)
    sex = np.where(male, text("male"), text("female"))
    unknown = np.full(size, text("unknown"))
    return mixed(kind, sex, unknown, np.where(male, text("M"), pick(rng, size, ("F", "woman"), (1, 1))))


def _vital(rng: np.random.Generator, dead: Array, lost: Array) -> Array:
    size = len(dead)
    living = pick(rng, size, ("alive", None, "unknown"), (0.98, 0.01, 0.01))
    gone = pick(rng, size, ("unknown", "alive", None), (0.5, 0.4, 0.1))
    odd = (rates.DEAD_BUT_BLANK.value, rates.DEAD_BUT_ALIVE.value, rates.BAD_VITAL.value)
    died = pick(rng, size, (None, "alive", "deceased", "dead"), (*odd, 1 - sum(odd)))
    return np.where(dead, died, np.where(lost, gone, living))


def _deaths(rng: np.random.Generator, death: Array) -> Array:
    known = np.where(death > BLANK, death, 0)
    draw = rng.random(len(death))
    coarse = np.where(draw < rates.DEATH_DATE_PARTIAL.value * 0.75, month_of(known), year_of(known))
    cells = np.where(draw < rates.DEATH_DATE_PARTIAL.value, coarse, known)
    return blank_where(cells, (death == BLANK) | (rng.random(len(death)) < rates.DEATH_DATE_BLANK.value))


def _contact(rng: np.random.Generator, size: int) -> Array:
    no, blank = rates.NO_CONTACT.value, rates.CONTACT_BLANK.value
    return pick(rng, size, ("no", None, "yes"), (no, blank, 1 - no - blank))


def _childbearing(rng: np.random.Generator, course: Course) -> Array:
    """Recorded for some women; blank for men."""
    size = course.size
    age = (course.follow_end - course.people.birth) / YEAR
    young = pick(rng, size, ("yes", "no", None), (0.5, 0.15, 0.35))
    older = pick(rng, size, ("no", "yes", None), (0.35, 0.01, 0.64))
    return blank_where(np.where(age < 50, young, older), course.people.male)


def _with_contradictions(rng: np.random.Generator, frame: Frame, birth: Array) -> Frame:
    twice = rng.random(len(birth)) < rates.DUPLICATE_PATIENT.value
    other_sex = rng.random(len(birth)) < 0.3
    places = np.repeat(np.arange(len(birth)), 1 + twice)
    second = np.concatenate([[False], places[1:] == places[:-1]])
    result = take(frame, places)
    swapped = np.where(result["sex"] == text("female"), text("male"), text("female"))
    result["sex"] = np.where(second & other_sex[places], swapped, result["sex"])
    moved = birth[places] + 366 + birth[places] % 3000
    result["birth_date"] = np.where(second & ~other_sex[places], moved, result["birth_date"])
    return result
