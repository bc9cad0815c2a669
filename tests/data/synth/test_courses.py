"""Disease courses are possible ones: nothing happens before it can."""

import numpy as np
import polars as pl
import pytest

from data.synth import courses
from data.synth.columns import BLANK
from data.synth.courses import MAX_LINES, ONGOING, Course

Registry = dict[str, pl.DataFrame]
AS_OF = 20634  # 2026-06-30


@pytest.fixture(scope="module")
def course() -> Course:
    return courses.build(np.random.default_rng(5), np.random.default_rng(6), 4000, AS_OF)


def test_no_line_starts_before_the_diagnosis_or_after_the_follow_up(course: Course) -> None:
    first = course.people.diagnosis[:, None]
    last = course.follow_end[:, None]
    assert (course.start > first)[course.exists].all()
    assert (course.start <= last)[course.exists].all()


def test_lines_follow_one_another(course: Course) -> None:
    for line in range(1, MAX_LINES):
        here = course.exists[:, line]
        assert course.exists[here, line - 1].all()
        assert (course.start[here, line] > course.end[here, line - 1]).all()


def test_progressions_and_transplants_lie_inside_the_follow_up(course: Course) -> None:
    last = np.broadcast_to(course.follow_end[:, None], course.progression.shape)
    for days in (course.progression, course.transplant):
        known = days > BLANK
        assert known.any()
        assert (days[known] <= last[known]).all()
        assert (days[known] >= course.start[known]).all()
        assert course.exists[known].all()


def test_nobody_is_followed_beyond_the_extract_or_death(course: Course) -> None:
    dead = course.death > BLANK
    assert (course.follow_end <= AS_OF).all()
    assert (course.follow_end[dead] == course.death[dead]).all()
    assert (course.death[dead] > course.people.diagnosis[dead]).all()


def test_only_the_last_line_may_be_ongoing(course: Course) -> None:
    going = course.exists & (course.ended == ONGOING)
    assert going.any()
    assert (going.sum(axis=1) <= 1).all()
    assert (np.argmax(going, axis=1) + 1 == course.lines)[going.any(axis=1)].all()


def test_more_lines_are_rarer_lines(course: Course) -> None:
    """Between one and eight lines, one is the most frequent, and few patients reach eight."""
    shares = np.bincount(course.lines, minlength=MAX_LINES + 1) / course.size
    assert shares[1] == shares.max()
    assert shares[1] > shares[2] > shares[3] > shares[4] > shares[5]
    assert 0.04 < shares[0] < 0.2
    assert 0 < shares[8] < 0.06


def test_about_a_hundred_rows_a_patient(registry: Registry) -> None:
    rows = sum(frame.height for table, frame in registry.items() if table != "coverage")
    assert 85 < rows / 5000 < 120


def test_living_patients_who_are_seen_have_recent_results(registry: Registry) -> None:
    seen = registry["patients"].filter(
        (pl.col("vital_status") == "alive") & (pl.col("last_contact_date") >= "2026-06-01")
    )
    full = registry["observations"].filter(pl.col("date").str.contains(r"^\d{4}-\d{2}-\d{2}$"))
    latest = full.filter(pl.col("date") <= "2026-06-30").group_by("patient_id").agg(pl.col("date").max())
    joined = seen.join(latest, on="patient_id")
    assert joined.filter(pl.col("date") >= "2026-05-25").height > 0.95 * seen.height


def test_measured_progressions_of_the_registry_lie_in_its_follow_up(registry: Registry) -> None:
    """PD rows with a whole date are never later than the patient's last contact."""
    pd = registry["responses"].filter((pl.col("response") == "PD") & (pl.col("date").str.len_chars() == 10))
    people = registry["patients"].drop_nulls("last_contact_date").unique("patient_id")
    joined = pd.join(people, on="patient_id")
    assert joined.height > 1000
    assert joined.filter(pl.col("date") > pl.col("last_contact_date")).height == 0


def test_women_only_are_tested_for_pregnancy(registry: Registry) -> None:
    tests = registry["observations"].filter(pl.col("observation") == "pregnancy_test")
    people = registry["patients"].group_by("patient_id").agg(pl.col("sex").first())
    assert set(tests.join(people, on="patient_id")["sex"]) <= {"female", "unknown", "F", "woman"}
