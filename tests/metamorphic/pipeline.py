"""The whole path in one process: extract folder, load, facts, verdicts, ranking.

A registry is held as tables of text, so that a test can change any cell before it is delivered.
"""

import gzip
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from criteria.calendar import with_calendar
from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.ranking import DAYS, not_listed_patients, rank_candidates, summarise_patients
from criteria.trial import Trial, load_trial
from data.catalogue import load_catalogue
from data.extract.load import load_extract
from flows.loading import wanted_by
from flows.steps import rows_by_table
from schemas.extract import TABLES
from schemas.facts import Facts
from sql.runner import patient_count, read_facts, stage_extract

AS_OF = date(2026, 6, 30)
DECIDED = ("pass", "fail", "not_applicable")


@dataclass(frozen=True)
class Registry:
    """The tables of an extract, every cell text or null, and the text of ``extract.toml``."""

    tables: Mapping[str, pl.DataFrame]
    toml: str = f"extracted_on = {AS_OF.isoformat()}\n"

    def with_table(self, name: str, frame: pl.DataFrame) -> "Registry":
        """The registry with one table replaced."""
        return replace(self, tables={**self.tables, name: frame})

    def mapped(self, change: Callable[[str, pl.DataFrame], pl.DataFrame]) -> "Registry":
        """The registry with every table changed."""
        return replace(self, tables={name: change(name, frame) for name, frame in self.tables.items()})

    def added(self, name: str, rows: Sequence[Mapping[str, str | None]]) -> "Registry":
        """The registry with rows added to the end of a table."""
        columns = self.tables[name].columns if name in self.tables else [c.name for c in TABLES[name].columns]
        filled = [dict.fromkeys(columns) | dict(row) for row in rows]
        more = pl.DataFrame(filled, dict.fromkeys(columns, pl.String))
        frames = [self.tables[name]] if name in self.tables else []
        return self.with_table(name, pl.concat([*frames, more]))


@dataclass(frozen=True)
class Outcome:
    """What a run found: verdicts by patient id, every patient's summary, the two lists, rows per table."""

    verdicts: pl.DataFrame
    summary: pl.DataFrame
    candidates: pl.DataFrame
    not_listed: pl.DataFrame
    rows: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, patients: Sequence[str]) -> pl.DataFrame:
        """The verdicts on some patients."""
        return self.verdicts.filter(pl.col("patient_id").is_in(list(patients)))


@cache
def shipped() -> Trial:
    """The trial that comes with the project."""
    return load_trial("mezigdomide-ixazomib-dex", load_catalogue())


def trial_of(text: str) -> Trial:
    """A trial from the text of its file."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "trial.toml"
        path.write_text(text, encoding="utf-8")
        return load_trial(str(path), load_catalogue())


def silent(_: str) -> None:
    """Say nothing."""


def write(registry: Registry, folder: Path, forms: Mapping[str, str] | None = None) -> None:
    """Deliver a registry; ``forms`` gives the ending of a table's file where it is not parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    if registry.toml:
        (folder / "extract.toml").write_text(registry.toml, encoding="utf-8")
    for name, frame in registry.tables.items():
        form = (forms or {}).get(name, "parquet")
        path = folder / f"{name}.{form}"
        if form == "parquet":
            frame.write_parquet(path)
            continue
        text = io.BytesIO()
        frame.write_csv(text)
        path.write_bytes(text.getvalue() if form == "csv" else gzip.compress(text.getvalue(), mtime=0))


