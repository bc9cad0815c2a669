"""An extract of any known shape into the working database, and which facts its trials need of it."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from criteria.trial import Trial
from criteria.usage import usage_of
from data.extract.load import Chosen, TableCount, load_extract, load_source
from flows.request import SOURCE_FORMATS
from flows.session import Progress, lock_down
from schemas.errors import UsageError
from schemas.sources import SOURCES
from sql.runner import Wanted
from sql.stage_source import stage_source


def load_tables(
    extract: Path,
    source_format: str,
    index_date: date | None,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    chosen: Chosen | None = None,
) -> list[TableCount]:
    """The tables that the facts are made from; a source of another shape is turned by its staging SQL.
    ``chosen``: of the patients only these.

    With the extract in it the database is locked down: what follows is SQL that needs nothing from outside.
    Raises ``ExtractRefused`` for an extract that cannot be used and ``UsageError`` for an unknown format.
    """
    if source_format == SOURCE_FORMATS[0]:
        tables = load_extract(extract, connection, progress, chosen=chosen)
    else:
        tables = _load_other(extract, source_format, index_date, connection, progress)
    lock_down(connection)
    return tables


def _load_other(
    extract: Path,
    source_format: str,
    index_date: date | None,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
) -> list[TableCount]:
    if source_format not in SOURCES:
        known = f"The formats are: {', '.join(SOURCE_FORMATS)}."
        raise UsageError("--format", f"'{source_format}' cannot be read.", known)
    if index_date is None:
        raise RuntimeError("a source that counts days was asked for without an index date")
    source = SOURCES[source_format]
    tables = load_source(source, extract, connection, progress)
    stage_source(source, index_date, connection, progress)
    return tables


def wanted_by(trials: Iterable[Trial]) -> Wanted:
    """The facts that some criterion of some trial reads."""
    usage = usage_of([trial.criteria for trial in trials])
    return Wanted(
        measurements=frozenset(usage.measurements),
        counted=frozenset(usage.counted),
        sets=usage.set_concepts,
    )
