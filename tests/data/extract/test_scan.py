"""The fingerprint of a patient's rows: the same wherever they stand, another as soon as one of them
differs."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from data.extract.scan import Scan, scan_extract

PATIENTS = "patient_id,birth_date,sex\nP1,1950,male\nP2,1951,female\nP3,1952,male\n"
LABS = (
    "patient_id,observation,date,value\n"
    "P1,albumin,2026-01-01,4\nP1,albumin,2026-02-01,5\nP2,calcium,2026-01-01,9\n"
)


def scanned(folder: Path, **tables: str) -> Scan:
    folder.mkdir()
    for name, text in ({"patients": PATIENTS} | tables).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return scan_extract(folder, lambda _: None)


def marks(scan: Scan) -> Mapping[str, int]:
    return dict(zip(scan.ids, scan.fingerprints, strict=True))


def changed(tmp_path: Path, before: str, after: str) -> set[str]:
    """Whose fingerprint differs between two deliveries of observations."""
    one, other = (
        marks(scanned(tmp_path / name, observations=text)) for name, text in (("a", before), ("b", after))
    )
    return {patient for patient in one if one[patient] != other[patient]}


def test_patients_are_numbered_in_the_order_of_their_ids(tmp_path: Path) -> None:
    scan = scanned(tmp_path / "a", patients="patient_id,birth_date,sex\n P2 ,,\nP10,,\nP1,,\nP2,1950,\n,,\n")
    assert scan.ids.to_list() == ["P1", "P10", "P2"]


def test_rows_that_all_moved_by_as_much_are_the_same_and_their_place_is_known(tmp_path: Path) -> None:
    header, *rows = LABS.splitlines(keepends=True)
    later = header + "P3,ecog,2026-01-01,1\n" + "".join(rows)
    assert changed(tmp_path, LABS, later) == {"P3"}
    firsts = scan_extract(tmp_path / "b", lambda _: None).first_rows["observations"]
    assert firsts.to_list() == [2, 4, 1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("P1,albumin,2026-02-01,5", "P1,albumin,2026-02-01,6"),
        ("P1,albumin,2026-02-01,5", "P1,albumin,2026-02-01,"),
        ("P1,albumin,2026-02-01,5\n", ""),
        ("P1,albumin,2026-02-01,5\n", "P1,albumin,2026-02-01,5\nP1,albumin,2026-02-01,5\n"),
        # What stands in one column is not what stands in another.
        ("P1,albumin,2026-02-01,5", "P1,2026-02-01,albumin,5"),
        (
            "P1,albumin,2026-01-01,4\nP1,albumin,2026-02-01,5",
            "P1,albumin,2026-02-01,5\nP1,albumin,2026-01-01,4",
        ),
    ],
)
def test_a_cell_a_row_or_the_order_makes_another_fingerprint_of_the_patient_alone(
    tmp_path: Path, before: str, after: str
) -> None:
    text = LABS.replace(before, after)
    assert text != LABS
    # P2's rows stand elsewhere then, which does not matter.
    assert changed(tmp_path, LABS, text) == {"P1"}


def test_a_row_that_comes_between_the_rows_of_a_patient_counts_as_a_change(tmp_path: Path) -> None:
    first = "P1,albumin,2026-01-01,4\n"
    assert changed(tmp_path, LABS, LABS.replace(first, first + "P3,ecog,2026-01-01,1\n")) == {"P1", "P3"}


def test_the_same_rows_in_another_table_are_not_the_same(tmp_path: Path) -> None:
    log = "patient_id,trial_id,criterion_id,answer,status,date\nP1,T-1,,,,2026-01-01\n"
    one = scanned(tmp_path / "a", attestations=log)
    other = scanned(tmp_path / "b", screening_log=log)
    assert marks(one)["P1"] != marks(other)["P1"]


def test_an_empty_column_says_nothing(tmp_path: Path) -> None:
    wider = LABS.replace("value\n", "value,unit\n").replace("4\n", "4,\n").replace("5\n", "5,\n")
    assert changed(tmp_path, LABS, wider.replace("9\n", "9,\n")) == set()


def test_csv_parquet_and_numbered_parts_of_the_same_rows_are_the_same(tmp_path: Path) -> None:
    csv = scanned(tmp_path / "a", observations=LABS)
    frame = pl.read_csv(LABS.encode(), infer_schema=False)
    whole, parts = tmp_path / "b", tmp_path / "c"
    for folder in (whole, parts):
        folder.mkdir()
        (folder / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    frame.write_parquet(whole / "observations.parquet")
    frame.head(1).write_parquet(parts / "observations.0001.parquet")
    frame.slice(1).write_parquet(parts / "observations.0002.parquet")
    for folder in (whole, parts):
        scan = scan_extract(folder, lambda _: None)
        assert marks(scan) == marks(csv)
        assert scan.first_rows.equals(csv.first_rows)


def test_rows_about_nobody_known_change_nobody(tmp_path: Path) -> None:
    assert changed(tmp_path, LABS, LABS + "P9,ecog,2026-01-01,1\n,ecog,2026-01-01,1\n") == set()


def test_coverage_of_everybody_is_told_apart_from_that_of_a_patient(tmp_path: Path) -> None:
    text = (
        "table,complete_through,patient_id\nobservations,2026-01-01,\ntreatments,2026-01-01,P1\n"
        "responses,2026-01-01,P9\n"
    )
    scan = scanned(tmp_path / "a", coverage=text)
    assert scan.shared["table"].to_list() == ["observations", "responses"]
    assert scan.declared == ("observations", "responses", "treatments")
    assert marks(scan)["P1"] != marks(scanned(tmp_path / "b"))["P1"]


def test_many_chunks_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"P{place % 3 + 1},albumin,2026-01-01,{place}\n" for place in range(60))
    header = LABS.splitlines(keepends=True)[0]
    one = scanned(tmp_path / "a", observations=header + rows)
    monkeypatch.setattr("data.extract.read.CSV_CHUNK_BYTES", 200)
    monkeypatch.setattr("data.extract.scan._ENOUGH_ROWS", 3)
    other = scanned(tmp_path / "b", observations=header + rows)
    assert marks(one) == marks(other)
    assert one.first_rows.equals(other.first_rows)
