"""Whose rows need not be read again, who need not be judged again, and what the last night said of them.

A patient's facts are carried over where the rows are what they were (wherever in the files they stand now)
and no day has come on which they say something else. They are the same tonight, but for the numbers of
patients and rows, and for days that are those of the run, which are as many days later (no row has such a
day, or it would be read again). The verdicts are carried over too where none could turn by time alone until
tonight, but for a ``holds_until`` that rests on how far the registry reaches, which is as many days later as
well.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from criteria.trial import Trial
from data.extract.load import Chosen
from data.extract.scan import Scan
from flows.state import FOUND, PATIENTS, RUN_DAYS, State, days_in
from flows.tables import VERDICTS_FILE, verdict_dtypes
from schemas.facts import FRAME_NAMES, SCHEMAS, Facts
from schemas.words import KEEPS_UP_DAYS

# Coverage follows from what is declared tonight for everybody, so it is made anew for all patients.
_MADE_ANEW = "coverage"
_KNOWN = ("patient", "old", "site", "read_on", "judge_on", "is_judged")


@dataclass(frozen=True)
class Carried:
    """The patients whose rows are not read: ``patient``, ``old`` (their number in the last run), ``site``,
    ``read_on``, ``judge_on``, ``is_judged`` (tonight, on the facts carried over) and, a column a table, by
    how many rows theirs have moved."""

    state: State
    scan: Scan
    days: int
    patients: pl.DataFrame

    @property
    def chosen(self) -> Chosen:
        """The patients who are read and judged: all others."""
        mask = pl.repeat(True, len(self.scan.ids), eager=True)
        mask.scatter(self.patients["patient"], False)
        return Chosen(self.scan.ids, mask)

    def between(self, first: int, last: int, *, is_judged: bool | None = None) -> pl.DataFrame:
        """Those of a batch; if asked, only those who are or are not judged."""
        wanted = pl.lit(value=True) if is_judged is None else pl.col("is_judged") == is_judged
        return self.patients.filter(pl.col("patient").is_between(first, last), wanted)

    def facts(self, as_of: date, first: int, last: int) -> Facts:
        """The facts about those of a batch; of coverage nothing."""
        own = self.between(first, last)
        frames = {name: pl.DataFrame(schema=SCHEMAS[name]) for name in FRAME_NAMES}
        if own.height:
            for name in FRAME_NAMES:
                if name != _MADE_ANEW:
                    frames[name] = self._frame(name, own)
        return Facts(as_of, **frames)

    def _frame(self, name: str, own: pl.DataFrame) -> pl.DataFrame:
        stored = pl.scan_parquet(self.state.run / "facts" / f"{name}.parquet")
        old = pl.col("patient").is_between(own["old"][0], own["old"][-1])
        frame = stored.filter(old).collect().cast(pl.Schema(SCHEMAS[name]))
        joined = frame.join(own, left_on="patient", right_on="old", maintain_order="left", suffix="_new")
        run_days = [self.state.day("as_of"), self.state.day("extracted_on")]
        later = [
            pl.when(pl.col(day).is_in(run_days))
            .then(pl.col(day) + pl.duration(days=self.days))
            .otherwise(day)
            .alias(day)
            for day in days_in(frame)
        ]
        return _moved(name, joined).with_columns(*later, patient="patient_new").select(frame.columns)

    def verdicts(self, trial: Trial, first: int, last: int) -> pl.DataFrame:
        """The verdicts about those of a batch who are not judged, with the columns of ``evaluate_trial``."""
        own = self.between(first, last, is_judged=False)
        count = len(trial.criteria)
        dtypes = verdict_dtypes([trial])
        if own.is_empty():
            return pl.DataFrame(schema={"patient": pl.Int32, **_judged(dtypes), "moves": pl.Boolean})
        start, end = own["old"][0], own["old"][-1] + 1
        begins = self._begins[trial.id]
        rows = slice(start * count, (end - start) * count)
        told = pl.scan_parquet(self.state.run / VERDICTS_FILE).slice(begins + rows.start, rows.stop).collect()
        moves = pl.scan_parquet(self.state.folder / f"moves-{trial.id}.parquet").slice(rows.start, rows.stop)
        old = (pl.int_range(start * count, end * count, dtype=pl.Int32, eager=True) // count).alias("old")
        later = pl.when("moves").then(pl.lit(self.days)).otherwise(0)
        return (
            told.select(list(_judged(dtypes)))
            .cast(pl.Schema(_judged(dtypes)))
            .with_columns(moves.collect()["moves"], old)
            .join(own.select("old", "patient"), on="old", maintain_order="left")
            .with_columns(holds_until=pl.col("holds_until") + pl.duration(days=later))
            .select("patient", *_judged(dtypes), "moves")
        )

    @cached_property
    def _begins(self) -> dict[str, int]:
        """The first row of each trial in the last run's verdicts."""
        counts = pl.scan_parquet(self.state.run / VERDICTS_FILE).select(
            pl.col("trial_id").rle().struct.field("value", "len")
        )
        told = counts.collect()
        starts = told["len"].cum_sum().shift(1, fill_value=0)
        return dict(zip(told["value"].to_list(), starts.to_list(), strict=True))

    def found(self) -> dict[str, pl.DataFrame]:
        """What was found about them, by their numbers and rows of tonight (see ``sql.carried``)."""
        frames = {"patients": self.patients.select("patient", "site")}
        for name in FOUND:
            frame = self.state.table(name)
            joined = frame.join(self.patients, left_on="patient", right_on="old", suffix="_new")
            if name == "faults":
                joined = _moved_by_table(joined, "table")
            frames[name] = joined.with_columns(patient="patient_new").select(frame.columns)
        return frames


