"""Rows of conditions and procedures: the myeloma itself, what else the patients have, what was done."""

from dataclasses import dataclass

import numpy as np

from data.synth import rates
from data.synth.columns import BLANK, Array, blank_where, pick, text
from data.synth.courses import YEAR, Draft


@dataclass(frozen=True)
class Comorbidity:
    """A condition that ``share`` of the patients have, with onset up to ``years`` before the last contact."""

    name: str
    code: str | None
    share: float
    years: float
    resolved: float = 0.0
    grades: tuple[float, ...] = ()
    controlled: float | None = None
    tumour: bool = False


COMORBIDITIES = (
    Comorbidity("hypertension", "I10", 0.5, 20, controlled=0.85),
    Comorbidity("copd", "J44.9", 0.08, 12),
    Comorbidity("heart_failure", "I50.9", 0.07, 8, grades=(0.35, 0.4, 0.2, 0.05)),
    Comorbidity("arrhythmia", "I48.91", 0.11, 10, 0.1, controlled=0.88),
    Comorbidity("myocardial_ischemia", "I21.9", 0.07, 12, 0.5),
    Comorbidity("unstable_angina", "I20.0", 0.015, 10, 0.6),
    Comorbidity("conduction_disorder", "I45.9", 0.03, 10, grades=(0.5, 0.35, 0.15)),
    Comorbidity("complete_av_block", "I44.2", 0.008, 8),
    Comorbidity("diabetes_mellitus", "E11.9", 0.18, 15, controlled=0.8),
    Comorbidity("hyperlipidemia", "E78.5", 0.3, 15),
    Comorbidity("osteoarthritis", None, 0.15, 15),
    Comorbidity("hypothyroidism", "E03.9", 0.1, 15),
    Comorbidity("other_malignancy", "C61", 0.07, 15, 0.3, tumour=True),
    Comorbidity("non_melanoma_skin_cancer", "C44.91", 0.05, 10, 0.5, tumour=True),
    Comorbidity("bacterial_infection", "J15.9", 0.22, 4, 0.9),
    Comorbidity("fungal_infection", "B37.9", 0.03, 4, 0.85),
    Comorbidity("hepatitis_b", "B18.1", 0.012, 20, 0.4),
    Comorbidity("hepatitis_c", "B18.2", 0.008, 20, 0.6),
    Comorbidity("hepatitis_a", "B15.9", 0.003, 20, 0.9),
    Comorbidity("hiv", "B20", 0.005, 15),
    Comorbidity("al_amyloidosis", "E85.81", 0.02, 5),
    Comorbidity("amyloidosis_unspecified", "E85.9", 0.01, 5),
    Comorbidity("cns_myeloma", None, 0.006, 3, 0.2),
    Comorbidity("plasma_cell_leukemia", "C90.10", 0.01, 3, 0.2),
    Comorbidity("waldenstrom_macroglobulinemia", "C88.0", 0.004, 8),
    Comorbidity("poems_syndrome", None, 0.002, 6),
    Comorbidity("gi_malabsorption", "K90.9", 0.015, 8, 0.2),
)
_TUMOUR_CODES = ("C61", "C50.919", "C18.9", "C43.9", "C34.90", "D46.9")
CPT_CODES = {
    "autologous_transplant": "38241",
    "allogeneic_transplant": "38240",
    "kyphoplasty": "22513",
    "vertebroplasty": "22510",
    "biopsy": "38221",
    "radiotherapy": "77412",
}


def conditions(draft: Draft) -> None:
    """The plasma cell disease and everything else the patient has or had."""
    rng, course = draft.rng, draft.course
    _add_plasma_cell_disease(draft)
    for comorbidity in COMORBIDITIES:
        host = np.flatnonzero(rng.random(course.size) < comorbidity.share)
        ago = (rng.random(len(host)) ** 1.5 * comorbidity.years * YEAR).astype(np.int64)
        onset = np.maximum(course.follow_end[host] - ago, course.people.birth[host] + 5000)
        _add_condition(draft, comorbidity, host, onset)
    _add_neuropathy(draft)
    _add_menopause(draft)


