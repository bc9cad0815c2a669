"""Loading an extract: what lands in which table, and that nothing is lost or guessed on the way."""

import gzip
import hashlib
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.extract import read
from data.extract.convert import convert
from data.extract.files import table_files
from data.extract.load import load_extract
from schemas.errors import ExtractRefused, StorageFailed
from schemas.extract import TABLES, typed_columns
from schemas.extract_models import typed_model
from tests.data.extract.loading import PATIENTS, load, load_files

OBSERVATIONS = (
    "patient_id,observation,date,value,unit,upper_limit,note\n"
    'P1,"M spike, serum",2026-01-05,11.2,g/dL,,x\n'
    "P1,alt,2026-01,<5,U/L,35,\n"
    "P2,hbsag,2026,Negative,,,\n"
    "P2,alt,2026-02-05,NA,U/L,35.5,\n"
)


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_patients_alone_are_an_extract_and_every_other_table_is_empty_and_not_delivered(
    tmp_path: Path,
) -> None:
    loaded = load_files(tmp_path, {"patients.csv": PATIENTS})
    assert loaded.rows("delivered") == [{"name": "patients"}]
    assert list(loaded.counts) == list(TABLES)
    for name, count in loaded.counts.items():
        assert (
            loaded.connection.table(f"raw_{name}").pl().height
            == count.rows
            == (2 if name == "patients" else 0)
        )
        assert (count.file is None) == (name != "patients")


def test_every_raw_table_has_the_columns_and_types_that_are_documented(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {})
    for table in TABLES.values():
        assert dict(loaded.connection.table(f"raw_{table.name}").pl().schema) == typed_columns(table)


def test_a_row_is_kept_with_its_number_its_interval_its_open_end_and_its_faults(tmp_path: Path) -> None:
    rows = load_files(tmp_path, {"observations.csv": OBSERVATIONS}).rows("raw_observations")
    assert [row["source_row"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["observation"] == "M spike, serum"
    assert (rows[1]["date_earliest"], rows[1]["date_latest"]) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (rows[1]["value"], rows[1]["value_high"], rows[1]["value_high_open"]) == ("<5", Decimal(5), True)
    assert (rows[2]["value_word"], rows[2]["value_low"], rows[2]["unit"]) == ("negative", None, None)
    assert (rows[3]["value"], rows[3]["quarantined"], rows[3]["bad_columns"]) == ("NA", True, ["value"])
    assert rows[3]["upper_limit"] == Decimal("35.5")


def test_exact_duplicates_and_repeated_patients_are_kept(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"patients.csv": PATIENTS + PATIENTS.split("\n")[1] + "\n"})
    assert [row["patient_id"] for row in loaded.rows("raw_patients")] == ["P1", "P2", "P1"]


def test_leading_zeros_of_ids_survive_in_csv_and_parquet(tmp_path: Path) -> None:
    responses = parquet({"patient_id": ["007", " 08 "], "date": ["2026", "2026"], "response": ["PD", "CR"]})
    (tmp_path / "responses.parquet").write_bytes(responses)
    loaded = load_files(tmp_path, {"patients.csv": "patient_id,birth_date,sex\n007,1950,male\n"})
    assert loaded.rows("raw_patients")[0]["patient_id"] == "007"
    assert [row["patient_id"] for row in loaded.rows("raw_responses")] == ["007", "08"]


def _raw(folder: Path, name: str, content: bytes) -> pl.DataFrame:
    folder.mkdir()
    frame: pl.DataFrame = load_files(folder, {name: content}).connection.table("raw_observations").pl()
    return frame


def test_plain_packed_crlf_and_parquet_files_of_the_same_texts_give_the_same_rows(tmp_path: Path) -> None:
    frame = pl.read_csv(OBSERVATIONS.encode(), infer_schema=False)
    plain = _raw(tmp_path / "plain", "observations.csv", OBSERVATIONS.encode())
    packed = _raw(tmp_path / "gz", "observations.csv.gz", gzip.compress(OBSERVATIONS.encode()))
    crlf = _raw(
        tmp_path / "crlf", "observations.csv", b"\xef\xbb\xbf" + OBSERVATIONS.replace("\n", "\r\n").encode()
    )
    turned = frame.select(reversed(frame.columns)).to_arrow()
    stored = _raw(
        tmp_path / "parquet", "observations.parquet", parquet({n: turned[n] for n in turned.column_names})
    )
    assert plain.height == 4
    assert plain.equals(packed)
    assert plain.equals(crlf)
    assert plain.equals(stored)


def test_typed_parquet_columns_say_what_their_csv_text_would_say(tmp_path: Path) -> None:
    typed = parquet(
        {
            "patient_id": pa.array([7, 7, 8], pa.int64()),
            "observation": pa.array(["alt", "alt", "hemoglobin"]).dictionary_encode(),
            "date": pa.array([date(2026, 1, 5), None, date(2026, 1, 6)], pa.date32()),
            "value": pa.array([0.1, 1e-7, float("nan")], pa.float64()),
            "unit": pa.nulls(3),
            "upper_limit": pa.array([Decimal("35.50"), None, Decimal("0")], pa.decimal128(10, 2)),
        }
    )
    loaded = load_files(tmp_path, {"observations.parquet": typed})
    rows = loaded.rows("raw_observations")
    assert [row["patient_id"] for row in rows] == ["7", "7", "8"]
    assert [row["value_low"] for row in rows] == [Decimal("0.1"), Decimal("0.0000001"), None]
    assert (rows[0]["date_earliest"], rows[0]["upper_limit"]) == (date(2026, 1, 5), Decimal("35.5"))
    assert loaded.failures() == [
        ("observations", 2, "date", "required_blank"),
        ("observations", 3, "value", "not_finite"),
        ("observations", 3, "upper_limit", "bad_limit"),
    ]


def test_booleans_floats_and_instants_of_parquet_are_words_integers_and_days(tmp_path: Path) -> None:
    conditions = parquet(
        {
            "patient_id": ["P1", "P1"],
            "condition": ["hypertension", "copd"],
            "confirmed": [True, None],
            "grade": [2.0, 2.5],
            "onset_date": pa.array([1_767_571_200, 1_767_571_201], pa.timestamp("s")),
        }
    )
    loaded = load_files(tmp_path, {"conditions.parquet": conditions})
    rows = loaded.rows("raw_conditions")
    assert (rows[0]["confirmed"], rows[0]["grade"], rows[0]["onset_latest"]) == ("yes", 2, date(2026, 1, 5))
    assert [rule for _, _, _, rule in loaded.failures()] == ["bad_date", "bad_integer"]


def test_source_rows_run_on_over_chunks_and_so_do_the_numbers_of_bad_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "CSV_CHUNK_BYTES", 2000)
    monkeypatch.setattr(read, "CHUNK_ROWS", 64)
    monkeypatch.setattr("data.extract.load.ROW_GROUP", 100)
    ids = [f"P{number}" for number in range(1000)]
    births = ["1950" if number % 100 else "bad" for number in range(1000)]
    text = "".join(f"{i},{b},male\n" for i, b in zip(ids, births, strict=True))
    bad = [("patients", number + 1, "birth_date", "bad_date") for number in range(0, 1000, 100)]
    for name, content in (
        ("patients.csv", b"patient_id,birth_date,sex\n" + text.encode()),
        ("patients.parquet", parquet({"patient_id": ids, "birth_date": births, "sex": ["male"] * 1000})),
    ):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        loaded = load_files(folder, {name: content})
        rows = loaded.rows("raw_patients")
        assert [row["patient_id"] for row in rows] == ids
        assert [row["source_row"] for row in rows] == list(range(1, 1001))
        assert loaded.failures() == bad


