"""What the steps of one run hand to one another, under the output folder's lock."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from criteria.engine.batch import Anchors
from criteria.trial import Trial
from data.catalogue import Catalogue, load_catalogue
from data.extract.load import TableCount
from data.extract.scan import Scan
from flows.answers.in_force import AnswersInForce
from flows.files import private_files
from flows.ledger import Attempt, Ledger, recorded
from flows.lock import run_lock
from flows.memory import database_limit
from flows.morning import told_in_the_morning
from flows.publish import OutputFolder, require_space
from flows.request import RunRequest, load_trials
from flows.tally import Tally
from schemas.errors import LockHeld, UsageError
from schemas.words import BEGINNING

if TYPE_CHECKING:
    from flows.carried import Carried

Progress = Callable[[str], None]
# The working database, its spill and the outputs together need less than this for each byte delivered;
# measured on a registry of a million patients. Text takes ten times the room that Parquet does.
SPACE_PER_TEXT_BYTE = 3
SPACE_PER_PACKED_BYTE = 40
_LEAST_SPACE_BYTES = 64 << 20


@dataclass
class Session:
    """One run while it runs. It holds patients' data and never leaves the process."""

    request: RunRequest
    progress: Progress
    out: OutputFolder
    catalogue: Catalogue
    trials: list[Trial]
    connection: duckdb.DuckDBPyConnection
    attempt: Attempt
    tables: list[TableCount] = field(default_factory=list)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    run_id: str = ""
    # The day through which the extract reaches, and the run whose list this one is compared with.
    extracted_on: date | None = None
    compared_with: str | None = None
    tallies: list[Tally] = field(default_factory=list)
    # Rows of each step, and rows of each staged file, for the manifest.
    counts: dict[str, Any] = field(default_factory=dict)
    answers: AnswersInForce = field(default_factory=lambda: AnswersInForce(BEGINNING))
    file_rows: dict[str, int] = field(default_factory=dict)
    # Of a run that carries over: what the rows of each patient are, and of whom the last night still holds.
    scan: Scan | None = None
    carried: "Carried | None" = None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        """Where the run's files are before they are published."""
        return self.out.staging(self.run_id)

    @property
    def state(self) -> Path:
        """Where what the next night is to know is gathered."""
        return self.out.work / "state"

    @property
    def columns(self) -> dict[str, list[str]]:
        """The known columns of every delivered table."""
        return {table.table: sorted(table.columns) for table in self.tables if table.file}

    @property
    def anchors(self) -> Anchors:
        """The dates that the criteria count from."""
        return Anchors(self.request.as_of, self.request.enrollment, self.request.first_dose)


@contextmanager
def open_session(request: RunRequest, progress: Progress) -> Iterator[Session]:
    """A session under the output folder's lock and in its ledger; scratch is gone afterwards however it
    ends."""
    if request.out.resolve() == request.extract.resolve():
        raise UsageError("--out", "is the folder of the extract.", "Choose another folder for the outputs.")
    out = OutputFolder(request.out)
    with private_files():
        out.prepare()
        with (
            _locked(out),
            told_in_the_morning(out),
            recorded(out.root, _asked(request)) as attempt,
        ):
            catalogue = load_catalogue()
            trials = load_trials(request.trials, request.readings, catalogue)
            out.sweep()
            require_space(out.root, space_needed(request.extract))
            try:
                with working_database(out.work, request.memory_bytes) as connection:
                    yield Session(request, progress, out, catalogue, trials, connection, attempt)
            finally:
                out.sweep()


@contextmanager
def _locked(out: OutputFolder) -> Iterator[None]:
    """The folder's lock; a run that finds it held is in the ledger too."""
    try:
        with run_lock(out.root):
            yield
    except LockHeld as error:
        Ledger(out.root).append("refused", start=None, exit_code=error.exit_code, message=str(error))
        raise


def _asked(request: RunRequest) -> dict[str, Any]:
    """What the ledger says of a run before anything of it is known."""
    return {
        "extract": str(request.extract),
        "trials": list(request.trials),
        "as_of": request.as_of.isoformat(),
        "enrollment": request.enrollment.isoformat(),
        "first_dose": request.first_dose.isoformat(),
    }


def space_needed(extract: Path) -> int:
    """Bytes that a run may take on the disk of its outputs; 0 for an extract that is not there."""
    if not extract.is_dir():
        return 0
    files = [path for path in extract.iterdir() if path.is_file()]
    needed = sum(
        path.stat().st_size * (SPACE_PER_TEXT_BYTE if path.suffix == ".csv" else SPACE_PER_PACKED_BYTE)
        for path in files
    )
    return _LEAST_SPACE_BYTES + needed


@contextmanager
def working_database(folder: Path, memory_bytes: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
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
        # SQL text finds no variable of the program by its name.
        connection.execute("set python_enable_replacements = false")
        yield connection


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """From now on SQL reaches no file, no network and no setting; frames are handed over, and it spills."""
    # In this order: locked first, access could no longer be taken away.
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
