"""A patient is judged by the patient's own rows: others, other analytes, rows outside windows do nothing."""

from datetime import date, timedelta

import polars as pl
import pytest

from criteria.ranking import not_listed_patients, rank_candidates
from tests.metamorphic.pipeline import (
    AS_OF,
    Outcome,
    Registry,
    assert_same_verdicts,
    judged,
    loaded,
    same,
    screened,
    shipped,
)
from tests.metamorphic.registries import cloned, found_in_mixed, mixed, synthetic


def _part(registry: Registry, number: int, parts: int) -> Registry:
    """The patients whose place leaves ``number``; what is declared for everybody goes with every part."""
    ids = registry.tables["patients"]["patient_id"].unique(maintain_order=True)
    own = ids.gather_every(parts, number).to_list()

    def change(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        belongs = pl.col("patient_id").is_in(own)
        return frame.filter(belongs | pl.col("patient_id").is_null() if name == "coverage" else belongs)

    return registry.mapped(change)


def _united(parts: list[Outcome]) -> Outcome:
    summary = pl.concat([part.summary for part in parts])
    trial = shipped()
    return Outcome(
        pl.concat([part.verdicts for part in parts]),
        summary,
        rank_candidates(summary, trial.id),
        not_listed_patients(summary, trial.id),
    )


@pytest.mark.parametrize("seed", [11, pytest.param(22, marks=pytest.mark.long)])
def test_batches_of_any_size_find_what_one_batch_finds(seed: int) -> None:
    """One batch, 2 and 7, and in the long run batches of one patient."""
    everybody = found_in_mixed(seed).summary.height
    with loaded(mixed(seed)) as connection:
        for batches in (2, 7, everybody) if seed == 22 else (2, 7):
            found = judged(connection, batch_patients=-(-everybody // batches))
            same(found_in_mixed(seed), found)


@pytest.mark.parametrize(
    ("seed", "parts"),
    [(11, 2), pytest.param(21, 7, marks=pytest.mark.long), pytest.param(22, 64, marks=pytest.mark.long)],
)
def test_parts_delivered_apart_find_together_what_the_whole_finds(seed: int, parts: int) -> None:
    """Ranks are computed on the union; what is declared for everybody goes with each part."""
    found = [screened(_part(mixed(seed), number, parts)) for number in range(parts)]
    same(found_in_mixed(seed), _united(found))


@pytest.mark.parametrize("seed", [11, pytest.param(24, marks=pytest.mark.long)])
def test_other_patients_change_nobody(seed: int) -> None:
    """Patients of another registry under ids that stand before, between and after those that are there."""
    registry, more = mixed(seed), cloned(synthetic(60, seed + 1), 2)

    def between(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        own = frame.filter(pl.col("patient_id").is_not_null())
        return own.with_columns(
            pl.format("P{}", pl.col("patient_id").str.replace("-", "")).alias("patient_id")
        )

    others = more.mapped(between)
    joined = registry.mapped(lambda name, frame: pl.concat([frame, others.tables[name]]))
    alone = found_in_mixed(seed)
    assert_same_verdicts(alone.verdicts, screened(joined).of(alone.summary["patient_id"].to_list()))


def _for_everybody(registry: Registry, **row: str | None) -> list[dict[str, str | None]]:
    ids = registry.tables["patients"]["patient_id"].unique(maintain_order=True).to_list()
    return [{"patient_id": patient, **row} for patient in ids]


def _ago(days: int) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


def test_rows_that_no_criterion_asks_about_change_nothing() -> None:
    """An analyte that the trial does not read, one that no list has, a condition and a drug of that kind."""
    registry = mixed(11)
    rows: tuple[tuple[str, dict[str, str | None]], ...] = (
        ("observations", {"observation": "vitamin d", "date": _ago(3), "value": "5"}),
        (
            "observations",
            {"observation": "white_cell_count", "date": _ago(3), "value": "5000", "unit": "/uL"},
        ),
        ("conditions", {"condition": "Z99.9", "code_system": "icd10cm", "onset_date": _ago(3)}),
        ("medications", {"drug": "vitamin d", "start_date": _ago(3), "status": "active"}),
        ("procedures", {"procedure": "biopsy", "start_date": _ago(3)}),
    )
    for table, row in rows:
        registry = registry.added(table, _for_everybody(registry, **row))
    same(found_in_mixed(11), screened(registry))


# Rows that end one day before the first day of their window, and the criteria that ask about such rows.
_OUTSIDE = {
    "procedures": [
        {"procedure": "surgery", "major": "yes", "start_date": _ago(31)},
        {"procedure": "radiotherapy", "start_date": _ago(25), "stop_date": _ago(15)},
    ],
    "medications": [
        {"drug": "omeprazole", "start_date": _ago(100), "stop_date": _ago(15), "status": "stopped"},
        {"drug": "clarithromycin", "start_date": _ago(100), "stop_date": _ago(15), "status": "stopped"},
    ],
    "conditions": [
        {"condition": "myocardial_ischemia", "onset_date": "2025-12-29", "resolved_date": "2026-01-10"},
        {"condition": "other_malignancy", "onset_date": "2024-06-29", "resolved_date": "2024-07-29"},
    ],
    "trial_participation": [
        {"trial_id": "T", "interventional": "yes", "start_date": _ago(200), "end_date": "2026-05-29"}
    ],
    "observations": [
        {"observation": "blood_plasma_cells", "date": _ago(36501), "value": "30", "unit": "%"},
        {"observation": "systolic_bp", "date": _ago(91), "value": "180", "unit": "mmHg"},
        {"observation": "hemoglobin", "date": _ago(29), "value": "5", "unit": "g/dL"},
        {"observation": "neutrophil_count", "date": _ago(29), "value": "5", "unit": "/uL"},
        {"observation": "creatinine", "date": _ago(29), "value": "9", "unit": "mg/dL"},
    ],
}


def test_rows_one_day_outside_their_window_change_no_verdict() -> None:
    """Only the reason of an unknown may be another: what was never recorded is too old now."""
    more = mixed(11)
    for table, rows in _OUTSIDE.items():
        for row in rows:
            more = more.added(table, _for_everybody(more, **row))
    before, after = found_in_mixed(11).verdicts, screened(more).verdicts
    columns = ["patient_id", "criterion_id", "verdict", "curability"]
    assert_same_verdicts(before.select(columns), after.select(columns))


def test_the_same_rows_one_day_later_do_change_verdicts() -> None:
    """The rows above stand right outside: a day later they fail criteria."""
    registry = synthetic(60, 11)
    more = registry
    for table, rows in _OUTSIDE.items():
        for row in rows:
            later = {name: _next_day(cell) if "date" in name else cell for name, cell in row.items()}
            more = more.added(table, _for_everybody(registry, **later))
    failing = screened(more).verdicts.filter(pl.col("verdict") == "fail")["criterion_id"].value_counts()
    everybody = registry.tables["patients"]["patient_id"].n_unique()
    often = set(failing.filter(pl.col("count") == everybody)["criterion_id"])
    assert {"E09", "E10", "E15", "E16", "E21"} <= often


def _next_day(text: str) -> str:
    return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
