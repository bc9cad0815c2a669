"""A workbook is refused cell by cell, without a word of what stands in it, and then nothing of it is kept."""

import shutil
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from flows.answers.reading import Given
from flows.answers.sheet import read_sheets
from flows.answers.take import take_answers
from flows.lock import run_lock
from flows.steps import RunResult
from schemas.errors import AnswersRefused, LockHeld, UsageError
from tests.flows.answers.office import Office, cell_of
from tests.flows.extracts import AS_OF, CANARY, write_trial

Book = Any
WORD = "Zarathustra"
HALF_PAST_TEN = datetime(2026, 4, 1, 10, 30)  # noqa: DTZ001 - a spreadsheet knows no zone


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, RunResult]:
    office = Office(tmp_path_factory.mktemp("office"))
    return office, office.night()


def refusal(office: Office, path: Path, given: Given | None = None) -> AnswersRefused:
    """The refusal of a workbook; nothing of it is kept, and no id or cell is told."""
    store = office.out / "answers"
    before = sorted(path.read_bytes() for path in store.iterdir()) if store.exists() else None
    given = given or Given("N. Surname", AS_OF, date(2027, 1, 1))
    with pytest.raises(AnswersRefused) as caught:
        take_answers(path, office.out, given)
    after = sorted(path.read_bytes() for path in store.iterdir()) if store.exists() else None
    assert before == after
    told = " ".join([str(caught.value), *caught.value.faults])
    assert CANARY not in told
    assert WORD not in told
    assert caught.value.exit_code == 4
    return caught.value


def changed(office: Office, result: RunResult, change: Callable[[Book], object]) -> Path:
    path = office.copy(result)
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


def answer(book: Book, column: str, value: object, key: tuple[str, str] = (CANARY, "E3")) -> str:
    sheet = book["answers"]
    address = cell_of(sheet, key, column)
    sheet[address] = value
    return f"answers!{address}"


def both(**cells: object) -> Callable[[Book], object]:
    """An answer, and other cells of its row."""

    def change(book: Book) -> None:
        for column, value in {"answer": "pass", **cells}.items():
            answer(book, column, value)

    return change


def number_for_a_day(book: Book) -> None:
    both(date=46113)(book)
    book["answers"][cell_of(book["answers"], (CANARY, "E3"), "date")].number_format = "General"


CELLS: list[tuple[str, Callable[[Book], object], str]] = [
    (
        "a word of no list",
        both(answer=WORD),
        "is not one of the words; write one of pass, fail, not_applicable",
    ),
    ("a formula", both(answer='="pass"'), "holds a formula"),
    ("a formula for a day", both(date="=TODAY()"), "holds a formula"),
    ("a day in words", both(date=f"the day of {WORD}"), "is no day; write it as YYYY-MM-DD"),
    ("a day that may be two", both(date="01/02/2026"), "is no day"),
    ("a bare number for a day", number_for_a_day, "is no day"),
    ("a day and a time", both(date=HALF_PAST_TEN), "is no day"),
    ("a time", both(date=time(10, 30)), "is no day"),
    ("yes for a day", both(date=True), "is no day"),
    ("a day to come", both(date=date(2099, 1, 1)), "has not come yet"),
    ("a day long ago", both(date=date(1926, 4, 1)), "before 2000-01-01"),
    ("a day for a name", both(answered_by=date(2026, 4, 1)), "is no text"),
    ("a very long comment", both(comment=WORD * 200), "is longer than 1000 characters"),
    (
        "a comment and no answer",
        lambda book: answer(book, "comment", WORD),
        "is blank, but the row goes on",
    ),
    ("another question", both(question=WORD), "is not one of the yellow cells"),
    ("another key", both(evidence="0" * 16), "holds the key of the evidence"),
    ("another patient", both(patient_id=f"{WORD}-1"), "begins a row that the published list does not have"),
    ("another trial", both(trial_id=WORD), "begins a row that the published list does not have"),
    ("no criterion", both(criterion_id=None), "begins a row that the published list does not have"),
    ("a formula for an id", both(patient_id=f'="{WORD}"'), "begins a row that the published list does not"),
]


