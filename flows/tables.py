"""The tables of a run, in its staging folder: verdicts and facts batch by batch, the rest trial by trial."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl

from criteria.trial import Trial
from flows.session import Session
from flows.table_files import CsvSink, ParquetSink
from schemas.facts import EVERYBODY, FRAME_NAMES, SCHEMAS, Facts
from schemas.outputs import output_columns, output_dtypes, pandera_schema
from schemas.words import CURABILITIES, KINDS, REASONS, VERDICTS

VERDICTS_FILE = "verdicts.parquet"
# Tables of an output, by the forms in which it is published; the workbook is made when the run is complete.
_FORMS = {
    "candidates": ("parquet", "csv"),
    "changes": ("parquet", "csv"),
    "attrition": ("csv",),
    "worklist": ("csv",),
}
_SINKS: dict[str, type[ParquetSink] | type[CsvSink]] = {"parquet": ParquetSink, "csv": CsvSink}
_CHECK_ROWS = 100_000


def verdict_dtypes(trials: Sequence[Trial]) -> dict[str, Any]:
    """The columns of verdicts.parquet with their closed lists of words, for speed."""
    criteria = (criterion.id for trial in trials for criterion in trial.criteria)
    words = {"kind": KINDS, "verdict": VERDICTS, "reason": REASONS, "curability": CURABILITIES}
    return {
        "trial_id": pl.Enum([trial.id for trial in trials]),
        "patient_id": pl.String,
        "criterion_id": pl.Enum(list(dict.fromkeys(criteria))),
        **{name: pl.Enum(domain) for name, domain in words.items()},
        "holds_until": pl.Date,
    }


class VerdictFiles:
    """verdicts.parquet, by trial, patient and criterion, from batches that come by patient, then trial.

    The first trial's verdicts go straight into the file, those of the others into scratch files that follow.
    """

    def __init__(self, folder: Path, scratch: Path, trials: Sequence[Trial]) -> None:
        self.folder = folder
        self.scratch = scratch
        self.trials = trials
        self.rows = 0
        self.dtypes = verdict_dtypes(trials)

    def __enter__(self) -> "VerdictFiles":
        paths = [self.folder / VERDICTS_FILE]
        paths += [self.scratch / f"{trial.id}.parquet" for trial in self.trials[1:]]
        self.sinks = {
            trial.id: ParquetSink(path, self.dtypes) for trial, path in zip(self.trials, paths, strict=True)
        }
        return self

    def write(self, trial: Trial, batch: Facts, verdicts: pl.DataFrame) -> None:
        """The verdicts of one batch; a word outside its closed list is a bug and ends the run."""
        if verdicts.is_empty():
            return
        places = (verdicts["patient"] - batch.patients["patient"][0]).cast(pl.UInt32)
        patient_id = batch.patients["patient_id"].gather(places)
        frame = verdicts.with_columns(pl.lit(trial.id).alias("trial_id"), patient_id.alias("patient_id"))
        self.sinks[trial.id].write(frame.select(output_columns("verdicts")))

    def add(self, trial_id: str, verdicts: pl.DataFrame) -> None:
        """Verdicts of one trial as another such file has them."""
        self.sinks[trial_id].write(verdicts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        first, *others = self.sinks.values()
        for sink in others:
            sink.close()
            for group in sink.groups() if kind is None else ():
                first.write(group)
        first.close()
        self.rows = first.rows


class FactFiles:
    """facts/<frame>.parquet: what the verdicts rest on, so that a run can be explained from itself alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "facts"
        self.rows: dict[str, int] = {}

    def __enter__(self) -> "FactFiles":
        self.folder.mkdir()
        self.sinks = {
            name: ParquetSink(self.folder / f"{name}.parquet", SCHEMAS[name]) for name in FRAME_NAMES
        }
        return self

    def write(self, batch: Facts, *, is_first: bool) -> None:
        """The facts of one batch; what is said of everybody comes with each and is written once."""
        for name in FRAME_NAMES:
            frame: pl.DataFrame = getattr(batch, name)
            if name == "coverage" and not is_first:
                frame = frame.filter(pl.col("patient") != EVERYBODY)
            self.add(name, frame.select(list(SCHEMAS[name])))

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Rows of one frame as another such file has them."""
        self.sinks[name].write(frame)

    def __exit__(self, *failure: object) -> None:
        for name, sink in self.sinks.items():
            sink.close()
            self.rows[name] = sink.rows


class OutputFile:
    """One output in each of its forms, trial by trial; each row is held to the schema before it is written.

    Words of a trial's own closed list (``Enum``) are plain text in it.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.name = name
        self.schema = pandera_schema(name)
        self.dtypes = pl.Schema(output_dtypes(name))
        self.sinks: list[ParquetSink | CsvSink] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for form in _FORMS.get(self.name, ("parquet",)):
                sink = _SINKS[form](self.session.staging / f"{self.name}.{form}", self.dtypes)
                stack.enter_context(sink)
                self.sinks.append(sink)
            self.closing = stack.pop_all()
        return self

    def add(self, frame: pl.DataFrame) -> None:
        """Rows of the output; a row that its schema does not allow is a bug and ends the run."""
        for part in frame.select(output_columns(self.name)).iter_slices(_CHECK_ROWS):
            plain = part.cast(self.dtypes)
            self.schema.validate(plain, lazy=True)
            for sink in self.sinks:
                sink.write(plain)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.__exit__(kind, error, trace)
        for sink in self.sinks:
            self.session.file_rows[sink.path.name] = sink.rows


def write_output(session: Session, name: str, frame: pl.DataFrame) -> None:
    """One output that is known at once."""
    with OutputFile(session, name) as file:
        file.add(frame)
