"""Who is taken over from the last night: nobody about whom anything may be another tonight."""

import json
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.catalogue import load_catalogue
from data.extract.info import read_info
from data.extract.scan import scan_extract
from flows.carried import Carried, carried_over
from flows.files import files_under
from flows.publish import OutputFolder
from flows.request import load_trials
from flows.state import ABOUT, State, days_of, made_with, read_state
from flows.steps import run_screening
from tests.flows.extracts import AS_OF, CANARY, TABLES, TRIAL, request, write_extract, write_trial

TOMORROW = (AS_OF + timedelta(days=1)).isoformat()
COVERAGE = (
    "table,complete_through,site,patient_id",
    "observations,2026-03-31,,",
    "procedures,2026-03-31,,",
    "procedures,2026-03-30,site-a,",
    "conditions,2020-01-01,,",
)
PATIENTS = (
    "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted,site",
    f"{CANARY},1960-05-01,female,alive,2026-03-01,yes,",
    "002,1955-01-01,male,alive,2026-03-01,yes,site-a",
    "003,1950-02-03,female,alive,2026-03-01,yes,site-b",
    # Born nobody knows when, so that the fact holds the day of the run.
    "004,,female,alive,2026-03-01,yes,",
    # The day of the run in a row, which cannot be told from a fact that only holds that day; and one ahead.
    "005,1950-02-03,female,alive,2026-03-31,yes,",
    "006,1950-02-03,male,alive,2026-04-02,yes,",
)
LAST_NIGHT: Mapping[str, Sequence[str]] = {
    "patients": PATIENTS,
    "coverage": COVERAGE,
    "procedures": ("patient_id,procedure,start_date,stop_date", "003,radiotherapy,2026-03-29,2026-03-29"),
}
ALL_TABLES = {**TABLES, **LAST_NIGHT}
# Coverage that keeps up is a day later tonight.
LATER = tuple(
    row.replace("2026-03-31", TOMORROW).replace("2026-03-30", AS_OF.isoformat()) for row in COVERAGE
)


@dataclass(frozen=True)
class Tonight:
    """The night after: what is delivered and asked for then."""

    folder: Path
    state: State

    def carried(
        self,
        tables: Mapping[str, Sequence[str]] | None = None,
        toml: str = f'extracted_on = "{TOMORROW}"\n',
        days: int = 1,
        trial: str = TRIAL,
        readings: tuple[str, ...] = (),
        answered: Sequence[str] = (),
    ) -> Carried | None:
        """Who is carried over."""
        extract = self.folder / "tonight"
        shutil.rmtree(extract, ignore_errors=True)
        write_extract(extract, {**LAST_NIGHT, "coverage": LATER, **(tables or {})})
        (extract / "extract.toml").write_text(toml, encoding="utf-8")
        day = AS_OF + timedelta(days=days)
        asked = replace(
            request(extract, self.folder / "out", write_trial(self.folder, text=trial), readings=readings),
            as_of=day,
            enrollment=day,
            first_dose=day,
        )
        trials = load_trials(asked.trials, asked.readings, load_catalogue())
        scan, info = scan_extract(extract, lambda _: None), read_info(extract)
        about = {"made_with": made_with(asked, trials, info, scan), **days_of(asked, info)}
        return carried_over(self.state, scan, about, answered)

    def ids(self, carried: Carried | None) -> dict[str, bool]:
        """Whose facts are carried over, and whether they are judged."""
        assert carried is not None
        ids = [carried.scan.ids[patient] for patient in carried.patients["patient"]]
        return dict(zip(ids, carried.patients["is_judged"], strict=True))


@pytest.fixture(scope="module")
def tonight(tmp_path_factory: pytest.TempPathFactory) -> Tonight:
    folder = tmp_path_factory.mktemp("carried")
    extract = write_extract(folder / "extract", LAST_NIGHT)
    asked = replace(request(extract, folder / "out", write_trial(folder)), carry_over=True)
    run_screening(asked, lambda _: None)
    state = read_state(OutputFolder(folder / "out"))
    assert state is not None
    return Tonight(folder, state)


def test_whose_rows_are_the_same_is_carried_over_and_judged_only_if_a_day_has_come(tonight: Tonight) -> None:
    # 005 has a row on the day of the last night, 006 one on the day after this.
    assert tonight.ids(tonight.carried()) == {
        CANARY: False,
        "002": False,
        "003": False,
        "004": True,
        "006": False,
    }
    assert "006" not in tonight.ids(after(tonight, 2))


def after(tonight: Tonight, days: int) -> Carried | None:
    """The same registry so many days later."""
    day, before = (AS_OF + timedelta(days=days - back) for back in (0, 1))
    coverage = tuple(
        row.replace("2026-03-31", f"{day}").replace("2026-03-30", f"{before}") for row in COVERAGE
    )
    return tonight.carried({"coverage": coverage}, f'extracted_on = "{day}"\n', days)


