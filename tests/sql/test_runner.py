"""What holds for the facts as a whole: order, accounts, and what may not matter."""

import random
import re
from collections.abc import Mapping
from datetime import date
from importlib.resources import files

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from schemas.facts import FRAME_NAMES, SCHEMAS, Facts
from schemas.words import REASONS
from sql.models import BATCH_MODELS, FACTS, STAGING, WHOLE, WHOLE_MODELS, model_text
from sql.runner import quarantine_rows, read_facts, stage_extract, table_counts, unmapped_counts
from tests.sql.small import AS_OF, PATIENT, build, everything

Tables = Mapping[str, list[Mapping[str, object]]]
TOML = "extracted_on = 2025-05-30\n"


def _tables(seed: int, patients: int = 12) -> dict[str, list[Mapping[str, object]]]:
    """A random little registry with every kind of trouble."""
    chance = random.Random(seed)  # noqa: S311 - test data, not a secret
    ids = [f"P{number}" for number in range(patients)]
    days = ["2025-05-01", "2025-05-02", "2025-05", "2025", "2024-11-30", "2021", "", "soon", "2020-02-29"]

    def row(**choices: list[str]) -> dict[str, object]:
        return {
            "patient_id": chance.choice(ids),
            **{name: chance.choice(words) for name, words in choices.items()},
        }

    drugs = ["VRd", "lenalidomide", "Kd", "rhubarb", "dara/dex", "prednisone", "melphalan", ""]
    codes = ["C90.00", "C90", "hypertension", "hypertensoin", "Z00"]
    return {
        "patients": [
            {**PATIENT, "patient_id": name, "sex": chance.choice(["female", "male", "?"])} for name in ids
        ],
        "observations": [
            row(
                observation=["calcium", "albumin", "ecog", "hemoglobin", "hemoglobbin"],
                date=days,
                value=["1", "9", "<10", "4.5", "?"],
                unit=["g/dL", "g/L", "mg/dL", "", "x"],
                status=["", "corrected", "preliminary", "cancelled"],
            )
            for _ in range(150)
        ],
        "treatments": [
            row(
                drug=drugs,
                start_date=days,
                line=["", "", "", "1", "2"],
                planned=["", "yes", "no"],
                status=["", "ordered"],
            )
            for _ in range(50)
        ],
        "responses": [row(date=days, response=["PD", "PR", "?"]) for _ in range(12)],
        "procedures": [
            row(procedure=["surgery", "autologous_transplant"], start_date=days) for _ in range(12)
        ],
        "medications": [row(drug=["omeprazole", "omeprazolum"], start_date=days) for _ in range(12)],
        "conditions": [
            row(condition=codes, code_system=["", "icd10cm", "x"], onset_date=days) for _ in range(30)
        ],
    }


def _without_rows(facts: Facts) -> dict[str, pl.DataFrame]:
    """The frames without the numbers of rows, in an order of their own."""
    frames = {name: getattr(facts, name) for name in FRAME_NAMES}
    for name in ("results", "latest", "events", "attestations"):
        table_rows = pl.col("source_table") != "lines" if name == "events" else pl.lit(True)
        frames[name] = frames[name].with_columns(
            source_row=pl.when(table_rows).then(0).otherwise("source_row")
        )
        frames[name] = frames[name].drop("source_rows", strict=False)
    return {name: frame.sort(frame.columns) for name, frame in frames.items()}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    tables = _tables(seed)
    chance = random.Random(seed)  # noqa: S311 - test data, not a secret
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in tables.items()}
    once, again = (_without_rows(build(rows, toml=TOML).facts) for rows in (tables, shuffled))
    for name in FRAME_NAMES:
        assert_frame_equal(once[name], again[name])


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_the_future_change_nothing(seed: int) -> None:
    tables = _tables(seed)
    day = "2025-06-02"
    later: Tables = {
        "observations": [
            {"observation": "calcium", "date": day, "value": "9", "unit": "mg/dL"},
            {"observation": "ecog", "date": day, "value": "5"},
        ],
        "treatments": [{"drug": "ixazomib", "start_date": day, "line": "9"}],
        "responses": [{"date": day, "response": "PD"}],
        "procedures": [{"procedure": "surgery", "start_date": day}],
        "medications": [{"drug": "omeprazole", "start_date": day, "status": "active"}],
        "conditions": [{"condition": "hiv", "onset_date": day}],
    }
    more = {
        name: rows + [{"patient_id": "P3", **row} for row in later.get(name, [])]
        for name, rows in tables.items()
    }
    once, again = (build(rows).facts for rows in (tables, more))
    for name in FRAME_NAMES:
        assert_frame_equal(getattr(once, name), getattr(again, name))


@pytest.mark.parametrize("seed", range(3))
def test_every_row_twice_gives_the_same_facts_and_is_counted(seed: int) -> None:
    tables = _tables(seed)
    once, twice = (
        build(tables, toml=TOML),
        build({name: rows * 2 for name, rows in tables.items()}, toml=TOML),
    )
    before, after = _without_rows(once.facts), _without_rows(twice.facts)
    for name in FRAME_NAMES:
        assert_frame_equal(before[name], after[name])
    counts = dict(table_counts(twice.connection).select("table", "duplicates").iter_rows())
    assert counts["observations"] >= 150


