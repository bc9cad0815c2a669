"""Frames as files, and the bytes of those."""

from pathlib import Path

import polars as pl
import pytest

from flows import table_files
from flows.table_files import ParquetSink


@pytest.mark.parametrize("pieces", [1, 999, 4500])
def test_the_bytes_of_a_file_do_not_tell_in_which_pieces_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr(table_files, "ROW_GROUP_ROWS", 8000)
    rows = 9000
    frame = pl.DataFrame(
        {
            "text": [f"{number * 7919 % rows:>400}" for number in range(rows)],
            "word": pl.Series(["a", "b", None] * (rows // 3), dtype=pl.Enum(["a", "b"])),
        }
    )
    for name, size in (("whole", rows), ("parts", rows // pieces)):
        with ParquetSink(tmp_path / name, frame.schema) as sink:
            for part in frame.iter_slices(size):
                sink.write(part)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