def _add_plasma_cell_disease(draft: Draft) -> None:
    rng, rows, course = draft.rng, draft.rows, draft.course
    people = course.people
    earlier = people.myeloma & (rng.random(course.size) < 0.08)
    ago = rng.integers(300, 2500, course.size)
    groups = (
        ("multiple_myeloma", "C90.00", people.myeloma, people.diagnosis),
        ("smoldering_myeloma", None, people.smoldering, people.diagnosis),
        ("mgus", "D47.2", ~people.myeloma & ~people.smoldering, people.diagnosis),
        ("mgus", "D47.2", earlier & (ago % 2 == 0), people.diagnosis - ago),
        ("smoldering_myeloma", None, earlier & (ago % 2 == 1), people.diagnosis - ago),
    )
    for name, code, here, onset in groups:
        host = np.flatnonzero(here)
        names, system = _coded(rng, name, code, len(host), rates.CONDITION_CODED.value)
        rows.add(
            host,
            onset[host],
            condition=names,
            code_system=system,
            onset_date=onset[host],
            status=pick(rng, len(host), ("active", None), (0.8, 0.2)),
            confirmed=pick(rng, len(host), ("yes", None, "no"), (0.9, 0.09, 0.01)),
        )


def _coded(
    rng: np.random.Generator, name: str, code: str | None, size: int, share: float
) -> tuple[Array, Array]:
    """The name, or its code with the code system, for a share of the rows."""
    coded = (rng.random(size) < share) & (code is not None)
    system = "cpt" if name in CPT_CODES else "icd10cm"
    return np.where(coded, text(code or name), text(name)), np.where(coded, text(system), BLANK)


def _add_condition(draft: Draft, what: Comorbidity, host: Array, onset: Array) -> None:
    rng, rows, course = draft.rng, draft.rows, draft.course
    size = len(host)
    names, system = _coded(rng, what.name, what.code, size, rates.CONDITION_CODED.value)
    if what.name == "other_malignancy":
        other = pick(rng, size, _TUMOUR_CODES, (5, 4, 3, 2, 1, 1))
        names = np.where(system > BLANK, other, names)
    over = rng.random(size) < what.resolved
    ended = np.minimum(onset + rng.integers(10, 400, size), course.follow_end[host])
    no = rates.RULED_OUT.value
    status = np.where(
        over, text("resolved"), pick(rng, size, ("ruled_out", None, "active"), (no, 0.22, 0.78 - no))
    )
    grade = np.full(size, BLANK)
    if what.grades:
        grade = np.searchsorted(np.cumsum(what.grades), rng.random(size) * sum(what.grades), side="right") + 1
        grade = blank_where(grade, rng.random(size) < 0.2)
    rows.add(
        host,
        onset,
        condition=names,
        code_system=system,
        onset_date=onset,
        resolved_date=blank_where(ended, ~over | (rng.random(size) < rates.RESOLVED_UNDATED.value)),
        status=status,
        confirmed=pick(rng, size, ("yes", None), (0.5, 0.5)),
        grade=grade,
        **_judged(rng, what, over),
    )


def _judged(rng: np.random.Generator, what: Comorbidity, over: Array) -> dict[str, Array]:
    """Columns that only some conditions have: controlled, residual disease, resection."""
    size = len(over)
    cells: dict[str, Array] = {}
    if what.controlled is not None:
        good = what.controlled * 0.8
        cells["controlled"] = pick(rng, size, ("yes", "no", None), (good, 0.8 - good, 0.2))
    if what.tumour:
        left = pick(rng, size, ("no", "yes", None), (0.45, 0.25, 0.3))
        cells["residual_disease"] = np.where(over, text("no"), left)
        cells["completely_resected"] = pick(rng, size, ("yes", "no", None), (0.55, 0.15, 0.3))
    return cells


def _add_neuropathy(draft: Draft) -> None:
    """Neuropathy, the likelier the more lines, mostly mild."""
    rng, course = draft.rng, draft.course
    host = np.flatnonzero(rng.random(course.size) < np.minimum(0.08 + 0.11 * course.lines, 0.6))
    span = course.follow_end[host] - course.people.diagnosis[host]
    onset = course.people.diagnosis[host] + (span * rng.uniform(0.1, 1, len(host))).astype(np.int64)
    what = Comorbidity("peripheral_neuropathy", "G62.9", 1, 1, 0.25, (0.5, 0.36, 0.12, 0.02))
    _add_condition(draft, what, host, onset)


