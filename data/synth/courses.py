"""The disease courses of a block of patients: who they are, their lines, how far they are followed.

All days are whole numbers (days since 1970-01-01); arrays are by patient, and by patient and line.
"""

from dataclasses import dataclass

import numpy as np

from data.synth import rates, regimens
from data.synth.columns import BLANK, Array, Rows, blank_where, pick

MAX_LINES = 8
YEAR = 365.25
SITES = tuple(f"site-{number:02d}" for number in range(1, 13))
SITE_WEIGHTS = (16, 13, 11, 10, 9, 8, 8, 7, 6, 5, 4, 3)
# Sites whose laboratories write SI units: 10 + 5 + 3 of 100.
SI_SITES = ("site-04", "site-10", "site-12")

# How a line ended.
ONGOING, PROGRESSION, TOXICITY, COMPLETED, NO_RESPONSE, OTHER = range(6)
_END_SHARES = (0.58, 0.13, 0.18, 0.04, 0.07)
_MEAN_DURATION_DAYS = (1050, 680, 480, 340, 250, 200, 160, 130)
_DEATH_AFTER_LINE = (0.07, 0.11, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4)
_DEATHS_A_YEAR = 0.02
_DRAWN = ("regimen", "start", "end", "ended", "best", "transplant", "progression")
# Best response by line group (1, 2-3, later), from PD to sCR.
_RESPONSE_SHARES = (
    (0.02, 0.05, 0.04, 0.24, 0.32, 0.18, 0.15),
    (0.06, 0.12, 0.07, 0.32, 0.26, 0.11, 0.06),
    (0.16, 0.22, 0.09, 0.28, 0.16, 0.06, 0.03),
)


@dataclass(frozen=True)
class People:
    """Who the patients are and over which days the registry follows them."""

    male: Array
    birth: Array
    site: Array
    si_units: Array
    myeloma: Array
    smoldering: Array
    diagnosis: Array
    lost: Array
    record_end: Array  # the last day the patient would be seen, were there no death


@dataclass(frozen=True)
class Course:
    """One block's courses. Line arrays are (patients, MAX_LINES); what does not exist is BLANK."""

    people: People
    exists: Array
    regimen: Array
    start: Array
    end: Array  # day the line ends, planned beyond ``follow_end`` where it is ongoing
    ended: Array  # ONGOING, PROGRESSION, ...
    progression: Array
    best: Array  # rank of the best response, 0 = PD ... 6 = sCR
    transplant: Array
    death: Array
    follow_end: Array  # last day of contact; the day of death for the dead

    @property
    def size(self) -> int:
        """Patients in the block."""
        return len(self.death)

    @property
    def lines(self) -> Array:
        """Lines of therapy started, by patient."""
        return np.asarray(self.exists.sum(axis=1))


@dataclass(frozen=True)
class Draft:
    """One table of one block in the making: its random numbers, its rows so far, the courses, the day."""

    rng: np.random.Generator
    rows: Rows
    course: Course
    as_of: int


def build(people_rng: np.random.Generator, rng: np.random.Generator, size: int, as_of: int) -> Course:
    """The courses of ``size`` patients as of a day."""
    people = _people(people_rng, size, as_of)
    return _course(rng, people)


def _people(rng: np.random.Generator, size: int, as_of: int) -> People:
    diagnosis = as_of - 20 - (rng.random(size) ** 1.2 * 12 * YEAR).astype(np.int64)
    age = np.clip(rng.normal(67, 10, size), 30, 92)
    site = pick(rng, size, SITES, SITE_WEIGHTS)
    kind = rng.random(size)
    lost = rng.random(size) < rates.LOST.value
    return People(
        male=rng.random(size) < 0.56,
        birth=diagnosis - (age * YEAR).astype(np.int64),
        site=site,
        si_units=np.isin(site, pick(rng, 64, SI_SITES, (1, 1, 1))),
        myeloma=kind < 0.94,
        smoldering=(kind >= 0.94) & (kind < 0.975),
        diagnosis=diagnosis,
        lost=lost,
        record_end=_record_end(rng, diagnosis, lost, as_of),
    )


def _record_end(rng: np.random.Generator, diagnosis: Array, lost: Array, as_of: int) -> Array:
    size = len(diagnosis)
    seen = as_of - rng.integers(0, 22, size)
    stale = (rng.random(size) < rates.STALE.value) & ~lost
    seen = np.where(stale, as_of - rng.integers(60, 401, size), seen)
    lost_on = diagnosis + ((as_of - 400 - diagnosis) * rng.uniform(0.2, 1, size)).astype(np.int64)
    seen = np.where(lost, np.minimum(lost_on, as_of - 60), seen)
    return np.asarray(np.maximum(seen, diagnosis + 5))


