"""What the steps of one run hand to one another, under the output folder's lock."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from criteria.engine.batch import Anchors
from criteria.trial import Trial
from data.catalogue import Catalogue, load_catalogue
from data.extract.load import TableCount
from flows.files import private_files
from flows.lock import run_lock
from flows.memory import database_limit
from flows.publish import OutputFolder, require_space
from flows.request import RunRequest, load_trials
from schemas.errors import UsageError

Progress = Callable[[str], None]
# The working database, its spill and the outputs together need less than this for each byte delivered;
# measured on a registry of a million patients. Text takes ten times the room that Parquet does.
SPACE_PER_TEXT_BYTE = 3
SPACE_PER_PACKED_BYTE = 30
_LEAST_SPACE_BYTES = 64 << 20


@dataclass
class Tally:
    """What one trial's verdicts add up to over the batches."""

    trial: Trial
    summaries: list[pl.DataFrame] = field(default_factory=list)
    exclusions: list[pl.DataFrame] = field(default_factory=list)
    questions: list[pl.DataFrame] = field(default_factory=list)


@dataclass
class Session:
    """One run while it runs. It holds patients' data and never leaves the process."""

    request: RunRequest
    progress: Progress
    out: OutputFolder
    catalogue: Catalogue
    trials: list[Trial]
    connection: duckdb.DuckDBPyConnection
    tables: list[TableCount] = field(default_factory=list)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    run_id: str = ""
    tallies: list[Tally] = field(default_factory=list)
    # Rows of each step, and rows of each staged file, for the manifest.
    counts: dict[str, Any] = field(default_factory=dict)
    file_rows: dict[str, int] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        """Where the run's files are before they are published."""
        return self.out.staging(self.run_id)

    @property
    def anchors(self) -> Anchors:
        """The dates that the criteria count from."""
        return Anchors(self.request.as_of, self.request.enrollment, self.request.first_dose)


@contextmanager
def open_session(request: RunRequest, progress: Progress) -> Iterator[Session]:
    """A session; trial files and folders are checked first, scratch is gone afterwards however it ends."""
    if request.out.resolve() == request.extract.resolve():
        raise UsageError("--out", "is the folder of the extract.", "Choose another folder for the outputs.")
    catalogue = load_catalogue()
    trials = load_trials(request.trials, request.readings, catalogue)
    out = OutputFolder(request.out)
    with private_files():
        out.prepare()
        with run_lock(out.root):
            out.sweep()
            require_space(out.root, _space_needed(request.extract))
            try:
                with working_database(out.work, request.memory_bytes) as connection:
                    yield Session(request, progress, out, catalogue, trials, connection)
            finally:
                out.sweep()


def _space_needed(extract: Path) -> int:
    if not extract.is_dir():
        return 0
    files = [path for path in extract.iterdir() if path.is_file()]
    needed = sum(
        path.stat().st_size * (SPACE_PER_TEXT_BYTE if path.suffix == ".csv" else SPACE_PER_PACKED_BYTE)
        for path in files
    )
    return _LEAST_SPACE_BYTES + needed


@contextmanager
def working_database(folder: Path, memory_bytes: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private working database that spills beside itself and loads no code from anywhere."""
    folder.mkdir()
    with closing(duckdb.connect(str(folder / "facts.duckdb"))) as connection:
        spill = str(folder / "spill").replace("'", "''")
        connection.execute(f"set temp_directory = '{spill}'")
        connection.execute(f"set memory_limit = '{database_limit(memory_bytes)}'")
        # No table's order matters: what is handed out or published is sorted then.
        connection.execute("set preserve_insertion_order = false")
        for source in ("autoinstall_known", "autoload_known", "allow_community"):
            connection.execute(f"set {source}_extensions = false")
        yield connection