def _add_menopause(draft: Draft) -> None:
    """Recorded for some of the women past the usual age."""
    rng, rows, course, as_of = draft.rng, draft.rows, draft.course, draft.as_of
    age = (as_of - course.people.birth) / YEAR
    host = np.flatnonzero(~course.people.male & (age > 50) & (rng.random(course.size) < 0.35))
    onset = course.people.birth[host] + (rng.normal(50.5, 3, len(host)) * YEAR).astype(np.int64)
    onset = np.minimum(onset, course.follow_end[host])
    rows.add(host, onset, condition="postmenopausal", onset_date=onset, status="active")


def procedures(draft: Draft) -> None:
    """What was done, and a few plans."""
    rng, course = draft.rng, draft.course
    host, line = np.nonzero(course.transplant > BLANK)
    _add_procedure(draft, "autologous_transplant", host, course.transplant[host, line])
    host = np.flatnonzero(rng.random(course.size) < 0.85)
    _add_procedure(draft, "biopsy", host, course.people.diagnosis[host])
    for name, share, longest in (
        ("allogeneic_transplant", 0.006, 0),
        ("kyphoplasty", 0.07, 0),
        ("vertebroplasty", 0.02, 0),
        ("biopsy", 0.35, 0),
        ("radiotherapy", 0.24, 20),
        ("surgery", 0.16, 0),
        ("pacemaker_implant", 0.025, 0),
        ("port_placement", 0.12, 0),
        ("dental_extraction", 0.06, 0),
        ("colonoscopy", 0.15, 0),
    ):
        _add_some(draft, name, share, longest)
    _add_gynaecology(draft)
    _add_plans(draft)


def _add_some(draft: Draft, name: str, share: float, longest: int) -> None:
    """One procedure of a kind for a share of the patients, the likelier the nearer to the last contact."""
    rng, course = draft.rng, draft.course
    host = np.flatnonzero(rng.random(course.size) < share)
    span = course.follow_end[host] - course.people.diagnosis[host]
    start = course.follow_end[host] - (span * rng.random(len(host)) ** 1.6).astype(np.int64)
    stop = start + rng.integers(0, longest, len(host)) if longest else None
    if stop is not None:
        stop = blank_where(np.minimum(stop, course.follow_end[host]), rng.random(len(host)) < 0.1)
    major = pick(rng, len(host), ("yes", "no", None), (0.45, 0.35, 0.2)) if name == "surgery" else None
    _add_procedure(draft, name, host, start, stop_date=stop, major=major)


def _add_procedure(draft: Draft, name: str, host: Array, start: Array, **cells: Array | None) -> None:
    rng, rows = draft.rng, draft.rows
    size = len(host)
    off = rates.PROCEDURE_CANCELLED.value
    names, system = _coded(rng, name, CPT_CODES.get(name), size, rates.PROCEDURE_CODED.value)
    rows.add(
        host,
        start,
        procedure=names,
        code_system=system,
        start_date=start,
        status=pick(rng, size, ("cancelled", None, "performed"), (off, 0.385, 0.615 - off)),
        **cells,
    )


def _add_gynaecology(draft: Draft) -> None:
    rng, course = draft.rng, draft.course
    for name, share in (("hysterectomy", 0.13), ("bilateral_oophorectomy", 0.05)):
        host = np.flatnonzero(~course.people.male & (rng.random(course.size) < share))
        age = rng.uniform(35, 60, len(host)) * YEAR
        start = course.people.birth[host] + age.astype(np.int64)
        _add_procedure(draft, name, host, np.minimum(start, course.follow_end[host]))


def _add_plans(draft: Draft) -> None:
    """Planned procedures of living patients, most of them after the extract."""
    rng, rows, course, as_of = draft.rng, draft.rows, draft.course, draft.as_of
    alive = (course.death == BLANK) & ~course.people.lost
    host = np.flatnonzero(alive & (rng.random(course.size) < 0.03))
    start = as_of + rng.integers(-10, 90, len(host))
    kinds = ("surgery", "autologous_transplant", "radiotherapy", "biopsy", "kyphoplasty")
    rows.add(
        host,
        start,
        procedure=pick(rng, len(host), kinds, (3, 3, 2, 3, 1)),
        start_date=start,
        status="planned",
        major=pick(rng, len(host), ("yes", None), (0.2, 0.8)),
    )
