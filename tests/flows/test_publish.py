"""Publishing is all or nothing, and what was published stays whole."""

import errno
import stat
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows import publish as publishing
from flows.files import files_under, private_files
from flows.lock import run_lock
from flows.publish import (
    OutputFolder,
    damage,
    describe_files,
    is_whole,
    latest_run,
    publish,
    require_space,
    write_manifest,
)
from flows.table_files import ParquetSink, write_csv, write_parquet
from schemas.errors import LockHeld, StorageFailed


def stage(out: OutputFolder, run_id: str, text: str = "x\n1\n") -> None:
    out.prepare()
    staging = out.staging(run_id)
    staging.mkdir()
    (staging / "table.csv").write_text(text)
    write_parquet(staging / "table.parquet", pl.DataFrame({"x": [1, 2]}))
    outputs = describe_files(staging, {"table.csv": 1, "table.parquet": 2})
    write_manifest(staging, {"run_id": run_id, "outputs": outputs})


@pytest.fixture
def out(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "out")


def test_a_published_run_is_whole_and_latest_points_to_it(out: OutputFolder) -> None:
    stage(out, "a")
    publish(out, "a")
    assert is_whole(out.run("a"))
    assert out.latest.readlink() == Path("runs/a")
    assert latest_run(out) == out.run("a").resolve()
    assert [path.name for path in out.root.glob(".*")] == []


def test_the_next_run_moves_latest_and_keeps_the_old_run(out: OutputFolder) -> None:
    for run_id in ("a", "b"):
        stage(out, run_id)
        publish(out, run_id)
    assert out.latest.readlink() == Path("runs/b")
    assert is_whole(out.run("a"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "table.csv").write_text("x\n2\n"),
        lambda folder: (folder / "table.csv").unlink(),
        lambda folder: (folder / "more.csv").write_text("x\n"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("[]"),
    ],
)
def test_any_change_of_a_run_is_seen(out: OutputFolder, spoil: Callable[[Path], object]) -> None:
    stage(out, "a")
    publish(out, "a")
    spoil(out.run("a"))
    assert not is_whole(out.run("a"))


def test_a_staged_run_that_reads_back_wrong_is_not_published(out: OutputFolder) -> None:
    stage(out, "a")
    publish(out, "a")
    stage(out, "b")
    (out.staging("b") / "table.parquet").write_bytes(b"PAR1")
    with pytest.raises(StorageFailed):
        publish(out, "b")
    assert latest_run(out).name == "a"


def test_a_table_cut_short_before_it_was_hashed_is_seen_too(out: OutputFolder) -> None:
    stage(out, "a")
    table = out.staging("a") / "table.parquet"
    table.write_bytes(table.read_bytes()[:-8])
    outputs = describe_files(out.staging("a"), {"table.csv": 1, "table.parquet": 2})
    write_manifest(out.staging("a"), {"run_id": "a", "outputs": outputs})
    assert "table.parquet" in damage(out.staging("a"))


def test_a_damaged_run_of_the_same_id_gives_way(out: OutputFolder) -> None:
    stage(out, "a")
    publish(out, "a")
    (out.run("a") / "table.csv").write_text("spoilt")
    stage(out, "a")
    publish(out, "a")
    assert is_whole(out.run("a"))
    out.sweep()
    assert list(out.root.glob(".damaged-*")) == []


# Every call of publish that changes the disk or must reach it.
@pytest.mark.parametrize("step", range(11))
def test_a_stop_at_any_step_leaves_the_old_run_or_the_new_one(
    out: OutputFolder, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    stage(out, "a")
    publish(out, "a")
    stage(out, "b")
    calls = iter(range(1000))

    def failing(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            if next(calls) == step:
                raise OSError(errno.ENOSPC, "no space")
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "sync", failing(publishing.sync))
        for name in ("rename", "replace", "symlink_to", "unlink", "mkdir"):
            patch.setattr(Path, name, failing(getattr(Path, name)))
        try:
            publish(out, "b")
        except OSError:
            pass
        else:
            assert next(calls) <= step, "there are fewer steps than this"
    assert is_whole(latest_run(out))
    out.sweep()
    stage(out, "b")
    publish(out, "b")
    assert latest_run(out).name == "b"
    assert is_whole(out.run("b"))


def test_sweeping_removes_what_killed_runs_left_and_nothing_else(out: OutputFolder) -> None:
    stage(out, "a")
    publish(out, "a")
    stage(out, "b")
    out.work.mkdir()
    (out.work / "facts.duckdb").write_text("x")
    (out.root / "mine.txt").write_text("x")
    before = files_under(out.run("a"))
    out.sweep()
    assert sorted(path.name for path in out.root.iterdir()) == ["latest", "mine.txt", "runs"]
    assert files_under(out.run("a")) == before


def test_without_a_run_there_is_nothing_to_explain(out: OutputFolder) -> None:
    out.prepare()
    with pytest.raises(StorageFailed, match="prescreen run"):
        latest_run(out)


def test_a_second_run_is_turned_away_and_a_third_after_it_is_not(tmp_path: Path) -> None:
    with run_lock(tmp_path), pytest.raises(LockHeld), run_lock(tmp_path):
        pytest.fail("two runs held one lock")
    with run_lock(tmp_path):
        pass


def test_a_planted_link_is_not_followed_by_the_lock(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic"), run_lock(tmp_path):
        pass
    assert not (tmp_path / "target").exists()


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(StorageFailed, match="Free some space"):
        require_space(tmp_path, 2**70)


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    with private_files():
        (tmp_path / "folder").mkdir()
        write_csv(tmp_path / "folder" / "a.csv", pl.DataFrame({"x": [1]}))
        write_parquet(tmp_path / "folder" / "a.parquet", pl.DataFrame({"x": [1]}))
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    for name in ("a.csv", "a.parquet"):
        assert stat.S_IMODE((tmp_path / "folder" / name).stat().st_mode) == 0o600


def test_the_bytes_of_a_table_do_not_depend_on_how_it_was_cut_into_batches(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [f"p{n}" for n in range(700)], "word": ["pass", "fail"] * 350})
    dtypes = {"id": pl.String, "word": pl.Enum(["pass", "fail"])}
    for batch in (700, 64, 1):
        with ParquetSink(tmp_path / f"{batch}.parquet", dtypes) as sink:
            for part in frame.iter_slices(batch):
                sink.write(part)
        assert sink.rows == 700
    contents = {(tmp_path / f"{batch}.parquet").read_bytes() for batch in (700, 64, 1)}
    assert len(contents) == 1
    assert pl.read_parquet(tmp_path / "1.parquet").equals(frame)


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", pl.DataFrame(schema={"x": pl.List(pl.String), "y": pl.Date}))
    assert pl.read_parquet(tmp_path / "a.parquet").columns == ["x", "y"]


def test_lists_are_joined_by_semicolons_and_nulls_are_blank_in_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [["a", "b"], []], "y": [None, 'say "so", then']})
    write_csv(tmp_path / "a.csv", frame)
    assert (tmp_path / "a.csv").read_text() == 'x,y\na;b,\n,"say ""so"", then"\n'
