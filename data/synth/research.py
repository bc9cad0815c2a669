"""Rows about research and about the registry itself: other trials, contacts, attestations, coverage."""

import numpy as np

from data.synth import rates
from data.synth.columns import BLANK, COLUMNS, Array, Frame, Rows, blank_where, pick, text, texts
from data.synth.courses import SITES, Draft

# The trial that patients are contacted for, and the criteria that only a person can answer.
TRIAL = "mezigdomide-ixazomib-dex"
ATTESTED = ("I15", "I16", "I17", "E08", "E14", "E22")
OTHER_TRIALS = ("TRIAL-0001", "TRIAL-0002", "TRIAL-0003", "REGISTRY-0001")

# Sites whose data trail, by days; and the one site that records no medications.
LATE_SITES = {"site-07": 45, "site-11": 12}
NO_MEDICATIONS = "site-12"


def trial_participation(draft: Draft) -> None:
    """Other trials: during one of the lines, mostly ended."""
    rng, rows, course = draft.rng, draft.rows, draft.course
    host = np.flatnonzero((rng.random(course.size) < 0.13) & (course.lines > 0))
    size = len(host)
    line = (rng.random(size) * course.lines[host]).astype(np.int64)
    start = course.start[host, line]
    end = np.minimum(course.end[host, line], course.follow_end[host])
    running = course.end[host, line] > course.follow_end[host]
    rows.add(
        host,
        start,
        trial_id=pick(rng, size, OTHER_TRIALS, (3, 3, 2, 4)),
        interventional=pick(rng, size, ("yes", "no", None), (0.6, 0.33, 0.07)),
        start_date=start,
        end_date=blank_where(end, running | (rng.random(size) < 0.05)),
    )


def screening_log(draft: Draft) -> None:
    """What came of earlier contacts about trials."""
    rng, rows, course, as_of = draft.rng, draft.rows, draft.course, draft.as_of
    alive = course.death == BLANK
    host = np.flatnonzero(alive & (rng.random(course.size) < 0.04))
    size = len(host)
    day = np.maximum(as_of - rng.integers(1, 200, size), course.people.diagnosis[host])
    words = ("contacted", "declined", "consented", "screen_failed", "enrolled", "withdrawn")
    trials = pick(rng, size, (TRIAL, "TRIAL-0001"), (0.8, 0.2))
    rows.add(host, day, trial_id=trials, status=pick(rng, size, words, (40, 20, 12, 14, 9, 5)), date=day)


def attestations(draft: Draft) -> None:
    """A few answers by people, to questions that data cannot answer."""
    rng, rows, course, as_of = draft.rng, draft.rows, draft.course, draft.as_of
    patient = np.flatnonzero((course.death == BLANK) & (rng.random(course.size) < 0.03))
    for criterion in ATTESTED:
        host = patient[rng.random(len(patient)) < 0.6]
        size = len(host)
        day = np.maximum(as_of - rng.integers(1, 60, size), course.people.diagnosis[host])
        rows.add(
            host,
            day,
            trial_id=TRIAL,
            criterion_id=criterion,
            answer=pick(rng, size, ("pass", "fail", "not_applicable"), (0.9, 0.07, 0.03)),
            date=day,
            attested_by=pick(rng, size, ("coordinator", "investigator"), (0.7, 0.3)),
        )


def shared_coverage(as_of: int) -> Frame:
    """What is complete for everybody and for the sites that differ, whatever patients there are."""
    rows: list[tuple[str, int, str | None]] = []
    for table in COLUMNS:
        if table in ("patients", "coverage"):
            continue
        if table != "medications":
            rows.append((table, as_of, None))
        late = LATE_SITES if table in ("observations", "treatments", "responses") else {}
        rows += [(table, as_of - days, site) for site, days in late.items()]
        if table == "medications":
            rows += [(table, as_of, site) for site in SITES if site != NO_MEDICATIONS]
    size = len(rows)
    return {
        "table": texts(row[0] for row in rows),
        "complete_from": np.full(size, BLANK),
        "complete_through": np.array([row[1] for row in rows]),
        "site": texts(row[2] for row in rows),
        "patient_id": np.full(size, BLANK),
    }


def coverage(draft: Draft) -> None:
    """Patients who came from elsewhere: their history is complete only from some day after the diagnosis."""
    rng, rows, course, as_of = draft.rng, draft.rows, draft.course, draft.as_of
    host = np.flatnonzero(rng.random(course.size) < rates.COMPLETE_FROM.value)
    span = course.follow_end[host] - course.people.diagnosis[host]
    since = course.people.diagnosis[host] + (span * rng.uniform(0, 0.8, len(host))).astype(np.int64)
    late = np.zeros(len(host), dtype=np.int64)
    for site, days in LATE_SITES.items():
        late = np.where(course.people.site[host] == text(site), days, late)
    for table in ("conditions", "treatments", "procedures", "responses"):
        through = as_of - (late if table in ("treatments", "responses") else 0)
        _add_span(rows, host, table, since, through)


def _add_span(rows: Rows, host: Array, table: str, since: Array, through: Array | int) -> None:
    rows.add(host, since, table=table, complete_from=since, complete_through=through)
