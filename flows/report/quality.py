"""How good the data of the night were: rows read and set aside, rules broken, unknown names, age."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from flows.report.run_data import ReportedRun
from flows.summary import coverage_by_table
from schemas.words import BEGINNING

MOST_NAMES = 25


@dataclass(frozen=True)
class TableView:
    """One delivered table: its rows, and in words until when it is declared complete."""

    name: str
    read: int
    accepted: int
    quarantined: int
    duplicates: int
    told: str


@dataclass(frozen=True)
class QualityView:
    """Tables, rules broken as (table, rule, sentence, rows), unlisted names as (table, name, rows).

    ``complete`` says through which day the data are complete, ``trails`` by how much some of them trail it.
    """

    tables: list[TableView]
    rules: list[tuple[str, str, str, int]]
    names: list[tuple[str, str, int]]
    more_names: int
    complete: str
    trails: str


def quality_view(run: ReportedRun) -> QualityView:
    """The quality of the data of a run."""
    complete = dict(coverage_by_table(run.coverage))
    newest, trails = _complete(run.coverage, run.anchors.as_of)
    tables = [
        TableView(name, **counts, told=complete.get(name, "-"))
        for name, counts in sorted(run.manifest["rows"]["load"].items())
    ]
    rules = (
        run.broken_rules.group_by("table", "rule", "reason")
        .agg(pl.col("rows").sum())
        .sort("rows", "table", "rule", "reason", descending=[True, False, False, False])
    )
    names = run.unmapped.select("table", "name", "rows")
    return QualityView(
        tables=tables,
        rules=list(rules.iter_rows()),
        names=list(names.head(MOST_NAMES).iter_rows()),
        more_names=max(names.height - MOST_NAMES, 0),
        complete=newest,
        trails=trails,
    )


def _complete(coverage: pl.DataFrame, as_of: date) -> tuple[str, str]:
    """The last complete day, and how far the table or patient that trails most is behind the as-of date."""
    days = coverage.filter(pl.col("complete_through") > BEGINNING)["complete_through"].to_list()
    if not days:
        return "no day that the extract declares", ""
    newest, oldest = max(days), min(days)
    if newest == oldest:
        return str(newest), ""
    behind = (as_of - oldest).days
    return str(newest), f"for some patients or tables only {oldest}, {behind} days before the as-of date"
