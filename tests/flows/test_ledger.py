"""The ledger: records are added and never changed, the chain shows any change, crashed runs are told."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from flows.chain import FIRST_LINK
from flows.ledger import Ledger, recorded
from schemas.errors import ExtractRefused, StorageFailed

ASKED = {"extract": "x", "trials": ["t"], "as_of": "2026-01-01"}


def lines(out: Path) -> list[bytes]:
    return (out / "ledger.jsonl").read_bytes().splitlines()


def test_each_record_holds_the_hash_of_the_one_before(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.append("published", run_id=f"r{number}")
    assert [entry["number"] for entry in ledger.entries()] == [1, 2, 3]
    assert ledger.entries()[0]["previous"] == FIRST_LINK
    assert ledger.faults() == []
    assert ledger.head() != FIRST_LINK


@pytest.mark.parametrize("harm", ["changed", "taken out", "swapped", "added"])
def test_whatever_is_done_to_a_line_breaks_the_chain(tmp_path: Path, harm: str) -> None:
    ledger = Ledger(tmp_path)
    for number in range(4):
        ledger.append("published", run_id=f"r{number}")
    found = lines(tmp_path)
    if harm == "changed":
        found[1] = found[1].replace(b"r1", b"r9")
    elif harm == "taken out":
        del found[1]
    elif harm == "swapped":
        found[1], found[2] = found[2], found[1]
    else:
        found.insert(2, found[1])
    (tmp_path / "ledger.jsonl").write_bytes(b"\n".join(found) + b"\n")
    assert ledger.faults()


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("published", run_id="r")
    with ledger.path.open("ab") as file:
        file.write(b"not a record\n")
    assert ledger.faults() == ["line 2 is no record"]
    assert len(ledger.entries()) == 1


def test_a_line_cut_short_by_a_crash_goes_and_the_next_record_follows_the_last_whole_one(
    tmp_path: Path,
) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("published", run_id="r0")
    with ledger.path.open("ab") as file:
        file.write(b'{"number": 2, "eve')
    assert len(ledger.entries()) == 1
    ledger.append("published", run_id="r1")
    assert ledger.faults() == []
    assert [entry["run_id"] for entry in ledger.entries()] == ["r0", "r1"]


def _append_many(out: str) -> None:
    for _ in range(20):
        Ledger(Path(out)).append("purged", run_id="x")


def test_records_of_several_programs_at_once_make_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    programs = [context.Process(target=_append_many, args=(str(tmp_path),)) for _ in range(3)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    assert Ledger(tmp_path).faults() == []
    assert len(lines(tmp_path)) == 60


def test_a_run_that_publishes_has_a_start_and_an_end(tmp_path: Path) -> None:
    with recorded(tmp_path, ASKED) as attempt:
        attempt.told["canaries"] = {"t": 3}
        attempt.end("published", run_id="r")
    start, end = Ledger(tmp_path).entries()
    assert (start["event"], start["process"]) == ("started", os.getpid())
    assert (end["event"], end["start"], end["run_id"], end["canaries"]) == ("published", 1, "r", {"t": 3})


@pytest.mark.parametrize(
    ("error", "event", "code"),
    [
        (ExtractRefused("the extract", "too old.", "Wait."), "refused", 4),
        (StorageFailed("x", "full.", "Free."), "failed", 6),
        (ValueError("MRN-1 is 8.2"), "failed", 1),
    ],
)
def test_a_run_that_fails_says_how_without_the_words_of_a_library(
    tmp_path: Path, error: Exception, event: str, code: int
) -> None:
    with pytest.raises(type(error)), recorded(tmp_path, ASKED):
        raise error
    end = Ledger(tmp_path).last_end()
    assert end is not None
    assert (end["event"], end["exit_code"]) == (event, code)
    assert "MRN-1" not in json.dumps(end)


def test_a_run_that_was_killed_is_recorded_by_the_next(tmp_path: Path) -> None:
    Ledger(tmp_path).append("started", who="x", version="0", process=1, **ASKED)
    with recorded(tmp_path, ASKED) as attempt:
        attempt.end("published", run_id="r")
    events = [(entry["event"], entry.get("start")) for entry in Ledger(tmp_path).entries()]
    assert events == [("started", None), ("crashed", 1), ("started", None), ("published", 3)]
    assert Ledger(tmp_path).open_starts() == []


def test_a_folder_without_a_ledger_has_no_records(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert (ledger.entries(), ledger.faults(), ledger.last_end(), ledger.head()) == ([], [], None, FIRST_LINK)
