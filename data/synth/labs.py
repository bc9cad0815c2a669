"""Rows of observations: a schedule of visits per patient, and what was measured at each."""

from dataclasses import dataclass

import numpy as np

from data.synth import markers, panel, rates
from data.synth.columns import (
    ABOVE,
    BELOW,
    BLANK,
    PLAIN,
    WORD,
    Array,
    number,
    rounded,
    text,
    texts,
)
from data.synth.courses import YEAR, Course, Draft
from data.synth.panel import Quantity

VISITS = 6
_DETECTION_LIMIT_G_DL = 0.1
_FLC_CEILING_MG_L = 5000.0


@dataclass(frozen=True)
class Visits:
    """Visit days of a block, newest first; the last column is the diagnosis. What depends only on them."""

    days: Array
    real: Array  # the visit took place
    burden: Array
    treated: Array
    lines: Array
    clone: markers.Secretion

    @property
    def size(self) -> int:
        """Patients in the block."""
        return len(self.days)


def plan_visits(rng: np.random.Generator, course: Course) -> Visits:
    """The six latest visits, one to three months apart, and the visit at diagnosis."""
    size = course.size
    newest = course.follow_end - rng.integers(0, 8, size)
    gaps = rng.integers(25, 95, (size, VISITS - 1)).cumsum(axis=1)
    diagnosis = course.people.diagnosis[:, None]
    days = np.concatenate([newest[:, None], newest[:, None] - gaps, diagnosis], axis=1)
    real = days > diagnosis
    real[:, -1] = True
    days = np.maximum(days, diagnosis)
    relapse_level = np.exp(rng.normal(-0.9, 0.6, size))
    return Visits(
        days=days,
        real=real,
        burden=markers.burden(course, relapse_level, days),
        treated=markers.on_treatment(course, days),
        lines=((course.start[:, None, :] <= days[:, :, None]) & course.exists[:, None, :]).sum(axis=2),
        clone=markers.secretion(rng, size),
    )


def observations(draft: Draft) -> None:
    """Every result of the block."""
    rng, course = draft.rng, draft.course
    visits = plan_visits(rng, course)
    for quantity in panel.QUANTITIES:
        taken = _measured(rng, visits, quantity)
        _add_results(draft, quantity, _at_visits(visits, taken, _values(rng, course, visits, quantity)))
    _add_markers(draft, visits)
    _add_marrow(draft, visits)
    _add_serology(draft)
    _add_pregnancy_tests(draft)


def _values(rng: np.random.Generator, course: Course, visits: Visits, quantity: Quantity) -> Array:
    """Values in the conventional unit, patients x visits."""
    shape = visits.days.shape
    effect = rng.normal(0, quantity.by_patient, (shape[0], 1)) + rng.normal(0, quantity.by_visit, shape)
    effect = effect + quantity.burden * np.minimum(visits.burden, 1.5) + quantity.line * visits.lines
    effect = effect + quantity.treated * visits.treated + quantity.male * course.people.male[:, None]
    if quantity.scale == "log":
        values = quantity.center * np.exp(effect)
        # A few patients have an organ that is far off the rest: a heavy tail to the right.
        values *= np.where(rng.random((shape[0], 1)) < 0.03, rng.uniform(1.2, 4, (shape[0], 1)), 1.0)
    else:
        values = quantity.center + effect
    return np.clip(values, quantity.low, quantity.high)


def _add_markers(draft: Draft, visits: Visits) -> None:
    rng, clone, level = draft.rng, visits.clone, visits.burden
    noise = np.exp(rng.normal(0, 0.08, level.shape))
    serum = clone.serum[:, None] * level * noise
    low = (serum < _DETECTION_LIMIT_G_DL) & (rng.random(level.shape) < rates.CENSORED_M_PROTEIN.value)
    serum = np.where(low, _DETECTION_LIMIT_G_DL, serum)
    smear = np.where(rng.random(level.shape) < 0.03, rng.exponential(9, level.shape), 0.0)
    for quantity, values, manner in (
        (panel.M_PROTEIN, serum, np.where(low, BELOW, PLAIN)),
        (panel.URINE, clone.urine[:, None] * level * noise, None),
        (panel.SMEAR, np.minimum(smear * level, 90), None),
    ):
        taken = _measured(rng, visits, quantity)
        _add_results(draft, quantity, _at_visits(visits, taken, values, manner))
    _add_light_chains(draft, visits)