@pytest.mark.parametrize(("change", "what"), [case[1:] for case in CELLS], ids=[case[0] for case in CELLS])
def test_a_cell_that_is_not_understood_is_named(
    shared: tuple[Office, RunResult], change: Callable[[Book], object], what: str
) -> None:
    office, result = shared
    (fault,) = refusal(office, changed(office, result, change)).faults
    assert fault.startswith("answers!")
    assert what in fault


def test_every_cell_is_named_and_the_good_ones_are_not_kept_either(shared: tuple[Office, RunResult]) -> None:
    office, result = shared
    places: list[str] = []

    def change(book: Book) -> None:
        answer(book, "answer", "pass", ("004", "E3"))
        places.append(answer(book, "answer", WORD))
        places.append(answer(book, "date", WORD))
        status = cell_of(book["status"], (CANARY,), "status")
        book["status"][status] = "fine"
        places.append(f"status!{status}")

    refused = refusal(office, changed(office, result, change))
    assert {fault.split(":")[0] for fault in refused.faults} == set(places)
    assert "3 places cannot be read" in str(refused)


def test_who_and_when_have_to_be_said_somewhere(shared: tuple[Office, RunResult]) -> None:
    office, result = shared
    path = changed(office, result, both())
    faults = refusal(office, path, Given(today=date(2027, 1, 1))).faults
    assert ["is blank; write who answered (or give --by)" in fault for fault in faults] == [True, False]
    assert "is blank; write it as YYYY-MM-DD" in faults[1]


SHAPES: list[tuple[str, Callable[[Book], object], str]] = [
    ("a column taken out", lambda book: book["answers"].delete_cols(6), "answers!F1: has to be the head"),
    ("a column put in", lambda book: book["status"].insert_cols(2), "status!B1: has to be the head"),
    ("a column beside", lambda book: book["answers"].cell(1, 11, WORD), "answers!K1: is no column"),
    (
        "a cell beside",
        lambda book: book["answers"].cell(2, 14, WORD),
        "answers!N2: stands beside the table",
    ),
    ("a sheet taken out", lambda book: book.remove(book["status"]), "sheet status: is missing"),
    ("another sheet", lambda book: book.create_sheet(WORD), "is no sheet of this workbook"),
    (
        "a row below",
        lambda book: book["answers"].append(["tiny", "1", "E3", None, None, "pass"]),
        "begins a row",
    ),
]


@pytest.mark.parametrize(("change", "what"), [case[1:] for case in SHAPES], ids=[case[0] for case in SHAPES])
def test_a_workbook_of_another_shape_is_refused(
    shared: tuple[Office, RunResult], change: Callable[[Book], object], what: str
) -> None:
    office, result = shared
    assert any(what in fault for fault in refusal(office, changed(office, result, change)).faults)


def test_a_row_that_stands_there_twice_is_refused(shared: tuple[Office, RunResult]) -> None:
    office, result = shared

    def change(book: Book) -> None:
        answer(book, "answer", "pass")
        row = next(row for row in book["answers"].values if row[1] == CANARY and row[2] == "E3")
        book["answers"].append(row)

    (fault,) = refusal(office, changed(office, result, change)).faults
    assert "stands here twice" in fault


