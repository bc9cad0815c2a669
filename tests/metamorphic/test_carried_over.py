"""A night that judges only those about whom something can have changed publishes what a full night does.

Patients are independent, so each of a registry has a history of its own: two hundred patients are two hundred
random histories of thirty nights, some of whose rows come, go and change while days go by.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from criteria import waiting
from criteria.open_facts import OPEN_FACTS
from criteria.ranking import DAYS
from flows import steps
from flows.files import files_under
from flows.request import RunRequest
from flows.steps import run_screening
from schemas.outputs import output_dtypes
from tests.metamorphic.histories import Night, history
from tests.metamorphic.pipeline import silent, write

EVERY_FUNCTION = str(Path(__file__).parent / "every_function.toml")
SHIPPED = "NCT06050512"


@pytest.fixture
def only_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of facts and verdicts alone, whoever made these, takes most of the time: it is left
    out."""
    days = pl.DataFrame(schema={"patient": pl.Int32, **DAYS})
    monkeypatch.setattr(waiting, "calendar", lambda *_: days)
    monkeypatch.setattr(waiting, "open_facts", lambda *_: pl.DataFrame(schema=OPEN_FACTS))
    nothing = pl.DataFrame(schema=pl.Schema(output_dtypes("changes")))
    monkeypatch.setattr(steps, "changes_since", lambda *_: nothing)
    for name in ("write_report", "write_workbook"):
        monkeypatch.setattr(steps, name, lambda *_: None)
    monkeypatch.setattr(steps, "workbook_sheets", lambda *_: [])


@contextmanager
def carried_counted() -> Iterator[dict[str, int]]:
    """How many patients were carried over with their verdicts, or facts alone; nights in which nobody was."""
    told = {"verdicts": 0, "facts": 0, "everybody judged": 0}
    carried_over = steps.carried_over

    def counting(*arguments: Any) -> Any:
        carried = carried_over(*arguments)
        if carried is None:
            told["everybody judged"] += 1
        else:
            judged = int(carried.patients["is_judged"].sum())
            told["facts"] += judged
            told["verdicts"] += carried.patients.height - judged
        return carried

    steps.carried_over = counting  # type: ignore[attr-defined]
    try:
        yield told
    finally:
        steps.carried_over = carried_over  # type: ignore[attr-defined]


def published(night: Night, folder: Path, trial: str, **options: Any) -> dict[str, bytes]:
    """Every file of the night's run."""
    day = night.as_of
    extract = folder / "extract"
    write(night.registry, extract)
    out = folder / ("carried" if options.get("carry_over") else "full")
    run = run_screening(RunRequest(extract, (trial,), out, day, day, day, **options), silent)
    return {name: path.read_bytes() for name, path in files_under(run.folder).items()}


def compare_nights(folder: Path, trial: str, patients: int, seed: int, nights: int) -> dict[str, int]:
    """Every night judged in full and by carrying over; says how much was carried."""
    with carried_counted() as told:
        for number, night in enumerate(history(patients, seed, nights)):
            full = published(night, folder, trial)
            # Now and then in smaller batches, since they must not show either.
            size = 90 if number % 5 == 0 else None
            carried = published(night, folder, trial, carry_over=True, batch_patients=size)
            different = [name for name in full if carried.get(name) != full[name]]
            assert (number, different, set(carried)) == (number, [], set(full))
    return told


@pytest.mark.usefixtures("only_judged")
def test_two_hundred_histories_of_thirty_nights_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    told = compare_nights(tmp_path, EVERY_FUNCTION, 200, 1, 30)
    # Each way of taking over was taken often enough to be tried.
    assert told["verdicts"] > 600
    assert told["facts"] > 400
    assert told["everybody judged"] > 0


def test_the_whole_run_of_the_shipped_trial_carries_over_too(tmp_path: Path) -> None:
    told = compare_nights(tmp_path, SHIPPED, 30, 2, 3)
    assert told["verdicts"] > 10


@pytest.mark.long
@pytest.mark.parametrize("seed", range(11, 21))
@pytest.mark.parametrize("trial", [EVERY_FUNCTION, SHIPPED])
def test_two_thousand_histories(tmp_path: Path, trial: str, seed: int) -> None:
    told = compare_nights(tmp_path, trial, 210, seed, 30)
    assert told["verdicts"] > 500
