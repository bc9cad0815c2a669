"""Rows of treatments, responses and transplants: what each line of a course leaves in the registry."""

import numpy as np

from data.synth import rates, regimens
from data.synth.columns import BLANK, Array, Frame, Rows, blank_where, pick, take, text, texts
from data.synth.courses import COMPLETED, ONGOING, TOXICITY, Course, Draft

_STOP_WORDS = (None, "progression", "toxicity", "completed", "lack_of_response", "other")
RESPONSE_WORDS = ("PD", "SD", "MR", "PR", "VGPR", "CR", "sCR")
_GIVEN = (None, "administered")
_NOT_GIVEN = ("planned", "ordered", "cancelled")


def line_table(course: Course) -> Frame:
    """One row per started line: host, number (from 1) and the line's columns of the course."""
    host, line = np.nonzero(course.exists)
    names = ("regimen", "start", "end", "ended", "progression", "best", "transplant")
    table = {name: getattr(course, name)[host, line] for name in names}
    return {
        "host": host,
        "line": line + 1,
        **table,
        "last": course.follow_end[host],
        "dead": course.death[host],
    }


def treatments(draft: Draft) -> None:
    """Every drug of every line, with its own start and stop."""
    rng, course = draft.rng, draft.course
    lines = line_table(course)
    lines["number"] = _recorded_numbers(rng, course, lines)
    by_acronym = rng.random(len(lines["host"])) < rates.REGIMEN_ACRONYM.value
    by_acronym &= regimens.acronyms()[lines["regimen"]] > BLANK
    _add_drugs(draft, take(lines, ~by_acronym))
    _add_acronyms(draft, take(lines, by_acronym))
    _add_transplant_drugs(draft, take(lines, lines["transplant"] > BLANK))


def _recorded_numbers(rng: np.random.Generator, course: Course, lines: Frame) -> Array:
    """Line numbers as the registry has them: some patients' numbers skip one."""
    skips = rng.random(course.size) < rates.LINE_SKIPPED.value
    return np.asarray(lines["line"] + (skips[lines["host"]] & (lines["line"] >= course.lines[lines["host"]])))


def _add_drugs(draft: Draft, lines: Frame) -> None:
    rng = draft.rng
    matrix = regimens.drug_matrix()[lines["regimen"]]
    row, slot = np.nonzero(matrix > BLANK)
    drug, line = matrix[row, slot], take(lines, row)
    start = line["start"] + np.where(rng.random(len(row)) < 0.15, rng.integers(1, 29, len(row)), 0)
    start = np.minimum(start, np.minimum(line["end"], line["last"]))
    stop, why = _drug_stops(rng, drug, line, start)
    _add_courses(draft, {**line, "end": stop, "ended": why}, drug, start, _planned(rng, len(row), 0.0))


def _drug_stops(rng: np.random.Generator, drug: Array, line: Frame, start: Array) -> tuple[Array, Array]:
    """Each drug's last day and why: with the line, or earlier (an inhibitor dropped, a transplant)."""
    size = len(drug)
    stop, why = line["end"], line["ended"]
    inhibitor = np.isin(drug, texts(regimens.PROTEASOME_INHIBITORS))
    steroid = drug == text("dexamethasone")
    early = start + rng.integers(100, 260, size)
    dropped = rng.random(size) < np.where(inhibitor, 0.5, np.where(steroid, 0.3, 0.04))
    why = np.where(dropped & (early < stop), np.where(rng.random(size) < 0.55, TOXICITY, COMPLETED), why)
    stop = np.where(dropped, np.minimum(early, stop), stop)
    transplanted = line["transplant"] > BLANK
    why = np.where(transplanted & (line["transplant"] - 20 < stop), COMPLETED, why)
    stop = np.where(transplanted, np.minimum(line["transplant"] - 20, stop), stop)
    single = np.isin(drug, texts(regimens.SINGLE_DOSE))
    return np.where(single, start, np.maximum(stop, start)), np.where(single, COMPLETED, why)


