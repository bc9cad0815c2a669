"""The patients of a report as compact JSON, a line each: read only when somebody opens a patient.

What repeats stands once in a table and is named by its place there; days are counted from the as-of date,
null where they are open. The script of the page (``data.js``) is the reader of these lines. They are made
column by column for all patients at once: one by one they would cost more than the rest of a run.
"""

from typing import Any

import polars as pl

from criteria.evidence import Evidence, reads_of
from flows.evidence_words import attestation_words, coverage_words, is_about, what_to_do
from flows.explain import MOST_ROWS
from flows.report.items import items_of
from flows.report.pieces import Pieces
from flows.report.reading import GRAIN, Reading, reading_of
from flows.report.run_data import ReportedRun
from flows.report.shared import Shared, told_once
from flows.stories import facts_of
from schemas.facts import EVERYBODY, Facts
from schemas.words import BEGINNING, FOREVER

_VERDICT_LETTERS = {"pass": "p", "fail": "f", "unknown": "u", "not_applicable": "n"}
_NOTES = {"patient": pl.Int32, "criterion": pl.Int64, "place": pl.Int64}
_COMPLETE = ("complete_from", "complete_through")
# What decides the words of a verdict, and those of what could change it.
_VERDICT = ["verdict", "reason", "curability", "holds_until"]
_TO_DO = ["criterion", "verdict", "reason", "curability", "wanting"]


