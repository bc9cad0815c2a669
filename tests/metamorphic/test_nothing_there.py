"""Where there is nothing there is still an answer: no rows, no patients, no tables, no criteria."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from flows.request import RunRequest
from flows.steps import run_screening
from schemas.extract import TABLES
from tests.metamorphic.pipeline import AS_OF, Registry, screened, shipped, silent, write
from tests.metamorphic.registries import crowded, synthetic, table_of

PATIENT = {"patient_id": "P1", "birth_date": "1960-05-01", "sex": "female", "vital_status": "alive"}
NO_CRITERIA = """
[trial]
id = "nothing-asked"
title = "Asks nothing"
source = "made up for a test"
lookback_days = 28
"""


def _empty(*tables: str) -> dict[str, pl.DataFrame]:
    return {table: table_of(table, []) for table in tables}


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("tables", [("patients",), tuple(TABLES)])
def test_without_patients_there_are_no_verdicts_and_two_empty_lists(
    tables: tuple[str, ...], form: str
) -> None:
    outcome = screened(Registry(_empty(*tables)), forms=dict.fromkeys(tables, form))
    assert outcome.verdicts.is_empty()
    assert outcome.candidates.is_empty()
    assert outcome.not_listed.is_empty()


def test_tables_that_are_not_there_say_nothing_and_empty_ones_say_that_nothing_happened() -> None:
    person = table_of("patients", [PATIENT])
    absent = screened(Registry({"patients": person})).verdicts
    empty = screened(Registry({**_empty(*TABLES), "patients": person})).verdicts
    assert set(absent["verdict"]) == {"unknown"}
    found = dict(empty.select("criterion_id", "verdict").iter_rows())
    assert (found["E15"], found["E16"], found["I03"], found["I09"]) == ("pass", "pass", "fail", "unknown")


def test_rows_about_nobody_are_as_good_as_none() -> None:
    """Every row is about patients whom the table of patients does not have."""
    person = table_of("patients", [PATIENT])
    crowd = crowded(80, 11)
    rows = {name: frame for name, frame in crowd.tables.items() if name not in ("patients", "coverage")}
    found = screened(Registry({**rows, "patients": person}))
    nothing = screened(
        Registry({**{name: frame.clear() for name, frame in rows.items()}, "patients": person})
    )
    assert found.verdicts.equals(nothing.verdicts)
    assert all(counts["accepted"] == 0 for name, counts in found.rows.items() if name != "patients")


def test_a_trial_without_criteria_finds_everybody_listed_eligible() -> None:
    trial = replace(shipped(), criteria=())
    outcome = screened(synthetic(60, 11), trial=trial)
    assert outcome.verdicts.is_empty()
    assert set(outcome.candidates["tier"]) == {"eligible"}
    assert outcome.candidates.height + outcome.not_listed.height == 60


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_extract_gives_the_same_bytes_whatever_the_batches(tmp_path: Path) -> None:
    """Every published file of two runs, one in one batch, one in batches of fifty."""
    write(crowded(80, 11), tmp_path / "extract")
    runs = []
    for number, batch in enumerate((1000, 50)):
        request = RunRequest(
            extract=tmp_path / "extract",
            trials=(shipped().id,),
            out=tmp_path / f"out{number}",
            as_of=AS_OF,
            enrollment=AS_OF,
            first_dose=AS_OF,
            readings=(),
            batch_patients=batch,
        )
        runs.append(_bytes(run_screening(request, silent).folder))
    assert runs[0].keys() == runs[1].keys()
    assert [name for name in runs[0] if runs[0][name] != runs[1][name]] == []