def test_a_header_alone_is_a_delivered_empty_table(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"allergies.csv": "patient_id,substance\n"})
    assert {"name": "allergies"} in loaded.rows("delivered")
    assert (loaded.counts["allergies"].file, loaded.counts["allergies"].rows) == ("allergies.csv", 0)


def test_a_parquet_file_without_rows_is_a_delivered_empty_table(tmp_path: Path) -> None:
    nobody = {"patient_id": pa.array([], pa.string()), "substance": pa.array([], pa.string())}
    loaded = load_files(tmp_path, {"allergies.parquet": parquet(nobody)})
    assert {"name": "allergies"} in loaded.rows("delivered")


def test_counts_carry_the_hash_of_the_file_as_delivered(tmp_path: Path) -> None:
    packed = gzip.compress(PATIENTS.encode())
    count = load_files(tmp_path, {"patients.csv.gz": packed}).counts["patients"]
    assert (count.file, count.sha256) == ("patients.csv.gz", hashlib.sha256(packed).hexdigest())
    assert (count.rows, count.accepted, count.quarantined) == (2, 2, 0)


def test_a_row_with_several_faults_is_one_quarantined_row_with_a_line_for_each(tmp_path: Path) -> None:
    loaded = load_files(tmp_path, {"patients.csv": "patient_id,birth_date,sex\n,31/12/1950,f\n"})
    assert [(column, rule) for _, _, column, rule in loaded.failures()] == [
        ("patient_id", "required_blank"),
        ("birth_date", "bad_date"),
        ("sex", "bad_word"),
    ]
    assert loaded.counts["patients"].quarantined == 1
    assert loaded.rows("raw_patients")[0]["patient_id"] is None


def test_an_end_that_may_be_on_or_after_the_start_is_no_fault(tmp_path: Path) -> None:
    courses = (
        "patient_id,drug,start_date,stop_date\nP1,a,2024-05-10,2024-05\nP1,a,2024-05,2024-05-01\nP1,a,2024,\n"
    )
    assert load_files(tmp_path, {"treatments.csv": courses}).failures() == []


def test_coverage_for_everybody_needs_no_patient(tmp_path: Path) -> None:
    coverage = "table,complete_from,complete_through,site,patient_id\nresponses,,2026-06-30,,\n"
    loaded = load_files(tmp_path, {"coverage.csv": coverage})
    row = loaded.rows("raw_coverage")[0]
    assert (row["patient_id"], row["complete_from_earliest"], row["quarantined"]) == (None, None, False)


