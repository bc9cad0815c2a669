"""The burden of disease along a course, and the myeloma markers that follow it."""

from dataclasses import dataclass

import numpy as np

from data.synth.columns import BLANK, Array
from data.synth.courses import Course

# Share of the burden left at the best response, from PD to sCR.
_LEFT_AT_BEST = np.array([1.0, 0.85, 0.6, 0.3, 0.06, 0.003, 0.0005])
_UNTREATED_BURDEN = 0.45
_DAYS_TO_BEST = 130.0
_DAYS_OF_RISE = 120.0


def burden(course: Course, relapse_level: Array, days: Array) -> Array:
    """Burden (1 = as at diagnosis) on days, one row a patient, one column a visit."""
    started = (course.start[:, None, :] <= days[:, :, None]) & course.exists[:, None, :]
    line = started.sum(axis=2) - 1
    at = np.maximum(line, 0)
    start, end = np.take_along_axis(course.start, at, 1), np.take_along_axis(course.end, at, 1)
    left = _LEFT_AT_BEST[np.maximum(np.take_along_axis(course.best, at, 1), 0)]
    relapse = np.take_along_axis(course.progression, at, 1)
    before = np.where(at > 0, relapse_level[:, None], 1.0)
    falling = np.clip((days - start) / _DAYS_TO_BEST, 0, 1)
    level = before ** (1 - falling) * (before * left) ** falling
    rise_from = np.where(relapse > BLANK, relapse, end + 10_000) - _DAYS_OF_RISE / 2
    rising = np.clip((days - rise_from) / _DAYS_OF_RISE, 0, 1)
    level = level ** (1 - rising) * relapse_level[:, None] ** rising
    return np.where(line >= 0, level, np.where(course.people.myeloma, 1.0, _UNTREATED_BURDEN)[:, None])


def on_treatment(course: Course, days: Array) -> Array:
    """True on days inside a line."""
    inside = (course.start[:, None, :] <= days[:, :, None]) & (days[:, :, None] <= course.end[:, None, :])
    return np.asarray((inside & course.exists[:, None, :]).any(axis=2))


@dataclass(frozen=True)
class Secretion:
    """What a patient's clone secretes at full burden: g/dL in serum, mg/24h in urine, mg/L of light chain."""

    serum: Array
    urine: Array
    involved: Array
    kappa: Array
    other_chain: Array


def secretion(rng: np.random.Generator, size: int) -> Secretion:
    """About four in five secrete an intact protein, one in six light chains only, a few nothing."""
    kind = rng.random(size)
    intact, silent = kind < 0.79, kind > 0.97
    serum = np.where(intact, np.exp(rng.normal(np.log(3.0), 0.5, size)), 0.0)
    light = np.exp(rng.normal(np.log(np.where(intact, 180, 1400)), 1.1, size))
    urine = np.where(rng.random(size) < np.where(intact, 0.35, 0.85), np.exp(rng.normal(6.2, 1.2, size)), 0.0)
    return Secretion(
        serum=np.where(silent, 0.0, np.minimum(serum, 11)),
        urine=np.where(silent, 0.0, urine),
        involved=np.where(silent, 6.0, light),
        kappa=rng.random(size) < 0.62,
        other_chain=np.exp(rng.normal(np.log(9.0), 0.35, size)),
    )


def light_chains(rng: np.random.Generator, clone: Secretion, level: Array) -> tuple[Array, Array]:
    """Kappa and lambda in mg/L at burdens (patients x visits)."""
    noise = np.exp(rng.normal(0, 0.12, (2, *level.shape)))
    involved = (clone.involved[:, None] * level + clone.other_chain[:, None]) * noise[0]
    other = clone.other_chain[:, None] * (1 - 0.4 * np.minimum(level, 1)) * noise[1]
    kappa = np.where(clone.kappa[:, None], involved, other * 1.1)
    return kappa, np.where(clone.kappa[:, None], other, involved)