def _add_light_chains(draft: Draft, visits: Visits) -> None:
    """Kappa and lambda of one sample, and mostly their ratio."""
    kappa, lambda_ = markers.light_chains(draft.rng, visits.clone, visits.burden)
    taken = _measured(draft.rng, visits, panel.KAPPA)
    for quantity, values in ((panel.KAPPA, kappa), (panel.LAMBDA, lambda_)):
        high = values > _FLC_CEILING_MG_L
        written = np.minimum(values, _FLC_CEILING_MG_L)
        _add_results(draft, quantity, _at_visits(visits, taken, written, np.where(high, ABOVE, PLAIN)))
    taken &= _measured(draft.rng, visits, panel.RATIO)
    _add_results(draft, panel.RATIO, _at_visits(visits, taken, kappa / lambda_))


def _measured(rng: np.random.Generator, visits: Visits, quantity: Quantity) -> Array:
    """Which visits measured the quantity: some patients never had it, some visits leave it out."""
    ever = rng.random((visits.size, 1)) >= quantity.missing
    taken = visits.real & ever & (rng.random(visits.days.shape) < 0.93)
    taken[:, quantity.visits : -1] = False
    taken[:, -1] &= rng.random(visits.size) < quantity.at_diagnosis
    return taken


@dataclass(frozen=True)
class Results:
    """Values of one quantity in its conventional unit, and how they are written (``<``, ``>``, plain)."""

    host: Array
    days: Array
    values: Array
    manner: Array | int = PLAIN


def _at_visits(visits: Visits, taken: Array, values: Array, manner: Array | None = None) -> Results:
    """The results of the visits at which the quantity was measured."""
    host, visit = np.nonzero(taken)
    written = PLAIN if manner is None else manner[host, visit]
    return Results(host, visits.days[host, visit], values[host, visit], written)


def _add_results(draft: Draft, quantity: Quantity, results: Results) -> None:
    """Write results in the unit of the patient's laboratory, with its limits where it states them."""
    rng, host, days = draft.rng, results.host, results.days
    unit, factor, places = _spelling(rng, quantity, draft.course.people.si_units[host])
    name, system = _names(rng, quantity.name, quantity.loinc, len(host))
    stated = rng.random(len(host)) >= rates.NO_UPPER_LIMIT.value
    draft.rows.add(
        host,
        days,
        observation=name,
        code_system=system,
        date=days,
        value=number(rounded(results.values * factor, places), places, results.manner),
        unit=unit,
        upper_limit=_limit(quantity.upper, factor, places, stated),
        lower_limit=_limit(quantity.lower, factor, places, stated),
        status=texts(("final", None))[(rng.random(len(host)) < 0.1).astype(np.int64)],
    )


def _spelling(rng: np.random.Generator, quantity: Quantity, si: Array) -> tuple[Array, Array, Array]:
    """Unit code, factor and places of each row."""
    spellings = (*quantity.conventional, *quantity.si)
    usual = len(quantity.conventional)
    own = np.cumsum([s.weight for s in spellings[:usual]])
    other = np.cumsum([s.weight for s in spellings[usual:]])
    draws = rng.random(len(si))
    which = np.searchsorted(own / own[-1], draws, side="right")
    if len(other):
        which = np.where(si, usual + np.searchsorted(other / other[-1], draws, side="right"), which)
    units = texts(s.unit for s in spellings)
    factors, places = np.array([s.factor for s in spellings]), np.array([s.places for s in spellings])
    return units[which], factors[which], places[which]