def test_extract_toml_gives_source_day_and_units_and_its_absence_gives_nothing(tmp_path: Path) -> None:
    info = (
        'source = "registry"\nextracted_on = 2026-06-30\n[default_units]\nalt = "U/L"\nalbumin = " g/dL "\n'
    )
    loaded = load_files(tmp_path, {"extract.toml": info})
    assert loaded.rows("extract_info") == [{"source": "registry", "extracted_on": date(2026, 6, 30)}]
    units = [{"observation": "albumin", "unit": "g/dL"}, {"observation": "alt", "unit": "U/L"}]
    assert loaded.rows("default_units") == units
    (tmp_path / "extract.toml").write_text('extracted_on = "2026-07-01"\n')
    assert load(tmp_path).rows("extract_info") == [{"source": None, "extracted_on": date(2026, 7, 1)}]
    (tmp_path / "extract.toml").unlink()
    assert load(tmp_path).rows("extract_info") == [{"source": None, "extracted_on": None}]


def test_files_and_columns_that_are_not_read_are_noted_in_the_database_and_on_the_way(tmp_path: Path) -> None:
    files = {"observation.csv": "", "Ann Example.csv": "", "readme.txt": "", "observations.csv": OBSERVATIONS}
    loaded = load_files(tmp_path, files)
    notes = loaded.rows("extract_notes")
    assert [row["file"] for row in notes] == ["", "observation.csv", "observations.csv"]
    assert "Ann" not in str(notes)
    assert notes[1]["note"].endswith("was not read. Did you mean 'observations'?")
    assert notes[2]["note"] == "observations.csv: column 'note' is not known and was not read."
    assert [f"note: {row['note']}" for row in notes] == [
        said for said in loaded.said if said.startswith("note")
    ]


def test_links_to_files_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    (tmp_path / "elsewhere").write_text(PATIENTS)
    (folder / "patients.csv").symlink_to(tmp_path / "elsewhere")
    assert load(folder).counts["patients"].rows == 2
    assert table_files(folder) == {"patients": (folder / "patients.csv",)}


def test_a_folder_whose_own_name_holds_a_pattern_is_read_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "extract[1]*"
    folder.mkdir()
    assert load_files(folder, {}).counts["patients"].rows == 2


def test_loading_twice_into_one_database_leaves_the_second_extract_only(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text(PATIENTS)
    connection = duckdb.connect()
    for _ in range(2):
        load_extract(tmp_path, connection, lambda _: None)
    assert connection.table("raw_patients").pl().height == 2


def test_the_same_extract_gives_the_same_rows_every_time(tmp_path: Path) -> None:
    first = load_files(tmp_path, {"observations.csv": OBSERVATIONS})
    second = load(tmp_path)
    for table in ("raw_patients", "raw_observations", "quarantine", "extract_notes"):
        assert first.rows(table) == second.rows(table)


def test_a_database_that_fails_is_a_failed_store_and_its_words_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text(PATIENTS)
    connection = duckdb.connect()
    connection.close()
    with pytest.raises(StorageFailed) as caught:
        load_extract(tmp_path, connection, lambda _: None)
    assert caught.value.__context__ is None


def test_a_file_that_cannot_be_opened_is_a_failed_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "CANARY")

    (tmp_path / "patients.csv").write_text(PATIENTS)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(StorageFailed, match=r"patients\.csv: the file could not be read") as caught:
        load(tmp_path)
    assert "CANARY" not in str(caught.value)


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS)

    def grow(*arguments: Any) -> Any:
        with path.open("a") as file:
            file.write("P3,1950,male\n")
        return convert(*arguments)

    monkeypatch.setattr("data.extract.load.convert", grow)
    with pytest.raises(ExtractRefused, match="changed while it was read"):
        load(tmp_path)


def test_a_small_parquet_file_with_rows_beyond_reason_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "FEW_ROWS", 1000)
    one = {name: pa.repeat(cell, 1_000_000) for name, cell in (("patient_id", "1"), ("sex", "male"))}
    with pytest.raises(ExtractRefused, match="far more rows than a file of its size can honestly hold"):
        load_files(tmp_path, {"patients.parquet": parquet(one)})


def test_a_reader_that_loses_a_row_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*arguments: Any) -> Any:
        whole = convert(*arguments)
        return type(whole)(whole.rows.head(-1), whole.failures)

    monkeypatch.setattr("data.extract.load.convert", lose)
    with pytest.raises(ExtractRefused, match="2 rows were counted but 1 were read"):
        load_files(tmp_path, {})


@pytest.mark.parametrize("table", TABLES)
def test_the_model_of_a_table_describes_its_converted_columns(table: str) -> None:
    columns = typed_columns(TABLES[table])
    model = typed_model(table)
    ours = ("patient", "quarantined", "bad_columns")
    assert list(model.columns) == [name for name in columns if name not in ours]
    assert all(column.description for name, column in model.columns.items() if name != "source_row")
