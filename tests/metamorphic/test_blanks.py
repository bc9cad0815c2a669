"""A blank may hide an answer, never turn it round: no pass becomes a fail, no fail a pass.

Every patient is delivered many times, each time with another cell blanked, or another blank filled with a
word of the same column. ``WORDS_THAT_BLANK_SAYS`` lists the columns in which a blank says something itself.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import pytest

from tests.metamorphic.pipeline import Outcome, Registry, screened, shipped, turned
from tests.metamorphic.registries import TRIAL_ID, cloned, crowded, one_clone, synthetic, table_of

COPIES = 12
# What a row is about, not what it says: another patient, trial or criterion.
IDS = {"patient_id", "trial_id", "criterion_id", "table"}
WORDS_THAT_BLANK_SAYS: dict[tuple[str, str], str] = {
    ("conditions", "code_system"): "blank: the text is a concept, no code",
    ("observations", "code_system"): "blank: the text is a concept, no code",
    ("procedures", "code_system"): "blank: the text is a concept, no code",
    ("conditions", "status"): "blank: not ruled out",
    ("observations", "status"): "blank: final, so not cancelled",
    ("treatments", "status"): "blank: administered",
    ("procedures", "status"): "blank: performed",
    ("procedures", "stop_date"): "blank: it took one day",
    ("observations", "upper_limit"): "blank: the default range of the code list",
    ("observations", "lower_limit"): "blank: the default range of the code list",
    ("treatments", "line"): "blank, and surely begun inside a numbered line: part of that line",
}


@dataclass(frozen=True)
class Cell:
    """One cell of one copy of the registry, by its row in the cloned table."""

    table: str
    column: str
    row: int
    clone: int
    value: str | None


def _asked_of_data(registry: Registry) -> Registry:
    """Without answers of people to what data can answer: they come in where a blank leaves it open."""
    manual = [criterion.id for criterion in shipped().criteria if criterion.manual]
    answers = registry.tables["attestations"]
    return registry.with_table("attestations", answers.filter(pl.col("criterion_id").is_in(manual)))


def _cells(registry: Registry, rng: random.Random, per_clone: int) -> Iterator[Cell]:
    """Cells to change: in each copy but the first, some of each patient's, each table and column alike."""
    columns = [
        (table, column)
        for table, frame in registry.tables.items()
        for column in frame.columns
        if column not in IDS and (table, column) not in WORDS_THAT_BLANK_SAYS and frame.height
    ]
    words = {
        key: registry.tables[key[0]][key[1]].drop_nulls().unique(maintain_order=True).to_list()
        for key in columns
    }
    rows = {table: list(enumerate(frame["patient_id"].to_list())) for table, frame in registry.tables.items()}
    own = {table: [place for place, owner in given if owner is not None] for table, given in rows.items()}
    for clone in range(1, COPIES):
        changed: set[str] = set()
        for _ in range(per_clone):
            table, column = rng.choice(columns)
            if not own[table]:
                continue
            row = rng.choice(own[table])
            patient = rows[table][row][1]
            # One change a patient and copy, so that a verdict that turns has one cause.
            if patient not in changed:
                changed.add(patient)
                filled = registry.tables[table][column][row] is not None
                value = None if filled else rng.choice(words[table, column] or [None])
                yield Cell(table, column, row, clone, value)


def _changed(registry: Registry, cells: list[Cell]) -> Registry:
    clones = cloned(registry, COPIES)
    for table, frame in registry.tables.items():
        shared = frame["patient_id"].null_count()
        own = frame.height - shared
        places = frame["patient_id"].is_not_null().cum_sum().to_list()
        grown = clones.tables[table]
        columns = {name: grown[name].to_list() for name in grown.columns}
        for cell in cells:
            if cell.table == table:
                columns[cell.column][shared + cell.clone * own + places[cell.row] - 1] = cell.value
        clones = clones.with_table(table, pl.DataFrame(columns, grown.schema))
    return clones