def _course(rng: np.random.Generator, people: People) -> Course:
    size = len(people.birth)
    shape = (size, MAX_LINES)
    columns = {name: np.full(shape, BLANK) for name in _DRAWN}
    exists = np.zeros(shape, dtype=bool)
    death = people.diagnosis + (rng.exponential(1 / _DEATHS_A_YEAR, size) * YEAR).astype(np.int64)
    ready = people.diagnosis + rng.integers(3, 61, size)
    treated = people.myeloma & (rng.random(size) > 0.02)
    for line in range(MAX_LINES):
        exists[:, line] = treated & (ready < np.minimum(people.record_end, death) - 3)
        drawn = _one_line(rng, people, ready, line)
        for name, column in columns.items():
            column[:, line] = np.where(exists[:, line], drawn[name], BLANK)
        death = np.where(exists[:, line] & (drawn["death"] > BLANK), np.minimum(death, drawn["death"]), death)
        treated = exists[:, line] & (drawn["death"] == BLANK)
        ready = drawn["ready"]
    return _closed(people, exists, columns, death)


def _one_line(rng: np.random.Generator, people: People, start: Array, line: int) -> dict[str, Array]:
    size = len(start)
    length = rng.gamma(1.4, _MEAN_DURATION_DAYS[line] / 1.4, size).astype(np.int64) + 15
    shares = np.cumsum(_RESPONSE_SHARES[0 if line == 0 else 1 if line <= 2 else 2])
    best = np.minimum(np.searchsorted(shares, rng.random(size)), 6)
    length = np.where(best <= 1, np.minimum(length, 120 + length % 60), length)
    years = start.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    transplant = _transplant(rng, people, start, length, line)
    end = start + np.where(transplant > BLANK, length + 300, length)
    ended = np.minimum(np.searchsorted(np.cumsum(_END_SHARES), rng.random(size)), 4) + 1
    ended = np.where(best == 0, PROGRESSION, ended)
    progression = _progression(rng, end, ended)
    next_start = np.maximum(np.where(progression > BLANK, progression, end), end) + rng.integers(3, 61, size)
    dies = rng.random(size) < _DEATH_AFTER_LINE[line]
    return {
        "regimen": regimens.choose(rng, line, years),
        "start": start,
        "end": end,
        "ended": ended,
        "best": best,
        "transplant": transplant,
        "progression": progression,
        "ready": next_start,
        "death": np.where(dies, end + rng.integers(5, 200, size), BLANK),
    }


def _transplant(rng: np.random.Generator, people: People, start: Array, length: Array, line: int) -> Array:
    """Day of the autologous transplant inside a line; BLANK without one."""
    fit = (start - people.birth) / YEAR < 71
    chosen = rng.random(len(start)) < (0.62 if line == 0 else 0.06 if line == 1 else 0.0)
    return blank_where(start + rng.integers(110, 200, len(start)), ~fit | ~chosen | (length <= 220))


def _progression(rng: np.random.Generator, end: Array, ended: Array) -> Array:
    """Day of documented progression: about the end of the line, later off therapy, or never."""
    size = len(end)
    at_end = end - rng.integers(0, 15, size)
    later = end + rng.integers(20, 500, size)
    never = rng.random(size) < np.where(ended == TOXICITY, 0.45, 0.15)
    day = np.where(ended == PROGRESSION, at_end, np.where(ended == NO_RESPONSE, end + 1, later))
    return blank_where(day, never & (ended != PROGRESSION))


def _closed(people: People, exists: Array, lines: dict[str, Array], death: Array) -> Course:
    """The course cut where the record ends: later events did not happen as far as the registry knows."""
    died = death <= people.record_end
    follow_end = np.where(died, death, people.record_end)
    last = follow_end[:, None]
    ongoing = exists & (lines["end"] > last)
    return Course(
        people=people,
        exists=exists,
        regimen=lines["regimen"],
        start=lines["start"],
        end=lines["end"],
        ended=np.where(ongoing, ONGOING, lines["ended"]),
        progression=np.where(lines["progression"] > last, BLANK, lines["progression"]),
        best=lines["best"],
        transplant=np.where(lines["transplant"] > last, BLANK, lines["transplant"]),
        death=np.where(died, death, BLANK),
        follow_end=follow_end,
    )
