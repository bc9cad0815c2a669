"""The key of an answer follows from the evidence: not from the day, nor from the order of rows."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from criteria.evidence import Evidence, evidence_in, reads_of
from criteria.patient_rows import rows_by_patient
from criteria.trial import Trial, load_trial
from data.catalogue import load_catalogue
from data.synth.generate import AS_OF, generate
from flows.evidence_key import evidence_key, standing_text, turned_since
from flows.loading import load_tables, wanted_by
from flows.session import working_database
from sql.runner import patient_count, read_facts, stage_extract

PATIENTS = 60
Keys = dict[tuple[str, str], tuple[str, list[Evidence]]]


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial("NCT06050512", load_catalogue())


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "extract"
    generate(PATIENTS, 7, folder, progress=lambda _: None)
    return folder


def keys_on(extract: Path, trial: Trial, days: Iterable[date], scratch: Path) -> Iterator[Keys]:
    with working_database(scratch) as connection:
        load_tables(extract, "prescreen", None, connection, lambda _: None)
        for day in days:
            stage_extract(connection, day, wanted_by([trial]), lambda _: None)
            facts = read_facts(connection, 0, patient_count(connection) - 1)
            reads = {criterion.id: reads_of(criterion, day) for criterion in trial.criteria}
            found: Keys = {}
            for _, rows in rows_by_patient(facts, facts.patients["patient"].to_list()):
                patient_id = rows.person["patient_id"]
                for one in trial.criteria:
                    pieces = evidence_in(rows, reads[one.id])
                    found[patient_id, one.id] = evidence_key(trial, patient_id, one, pieces), pieces
            yield found


def test_days_that_go_by_change_no_key(extract: Path, trial: Trial, tmp_path: Path) -> None:
    days = [AS_OF + timedelta(days=ahead) for ahead in (0, 1, 29, 31, 95, 370)]
    first, *later = keys_on(extract, trial, days, tmp_path / "work")
    assert len({key for key, _ in first.values()}) == len(first)
    for keys in later:
        changed = [keys[name][1] for name, (key, _) in first.items() if keys[name][0] != key]
        # Rows from days to come, of which this registry has a few, are new when their day has come.
        assert all(any(piece.first and piece.first[1] > AS_OF for piece in pieces) for pieces in changed)
        assert len(changed) < len(first) / 100


def test_another_order_of_rows_changes_no_key(extract: Path, trial: Trial, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for path in extract.iterdir():
        if path.suffix == ".parquet":
            pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=3).write_parquet(shuffled / path.name)
        else:
            (shuffled / path.name).write_bytes(path.read_bytes())
    assert {path.name for path in shuffled.iterdir()} == {path.name for path in extract.iterdir()}
    (before,) = keys_on(extract, trial, [AS_OF], tmp_path / "before")
    (after,) = keys_on(shuffled, trial, [AS_OF], tmp_path / "after")
    assert {name: key for name, (key, _) in before.items()} == {name: key for name, (key, _) in after.items()}


def verdict(word: str, reason: str | None = None, criterion: str = "I1") -> dict[str, str | None]:
    return {"criterion_id": criterion, "verdict": word, "reason": reason}


def test_a_standing_tells_which_verdicts_turned_and_on_what_they_rested() -> None:
    before = standing_text([(verdict("pass"), "a" * 16), (verdict("unknown", "stale", "I2"), "b" * 16)])
    assert before == "I1=p:aaaaaaaa;I2=u:bbbbbbbb"
    for now, turned in (
        (verdict("pass"), {}),
        (verdict("fail"), {"I1": "a" * 8}),
        (verdict("unknown", "stale"), {}),
        (verdict("unknown", "source_stale"), {}),
        (verdict("unknown", "conflicting_values"), {"I1": "a" * 8}),
        (verdict("pass", criterion="I2"), {"I2": "b" * 8}),
        (verdict("fail", criterion="I3"), {}),
    ):
        assert turned_since(before, [now]) == turned
    assert turned_since("", [verdict("pass")]) == {}
