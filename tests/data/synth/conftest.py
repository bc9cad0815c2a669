"""One generated registry for all tests that measure it."""

from pathlib import Path

import polars as pl
import pytest

from data.synth.columns import COLUMNS
from data.synth.generate import generate

Registry = dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Five thousand patients as of 2026-06-30, every cell as text."""
    out: Path = tmp_path_factory.mktemp("synth") / "registry"
    generate(5000, 11, out)
    return {table: pl.read_parquet(out / f"{table}.parquet").cast(pl.String) for table in COLUMNS}