@contextmanager
def loaded(registry: Registry, forms: Mapping[str, str] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the registry loaded."""
    with tempfile.TemporaryDirectory() as name, duckdb.connect(config={"threads": 2}) as connection:
        write(registry, Path(name), forms)
        load_extract(Path(name), connection, silent)
        yield connection


def facts_as_of(
    connection: duckdb.DuckDBPyConnection, as_of: date = AS_OF, trial: Trial | None = None
) -> Facts:
    """The facts about everybody as of a date."""
    stage_extract(connection, as_of, wanted_by([trial or shipped()]), silent)
    return read_facts(connection, 0, patient_count(connection) - 1)


def judged(
    connection: duckdb.DuckDBPyConnection,
    as_of: date = AS_OF,
    trial: Trial | None = None,
    batch_patients: int = 1_000_000,
) -> Outcome:
    """The outcome as of a date (which is also enrollment and first dose), batch by batch."""
    trial = trial or shipped()
    stage_extract(connection, as_of, wanted_by([trial]), silent)
    total = patient_count(connection)
    verdicts, summaries = [], []
    for first in range(0, max(total, 1), batch_patients):
        batch = read_facts(connection, first, min(first + batch_patients, total) - 1)
        found = evaluate_trial(trial, batch, Anchors(as_of, as_of, as_of))
        summaries.append(summarise_patients(found, batch, (trial.id, *trial.registry_ids)))
        ids = batch.patients.select("patient", "patient_id")
        verdicts.append(found.join(ids, on="patient", how="left", maintain_order="left"))
    no_days = pl.DataFrame(schema={"patient": pl.Int32, **DAYS})
    summary = with_calendar(pl.concat(summaries), no_days)
    outcome = Outcome(
        pl.concat(verdicts).drop("patient"),
        summary,
        rank_candidates(summary, trial.id),
        not_listed_patients(summary, trial.id),
        rows_by_table(connection),
    )
    check_whole(outcome, trial)
    return outcome


def screened(
    registry: Registry,
    as_of: date = AS_OF,
    trial: Trial | None = None,
    batch_patients: int = 1_000_000,
    forms: Mapping[str, str] | None = None,
) -> Outcome:
    """A whole run on a registry."""
    with loaded(registry, forms) as connection:
        return judged(connection, as_of, trial, batch_patients)


def check_whole(outcome: Outcome, trial: Trial) -> None:
    """Every patient has one verdict per criterion, and stands in exactly one of the two lists, once."""
    patients = outcome.summary["patient_id"].sort()
    assert patients.is_unique().all()
    for criterion in trial.criteria:
        mine = outcome.verdicts.filter(pl.col("criterion_id") == criterion.id)
        assert mine["patient_id"].sort().equals(patients), criterion.id
        assert mine["verdict"].is_in([*DECIDED, "unknown"]).all(), criterion.id
    assert outcome.verdicts.height == patients.len() * len(trial.criteria)
    listed = pl.concat([outcome.candidates["patient_id"], outcome.not_listed["patient_id"]])
    assert listed.sort().equals(patients)
    assert outcome.candidates["rank"].to_list() == list(range(1, outcome.candidates.height + 1))


def same(one: Outcome, other: Outcome) -> None:
    """Two outcomes agree in every verdict, reason, curability and day, in both lists and their order."""
    assert_same_verdicts(one.verdicts, other.verdicts)
    assert one.candidates.equals(other.candidates)
    assert one.not_listed.equals(other.not_listed)


def assert_same_verdicts(one: pl.DataFrame, other: pl.DataFrame) -> None:
    """Two frames of verdicts hold the same rows; a difference names criteria and verdicts."""
    keys = ["patient_id", "criterion_id"]
    one, other = one.sort(keys), other.sort(keys).select(one.columns)
    if not one.equals(other):
        gone = one.join(other, on=one.columns, how="anti", nulls_equal=True)
        come = other.join(one, on=one.columns, how="anti", nulls_equal=True)
        shown = f"{gone.head(5).to_dicts()}\n{come.head(5).to_dicts()}"
        raise AssertionError(f"{gone.height} rows differ:\n{shown}")


def turned(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Criteria that fail in one frame and surely do not in the other, with ``verdict`` and ``verdict_after``.

    What does not concern a patient stands in nobody's way: ``not_applicable`` is on the side of ``pass``.
    """
    keys = ["patient_id", "criterion_id"]
    joined = before.select(*keys, "verdict").join(after.select(*keys, "verdict"), on=keys, suffix="_after")
    both = (pl.col("verdict") != "unknown") & (pl.col("verdict_after") != "unknown")
    return joined.filter(both & ((pl.col("verdict") == "fail") != (pl.col("verdict_after") == "fail")))
