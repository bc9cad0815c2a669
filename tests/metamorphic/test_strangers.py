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
from tests.metamorphic.registries import cloned, crowded, synthetic


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


@pytest.mark.parametrize("seed", [21, pytest.param(22, marks=pytest.mark.long)])
def test_batches_of_any_size_find_what_one_batch_finds(seed: int) -> None:
    """1, 2, 7 and 64 batches, and batches of one patient in the long run."""
    registry = crowded(64, seed)
    with loaded(registry) as connection:
        whole = judged(connection)
        for patients in (32, 10, 1) if seed == 22 else (32, 10):
            same(whole, judged(connection, batch_patients=patients))


@pytest.mark.parametrize(
    ("seed", "parts"),
    [(21, 2), pytest.param(21, 7, marks=pytest.mark.long), pytest.param(22, 64, marks=pytest.mark.long)],
)
def test_parts_delivered_apart_find_together_what_the_whole_finds(seed: int, parts: int) -> None:
    """Ranks are computed on the union; what is declared for everybody goes with each part."""
    for registry in (crowded(64, seed), synthetic(64, seed)):
        found = [screened(_part(registry, number, parts)) for number in range(parts)]
        same(screened(registry), _united(found))


@pytest.mark.parametrize("seed", [23, pytest.param(24, marks=pytest.mark.long)])
def test_other_patients_change_nobody(seed: int) -> None:
    """Patients of another registry under ids that stand before, between and after those that are there."""
    registry, more = crowded(60, seed), cloned(synthetic(60, seed), 2)

    def between(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        own = frame.filter(pl.col("patient_id").is_not_null())
        return own.with_columns(
            pl.format("P{}", pl.col("patient_id").str.replace("-", "")).alias("patient_id")
        )

    others = more.mapped(between)
    joined = registry.mapped(lambda name, frame: pl.concat([frame, others.tables[name]]))
    alone = screened(registry)
    assert_same_verdicts(alone.verdicts, screened(joined).of(alone.summary["patient_id"].to_list()))


def _for_everybody(registry: Registry, **row: str | None) -> list[dict[str, str | None]]:
    ids = registry.tables["patients"]["patient_id"].unique(maintain_order=True).to_list()
    return [{"patient_id": patient, **row} for patient in ids]


def _ago(days: int) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


def test_rows_that_no_criterion_asks_about_change_nothing() -> None:
    """An analyte that the trial does not read, one that no list has, a condition and a drug of that kind."""
    for registry in (crowded(60, 25), synthetic(60, 25)):
        more = (
            registry.added(
                "observations", _for_everybody(registry, observation="vitamin d", date=_ago(3), value="5")
            )
            .added(
                "observations",
                _for_everybody(
                    registry, observation="white_cell_count", date=_ago(3), value="5000", unit="/uL"
                ),
            )
            .added(
                "conditions",
                _for_everybody(registry, condition="Z99.9", code_system="icd10cm", onset_date=_ago(3)),
            )
            .added(
                "medications", _for_everybody(registry, drug="vitamin d", start_date=_ago(3), status="active")
            )
            .added("procedures", _for_everybody(registry, procedure="biopsy", start_date=_ago(3)))
        )
        same(screened(registry), screened(more))


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
    for registry in (crowded(60, 26), synthetic(60, 26)):
        more = registry
        for table, rows in _OUTSIDE.items():
            for row in rows:
                more = more.added(table, _for_everybody(registry, **row))
        before, after = screened(registry).verdicts, screened(more).verdicts
        columns = ["patient_id", "criterion_id", "verdict", "curability"]
        assert_same_verdicts(before.select(columns), after.select(columns))


def test_the_same_rows_one_day_later_do_change_verdicts() -> None:
    """The rows above stand right outside: a day later they fail criteria."""
    registry = synthetic(60, 26)
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
