"""The copy of a run: no id, no date, no free text, an order that tells nothing, and a secret that is one."""

import hashlib
import hmac
import stat
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.pseudonymous.copy import pseudonymise
from flows.pseudonymous.people import ALLOWED, key_of, keyed_patients, without_identity
from flows.steps import run_screening
from schemas.errors import UsageError
from schemas.words import BEGINNING, FOREVER
from tests.flows.extracts import AS_OF, CANARY, TABLES, request, write_extract, write_trial

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published run."""
    folder = tmp_path_factory.mktemp("pseudonymous")
    run_screening(
        request(write_extract(folder / "extract"), folder / "out", write_trial(folder)), lambda _: None
    )
    return folder / "out"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def test_the_copy_holds_no_id_no_date_and_no_free_text(out: Path, secret: Path, tmp_path: Path) -> None:
    names = pseudonymise(out, secret, tmp_path / "copy")
    assert names == [
        "about.json",
        *(f"counts/{name}.csv" for name in ("attrition", "changes", "standing", "worklist")),
        *(f"patients/{name}.parquet" for name in ("candidates", "not_listed", "verdicts")),
    ]
    run_id = (out / "latest").resolve().name
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            if path.suffix == ".parquet":
                text += str(pl.read_parquet(path).rows()).encode()
                assert not any(kind == pl.Date for kind in pl.read_parquet_schema(path).values())
            for told in (CANARY, run_id, str(AS_OF), "unheard_of", "2026-", "1960"):
                assert told.encode() not in text, (path.name, told)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "copy" / "patients").stat().st_mode) == 0o700


def test_each_patient_has_one_keyed_id_in_every_file(out: Path, secret: Path, tmp_path: Path) -> None:
    pseudonymise(out, secret, tmp_path / "copy")
    frames = {name: pl.read_parquet(tmp_path / "copy" / "patients" / f"{name}.parquet") for name in ALLOWED}
    keys = {
        hmac.new(SECRET, name.encode(), hashlib.sha256).hexdigest()[:16]
        for name in (CANARY, "002", "003", "004", "005", "006")
    }
    listed, others = (set(frames[name]["patient_key"]) for name in ("candidates", "not_listed"))
    assert listed | others == keys
    assert not listed & others
    assert set(frames["verdicts"]["patient_key"]) == keys
    assert {name: tuple(frame.columns) for name, frame in frames.items()} == ALLOWED
    assert frames["not_listed"]["patient_key"].is_sorted()
    assert frames["verdicts"]["patient_key"].is_sorted()


def test_the_counts_can_be_had_alone(out: Path, secret: Path, tmp_path: Path) -> None:
    names = pseudonymise(out, secret, tmp_path / "copy", counts_only=True)
    assert not [name for name in names if name.startswith("patients")]


def test_of_six_patients_no_count_but_nothing_is_told(out: Path, secret: Path, tmp_path: Path) -> None:
    pseudonymise(out, secret, tmp_path / "copy")
    standing = pl.read_csv(tmp_path / "copy" / "counts" / "standing.csv")
    assert set(standing["patients"]) == {"*"}


def test_candidates_alike_are_ranked_by_their_keys_not_by_their_ids() -> None:
    ids = [f"{number:03d}" for number in range(40)]
    people = pl.DataFrame({"patient_id": ids, "birth_earliest": [AS_OF] * 40, "birth_latest": [AS_OF] * 40})
    candidates = pl.DataFrame(
        {
            "trial_id": ["t"] * 40,
            "patient_id": ids,
            "rank": range(1, 41),
            "tier": ["excluded"] * 20 + ["eligible"] * 20,
            "opens_on": [AS_OF + timedelta(days=3)] * 40,
            "closes_on": [None] * 40,
            **{name: [0] * 40 for name in ("failing_count", "unknown_count", "attestation_count")},
            **{name: [["C1"]] * 40 for name in ("failing_criteria", "unknown_criteria")},
        },
        schema_overrides={"closes_on": pl.Date},
    )
    found = without_identity(candidates, "candidates", keyed_patients(people, SECRET, AS_OF), AS_OF)
    eligible, excluded = (sorted(key_of(SECRET, name) for name in part) for part in (ids[20:], ids[:20]))
    assert found["patient_key"].to_list() == [*eligible, *excluded]
    assert found["rank"].to_list() == list(range(1, 41))
    assert set(found["opens_in_days"]) == {3}
    assert found["closes_in_days"].null_count() == 40


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ((date(1960, 4, 1), date(1960, 4, 1)), "65"),
        ((date(1960, 3, 31), date(1960, 3, 31)), "66"),
        ((date(1936, 4, 1), date(1936, 4, 1)), "89"),
        ((date(1936, 3, 31), date(1936, 3, 31)), "90+"),
        ((date(1920, 1, 1), date(1920, 12, 31)), "90+"),
        ((date(1960, 1, 1), date(1960, 3, 31)), "66"),
        ((date(1960, 1, 1), date(1960, 12, 31)), None),
        ((BEGINNING, FOREVER), None),
    ],
)
def test_ages_are_whole_years_and_one_from_ninety_on(born: tuple[date, date], age: str | None) -> None:
    people = pl.DataFrame({"patient_id": ["1"], "birth_earliest": [born[0]], "birth_latest": [born[1]]})
    assert keyed_patients(people, SECRET, AS_OF)["age_years"].to_list() == [age]


def test_two_patients_with_one_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.pseudonymous.people.key_of", lambda *_: "0" * 16)
    people = pl.DataFrame(
        {"patient_id": ["1", "2"], "birth_earliest": [AS_OF] * 2, "birth_latest": [AS_OF] * 2}
    )
    with pytest.raises(UsageError, match="the same key"):
        keyed_patients(people, SECRET, AS_OF)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (SECRET, 0o640, "others can read"),
        (SECRET[:31], 0o600, "less than 32 bytes"),
        (None, 0, "cannot be read"),
    ],
)
def test_a_secret_that_is_none_is_refused_before_anything_is_written(
    out: Path, tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(UsageError, match=said):
        pseudonymise(out, path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_holds_something_is_refused(out: Path, secret: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not an empty folder"):
        pseudonymise(out, secret, tmp_path)


def test_the_tables_of_the_test_name_a_canary() -> None:
    """What the first test looks for is there to be found."""
    assert any(CANARY in line for lines in TABLES.values() for line in lines)
