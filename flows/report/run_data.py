"""What a report is made from: the tables in the folder of a run, for one trial."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from criteria.engine.batch import Anchors
from criteria.trial import Trial
from data.catalogue import Catalogue
from flows.table_files import parquet_rows
from schemas.outputs import output_dtypes

# The best of the list are shown with all their evidence; a longer list stands whole in candidates.xlsx.
MOST_PATIENTS = 5_000
_PART_ROWS = 1_000_000


@dataclass(frozen=True)
class ReportedRun:
    """One trial of a run whose tables are written: the folder, and what its manifest says.

    ``manifest`` holds the dates, the readings, ``rows`` and ``compared_with`` (None: there was no run
    before). ``banner`` is told at the top, if there is something that everybody must see.
    """

    folder: Path
    manifest: Mapping[str, Any]
    trial: Trial
    catalogue: Catalogue
    banner: str | None = None
    most_patients: int = MOST_PATIENTS

    @cached_property
    def anchors(self) -> Anchors:
        """The dates that the criteria count from."""
        days = (date.fromisoformat(self.manifest[name]) for name in ("as_of", "enrollment", "first_dose"))
        return Anchors(*days)

    @cached_property
    def candidates(self) -> pl.DataFrame:
        """The list of this trial, by rank, but for ``unknown_criteria``, which take most room."""
        return self._listed().drop("unknown_criteria").collect()

    def whole_list(self) -> pl.DataFrame:
        """The list of this trial, by rank, with all that is published of it."""
        return self._listed().collect()

    @cached_property
    def shown(self) -> pl.DataFrame:
        """The part of the list that the report shows, with each patient's ``site``.

        ``asks`` are the criteria that wait for a person's answer and nothing else.
        """
        shown = self._listed().filter(pl.col("rank") <= self.most_patients).collect()
        patients = pl.scan_parquet(self.folder / "facts" / "patients.parquet")
        sites = (
            patients.select("patient_id", pl.col("site").fill_null(""))
            .join(shown.lazy().select("patient_id"), on="patient_id", how="semi")
            .collect()
        )
        asks = (
            pl.scan_parquet(self.folder / "verdicts.parquet")
            .filter(self._is_unknown(), pl.col("reason") == "needs_attestation")
            .join(shown.lazy().select("patient_id"), on="patient_id", how="semi")
            .group_by("patient_id")
            .agg(asks="criterion_id")
            .collect()
        )
        return (
            shown.join(sites, on="patient_id", how="left", maintain_order="left")
            .join(asks, on="patient_id", how="left", maintain_order="left")
            .with_columns(pl.col("asks").fill_null(pl.lit([], pl.List(pl.String))))
        )

    @cached_property
    def not_listed(self) -> pl.DataFrame:
        """The patients who must not be contacted, with the reason."""
        return self._own("not_listed.parquet")

    @cached_property
    def changes(self) -> pl.DataFrame | None:
        """What changed since the run before; none if there was no run before."""
        return None if self.manifest["compared_with"] is None else self._own("changes.parquet")

    @cached_property
    def attrition(self) -> pl.DataFrame:
        """What each criterion costs, in protocol order."""
        path = self.folder / "attrition.csv"
        frame = pl.read_csv(path, schema_overrides=output_dtypes("attrition"))
        return frame.filter(pl.col("trial_id") == self.trial.id)

    @cached_property
    def lookups(self) -> pl.DataFrame:
        """What to look up or ask, fact by fact, most useful first."""
        return self._own("lookups.parquet")

    @cached_property
    def answers(self) -> pl.DataFrame:
        """What coordinators answered in workbooks, and whether it counts."""
        return self._own("answers.parquet")

    @cached_property
    def broken_rules(self) -> pl.DataFrame:
        """How many ``rows`` broke each ``rule`` of a ``column`` of a ``table``, with the ``reason``."""
        keys = ["table", "column", "rule", "reason"]
        rows = (part.group_by(keys).agg(rows=pl.len()) for part in self._parts("quarantine.parquet"))
        return _added(rows, keys)

    @cached_property
    def unmapped(self) -> pl.DataFrame:
        """Names that no code list has, most frequent first."""
        return pl.read_parquet(self.folder / "unmapped.parquet")

    @cached_property
    def coverage(self) -> pl.DataFrame:
        """Since when and until when each table is complete, for everybody or for a patient."""
        return pl.read_parquet(self.folder / "facts" / "coverage.parquet")

    @cached_property
    def unknowns(self) -> pl.DataFrame:
        """Listed patients by ``criterion_id`` and ``reason`` of the unknown, counted in ``patients``."""
        keys = ["criterion_id", "reason"]
        listed = self.candidates.lazy().select("patient_id")
        patients = (
            part.filter(self._is_unknown())
            .join(listed, on="patient_id", how="semi")
            .group_by(keys)
            .agg(patients=pl.len())
            for part in self._parts("verdicts.parquet")
        )
        return _added(patients, keys)

    def _is_unknown(self) -> pl.Expr:
        return (pl.col("trial_id") == self.trial.id) & (pl.col("verdict") == "unknown")

    def _parts(self, name: str) -> Iterator[pl.LazyFrame]:
        """A table that may be far longer than the list, part by part; at least one."""
        path = self.folder / name
        for start in range(0, max(parquet_rows(path), 1), _PART_ROWS):
            yield pl.scan_parquet(path).slice(start, _PART_ROWS)

    def _listed(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / "candidates.parquet").filter(pl.col("trial_id") == self.trial.id)

    def _own(self, name: str) -> pl.DataFrame:
        return pl.scan_parquet(self.folder / name).filter(pl.col("trial_id") == self.trial.id).collect()


def _added(parts: Iterable[pl.LazyFrame], keys: list[str]) -> pl.DataFrame:
    """Counts by these keys, of several parts as those of one."""
    counted = pl.concat([part.collect() for part in parts])
    return counted.group_by(keys).agg(pl.exclude(keys).sum())