def _add_acronyms(draft: Draft, lines: Frame) -> None:
    """One row for the whole regimen, as some registries write it."""
    names = regimens.acronyms()[lines["regimen"]]
    _add_courses(draft, lines, names, lines["start"], _planned(draft.rng, len(names), 0.0))


def _add_transplant_drugs(draft: Draft, lines: Frame) -> None:
    """High-dose melphalan on two days before the transplant, then mostly lenalidomide until the line ends."""
    rng = draft.rng
    size = len(lines["host"])
    day = lines["transplant"] - 2
    melphalan = np.full(size, text("melphalan"))
    given = {**lines, "end": day + 1, "ended": np.full(size, COMPLETED)}
    _add_courses(draft, given, melphalan, day, _planned(rng, size, 0.75))
    start = lines["transplant"] + rng.integers(80, 130, size)
    kept = (rng.random(size) < 0.8) & (start < np.minimum(lines["end"], lines["last"]))
    lines, start = take(lines, kept), start[kept]
    drug = pick(rng, len(start), ("lenalidomide", "bortezomib", "ixazomib"), (0.86, 0.09, 0.05))
    _add_courses(draft, lines, drug, start, _planned(rng, len(start), 0.75))


def _planned(rng: np.random.Generator, size: int, yes: float) -> Array:
    return pick(rng, size, ("yes", "no", None), (yes, (1 - yes) * 0.4, (1 - yes) * 0.6))


def _add_courses(draft: Draft, lines: Frame, drug: Array, start: Array, planned: Array) -> None:
    """Add drug courses; one that lasts beyond the follow-up has no stop and no reason."""
    rng, rows = draft.rng, draft.rows
    size = len(drug)
    open_end = lines["end"] > lines["last"]
    why = np.where(open_end, ONGOING, lines["ended"])
    stop_on = np.where(open_end, np.where(lines["dead"] > BLANK, lines["last"], BLANK), lines["end"])
    stop_on = blank_where(stop_on, rng.random(size) < rates.STOP_BLANK.value)
    words = blank_where(texts(_STOP_WORDS)[why], rng.random(size) < rates.STOP_REASON_BLANK.value)
    number = blank_where(lines["number"], rng.random(size) < rates.LINE_MISSING.value)
    off = rng.random(size) < rates.NOT_GIVEN.value
    status = np.where(off, pick(rng, size, _NOT_GIVEN, (1, 1, 1)), pick(rng, size, _GIVEN, (0.7, 0.3)))
    rows.add(
        lines["host"],
        start,
        drug=drug,
        start_date=start,
        stop_date=stop_on,
        line=number,
        status=status,
        planned=planned,
        stop_reason=words,
    )


def responses(draft: Draft) -> None:
    """Response assessments: the first, the best and later ones of each line, and its progression."""
    rng, rows, course = draft.rng, draft.rows, draft.course
    lines = line_table(course)
    last = np.minimum(lines["end"], lines["last"])
    # From one visit to the next a response deepens: by rank of the best, never above it.
    for visit, (first, until, below) in enumerate(((28, 50, 2), (60, 100, 1), (110, 220, 0), (300, 420, 0))):
        day = lines["start"] + rng.integers(first, until, len(last))
        kept = (day <= last) & (lines["best"] > 0) & (rng.random(len(last)) < 0.9)
        rank = np.maximum(lines["best"] - below, np.minimum(lines["best"], 1 + (visit > 0)))
        _add_responses(rows, take(lines, kept), day[kept], rank[kept])
    recorded = (lines["progression"] > BLANK) & (rng.random(len(last)) >= rates.PD_UNRECORDED.value)
    relapsed = take(lines, recorded)
    _add_responses(rows, relapsed, relapsed["progression"], np.zeros(recorded.sum(), dtype=np.int64))


def _add_responses(rows: Rows, lines: Frame, day: Array, rank: Array) -> None:
    rows.add(lines["host"], day, date=day, response=texts(RESPONSE_WORDS)[rank])
