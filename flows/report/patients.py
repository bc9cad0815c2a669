"""The patients of a report as compact JSON, a line each: read only when somebody opens a patient.

What repeats stands once in a table and is named by its place there; days are counted from the as-of date,
null where they are open. The script of the page (``data.js``) is the reader of these lines. They are made
column by column for all patients at once: one by one they would cost more than the rest of a run.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from criteria.evidence import Evidence, Reads, reads_of
from flows.answers.told import read_told
from flows.evidence_words import attestation_words, coverage_words, is_about, what_to_do
from flows.report.items import Item, items_of
from flows.report.pieces import Pieces
from flows.report.reading import Reading, reading_of
from flows.report.run_data import ReportedRun
from flows.report.shared import Shared, told_once
from flows.stories import facts_of
from schemas.facts import EVERYBODY, Facts
from schemas.words import BEGINNING, FOREVER

_VERDICT_LETTERS = {"pass": "p", "fail": "f", "unknown": "u", "not_applicable": "n"}
_GRAIN = ["patient", "criterion"]
_OF_ALL = pl.col("patient") == EVERYBODY
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
        self.items = [list(items_of(reads)) for reads in self.reads]

    def lines(self) -> list[str]:
        """One line of JSON per patient shown, in the order of the list: verdicts, evidence, its pieces.

        The evidence of a criterion is a list of places: from 0 among the patient's pieces, from -1 downwards
        among the notes.
        """
        facts = facts_of(self.run.folder, self.as_of, self.run.shown["patient_id"].to_list())
        items = list(dict.fromkeys(item for own in self.items for item in own))
        pieces = Pieces(items, self.run.catalogue, self.as_of, self.shared).frame(facts)
        reading = reading_of(items, pieces, facts.patients["patient"], self.shared)
        parts = {
            "verdicts": _joined(self._verdicts(facts, reading), pl.col("place").cast(pl.String)),
            "evidence": self._evidence(facts, reading),
            "pieces": _joined(reading.pieces, pl.col("piece")),
        }
        return self._lines(facts, parts)

    def _lines(self, facts: Facts, parts: dict[str, pl.DataFrame]) -> list[str]:
        lines = self.run.shown.select("patient_id").join(
            facts.patients.select("patient_id", "patient"), on="patient_id", maintain_order="left"
        )
        for name, part in parts.items():
            own = part.select("patient", pl.col("told").alias(name))
            lines = lines.join(own, on="patient", how="left", maintain_order="left")
        line = _bracketed([_bracketed([pl.col(name)]) for name in parts])
        return lines.select(line.alias("line"))["line"].to_list()

    def _verdicts(self, facts: Facts, reading: Reading) -> pl.DataFrame:
        """The verdicts as places, in protocol order: each is told once, and what could change it as well."""
        rows = self._verdict_rows(facts).join(self._wanting(reading), on=_GRAIN, how="left")
        by_reason = (pl.when(pl.col("reason") == name).then(name) for name in ("never_recorded", "stale"))
        to_do = told_once(
            rows.with_columns(wanting=pl.coalesce(by_reason)), _TO_DO, self._to_do, {"to_do": pl.Int64}
        )
        placed = told_once(to_do, [*_VERDICT, "to_do"], self._verdict, {"place": pl.Int64})
        return placed.select(*_GRAIN, "place").sort(_GRAIN)

    def _verdict_rows(self, facts: Facts) -> pl.DataFrame:
        ids = {criterion.id: place for place, criterion in enumerate(self.criteria)}
        return (
            pl.scan_parquet(self.run.folder / "verdicts.parquet")
            .filter(pl.col("trial_id") == self.run.trial.id)
            .join(
                facts.patients.lazy().select("patient_id", "patient"), on="patient_id", maintain_order="left"
            )
            .with_columns(criterion=pl.col("criterion_id").replace_strict(ids, return_dtype=pl.Int64))
            .select(*_GRAIN, "verdict", "reason", "curability", "holds_until")
            .collect()
        )

    def _wanting(self, reading: Reading) -> pl.DataFrame:
        """By patient and criterion the names of what is not recorded, and of what is too old."""
        sets = self.run.catalogue.sets
        return pl.concat(
            reading.frame.select(
                "patient",
                pl.lit(place, pl.Int64).alias("criterion"),
                never_recorded=_names((one, reading.is_absent(one)) for one in own if one.name not in sets),
                stale=_names((one, reading.is_stale(one)) for one in own),
            )
            for place, own in enumerate(self.items)
        )

    def _to_do(self, row: dict[str, Any]) -> tuple[int]:
        wanting = [Evidence(name, found=False, stale=True) for name in (row["wanting"] or "").split()]
        told = what_to_do(self.criteria[row["criterion"]], row, wanting, self.run.catalogue)
        return (self.shared.text(told),)

    def _verdict(self, row: dict[str, Any]) -> tuple[int]:
        until, word = row["holds_until"], row["reason"] or row["curability"] or ""
        days = None if until in (None, BEGINNING, FOREVER) else (until - self.as_of).days
        return (self.shared.verdict(_VERDICT_LETTERS[row["verdict"]], word, days, row["to_do"]),)

    def _evidence(self, facts: Facts, reading: Reading) -> pl.DataFrame:
        """The evidence of each criterion as JSON: rows of each name, how many more, what explains them."""
        frame = self._with_attested(self._with_coverage(reading.frame, facts), facts)
        listed = [
            _bracketed(
                [
                    *(reading.told(item) for item in own),
                    *(reading.more(item) for item in _last_of_each_name(own)),
                    *self._coverage(reads, own, reading),
                    *(pl.col(name) for name in [f"attested {place}"] if name in frame.columns),
                ]
            )
            for place, (reads, own) in enumerate(zip(self.reads, self.items, strict=True))
        ]
        return frame.select("patient", told=pl.concat_str(listed, separator=","))

    def _coverage(self, reads: Reads, items: list[Item], reading: Reading) -> Iterator[pl.Expr]:
        """Where something is not recorded: since when and until when tables of its events are complete."""
        is_absent = (
            pl.any_horizontal(reading.is_absent(item) for item in items) if items else pl.lit(value=False)
        )
        return (pl.when(is_absent).then(f"complete {table}") for table in reads.tables)

    def _with_coverage(self, frame: pl.DataFrame, facts: Facts) -> pl.DataFrame:
        """With a note per table on its completeness, for the patient or else for everybody."""
        of_all = {row["table"]: row for row in facts.coverage.filter(_OF_ALL).iter_rows(named=True)}
        for table in dict.fromkeys(table for reads in self.reads for table in reads.tables):
            own = facts.coverage.filter(~_OF_ALL, pl.col("table") == table)
            noted = told_once(own, _COMPLETE, self._covered, {f"complete {table}": pl.String})
            every = self._covered(of_all.get(table) or {"table": table, "complete_through": None})
            frame = frame.join(
                noted.select("patient", f"complete {table}"), on="patient", how="left", maintain_order="left"
            ).with_columns(pl.col(f"complete {table}").fill_null(every[0]))
        return frame

    def _covered(self, row: dict[str, Any]) -> tuple[str]:
        told = coverage_words(row if row["complete_through"] else None)
        return (str(self.shared.note(self.shared.text(f"table {row['table']}"), told)),)

    def _with_attested(self, frame: pl.DataFrame, facts: Facts) -> pl.DataFrame:
        """With the notes of the answers that somebody gave, per criterion that has any."""
        rows = list(facts.attestations.iter_rows(named=True))
        answered = self._answered(facts)
        for place, criterion in enumerate(self.criteria):
            notes = [
                (row["patient"], str(self.shared.note(self.shared.text("attested"), attestation_words(row))))
                for row in rows
                if is_about(row, self.run.trial, criterion)
            ]
            notes += answered.get(criterion.id, [])
            if notes:
                told = pl.DataFrame(notes, schema={"patient": pl.Int32, "note": pl.String}, orient="row")
                own = _joined(told, pl.col("note")).rename({"told": f"attested {place}"})
                frame = frame.join(own, on="patient", how="left", maintain_order="left")
        return frame

    def _answered(self, facts: Facts) -> dict[str, list[tuple[int, str]]]:
        """By criterion the patients with an answer in a workbook, and its note."""
        places = dict(facts.patients.select("patient_id", "patient").iter_rows())
        found: dict[str, list[tuple[int, str]]] = {}
        for (patient_id, name), told in read_told(self.run.folder, self.run.trial.id, list(places)).items():
            for text in told:
                note = self.shared.note(self.shared.text("answered"), text)
                found.setdefault(name, []).append((places[patient_id], str(note)))
        return found


def _joined(rows: pl.DataFrame, text: pl.Expr) -> pl.DataFrame:
    """``told``: the texts of each patient, in order, with commas between them."""
    return rows.group_by("patient", maintain_order=True).agg(told=text.str.join(","))


def _bracketed(parts: list[pl.Expr]) -> pl.Expr:
    """The parts that are not null as a list of JSON."""
    listed = pl.concat_str(parts, separator=",", ignore_nulls=True) if parts else pl.lit("")
    return pl.concat_str(pl.lit("["), listed, pl.lit("]"))


def _names(items: Iterable[tuple[Item, pl.Expr]]) -> pl.Expr:
    """The names of the items for which something holds."""
    names = [pl.when(holds).then(pl.lit(item.told_name)) for item, holds in items]
    return pl.concat_str(names, separator=" ", ignore_nulls=True) if names else pl.lit("")


def _last_of_each_name(items: Sequence[Item]) -> list[Item]:
    """The item that counts all rows of a name, for each name in the order of reading."""
    later = {item.after: item for item in items if item.after}
    return [later.get(item, item) for item in items if not item.after]
