"""Whatever a coordinator may answer comes back as it was written."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.answers.reading import Given
from flows.answers.store import read_batches
from flows.answers.take import take_answers
from flows.steps import RunResult
from schemas.words import ANSWERS, SCREENING_STATUSES
from tests.flows.answers.office import Office
from tests.flows.extracts import AS_OF, TABLES

TODAY = AS_OF + timedelta(days=30)
HARM = "=HYPERLINK(1)"
# What one can type: no control characters, and not only blanks.
TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cn", "Co"]), min_size=1, max_size=20
)


def row_of(words: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str, date, str]]:
    return st.tuples(st.sampled_from(words), TEXTS, st.dates(date(2000, 1, 1), TODAY), TEXTS | st.just(""))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, RunResult]:
    office = Office(tmp_path_factory.mktemp("round"))
    patients = (*TABLES["patients"], f"{HARM},1955-01-01,male,alive,2026-03-01,yes")
    return office, office.night(patients=patients)


def write(sheet: Any, line: int, first: int, row: tuple[str, str, date, str]) -> None:
    for place, value in enumerate(row):
        cell = sheet.cell(line, first + place, value or None)
        if isinstance(value, str) and value:
            # As a spreadsheet keeps text in a cell of text, whatever it begins with.
            cell.data_type = "s"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.dictionaries(st.integers(2, 6), row_of(ANSWERS)),
    statuses=st.dictionaries(st.integers(2, 5), row_of(SCREENING_STATUSES)),
)
def test_what_is_written_is_what_is_kept(
    published: tuple[Office, RunResult],
    tmp_path: Path,
    answers: dict[int, tuple[str, str, date, str]],
    statuses: dict[int, tuple[str, str, date, str]],
) -> None:
    office, result = published
    path = tmp_path / "filled.xlsx"
    book = openpyxl.load_workbook(result.folder / "candidates.xlsx")
    expected = set()
    for name, first, rows in (("answers", 6, answers), ("status", 6, statuses)):
        sheet = book[name]
        for line, row in rows.items():
            write(sheet, line, first, row)
            key = [sheet.cell(line, place).value for place in (2, 3)]
            patient = key[0].removeprefix("'")
            expected.add((patient, key[1] if name == "answers" else "", *row))
    book.save(path)
    store = office.out / "answers" / "answers.jsonl"
    store.unlink(missing_ok=True)
    take_answers(path, office.out, Given(today=TODAY))
    kept = {
        (one.patient_id, one.criterion_id, one.answer, one.answered_by, one.date, one.comment)
        for batch in read_batches(store)
        for one in batch.answers
    }
    assert kept == expected