class PatientLines:
    """Makes the lines, and ``shared``, the tables that they point into."""

    def __init__(self, run: ReportedRun) -> None:
        self.run = run
        self.as_of = run.anchors.as_of
        self.shared = Shared(run.catalogue)
        self.criteria = run.trial.criteria
        self.reads = [reads_of(criterion, self.as_of) for criterion in self.criteria]

    def lines(self) -> list[str]:
        """One line of JSON per patient shown, in the order of the list: verdicts, evidence, its pieces.

        The evidence of a criterion is a list of places: from 0 among the patient's pieces, from -1 downwards
        among the notes.
        """
        facts = facts_of(self.run.folder, self.as_of, self.run.shown["patient_id"].to_list())
        items = list(dict.fromkeys(item for reads in self.reads for item in items_of(reads)))
        pieces = Pieces(items, self.run.catalogue, self.as_of, self.shared).frame(facts)
        reading = reading_of(self.reads, items, pieces, facts.patients["patient"], self.shared)
        verdicts = self._verdicts(facts, reading)
        parts = {
            "verdicts": _joined(verdicts, "patient", pl.col("verdict").cast(pl.String)),
            "evidence": _joined(self._evidence(facts, reading, verdicts), "patient", pl.col("evidence")),
            "pieces": _joined(reading.pieces, "patient", pl.col("piece")),
        }
        return self._lines(facts, parts)

    def _lines(self, facts: Facts, parts: dict[str, pl.DataFrame]) -> list[str]:
        lines = self.run.shown.select("patient_id").join(
            facts.patients.select("patient_id", "patient"), on="patient_id", maintain_order="left"
        )
        for name, part in parts.items():
            own = part.select("patient", pl.col("told").alias(name))
            lines = lines.join(own, on="patient", how="left", maintain_order="left")
        bracketed = [pl.concat_str(pl.lit("["), pl.col(name).fill_null(""), pl.lit("]")) for name in parts]
        line = pl.concat_str(pl.lit("["), pl.concat_str(bracketed, separator=","), pl.lit("]"))
        return lines.select(line.alias("line"))["line"].to_list()

    def _verdicts(self, facts: Facts, reading: Reading) -> pl.DataFrame:
        """The verdicts as places, in protocol order; one that does not depend on the patient is told once."""
        rows = self._verdict_rows(facts).join(self._wanting(reading), on=[*GRAIN, "reason"], how="left")
        to_do = told_once(rows, _TO_DO, self._to_do, {"to_do": pl.Int64})
        placed = told_once(to_do, [*_VERDICT, "to_do"], self._verdict, {"place": pl.Int64})
        return placed.select(*GRAIN, verdict="place").sort(GRAIN)

    def _verdict_rows(self, facts: Facts) -> pl.DataFrame:
        ids = {criterion.id: place for place, criterion in enumerate(self.criteria)}
        return (
            pl.scan_parquet(self.run.folder / "verdicts.parquet")
            .filter(pl.col("trial_id") == self.run.trial.id)
            .join(
                facts.patients.lazy().select("patient_id", "patient"), on="patient_id", maintain_order="left"
            )
            .with_columns(criterion=pl.col("criterion_id").replace_strict(ids, return_dtype=pl.Int64))
            .select(*GRAIN, "verdict", "reason", "curability", "holds_until")
            .collect()
        )

    def _wanting(self, reading: Reading) -> pl.DataFrame:
        """What to look up where that is the reason: by name, what is not recorded and what is too old."""
        sets = list(self.run.catalogue.sets)
        wanting = {
            "never_recorded": ~pl.col("found") & ~pl.col("name").cast(pl.String).is_in(sets),
            "stale": pl.col("stale"),
        }
        names = pl.col("name").cast(pl.String).str.join(" ")
        return pl.concat(
            reading.rows.filter(is_wanting)
            .group_by(GRAIN, maintain_order=True)
            .agg(wanting=names)
            .with_columns(reason=pl.lit(reason))
            for reason, is_wanting in wanting.items()
        )

    def _to_do(self, row: dict[str, Any]) -> tuple[int]:
        wanting = [Evidence(name, found=False, stale=True) for name in (row["wanting"] or "").split()]
        told = what_to_do(self.criteria[row["criterion"]], row, wanting, self.run.catalogue)
        return (self.shared.text(told),)

    def _verdict(self, row: dict[str, Any]) -> tuple[int]:
        until, word = row["holds_until"], row["reason"] or row["curability"] or ""
        days = None if until in (None, BEGINNING, FOREVER) else (until - self.as_of).days
        return (self.shared.verdict(_VERDICT_LETTERS[row["verdict"]], word, days, row["to_do"]),)

    def _evidence(self, facts: Facts, reading: Reading, verdicts: pl.DataFrame) -> pl.DataFrame:
        """The evidence of each criterion as JSON: some rows of each name, how many more, and notes."""
        place = pl.col("place").cast(pl.String)
        notes = pl.concat([self._more(reading), self._coverage(facts, reading), self._attested(facts)])
        rows = verdicts.select(GRAIN)
        for name, part in {"rows": reading.rows.select(*_NOTES), "notes": notes}.items():
            told = _joined(part.drop_nulls("place"), GRAIN, place).rename({"told": name})
            rows = rows.join(told, on=GRAIN, how="left", maintain_order="left")
        listed = pl.concat_str("rows", "notes", separator=",", ignore_nulls=True)
        return rows.select("patient", evidence=pl.concat_str(pl.lit("["), listed, pl.lit("]")))

    def _more(self, reading: Reading) -> pl.DataFrame:
        """A note for each name with more rows than are shown."""
        rows = reading.rows
        many = rows.join(rows.filter(pl.col("nth") == MOST_ROWS), on=GRAIN, how="semi", maintain_order="left")
        names = many.group_by(*GRAIN, "name", maintain_order=True).agg(
            more=pl.len().cast(pl.Int64) - MOST_ROWS
        )

        def tell(row: dict[str, Any]) -> tuple[int]:
            return (self.shared.note(self.shared.label(row["name"]), f"and {row['more']} more rows"),)

        over = names.filter(pl.col("more") > 0).with_columns(pl.col("name").cast(pl.String))
        return told_once(over, ["name", "more"], tell, {"place": pl.Int64}).select(*_NOTES)

    def _coverage(self, facts: Facts, reading: Reading) -> pl.DataFrame:
        """Where something is not recorded: since when and until when tables of its events are complete."""
        tables = [(place, table) for place, reads in enumerate(self.reads) for table in reads.tables]
        asked = pl.DataFrame(tables, schema={"criterion": pl.Int64, "table": pl.String}, orient="row")
        absent = reading.rows.filter(~pl.col("found")).select(GRAIN).unique(maintain_order=True)
        of_patient, of_all = (
            facts.coverage.filter(
                pl.col("patient") == EVERYBODY if everybody else pl.col("patient") != EVERYBODY
            )
            for everybody in (False, True)
        )
        rows = (
            absent.join(asked, on="criterion", maintain_order="left_right")
            .join(of_patient, on=["patient", "table"], how="left", maintain_order="left")
            .join(of_all.drop("patient"), on="table", how="left", maintain_order="left", suffix="_of_all")
            .with_columns(pl.coalesce(name, f"{name}_of_all") for name in _COMPLETE)
        )
        return told_once(rows, ["table", *_COMPLETE], self._covered, {"place": pl.Int64}).select(*_NOTES)

    def _covered(self, row: dict[str, Any]) -> tuple[int]:
        declared = None if row["complete_through"] is None else row
        return (self.shared.note(self.shared.text(f"table {row['table']}"), coverage_words(declared)),)

    def _attested(self, facts: Facts) -> pl.DataFrame:
        """A note for each answer that somebody gave about a criterion of this trial."""
        attested = [
            (row["patient"], place, self.shared.note(self.shared.text("attested"), attestation_words(row)))
            for row in facts.attestations.iter_rows(named=True)
            for place, criterion in enumerate(self.criteria)
            if is_about(row, self.run.trial, criterion)
        ]
        return pl.DataFrame(attested, schema=_NOTES, orient="row")


def _joined(rows: pl.DataFrame, by: str | list[str], text: pl.Expr) -> pl.DataFrame:
    """``told``: the texts of each group, in order, with commas between them."""
    return rows.group_by(by, maintain_order=True).agg(told=text.str.join(","))
