"""Every malformed extract gets the documented answer: refused by name and line, or one row quarantined."""

from pathlib import Path

import pytest

from schemas.errors import ExtractRefused
from schemas.extract import RULES, TABLES
from schemas.words import BEGINNING, FOREVER
from tests.data.extract.loading import Loaded, load
from tests.data.extract.malformed.case import CANARY, GOOD_PATIENTS, Refusal
from tests.data.extract.malformed.csv_files import CSV_FILES
from tests.data.extract.malformed.folders import FOLDERS, INFO_FILES
from tests.data.extract.malformed.parquet_files import PARQUET_FILES
from tests.data.extract.malformed.rows import BAD_ROWS, GOOD_CELLS, BadRow

REFUSALS = (*CSV_FILES, *PARQUET_FILES, *FOLDERS, *INFO_FILES)


def _name(case: Refusal | BadRow) -> str:
    return case.name


@pytest.mark.parametrize("case", REFUSALS, ids=_name)
def test_a_malformed_extract_is_refused_with_what_where_and_what_to_do(case: Refusal, tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    case.write(folder)
    with pytest.raises(case.error) as caught:
        load(folder, case.limits)
    message = str(caught.value)
    assert all(words in message for words in case.says), message
    assert CANARY not in message
    assert "\n" not in message
    assert message.endswith((".", "?"))
    assert caught.value.exit_code == ExtractRefused.exit_code


@pytest.mark.parametrize("case", REFUSALS, ids=_name)
def test_a_refusal_carries_no_library_error_behind_it(case: Refusal, tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    case.write(folder)
    with pytest.raises(case.error) as caught:
        load(folder, case.limits)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def _load_row(case: BadRow, folder: Path) -> Loaded:
    """The bad row between two good ones, in a file that has all columns of its table."""
    names = list(TABLES[case.table].by_name)
    if case.table != "patients":
        (folder / "patients.csv").write_bytes(GOOD_PATIENTS)
    good = GOOD_CELLS[case.table]
    with (folder / f"{case.table}.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(names) + "\n")
        for cells in (good, case.cells, good):
            file.write(",".join(cells.get(name, "") for name in names) + "\n")
    return load(folder)


@pytest.mark.parametrize("case", BAD_ROWS, ids=_name)
def test_a_bad_row_is_quarantined_by_column_and_rule_and_its_neighbours_are_not(
    case: BadRow, tmp_path: Path
) -> None:
    loaded = _load_row(case, tmp_path)
    expected = {(case.table, 2, column, case.rule) for column in case.columns}
    assert set(loaded.failures()) == expected
    rows = loaded.rows(f"raw_{case.table}")
    assert [row["quarantined"] for row in rows] == [False, True, False]
    order = list(TABLES[case.table].by_name)
    assert rows[1]["bad_columns"] == sorted(case.columns, key=order.index)
    count = loaded.counts[case.table]
    assert (count.rows, count.accepted, count.quarantined) == (3, 2, 1)


@pytest.mark.parametrize("case", BAD_ROWS, ids=_name)
def test_a_bad_field_holds_no_information_and_nothing_else_of_its_row_is_lost(
    case: BadRow, tmp_path: Path
) -> None:
    rows = _load_row(case, tmp_path).rows(f"raw_{case.table}")
    by_name = TABLES[case.table].by_name
    changed = {field for column in case.columns for field in by_name[column].fields} - {"value"}
    for field in changed:
        ends = {"earliest": BEGINNING, "latest": FOREVER}
        assert rows[1][field] == ends.get(field.rsplit("_", 1)[-1]), field
    given = {name for name, cell in case.cells.items() if cell != GOOD_CELLS[case.table].get(name)}
    unchanged = {field for name in by_name if name not in given for field in by_name[name].fields} - changed
    assert {field: rows[1][field] for field in unchanged} == {field: rows[0][field] for field in unchanged}


@pytest.mark.parametrize("case", BAD_ROWS, ids=_name)
def test_what_is_said_about_a_bad_row_shows_no_cell(case: BadRow, tmp_path: Path) -> None:
    loaded = _load_row(case, tmp_path)
    said = "\n".join([*loaded.said, *(str(row) for row in loaded.rows("quarantine"))])
    assert CANARY not in said
    assert all(row["reason"] == RULES[case.rule] for row in loaded.rows("quarantine"))


def test_the_corpus_is_large_and_every_rule_has_a_row_that_breaks_it() -> None:
    assert len({case.name for case in REFUSALS}) == len(REFUSALS) >= 90
    assert {case.rule for case in BAD_ROWS} == set(RULES)
