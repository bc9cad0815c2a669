"""Open facts of a registry: nothing unknown is left out, and what could settle does when it is filled in."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.open_facts import open_facts
from criteria.ranking import summarise_patients
from criteria.trial import Trial, load_trial
from criteria.worklist import waiting_patients
from data.catalogue import load_catalogue
from flows.request import RunRequest
from flows.steps import run_screening
from schemas.facts import FRAME_NAMES, NUMBER, Facts

DAY = date(2026, 6, 30)
ANCHORS = Anchors(DAY, DAY, DAY)
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
# Among these is one that every limit of the trial lets pass.
VALUES = (0, 1, 2, 5, 12, 100, 240, 450, 5000, 100_000, 500_000)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial("NCT06050512", load_catalogue())


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The facts that a run of the sample registry publishes."""
    asked = RunRequest(SAMPLE, ("NCT06050512",), tmp_path_factory.mktemp("out"), DAY, DAY, DAY)
    folder = run_screening(asked, lambda _: None).folder / "facts"
    return Facts(DAY, **{name: pl.read_parquet(folder / f"{name}.parquet") for name in FRAME_NAMES})


def judged(trial: Trial, facts: Facts) -> pl.DataFrame:
    """Every criterion for everybody, ids and words as plain text."""
    found = evaluate_trial(trial, facts, ANCHORS)
    return found.with_columns(pl.col("criterion_id", "verdict").cast(pl.String))


def waiting(trial: Trial, registry: Facts) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Verdicts, the patients who wait, and what they wait for."""
    verdicts = judged(trial, registry)
    patients = waiting_patients(summarise_patients(verdicts, registry, [trial.id]))
    return verdicts, patients, open_facts(trial, verdicts, registry, ANCHORS, patients["patient"])


def test_every_unknown_waits_for_something(trial: Trial, registry: Facts) -> None:
    verdicts, patients, found = waiting(trial, registry)
    unknown = verdicts.filter(pl.col("verdict") == "unknown").join(patients, on="patient")
    pairs = found.explode("criteria").select("patient_id", criterion_id="criteria").unique()
    assert patients.height > 3
    assert pairs.height == unknown.height
    assert unknown.join(pairs, on=["patient_id", "criterion_id"], how="anti").is_empty()


def with_value(registry: Facts, concept: str, value: int) -> Facts:
    """Everybody with a fresh result of a measurement."""
    number = pl.lit(Decimal(value)).cast(NUMBER)
    ends = {f"value_{end}": number for end in ("low", "high")}
    limits = {f"upper_limit_{end}": number + 1 for end in ("low", "high")} | {
        f"lower_limit_{end}": number - 1 for end in ("low", "high")
    }
    reasons = dict.fromkeys(
        ("value_reasons", "upper_limit_reasons", "lower_limit_reasons"), pl.lit(0, pl.Int32)
    )
    fresh = registry.patients.select(
        "patient", concept=pl.lit(concept), **dict.fromkeys(("date_earliest", "date_latest"), pl.lit(DAY))
    )
    rows = fresh.with_columns(**ends, **limits, **reasons, fact_until=pl.lit(date(9999, 12, 31)))
    others = registry.latest.filter(pl.col("concept") != concept)
    return replace(registry, latest=pl.concat([others, rows], how="diagonal").sort("patient"))


def test_a_measurement_that_could_settle_a_criterion_does_with_some_value(
    trial: Trial, registry: Facts
) -> None:
    _, _, found = waiting(trial, registry)
    own = found.filter((pl.col("kind") == "measurement") & pl.col("settles")).explode(
        "criteria", "needed_with"
    )
    alone = own.filter(pl.col("needed_with") == 1)
    assert alone.height > 3
    for (fact,), rows in alone.partition_by("fact", as_dict=True).items():
        asked = replace(trial, criteria=tuple(map(trial.criterion, sorted(set(rows["criteria"])))))
        passed = pl.concat(
            judged(asked, with_value(registry, str(fact), value))
            .filter(pl.col("verdict") == "pass")
            .join(registry.patients.select("patient", "patient_id"), on="patient")
            .select("patient_id", criteria="criterion_id")
            for value in VALUES
        )
        assert rows.join(passed, on=["patient_id", "criteria"], how="anti").is_empty(), fact