def _judged(dtypes: Mapping[str, Any]) -> dict[str, Any]:
    names = ("criterion_id", "kind", "verdict", "reason", "curability", "holds_until")
    return {name: dtypes[name] for name in names}


def _moved(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a fact frame with the numbers of their source rows as they are now."""
    if name == "attestations" and frame.height:
        return frame.with_columns(pl.col("source_row") + pl.col("attestations").fill_null(0))
    return _moved_by_table(frame, "source_table") if "source_table" in frame.columns else frame


def _moved_by_table(frame: pl.DataFrame, of: str) -> pl.DataFrame:
    """The same where a column says which table a row is of."""
    by = pl.lit(0, pl.Int32)
    # Lines of therapy are no rows of a file: they are counted for each patient.
    for table in set(frame[of].unique()) - {"lines"}:
        by = pl.when(pl.col(of) == table).then(pl.col(table).fill_null(0)).otherwise(by)
    frame = frame.with_columns(pl.col("source_row") + by, _by=by)
    if "source_rows" in frame.columns:
        frame = frame.with_columns((pl.col("source_rows") + pl.col("_by")).cast(pl.List(pl.Int32)))
    return frame.drop("_by")


def carried_over(
    state: State,
    scan: Scan,
    tonight: Mapping[str, Any],
    answered: Collection[str],
) -> Carried | None:
    """The patients of a scanned extract who need not be read; None where everybody must be.

    ``tonight``: what this run is made with, and its days (``flows.state``); ``answered``: the ids of
    patients about whom somebody told something, who are read every night.
    """
    ahead = _days_ahead(state, tonight)
    if ahead is None or state.about["made_with"] != tonight["made_with"]:
        return None
    elsewhere = _sites_that_differ(state, scan.shared, ahead)
    if elsewhere is None:
        return None
    old = state.table(PATIENTS)
    number = pl.int_range(len(scan.ids), dtype=pl.Int32, eager=True)
    new = pl.concat(
        [
            pl.DataFrame({"patient": number, "patient_id": scan.ids, "fingerprint": scan.fingerprints}),
            scan.first_rows,
        ],
        how="horizontal",
    )
    tables = scan.first_rows.columns
    as_of = state.day("as_of") + timedelta(days=ahead)
    quiet = (
        old.rename({"patient": "old"})
        .join(new, on=["patient_id", "fingerprint"], suffix="_new")
        .filter(
            (pl.col("read_on") > as_of).fill_null(value=True),
            ~pl.col("patient_id").is_in(sorted(answered)),
            ~pl.col("site").is_in(sorted(elsewhere)).fill_null(value=False),
        )
        .with_columns(is_judged=(pl.col("judge_on") <= as_of).fill_null(value=False))
        .select(*_KNOWN, *(pl.col(f"{name}_new") - pl.col(name) for name in tables))
        .rename({f"{name}_new": name for name in tables})
        .sort("patient")
    )
    return Carried(state, scan, ahead, quiet)


def _days_ahead(state: State, tonight: Mapping[str, Any]) -> int | None:
    """By how many days all days of the run have moved on; None if they did not do so alike, or went back."""
    pairs = [(state.about[name], tonight[name]) for name in RUN_DAYS]
    if any(day is None for pair in pairs for day in pair):
        return None
    days = [(date.fromisoformat(now) - date.fromisoformat(then)).days for then, now in pairs]
    if len(set(days)) > 1 or days[0] < 0:
        return None
    # An extract that trails that far was not expected to reach further.
    trails = abs((state.day("as_of") - state.day("extracted_on")).days) > KEEPS_UP_DAYS
    return None if trails and days[0] else days[0]


def _sites_that_differ(state: State, shared: pl.DataFrame, ahead: int) -> set[str] | None:
    """The sites whose coverage is not what was expected of it; None if everybody's is not."""
    if set(state.coverage.columns) != set(shared.columns):
        return None
    before = [_expected(row, state.day("as_of"), ahead) for row in state.coverage.iter_rows(named=True)]
    now = list(shared.iter_rows(named=True))
    differ = [row for row in before if row not in now] + [row for row in now if row not in before]
    sites = {(row.get("site") or "").strip() for row in differ}
    return None if "" in sites else sites


def _expected(row: Mapping[str, str | None], as_of: date, ahead: int) -> Mapping[str, str | None]:
    """A row of coverage after so many days: one that kept up still does; one that is no day does neither."""
    through = (row.get("complete_through") or "").strip()
    if not ahead or not through:
        return row
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", through):
        return {**row, "complete_through": None, "not a day": through}
    day = date.fromisoformat(through)
    if abs((as_of - day).days) > KEEPS_UP_DAYS:
        return row
    return {**row, "complete_through": (day + timedelta(days=ahead)).isoformat()}


def with_carried(own: Facts, carried: Facts) -> Facts:
    """The facts about both, in the order of the patients."""
    frames = {
        name: pl.concat([getattr(own, name), getattr(carried, name)]).sort("patient", maintain_order=True)
        for name in FRAME_NAMES
        if name != _MADE_ANEW
    }
    return Facts(own.as_of, coverage=own.coverage, **frames)


def with_carried_verdicts(judged: pl.DataFrame, carried: pl.DataFrame) -> pl.DataFrame:
    """The verdicts on both, in the order of the patients."""
    return pl.concat([judged.cast(pl.Schema(carried.schema)), carried]).sort("patient", maintain_order=True)
