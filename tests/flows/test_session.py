"""The working database is private, and once the extract is in it SQL reaches nothing else."""

import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.session import lock_down, working_database
from flows.steps import admit, load, open_session, rank, screen, stage
from tests.flows.extracts import request, write_extract, write_trial


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locked")
    (folder / "outside.csv").write_text("a\n1\n")
    return folder


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with working_database(folder / "work") as connection:
        connection.execute("create table numbers as select range as n from range(10)")
        lock_down(connection)
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "select * from '{0}/outside.csv'",
        "select * from read_csv('{0}/outside.csv')",
        "select * from read_text('{0}/outside.csv')",
        "select * from glob('{0}/*')",
        "select * from '{0}/work/../outside.csv'",
        "attach '{0}/other.duckdb'",
        "copy numbers to '{0}/written.csv'",
        "copy numbers to '{0}/work/written.csv'",
        "copy numbers from '{0}/outside.csv'",
        "export database '{0}/exported'",
        "pragma profiling_output = '{0}/profile'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set memory_limit = '100GB'",
        "set temp_directory = '{0}'",
        "reset threads",
        "set autoload_known_extensions = true",
        "install httpfs",
        "load httpfs",
        "load '{0}/outside.csv'",
        "create secret s (type s3)",
    ],
)
def test_sql_reaches_no_file_no_network_and_no_setting(
    locked: duckdb.DuckDBPyConnection, folder: Path, statement: str
) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        locked.execute(statement.format(folder))
    assert sorted(folder.rglob("*")) == before


def test_sql_finds_no_variable_of_the_program(locked: duckdb.DuckDBPyConnection) -> None:
    secret = pl.DataFrame({"a": [1]})
    with pytest.raises(duckdb.CatalogException):
        locked.execute("select * from secret")
    assert secret.height == 1


def test_frames_are_still_handed_over_and_variables_bound(locked: duckdb.DuckDBPyConnection) -> None:
    locked.register("frame", pl.DataFrame({"a": [41]}).to_arrow())
    locked.execute("set variable one = $one", {"one": 1})
    assert locked.execute("select a + getvariable('one') from frame").fetchall() == [(42,)]


def test_it_still_spills_privately_beside_itself(tmp_path: Path) -> None:
    with working_database(tmp_path / "work") as connection:
        connection.execute("set memory_limit = '60MB'; set threads = 1")
        lock_down(connection)
        connection.execute("create table big as select md5(range::varchar) as text from range(2000000)")
        connection.execute("create table sorted as select * from big order by text")
        spilled = list((tmp_path / "work" / "spill").iterdir())
        assert spilled
        assert connection.execute("select count(*) from sorted").fetchall() == [(2000000,)]


def test_a_run_is_locked_before_it_judges_anybody(tmp_path: Path) -> None:
    asked = request(write_extract(tmp_path / "extract"), tmp_path / "out", write_trial(tmp_path))
    with open_session(asked, lambda _: None) as session:
        admit(session)
        load(session)
        with pytest.raises(duckdb.InvalidInputException):
            session.connection.execute("set threads = 1")
        stage(session)
        screen(session)
        rank(session)
        for path in (tmp_path / "out").rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path.name
