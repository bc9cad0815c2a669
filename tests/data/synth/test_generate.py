"""What holds for the synthetic registry as a whole: repeatable, complete, whole at any size."""

import ast
import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.synth import rates
from data.synth.columns import COLUMNS
from data.synth.generate import BLOCK, generate
from schemas.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]

CONTRACT = {
    "patients": "patient_id birth_date sex vital_status death_date last_contact_date contact_permitted"
    " childbearing_potential site",
    "conditions": "patient_id condition code_system onset_date resolved_date status confirmed grade"
    " controlled residual_disease completely_resected",
    "observations": "patient_id observation code_system date value unit upper_limit lower_limit status",
    "treatments": "patient_id drug start_date stop_date line status planned stop_reason",
    "responses": "patient_id date response",
    "procedures": "patient_id procedure code_system start_date stop_date status major",
    "medications": "patient_id drug start_date stop_date route status last_confirmed_date",
    "allergies": "patient_id substance kind date",
    "trial_participation": "patient_id trial_id interventional start_date end_date",
    "attestations": "patient_id trial_id criterion_id answer date attested_by comment",
    "screening_log": "patient_id trial_id status date",
    "coverage": "table complete_from complete_through site patient_id",
}


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _made(folder: Path, patients: int = 200, seed: int = 3, file_format: str = "parquet") -> Path:
    generate(patients, seed, folder, file_format=file_format)
    return folder


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, file_format: str) -> None:
    first = _made(tmp_path / "a", file_format=file_format)
    assert _digests(first) == _digests(_made(tmp_path / "b", file_format=file_format))


def test_another_seed_gives_other_patients(tmp_path: Path) -> None:
    one, two = _digests(_made(tmp_path / "a", seed=3)), _digests(_made(tmp_path / "b", seed=4))
    assert one["patients.parquet"] != two["patients.parquet"]
    assert one["observations.parquet"] != two["observations.parquet"]


@pytest.mark.parametrize("table", [table for table in CONTRACT if table != "coverage"])
def test_the_first_patients_of_a_larger_registry_are_those_of_a_smaller_one(
    larger_registry: Path, smaller_registry: Path, table: str
) -> None:
    small = pl.read_parquet(smaller_registry / f"{table}.parquet")
    large = pl.read_parquet(larger_registry / f"{table}.parquet")
    assert large.height > small.height
    assert large.head(small.height).equals(small)


@pytest.fixture(scope="module")
def smaller_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("synth") / "small", patients=150)


@pytest.fixture(scope="module")
def larger_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("synth") / "large", patients=BLOCK + 50)


@pytest.mark.parametrize("table", list(CONTRACT))
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_every_table_has_the_contracts_columns_in_order(tmp_path: Path, table: str, file_format: str) -> None:
    path = _made(tmp_path / "out", patients=40, file_format=file_format) / f"{table}.{file_format}"
    frame = pl.read_parquet(path) if file_format == "parquet" else pl.read_csv(path, infer_schema=False)
    assert frame.columns == CONTRACT[table].split()
    numbers = {name for name, kind in frame.schema.items() if kind == pl.Int32}
    assert numbers == ({"line", "grade"} & set(frame.columns) if file_format == "parquet" else set())
    assert all(kind in (pl.String, pl.Int32) for kind in frame.dtypes)


def test_the_tables_are_those_of_the_contract_and_the_extract_says_what_it_is(tmp_path: Path) -> None:
    out = _made(tmp_path / "out", patients=5)
    assert {path.name for path in out.iterdir()} == {f"{t}.parquet" for t in CONTRACT} | {"extract.toml"}
    assert (out / "extract.toml").read_text() == 'source = "synthetic"\nextracted_on = 2026-06-30\n'
    assert list(COLUMNS) == list(CONTRACT)


def test_csv_and_parquet_hold_the_same_cells(tmp_path: Path) -> None:
    text, typed = _made(tmp_path / "csv", file_format="csv"), _made(tmp_path / "parquet")
    for table in CONTRACT:
        cells = pl.read_csv(text / f"{table}.csv", infer_schema=False)
        assert cells.equals(pl.read_parquet(typed / f"{table}.parquet").cast(pl.String)), table


def test_the_day_of_the_extract_moves_the_whole_registry(tmp_path: Path) -> None:
    generate(50, 1, tmp_path / "early", as_of=date(2024, 3, 1))
    patients = pl.read_parquet(tmp_path / "early" / "patients.parquet")
    assert patients.filter(pl.col("last_contact_date") > "2024-03-01").height == 0
    assert patients.filter(pl.col("last_contact_date") > "2024-02-01").height > 10


def test_a_folder_that_holds_anything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not an empty folder"):
        generate(10, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("patients", "seed"), [(0, 1), (-3, 1), (5, -1)])
def test_no_patients_or_a_negative_seed_are_refused(tmp_path: Path, patients: int, seed: int) -> None:
    with pytest.raises(UsageError, match="must"):
        generate(patients, seed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_generator_is_blind_to_the_criteria() -> None:
    """No module of the generator imports from the criteria, the engine's SQL or the flows."""
    for path in (ROOT / "data" / "synth").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"criteria", "sql", "flows"}, path.name


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate(60, 5, tmp_path / "sample", file_format="csv")
    assert _digests(tmp_path / "sample") == _digests(ROOT / "data" / "sample")


def test_the_document_states_every_rate() -> None:
    document = (ROOT / "docs" / "synthetic-registry.md").read_text(encoding="utf-8")
    assert rates.rates_table() in document
