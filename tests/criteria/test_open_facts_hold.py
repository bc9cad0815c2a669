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
from flows.session import open_session
from flows.steps import facts as derive
from flows.steps import load
from schemas.facts import NUMBER, Facts
from sql.runner import read_facts

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
    out = tmp_path_factory.mktemp("out")
    asked = RunRequest(SAMPLE, ("NCT06050512",), out, DAY, DAY, DAY)
    with open_session(asked, lambda _: None) as session:
        load(session)
        derive(session)
        return read_facts(session.connection, 0, 10_000)


def waiting(trial: Trial, registry: Facts) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Verdicts, the patients who wait, and what they wait for."""
    verdicts = evaluate_trial(trial, registry, ANCHORS)
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
            evaluate_trial(asked, with_value(registry, str(fact), value), ANCHORS)
            .filter(pl.col("verdict") == "pass")
            .join(registry.patients.select("patient", "patient_id"), on="patient")
            .select("patient_id", criteria="criterion_id")
            for value in VALUES
        )
        assert rows.join(passed, on=["patient_id", "criteria"], how="anti").is_empty(), fact
