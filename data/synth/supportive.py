"""Rows of medications and allergies: supportive care, other diseases' drugs, things no trial asks about."""

from dataclasses import dataclass

import numpy as np

from data.synth import rates
from data.synth.columns import BLANK, Array, blank_where, pick, text
from data.synth.courses import Draft

_CONFIRMED_WITHIN_DAYS = 90


@dataclass(frozen=True)
class Medicine:
    """A drug that ``share`` of the patients have had; ``current`` of those still take it."""

    names: tuple[str, ...]
    share: float
    current: float
    days: int
    route: str = "oral"


MEDICINES = (
    Medicine(("acyclovir", "Zovirax", "valacyclovir"), 0.6, 0.75, 700),
    Medicine(("trimethoprim-sulfamethoxazole", "Bactrim"), 0.25, 0.6, 200),
    Medicine(("omeprazole", "Prilosec"), 0.13, 0.6, 500),
    Medicine(("pantoprazole", "Protonix"), 0.12, 0.6, 500),
    Medicine(("esomeprazole", "Nexium"), 0.03, 0.6, 400),
    Medicine(("lansoprazole",), 0.02, 0.6, 400),
    Medicine(("famotidine",), 0.08, 0.6, 300),
    Medicine(("aspirin",), 0.38, 0.8, 900),
    Medicine(("apixaban", "Eliquis"), 0.14, 0.75, 600),
    Medicine(("enoxaparin",), 0.06, 0.2, 90, "other"),
    Medicine(("zoledronic acid", "Zometa"), 0.38, 0.4, 600, "intravenous"),
    Medicine(("denosumab", "Xgeva"), 0.14, 0.5, 500, "other"),
    Medicine(("fluconazole",), 0.07, 0.3, 60),
    Medicine(("posaconazole",), 0.015, 0.4, 60),
    Medicine(("voriconazole", "Vfend"), 0.01, 0.4, 60),
    Medicine(("itraconazole",), 0.008, 0.4, 60),
    Medicine(("ketoconazole",), 0.015, 0.3, 30, "topical"),
    Medicine(("clarithromycin",), 0.015, 0.1, 10),
    Medicine(("levofloxacin", "Levaquin"), 0.1, 0.25, 20),
    Medicine(("amoxicillin-clavulanate",), 0.08, 0.1, 9),
    Medicine(("ceftriaxone",), 0.04, 0.1, 7, "intravenous"),
    Medicine(("nirmatrelvir/ritonavir", "Paxlovid"), 0.05, 0.05, 5),
    Medicine(("entecavir",), 0.025, 0.8, 700),
    Medicine(("carbamazepine", "Tegretol"), 0.008, 0.7, 700),
    Medicine(("phenytoin",), 0.005, 0.7, 700),
    Medicine(("diltiazem",), 0.03, 0.7, 700),
    Medicine(("verapamil",), 0.01, 0.7, 700),
    Medicine(("amlodipine",), 0.25, 0.8, 900),
    Medicine(("lisinopril",), 0.2, 0.8, 900),
    Medicine(("metoprolol",), 0.18, 0.8, 900),
    Medicine(("atorvastatin", "Lipitor"), 0.28, 0.8, 900),
    Medicine(("metformin",), 0.13, 0.8, 900),
    Medicine(("levothyroxine",), 0.1, 0.9, 900),
    Medicine(("gabapentin",), 0.2, 0.6, 500),
    Medicine(("allopurinol",), 0.1, 0.4, 200),
    Medicine(("alprazolam", "Xanax"), 0.06, 0.6, 300),
    Medicine(("ondansetron",), 0.22, 0.5, 300),
    Medicine(("filgrastim", "Neupogen"), 0.12, 0.1, 12, "other"),
    Medicine(("prednisolone acetate eye drops",), 0.03, 0.3, 40, "topical"),
    Medicine(("dexamethasone",), 0.015, 0.2, 20, "topical"),
    Medicine(("vitamin D", "cholecalciferol"), 0.3, 0.85, 900),
    Medicine(("St. John's wort",), 0.006, 0.6, 300),
)
ALLERGENS = (
    "penicillin",
    "sulfonamides",
    "iodinated contrast",
    "latex",
    "codeine",
    "lenalidomide",
    "bortezomib",
    "dexamethasone",
    "ixazomib",
    "allopurinol",
)


def medications(draft: Draft) -> None:
    """Courses of other drugs; those of the dead and the lost ended, or were never confirmed again."""
    rng, course = draft.rng, draft.course
    for medicine in MEDICINES:
        host = np.flatnonzero(rng.random(course.size) < medicine.share)
        _add_medicine(draft, medicine, host)


def _add_medicine(draft: Draft, what: Medicine, host: Array) -> None:
    rng, rows, course = draft.rng, draft.rows, draft.course
    size = len(host)
    last, first = course.follow_end[host], course.people.diagnosis[host] - 200
    active = (rng.random(size) < what.current) & (course.death[host] == BLANK)
    length = rng.exponential(what.days, size).astype(np.int64) + 2
    ended = last - (rng.random(size) ** 2 * np.maximum(last - first - 5, 1)).astype(np.int64)
    start = np.maximum(np.where(active, last, ended) - length, first)
    stop = np.where(active, BLANK, np.maximum(ended, start))
    status = np.where(active, text("active"), pick(rng, size, ("stopped", None), (0.85, 0.15)))
    planned = rng.random(size) < 0.004
    rows.add(
        host,
        start,
        drug=pick(rng, size, what.names, (4, *(1 for _ in what.names[1:]))),
        start_date=blank_where(start, rng.random(size) < rates.MEDICATION_START_BLANK.value),
        stop_date=blank_where(stop, planned | (rng.random(size) < rates.MEDICATION_STOP_BLANK.value)),
        route=blank_where(np.full(size, text(what.route)), rng.random(size) < 0.1),
        status=np.where(planned, text("planned"), status),
        last_confirmed_date=blank_where(_confirmed(rng, last, draft.as_of), ~active | planned),
    )


def _confirmed(rng: np.random.Generator, last: Array, as_of: int) -> Array:
    """The day an active course was last confirmed: at a recent contact, long ago, or never."""
    size = len(last)
    recent = last - rng.integers(0, 30, size)
    old = np.minimum(recent, as_of - _CONFIRMED_WITHIN_DAYS - 1 - rng.integers(0, 300, size))
    lapsed = rng.random(size) < rates.MEDICATION_UNCONFIRMED.value
    return np.where(lapsed, blank_where(old, rng.random(size) < 0.4), recent)


def allergies(draft: Draft) -> None:
    """One known allergy or intolerance for one patient in four, a second for a few."""
    rng, rows, course = draft.rng, draft.rows, draft.course
    for share in (0.24, 0.06):
        host = np.flatnonzero(rng.random(course.size) < share)
        size = len(host)
        span = course.follow_end[host] - course.people.birth[host]
        day = course.people.birth[host] + (span * rng.uniform(0.5, 1, size)).astype(np.int64)
        rows.add(
            host,
            day,
            substance=pick(rng, size, ALLERGENS, (30, 20, 10, 6, 10, 4, 3, 2, 1, 5)),
            kind=pick(rng, size, ("allergy", "intolerance", None), (0.7, 0.25, 0.05)),
            date=blank_where(day, rng.random(size) < 0.5),
        )