def test_another_patient_changes_nobody_elses_facts() -> None:
    tables = _tables(1)
    more = {**tables, "patients": [*tables["patients"], {**PATIENT, "patient_id": "P99"}]}
    more["treatments"] = [
        *tables["treatments"],
        {"patient_id": "P99", "drug": "VRd", "start_date": "2020-01-01"},
    ]
    before, after = build(tables, toml=TOML).facts, build(more, toml=TOML).facts
    newcomer = after.patients.filter(pl.col("patient_id") == "P99")["patient"].item()
    assert newcomer == 12
    for name in FRAME_NAMES:
        others = getattr(after, name).filter(pl.col("patient") != newcomer)
        assert_frame_equal(getattr(before, name), others)


def test_frames_have_the_columns_types_and_order_of_the_schemas() -> None:
    facts = build(_tables(2), toml=TOML).facts
    keys = (
        "patient",
        "table",
        "trial_id",
        "criterion_id",
        "line_row",
        "concept",
        "source_table",
        "source_row",
    )
    for name, schema in SCHEMAS.items():
        frame: pl.DataFrame = getattr(facts, name)
        assert frame.schema == pl.Schema(schema)
        order = [column for column in keys if column in schema]
        assert_frame_equal(frame.select(order), frame.select(order).sort(order))
        nullable = {"site", "vital_status", "last_contact_latest", "contact_permitted"}
        nullable |= {"recorded_value", "recorded_unit", "recorded_name"}
        assert sum(frame[column].null_count() for column in schema if column not in nullable) == 0, name


def test_exact_facts_carry_no_reasons_and_no_interval_is_empty() -> None:
    facts = build(_tables(3, patients=4), toml=TOML).facts
    for value in ("value", "upper_limit", "lower_limit"):
        low, high, why = (pl.col(f"{value}_{part}") for part in ("low", "high", "reasons"))
        assert facts.latest.filter((low > high) | ((low == high) != (why == 0))).is_empty()
    starts, ends = (
        pl.col("start_earliest") > pl.col("start_latest"),
        pl.col("end_earliest") > pl.col("end_latest"),
    )
    assert facts.events.filter(starts | ends).is_empty()


def test_batches_together_are_the_whole() -> None:
    built = build(_tables(4), toml=TOML)
    first, second = read_facts(built.connection, 0, 4), read_facts(built.connection, 5, 11)
    for name in FRAME_NAMES:
        parts = pl.concat([getattr(first, name), getattr(second, name)]).unique(maintain_order=True)
        if name == "coverage":
            continue
        assert_frame_equal(getattr(built.facts, name), parts)


def test_rows_read_are_rows_accepted_and_rows_quarantined() -> None:
    built = build(_tables(5), toml=TOML)
    counts = table_counts(built.connection)
    assert counts.filter(pl.col("rows") != pl.col("accepted") + pl.col("quarantined")).is_empty()
    assert dict(counts.select("table", "rows").iter_rows())["observations"] == 150
    named = quarantine_rows(built.connection).select("table", "source_row").unique()
    assert named.height == counts["quarantined"].sum()


def test_unmapped_names_are_counted_most_frequent_first() -> None:
    drugs = ["rhubarb", "rhubarb", "sorrel", "VRd"]
    rows = [{"drug": name, "start_date": f"2020-01-0{day}"} for day, name in enumerate(drugs, start=1)]
    found = unmapped_counts(build({"treatments": rows}).connection)
    assert found.rows() == [("treatments", "rhubarb", 2), ("treatments", "sorrel", 1)]


def test_the_facts_of_two_dates_can_be_made_of_one_extract() -> None:
    built = build(_tables(6), toml=TOML)
    stage_extract(built.connection, date(2024, 1, 1), everything(), lambda text: None)
    assert read_facts(built.connection, 0, 11).as_of == date(2024, 1, 1)
    stage_extract(built.connection, AS_OF, everything(), lambda text: None)
    again = read_facts(built.connection, 0, 11)
    for name in FRAME_NAMES:
        assert_frame_equal(getattr(built.facts, name), getattr(again, name))


def test_every_sql_file_is_run_and_says_what_it_answers() -> None:
    for folder, names in (("staging", {*WHOLE, *STAGING, "macros"}), ("facts", set(FACTS))):
        found = {entry.name.removesuffix(".sql") for entry in files("sql").joinpath(folder).iterdir()}
        assert found == names
    for folder, name in (*WHOLE_MODELS, *BATCH_MODELS):
        text = model_text(folder, name)
        assert text.startswith("-- "), name
        assert "-- Grain: " in text or name == "all_days", name


def test_every_reason_named_in_sql_is_one_of_the_reasons() -> None:
    named = set()
    for folder, name in (*WHOLE_MODELS, *BATCH_MODELS):
        text = model_text(folder, name)
        named |= set(re.findall(r"reason\('(\w+)'\)", text))
        named |= set(re.findall(r"reason_if\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?,\s*'(\w+)'\s*\)", text))
    assert named <= set(REASONS)
    assert {"never_recorded", "unit_unclear", "unmapped_code", "needs_review", "conflicting_values"} <= named
