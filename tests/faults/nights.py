"""Golden nights: nights of a growing registry in a row, replayed with other threads and other row order."""

import random
import re
import shutil
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from criteria.trial import trial_files
from data.synth.generate import AS_OF, generate
from flows import session
from flows.publish import read_manifest
from flows.request import RunRequest
from tests.faults.children import Child
from tests.faults.world import hashes, screened, silent

PATIENTS = 30
# Files of which each row cites the row of the extract that it comes from.
_CITING = ("quarantine.parquet", "facts/")
_OWN = ("manifest.json",)


def make_registry(folder: Path, seed: int) -> int:
    """The registry of which each night brings more."""
    generate(PATIENTS, seed, folder, file_format="csv", progress=silent)
    return 0


def make_night(registry: Path, night: int, nights: int, folder: Path, order: random.Random | None) -> None:
    """The extract of a night: the rows known by then, as delivered or in an order of their own."""
    folder.mkdir(parents=True)
    known = random.Random(f"{night}")  # noqa: S311 - no secret
    for path in sorted(registry.glob("*.csv")):
        head, *rows = path.read_text("utf-8").splitlines(keepends=True)
        late = 0.0 if path.stem == "patients" else 0.1 * (nights - night) / nights
        rows = [row for row in rows if known.random() >= late]
        if order:
            order.shuffle(rows)
        (folder / path.name).write_text("".join([head, *rows]), encoding="utf-8")
    shutil.copy(registry / "extract.toml", folder)


def replay(
    registry: Path, folder: Path, nights: int, trials: tuple[str, ...], threads: int, seed: int | None
) -> int:
    """Every night in turn into one output folder; ``folder/<night>`` are the extracts."""
    session.duckdb = _Connecting(threads)
    order = random.Random(seed) if seed is not None else None  # noqa: S311 - no secret
    for night in range(1, nights + 1):
        make_night(registry, night, nights, folder / str(night), order)
        day = AS_OF + timedelta(days=night)
        asked = RunRequest(folder / str(night), trials, folder / "out", day, day, day)
        screened(replace(asked, batch_patients=20 if order else 7))
        shutil.copytree((folder / "out" / "latest").resolve(), folder / f"published-{night}")
    return 0


class _Connecting:
    """DuckDB with so many threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def connect(self, path: str) -> Any:
        return duckdb.connect(path, config={"threads": self.threads})


def replayed(folder: Path, nights: int, seed: int, trial: Path | None = None) -> dict[str, int]:
    """Replay the nights twice: other threads change no byte; they and row order nothing but citations.

    By default for the trials that come with the program; for one trial file the first replay is left out.
    """
    trials = (str(trial),) if trial else tuple(trial_files())
    registry, said = folder / "registry", folder / "said"
    assert Child(said, make_registry, registry, seed).end() == 0
    plays = {"first": (1, None), "order": (4, seed)} | ({} if trial else {"threads": (4, None)})
    children = [
        Child(said, replay, registry, folder / name, nights, trials, threads, order)
        for name, (threads, order) in plays.items()
    ]
    assert not any(child.end(180 + 60 * nights) for child in children), said.read_text()[-2000:]
    compared = 0
    for night in range(1, nights + 1):
        first, order, *threads = (folder / name / f"published-{night}" for name in plays)
        for other in threads:
            assert hashes(first) == hashes(other), "another number of threads changed a byte"
        compared += _compare_orders(first, order)
    return {"nights": nights, "replays": len(plays), "files compared": compared}


def _compare_orders(first: Path, second: Path) -> int:
    """How many files were compared; fails on one that the order of rows changed."""
    compared = 0
    run_ids = [str(read_manifest(folder)["run_id"]) for folder in (first, second)]
    assert run_ids[0] != run_ids[1], "the extracts are not the same bytes"
    for name in hashes(first):
        # A report packs the rows that it cites among its data; other threads may not change it either.
        if name.startswith(_OWN) or name.endswith(".html"):
            continue
        one, other = first / name, second / name
        if name.endswith(".xlsx"):
            assert _cells(one, run_ids[0]) == _cells(other, run_ids[1]), name
        elif name.startswith(_CITING):
            assert _uncited(one) == _uncited(other), name
        else:
            assert one.read_bytes() == other.read_bytes(), name
        compared += 1
    return compared


def _cells(path: Path, run_id: str) -> dict[str, bytes]:
    """The parts of a workbook, told."""
    with zipfile.ZipFile(path) as book:
        return {name: _told(book.read(name), run_id) for name in book.namelist()}


def _told(text: bytes, run_id: str) -> bytes:
    """A text but for the run's id, which follows from the extract's bytes, and for citations."""
    return re.sub(rb"rows? [0-9]+(, [0-9]+)*", b"row", text.replace(run_id.encode(), b""))


def _uncited(path: Path) -> Counter[tuple[Any, ...]]:
    """The rows of a table in no order and without the numbers of the rows that they cite."""
    frame = pl.read_parquet(path)
    return Counter(str(row) for row in frame.drop(pl.selectors.contains("row")).iter_rows())