def _turned(registry: Registry, seed: int, per_clone: int = 120) -> list[tuple[str, ...]]:
    """Verdicts that one cell turned round: criterion, before, after, table, column, word before and after."""
    rng = random.Random(seed)  # noqa: S311
    registry = _asked_of_data(registry)
    cells = list(_cells(registry, rng, per_clone))
    outcome: Outcome = screened(_changed(registry, cells))
    before = one_clone(outcome.verdicts, 0)
    causes = {(cell.clone, registry.tables[cell.table]["patient_id"][cell.row]): cell for cell in cells}
    found = []
    for clone in range(1, COPIES):
        for row in turned(before, one_clone(outcome.verdicts, clone)).iter_rows(named=True):
            cell = causes[clone, row["patient_id"]]
            was = registry.tables[cell.table][cell.column][cell.row]
            place = (cell.table, cell.column, str(was), str(cell.value))
            found.append((row["criterion_id"], row["verdict"], row["verdict_after"], *place))
    return sorted(found)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_one_blank_or_filled_cell_never_turns_a_verdict_round(seed: int) -> None:
    """Over some thousand cells of crowded registries."""
    assert _turned(crowded(120, seed), seed) == []


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_one_blank_cell_of_a_synthetic_registry_never_turns_a_verdict_round(seed: int) -> None:
    """Over some thousand cells of synthetic registries."""
    assert _turned(synthetic(60, seed), seed, per_clone=60) == []


def test_an_allergy_to_something_that_is_blank_may_be_an_allergy_to_anything() -> None:
    """E17: an allergy to ixazomib fails; without its substance it is no longer known not to be one."""
    patient = table_of("patients", [{"patient_id": "P1", "birth_date": "1960-01-01", "sex": "male"}])
    row = {"patient_id": "P1", "kind": "allergy", "date": "2026-01-01"}
    allergies = table_of("allergies", [row])
    outcome = screened(Registry({"patients": patient, "allergies": allergies}))
    assert _verdict(outcome, "E17") == "unknown"


@pytest.mark.parametrize(
    ("stop", "expected"), [(None, "unknown"), ("2025-06-30", "pass"), ("2024-06-30", "unknown")]
)
def test_a_course_without_a_number_is_part_of_a_line_only_where_it_surely_starts_inside(
    stop: str | None, expected: str
) -> None:
    """I03: lines 1 to 3 are numbered, and a course follows that may be the fourth."""
    patient = table_of("patients", [{"patient_id": "P1", "birth_date": "1960-01-01", "sex": "male"}])
    rows = [
        {"drug": "lenalidomide", "start_date": "2020-01-01", "stop_date": "2021-01-01", "line": "1"},
        {"drug": "daratumumab", "start_date": "2022-01-01", "stop_date": "2023-01-01", "line": "2"},
        {"drug": "bortezomib", "start_date": "2024-01-01", "stop_date": stop, "line": "3"},
        {"drug": "elranatamab", "start_date": "2025-01-01", "stop_date": "2025-05-01"},
    ]
    treatments = table_of("treatments", [{"patient_id": "P1", **row} for row in rows])
    outcome = screened(Registry({"patients": patient, "treatments": treatments}))
    assert _verdict(outcome, "I03") == expected


@pytest.mark.parametrize(
    ("last_day", "first_name"), [("2026-06-02", TRIAL_ID), ("2026-06-02", "NCT06050512")]
)
def test_contradictory_answers_never_bring_an_older_answer_back(last_day: str, first_name: str) -> None:
    """E08: passed in May; in June two answers that differ, under one name of the trial or under two."""
    patient = table_of("patients", [{"patient_id": "P1", "birth_date": "1960-01-01", "sex": "male"}])
    rows = [
        {"trial_id": "NCT06050512", "answer": "pass", "date": "2026-05-01"},
        {"trial_id": first_name, "answer": "pass", "date": last_day},
        {"trial_id": TRIAL_ID, "answer": "fail", "date": last_day},
    ]
    given = table_of("attestations", [{"patient_id": "P1", "criterion_id": "E08", **row} for row in rows])
    assert _verdict(screened(Registry({"patients": patient, "attestations": given})), "E08") == "unknown"


def test_an_answer_without_a_date_may_be_newer_than_one_under_another_name_of_the_trial() -> None:
    """E08: passed in May under one name; a refusal under the other name has lost its date."""
    patient = table_of("patients", [{"patient_id": "P1", "birth_date": "1960-01-01", "sex": "male"}])
    rows = [
        {"trial_id": "NCT06050512", "answer": "pass", "date": "2026-05-01"},
        {"trial_id": TRIAL_ID, "answer": "fail"},
    ]
    given = table_of("attestations", [{"patient_id": "P1", "criterion_id": "E08", **row} for row in rows])
    assert _verdict(screened(Registry({"patients": patient, "attestations": given})), "E08") == "unknown"


def _verdict(outcome: Outcome, criterion_id: str) -> str:
    return str(
        outcome.verdicts.row(by_predicate=pl.col("criterion_id") == criterion_id, named=True)["verdict"]
    )
