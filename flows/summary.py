"""One screen about a published run: how many candidates, what costs most, what is missing, how old it is.

Everything is read from the run's own folder, so that a run that was already there is told in the same words.
Only counts, criteria and names that no code list has are shown, never a patient.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from criteria.trial import Criterion, Trial
from flows.identity import PRE_SCREEN_ONLY
from flows.news import news
from flows.publish import read_manifest
from flows.wording import printable
from schemas.facts import EVERYBODY
from schemas.words import BEGINNING, NOT_LISTED_REASONS, TIERS

TOP = 5
_WORDS_SHOWN = 60
_PAGE_WIDTH = 110


def standard_output() -> Console:
    """Standard output, at the terminal's width, else at a width that a mail or a log can hold."""
    return Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH, highlight=False, markup=False)


def print_summary(console: Console, folder: Path, trials: Iterable[Trial]) -> None:
    """Print the summary of the run in ``folder``; ``trials`` are its trials as read."""
    console.print(summary_of(folder, trials))


def summary_of(folder: Path, trials: Iterable[Trial]) -> Group:
    """The summary as something to print."""
    manifest = read_manifest(folder)
    parts: list[RenderableType] = [_head(manifest), *news(folder, manifest)]
    for trial in trials:
        parts += _trial_parts(folder, trial)
    parts += [_data(folder, manifest), _unread(folder, manifest), Text(f"files: {folder}")]
    parts.append(Text(PRE_SCREEN_ONLY, style="bold"))
    return Group(*parts)


def _head(manifest: dict[str, Any]) -> Text:
    dates = (f"{name.replace('_', ' ')} {manifest[name]}" for name in ("as_of", "enrollment", "first_dose"))
    patients = manifest["rows"]["screen"]["patients"]
    return Text(f"run {manifest['run_id']}: {patients} patients, {', '.join(dates)}", style="bold")


def _trial_parts(folder: Path, trial: Trial) -> list[RenderableType]:
    own = pl.col("trial_id") == trial.id
    attrition = pl.read_csv(folder / "attrition.csv", schema_overrides={"criterion_id": pl.String}).filter(
        own
    )
    worklist = pl.read_csv(folder / "worklist.csv", schema_overrides={"criterion_id": pl.String}).filter(own)
    return [
        Text(f"\n{trial.id}: {trial.title}", style="bold"),
        Text(f"tiers       {_counts(folder / 'candidates.parquet', own, 'tier', TIERS)}"),
        Text(f"not listed  {_counts(folder / 'not_listed.parquet', own, 'reason', NOT_LISTED_REASONS)}"),
        Text(f"criteria    {machine_checked(trial)} of {len(trial.criteria)} checked by machine"),
        Text(f"readings    {_readings(trial)}"),
        _grid("excludes most", "share", "only by this", "", rows=_costly(attrition, trial)),
        _grid("missing most", "patients", "would complete", "", rows=_missing(worklist)),
    ]


def _counts(path: Path, own: pl.Expr, column: str, words: Iterable[str]) -> str:
    """How often each word occurs, in the order of its list; only what occurs, for reasons."""
    found = pl.scan_parquet(path).filter(own).group_by(column).agg(pl.len()).collect()
    counts = dict(found.iter_rows())
    shown = [f"{word} {counts.get(word, 0)}" for word in words if column == "tier" or counts.get(word)]
    return ", ".join(shown) or "nobody"


def machine_checked(trial: Trial) -> int:
    """Criteria that the registry can answer, at least for some patients, without asking a person."""
    return sum(criterion.manual is None for criterion in trial.criteria)


def _readings(trial: Trial) -> str:
    if not trial.questions:
        return "none"
    marked = (
        f"{question}={option}{' (departs from the text)' if question in trial.departures else ''}"
        for question, option in trial.readings.items()
    )
    return ", ".join(marked)


def _costly(attrition: pl.DataFrame, trial: Trial) -> Iterator[tuple[str, ...]]:
    top = attrition.filter(pl.col("shapley_share") > 0).sort(
        "shapley_share", descending=True, maintain_order=True
    )
    for row in top.head(TOP).iter_rows(named=True):
        words = protocol_words(trial.criterion(row["criterion_id"]))
        share = f"{row['shapley_share']:.1f}"
        yield row["criterion_id"], share, str(row["excluded_only_by_this"]), words


def _missing(worklist: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    # What everybody still has to be asked is no surprise; what the registry lacks is.
    lacking = worklist.filter(pl.col("reason") != "needs_attestation")
    for row in lacking.head(TOP).iter_rows(named=True):
        counts = str(row["patients"]), str(row["would_become_eligible"])
        yield row["criterion_id"], *counts, _short(row["what_to_look_up"])


def protocol_words(criterion: Criterion) -> str:
    """The beginning of the protocol's words."""
    return _short(" ".join(criterion.protocol))


def _short(text: str) -> str:
    return text if len(text) <= _WORDS_SHOWN else text[: _WORDS_SHOWN - 1].rstrip() + "…"


def _grid(*head: str, rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place in (1, 2) else "left", no_wrap=place < len(head) - 1)
    for row in rows:
        # Names and sentences may hold square brackets, which are no markup here.
        table.add_row(*(Text(cell) for cell in row))
    return table


def _data(folder: Path, manifest: dict[str, Any]) -> Text:
    coverage = coverage_by_table(pl.read_parquet(folder / "facts" / "coverage.parquet"))
    shown = (f"{table} {told}" for table, told in coverage)
    text = ", ".join(shown) or "no table is declared complete"
    return Text(f"\ndata complete through (as of {manifest['as_of']}): {text}")


def coverage_by_table(coverage: pl.DataFrame) -> list[tuple[str, str]]:
    """Per table until when it is complete, and from where to where that differs between patients."""
    told = []
    for (table,), frame in sorted(coverage.partition_by("table", as_dict=True).items()):
        shared = frame.filter(pl.col("patient") == EVERYBODY)["complete_through"].to_list()
        days = [_complete(day) for day in sorted({*shared, *frame["complete_through"].to_list()})]
        told.append((str(table), days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"))
    return told


def _complete(day: date) -> str:
    """Nothing is declared complete where the last complete day is the beginning."""
    return "never" if day == BEGINNING else str(day)


def _unread(folder: Path, manifest: dict[str, Any]) -> Text:
    rows = manifest["rows"]["load"]
    broken = ", ".join(
        f"{table} {count['quarantined']}" for table, count in rows.items() if count["quarantined"]
    )
    unmapped = pl.read_parquet(folder / "unmapped.parquet")
    names = ", ".join(
        f"{printable(name)} ({n})" for name, n in unmapped.head(TOP).select("name", "rows").iter_rows()
    )
    more = f", and {unmapped.height - TOP} more names" if unmapped.height > TOP else ""
    return Text(f"quarantined rows: {broken or 'none'}\nnames that no code list has: {names or 'none'}{more}")
