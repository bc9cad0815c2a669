"""A table in several files is one table."""

from pathlib import Path

import pytest

from schemas.errors import ExtractRefused
from tests.data.extract.loading import load, load_files

HEADER = "patient_id,observation,date,value,unit\n"
FIRST = "P1,hemoglobin,2026-01-01,10,g/dL\nP2,hemoglobin,2026-01-02,ten,g/dL\n"
SECOND = "P1,albumin,2026-01-03,4,g/dL\n"
PATIENTS = "patient_id,birth_date,sex\nP1,1950,male\nP2,1950,male\n"


def test_the_rows_of_the_parts_are_numbered_through_in_the_order_of_the_parts(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    one = load_files(whole, {"patients.csv": PATIENTS, "observations.csv": HEADER + FIRST + SECOND})
    # As text, 10 would come before 9.
    files = {"observations.10.csv": HEADER + SECOND, "observations.9.csv": HEADER + FIRST}
    several = load_files(parts, {"patients.csv": PATIENTS, **files})
    assert several.rows("raw_observations") == one.rows("raw_observations")
    assert several.failures() == one.failures() == [("observations", 2, "value", "not_a_number")]


def test_patients_may_come_in_parts_of_two_forms(tmp_path: Path) -> None:
    header, first, second = PATIENTS.splitlines(keepends=True)
    files = {"patients.1.csv": header + second, "patients.2.csv": header + first}
    loaded = load_files(tmp_path, {**files, "observations.csv": HEADER + FIRST})
    assert [row["patient"] for row in loaded.rows("raw_patients")] == [1, 0]
    assert [row["patient"] for row in loaded.rows("raw_observations")] == [0, 1]


@pytest.mark.parametrize(
    "names",
    [
        ("observations.csv", "observations.1.csv"),
        ("observations.1.csv", "observations.01.csv"),
        ("observations.1.csv", "observations.1.csv.gz"),
    ],
)
def test_two_files_for_one_table_or_part_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        (tmp_path / name).write_text(HEADER + FIRST, encoding="utf-8")
    (tmp_path / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    with pytest.raises(ExtractRefused, match="two files for one table"):
        load(tmp_path)


def test_parts_with_other_columns_are_refused(tmp_path: Path) -> None:
    other = "patient_id,observation,date,value\nP1,albumin,2026-01-03,4\n"
    files = {"observations.1.csv": HEADER + FIRST, "observations.2.csv": other}
    with pytest.raises(ExtractRefused, match=r"observations\.2\.csv: its columns are not those"):
        load_files(tmp_path, files)


def test_a_file_that_is_no_part_of_a_table_is_named_and_not_read(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"observations.new.csv": HEADER + FIRST})
    assert loaded.rows("raw_observations") == []
    assert "bears no table's name" in loaded.rows("extract_notes")[0]["note"]