def _names(rng: np.random.Generator, name: str, code: str | None, size: int) -> tuple[Array, Array]:
    """The quantity's name, or its LOINC code with the code system, for a share of the rows."""
    coded = (rng.random(size) < rates.OBS_LOINC.value) & (code is not None)
    names = np.where(coded, text(code or name), text(name))
    said = np.where(rng.random(size) < 0.2, text("concept"), BLANK)
    return names, np.where(coded, text("loinc"), said)


def _limit(limit: float | None, factor: Array, places: Array, stated: Array) -> Array:
    if limit is None:
        return np.full(len(factor), BLANK)
    return np.where(stated, number(rounded(limit * factor, places), places), BLANK)


def _add_marrow(draft: Draft, visits: Visits) -> None:
    """Plasma cells at diagnosis and at some relapses, in steps of five, and low ones in remission."""
    rng, course = draft.rng, draft.course
    size = visits.size
    full = np.clip(rng.normal(42, 22, size), 2, 98)
    at_diagnosis = np.flatnonzero(rng.random(size) < 0.85)
    parts = [(at_diagnosis, course.people.diagnosis[at_diagnosis], full[at_diagnosis])]
    host, line = np.nonzero((course.progression > BLANK) & (rng.random(course.progression.shape) < 0.3))
    relapsed = np.clip(full[host] * rng.uniform(0.4, 1.3, len(host)), 1, 98)
    parts.append((host, course.progression[host, line], relapsed))
    recent = np.flatnonzero((rng.random(size) < 0.3) & visits.real[:, 0])
    now = full[recent] * np.minimum(visits.burden[recent, 0], 1) + rng.uniform(0, 3, len(recent))
    parts.append((recent, visits.days[recent, 0], now))
    for patients, days, cells in parts:
        coarse = np.where(cells > 10, np.rint(cells / 5) * 5, np.rint(cells))
        _add_results(draft, panel.MARROW, Results(patients, days, coarse))


def _add_serology(draft: Draft) -> None:
    """One test a virus: mostly before the first line, sometimes later; positives stay rare."""
    rng, course = draft.rng, draft.course
    first, span = course.people.diagnosis, course.follow_end - course.people.diagnosis
    exposed = rng.random(course.size) < 0.03
    for name, tested, positive, loinc in panel.SEROLOGY:
        host = np.flatnonzero(rng.random(course.size) < tested)
        late = rng.random(len(host)) < 0.55
        after = np.where(late, span[host] * rng.uniform(0.5, 1, len(host)), 3).astype(np.int64)
        chance = np.where(exposed[host], min(positive * 12, 0.8), positive * 0.6)
        found = (rng.random(len(host)) < chance).astype(np.int64)
        _add_words(draft, name, loinc, Results(host, first[host] + after, found))


def _add_pregnancy_tests(draft: Draft) -> None:
    """Some women under 52 have a recent test, nearly always negative."""
    rng, course = draft.rng, draft.course
    age = (course.follow_end - course.people.birth) / YEAR
    host = np.flatnonzero(~course.people.male & (age < 52) & (rng.random(course.size) < 0.35))
    days = course.follow_end[host] - rng.integers(0, 25, len(host))
    found = (rng.random(len(host)) < 0.01).astype(np.int64)
    _add_words(
        draft, "pregnancy_test", None, Results(host, np.maximum(days, course.people.diagnosis[host]), found)
    )


def _add_words(draft: Draft, name: str, loinc: str | None, results: Results) -> None:
    """Write results that are 0 (negative) or 1 (positive)."""
    names, system = _names(draft.rng, name, loinc, len(results.host))
    draft.rows.add(
        results.host,
        results.days,
        observation=names,
        code_system=system,
        date=results.days,
        value=number(results.values, 0, WORD),
        status="final",
    )