def test_rows_in_another_order_and_rows_left_out_are_understood(tmp_path: Path) -> None:
    office = Office(tmp_path)

    def change(book: Book) -> None:
        answer(book, "answer", " Pass ")
        sheet = book["answers"]
        rows = [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
        sheet.delete_rows(2, len(rows))
        for row in list(reversed(rows))[:-1] if rows[0][1] != CANARY else list(reversed(rows)):
            sheet.append(row)

    assert office.take(changed(office, office.night(), change)).answers == 1


def test_a_day_may_be_written_as_text(tmp_path: Path) -> None:
    office = Office(tmp_path)
    path = changed(office, office.night(), both(date="2026-04-01", answered_by=" A. Colleague "))
    assert office.take(path).answers == 1


@pytest.mark.parametrize("bytes_", [b"", b"PK\x03\x04 half a file", b"patient_id,answer\n1,pass\n"])
def test_what_is_no_workbook_is_refused(shared: tuple[Office, RunResult], bytes_: bytes) -> None:
    office, _ = shared
    path = office.folder / "broken.xlsx"
    path.write_bytes(bytes_)
    assert "no workbook that can be read" in str(refusal(office, path))


def test_a_workbook_that_says_it_is_of_no_run_is_refused(shared: tuple[Office, RunResult]) -> None:
    office, result = shared

    def change(book: Book) -> None:
        for row in book["about"].iter_rows():
            if row[0].value == "run":
                row[1].value = "../../etc"

    assert "does not say to which run" in str(refusal(office, changed(office, result, change)))


def test_a_workbook_of_another_folder_is_refused(shared: tuple[Office, RunResult], tmp_path: Path) -> None:
    office, _ = shared
    other = Office(tmp_path)
    other.trial = write_trial(tmp_path, "other", other.trial.read_text("utf-8").replace("= 7", "= 8", 1))
    path = other.filled(other.night(), {("answers", (CANARY, "E3"), "answer"): "pass"})
    assert "not in this folder" in str(refusal(office, path))


def test_a_run_whose_own_workbook_was_changed_is_no_measure(tmp_path: Path) -> None:
    office = Office(tmp_path)
    result = office.night()
    path = changed(office, result, both())
    shutil.copyfile(path, result.folder / "candidates.xlsx")
    assert "published workbook was changed" in str(refusal(office, path))


def test_a_folder_without_runs_and_a_running_run_are_told(
    shared: tuple[Office, RunResult], tmp_path: Path
) -> None:
    office, result = shared
    path = changed(office, result, both())
    with pytest.raises(UsageError):
        take_answers(path, tmp_path, Given())
    with run_lock(office.out), pytest.raises(LockHeld):
        take_answers(path, office.out, Given("N", AS_OF))


def correction(book: Book, **cells: object) -> None:
    sheet = book["corrections"]
    head = [cell.value for cell in sheet[1]]
    good = {
        "patient_id": CANARY,
        "table": "observations",
        "source_row": 1,
        "column": "value",
        "corrected_value": "11.5",
        "source": "=paper chart, page 3",
        "date": date(2026, 4, 1),
    }
    for column, value in {**good, **cells}.items():
        cell = sheet.cell(2, head.index(column) + 1, value)
        if column == "source":
            cell.data_type = "s"


WRONG: list[dict[str, object]] = [
    {"patient_id": WORD},
    {"table": WORD},
    {"column": "patient_id"},
    {"source_row": 10_000},
    {"source_row": "first"},
    {"corrected_value": None},
    {"column": "date", "corrected_value": WORD},
    {"source": None},
    {"date": WORD},
]


@pytest.mark.parametrize("cells", WRONG)
def test_a_correction_that_is_not_understood_is_refused(
    shared: tuple[Office, RunResult], cells: dict[str, object]
) -> None:
    office, result = shared
    path = changed(office, result, lambda book: correction(book, **cells))
    (fault,) = refusal(office, path).faults
    assert fault.startswith("corrections!")


def test_a_correction_is_kept_for_the_data_manager_and_changes_no_verdict(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = office.night()
    path = changed(office, first, correction)
    taken = office.take(path)
    assert (taken.corrections, taken.waiting) == (1, 1)
    head, row = (office.out / "answers" / "corrections.csv").read_text("utf-8").splitlines()
    assert head.startswith("patient_id,table,source_row,column,corrected_value,source,")
    assert row.startswith(
        f'{CANARY},observations,1,value,11.5,"\'=paper chart, page 3",N. Surname,2026-04-01,'
    )
    second = office.night(0)
    assert (second.folder / "verdicts.parquet").read_bytes() == (
        first.folder / "verdicts.parquet"
    ).read_bytes()
    again = changed(office, second, correction)
    assert office.take(again).waiting == 2, "asked for again on another night"
    assert office.take(path).waiting == 2


def test_a_file_that_unpacks_to_more_than_a_workbook_is_refused(
    shared: tuple[Office, RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, result = shared
    monkeypatch.setattr("flows.answers.sheet._MOST_UNPACKED_BYTES", 1000)
    with pytest.raises(AnswersRefused):
        read_sheets(result.folder / "candidates.xlsx", {"answers"})