def test_a_day_that_comes_has_a_patient_judged_on_the_facts_of_the_last_night(tonight: Tonight) -> None:
    # 003 was irradiated on 29 March, so the window of 14 days closes after 12 April. What is not recorded is
    # known for a week from the day that the extract reaches: on 5 April both are the same day, and what ends
    # the verdict is another from then on.
    judged = {days: tonight.ids(after(tonight, days))["003"] for days in (1, 4, 5, 13)}
    assert judged == {1: False, 4: False, 5: True, 13: True}


def test_a_changed_row_and_a_new_patient_are_read_and_the_others_move_with_their_rows(
    tonight: Tonight,
) -> None:
    rows = list(ALL_TABLES["observations"])
    rows[2] = rows[2].replace(",8,", ",9,")
    rows.insert(1, "001,hemoglobin,2026-03-20,10.5,g/dL")
    patients = [PATIENTS[0], "001,1960-05-01,female,alive,2026-03-01,yes,", *PATIENTS[1:]]
    carried = tonight.carried({"observations": rows, "patients": patients})
    assert set(tonight.ids(carried)) == {CANARY, "003", "004", "006"}
    assert carried is not None
    by_id = {carried.scan.ids[row["patient"]]: row for row in carried.patients.iter_rows(named=True)}
    assert {name: (row["patient"] - row["old"], row["observations"]) for name, row in by_id.items()} == {
        CANARY: (1, 1),
        "003": (1, 1),
        "004": (1, 1),
        "006": (1, 1),
    }


def test_a_patient_about_whom_somebody_told_something_is_read(tonight: Tonight) -> None:
    assert set(tonight.ids(tonight.carried(answered=["003", "unheard of"]))) == {CANARY, "002", "004", "006"}


def test_a_site_whose_coverage_did_not_keep_up_is_read(tonight: Tonight) -> None:
    stays = tuple(row.replace(AS_OF.isoformat(), "2026-03-30") if "site-a" in row else row for row in LATER)
    assert set(tonight.ids(tonight.carried({"coverage": stays}))) == {CANARY, "003", "004", "006"}


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.carried(days=2),
        lambda one: one.carried(days=-1, toml='extracted_on = "2026-03-30"\n'),
        lambda one: one.carried(toml=""),
        lambda one: one.carried(toml=f'extracted_on = "{TOMORROW}"\n[default_units]\nhemoglobin = "g/L"\n'),
        lambda one: one.carried(trial=TRIAL.replace("14 days", "15 days")),
        lambda one: one.carried(readings=("least=seven",)),
        # A table that was not delivered before, and coverage declared for one that had none.
        lambda one: one.carried({"allergies": ("patient_id,substance", "002,boron")}),
        lambda one: one.carried({"coverage": (*LATER, "allergies,2026-01-01,,002")}),
        # Coverage of everybody that did not keep up, that moved though it did not before, that is no day.
        lambda one: one.carried({"coverage": COVERAGE}),
        lambda one: one.carried({"coverage": (*LATER[:4], "conditions,2020-01-02,,")}),
        lambda one: one.carried({"coverage": tuple(row.replace(TOMORROW, "2026-04") for row in LATER)}),
        lambda one: one.carried({"coverage": ("table,complete_through", f"observations,{TOMORROW}")}),
    ],
)
def test_everybody_is_judged_where_more_than_rows_differs(
    tonight: Tonight, change: Callable[[Tonight], Carried | None]
) -> None:
    assert change(tonight) is None


def test_an_extract_that_trailed_far_was_not_expected_to_reach_further(tonight: Tonight) -> None:
    old = {**tonight.state.about, "extracted_on": "2026-02-01"}
    state = replace(tonight.state, about=old)
    carried = replace(tonight, state=state).carried(toml='extracted_on = "2026-02-02"\n')
    assert carried is None


def test_a_state_that_is_not_whole_counts_for_nothing(tonight: Tonight, tmp_path: Path) -> None:
    def damaged(name: str) -> State | None:
        root = tmp_path / name.replace("/", "-")
        shutil.copytree(tonight.folder / "out", root, symlinks=True)
        path = root / "state" / name if "/" not in name else next(root.glob(name))
        path.write_bytes(path.read_bytes()[:-1])
        return read_state(OutputFolder(root))

    names = (
        ABOUT,
        "patients.parquet",
        "moves-tiny.parquet",
        "runs/*/manifest.json",
        "runs/*/verdicts.parquet",
    )
    assert [damaged(name) for name in names] == [None] * len(names)
    assert read_state(OutputFolder(tmp_path / "nothing there")) is None


def test_the_state_is_private_names_its_run_and_stands_beside_the_runs(tonight: Tonight) -> None:
    out = OutputFolder(tonight.folder / "out")
    files = files_under(out.state)
    assert set(files) == {
        ABOUT,
        "duplicates.parquet",
        "faults.parquet",
        "moves-tiny.parquet",
        "names.parquet",
        "patients.parquet",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    about = json.loads(files[ABOUT].read_text(encoding="utf-8"))
    assert out.run(about["run_id"]).is_dir()
    assert CANARY not in files[ABOUT].read_text(encoding="utf-8")
