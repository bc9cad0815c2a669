"""The evidence of many patients at once, each piece as the JSON that the page reads.

What a piece says is decided by few columns of its row, so each distinct choice of them is put into words
once, by the same functions that tell of one patient; the rest is columns.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from criteria.evidence import Evidence, event_evidence, person_evidence, result_evidence
from criteria.patient_rows import Row
from data.catalogue import Catalogue
from flows.evidence_words import days_of, flags_of, value_of
from flows.report.items import Item
from flows.report.shared import Shared, dense, told_once
from schemas.facts import ANY_CONCEPT, ATTRIBUTES, Facts
from schemas.words import BEGINNING, FOREVER

# What a reader sees of a result and of an event beside its days and where it stands.
_RESULT_KEY = (
    "item",
    "stale",
    *(f"{part}_{end}" for part in ("value", "upper_limit", "lower_limit") for end in ("low", "high")),
    "value_reasons",
    "source_table",
    "recorded_value",
    "recorded_unit",
)
_EVENT_KEY = (
    "item",
    "concept",
    "source_table",
    "certain",
    "reasons",
    "recorded_name",
    *(f"{name}_{end}" for name in ATTRIBUTES for end in ("low", "high")),
)
_OPEN = (BEGINNING, FOREVER)
_FIRST = pl.lit(0, pl.UInt32)
_READING = {"item": pl.Int64, "concept": pl.String, "oldest": pl.Date, "source_table": pl.String}


@dataclass(frozen=True)
class Pieces:
    """Puts the evidence that ``items`` are about into JSON; texts that repeat go to ``shared``."""

    items: Sequence[Item]
    catalogue: Catalogue
    as_of: date
    shared: Shared

    def frame(self, facts: Facts) -> pl.DataFrame:
        """One row per patient, item and thing that the registry says of it.

        Columns: ``patient``, ``item`` (its place), ``at`` (the order within it), ``piece`` (JSON: label,
        value, table, rows, first and last day, notes, days in words) and ``stale``. A last day that is the
        first, empty notes, and words for days that are exact are left out at the end.
        """
        return pl.concat([*self._people(facts), *self._results(facts), *self._events(facts)])

    def _people(self, facts: Facts) -> Iterator[pl.DataFrame]:
        for place, name in self._named("patients"):
            facet = "birth" if name == "age" else name
            key = [column for column in facts.patients.columns if column.startswith(f"{facet}_")]
            people = facts.patients.select("patient", *key, item=pl.lit(place, pl.Int64), at=_FIRST)

            def tell(row: Row, name: str = name) -> tuple[str | None]:
                piece = person_evidence(name, row)
                return (self._whole(piece) if piece.found else None,)

            told = told_once(people, key, tell, {"piece": pl.String})
            yield _finished(told.drop_nulls("piece").with_columns(stale=False))

    def _whole(self, piece: Evidence) -> str:
        """A fact about the person: it stands in no row of its own and is no event on a time line."""
        notes, days = self._notes(piece), days_of(piece)
        blank = self.shared.text("")
        rest = f",null,{notes},{dense(days)}" if days else f",null,{notes}" if notes != blank else ""
        return f"{self._head(piece)}[],null{rest}]"

    def _results(self, facts: Facts) -> Iterator[pl.DataFrame]:
        for name in ("latest", "results"):
            reading = [
                (place, concept, self.items[place].oldest, None) for place, concept in self._named(name)
            ]
            rows = (
                getattr(facts, name)
                .with_row_index("at")
                .join(_reading(reading).drop("source_table"), on="concept")
                .with_columns(stale=pl.col("date_latest") < pl.col("oldest"))
            )
            told = self._told(rows, _RESULT_KEY, self._result)
            yield self._written(told, _rows_of_result(), ("date_earliest", "date_latest"))

    def _result(self, row: Row) -> Evidence:
        item = self.items[row["item"]]
        return result_evidence(item.name, row, dict(item.limits), item.oldest)

    def _events(self, facts: Facts) -> Iterator[pl.DataFrame]:
        order = ["start_earliest", "source_table", "source_row", "concept"]
        newest = facts.events.sort(order, descending=[True, False, False, False], maintain_order=True)
        events = newest.with_row_index("at")
        sets = [(place, own) for place, _ in self._named("events") if (own := self.items[place].rows)]
        known = [
            (place, concept, None, None)
            for place, own in sets
            for concept in dict.fromkeys(c for c, _ in own.members)
        ]
        unknown = [(place, ANY_CONCEPT, None, table) for place, own in sets for table in own.any_of]
        rows = pl.concat(
            [
                events.join(_reading(known).drop("source_table"), on="concept"),
                events.join(_reading(unknown), on=["concept", "source_table"]),
            ]
        ).with_columns(stale=False)
        told = self._told(rows, _EVENT_KEY, self._event)
        ends = ("start_earliest", "start_latest", "end_earliest", "end_latest")
        written = self._written(told, pl.col("source_row").cast(pl.String), ends)
        # A row may stand for several concepts of a set, and says the same of each.
        yield written.unique(["patient", "item", "piece"], keep="first", maintain_order=True)

    def _event(self, row: Row) -> Evidence:
        item = self.items[row["item"]]
        if item.rows is None:
            raise RuntimeError("events were read for what is no set")
        return event_evidence(item.rows, row, item.asked)

    def _named(self, frame: str) -> list[tuple[int, str]]:
        return [(place, item.name) for place, item in enumerate(self.items) if item.frame == frame]

    def _told(
        self, rows: pl.DataFrame, key: Sequence[str], evidence: Callable[[Row], Evidence]
    ) -> pl.DataFrame:
        """The rows with ``head``, how their piece begins, and ``notes``, the place of what is said of it."""

        def tell(row: Row) -> tuple[str, int]:
            piece = evidence(row)
            return self._head(piece), self._notes(piece)

        return told_once(rows, key, tell, {"head": pl.String, "notes": pl.Int64})

    def _head(self, piece: Evidence) -> str:
        label, table = self.shared.label(piece.name), self.shared.text(piece.table)
        return f"[{label},{dense(value_of(piece, self.catalogue, self.as_of))},{table},"

    def _notes(self, piece: Evidence) -> int:
        return self.shared.text("; ".join((*piece.details, *flags_of(piece))))

    def _written(self, told: pl.DataFrame, row: pl.Expr, ends: tuple[str, ...]) -> pl.DataFrame:
        """The pieces as JSON; ``ends`` are the possible days of the start and, if it has one, the end."""
        days = self._with_days(told, ends)
        last, notes = _or_null("last"), pl.col("notes")
        rest = (
            pl.when(pl.col("days").is_not_null())
            .then(pl.concat_str(last, notes, "days", separator=","))
            .when(notes != self.shared.text(""))
            .then(pl.concat_str(last, notes, separator=","))
            .when(pl.col("last").ne_missing(pl.col("first")))
            .then(last)
        )
        parts = pl.concat_str(row, _or_null("first"), rest, separator=",", ignore_nulls=True)
        return _finished(days.with_columns(piece=pl.concat_str("head", parts, pl.lit("]"))))

    def _with_days(self, rows: pl.DataFrame, ends: tuple[str, ...]) -> pl.DataFrame:
        """``first`` and ``last`` in days from the as-of date, null where they are open.

        ``days`` are words as JSON, where the page cannot write them from the two.
        """
        exact = pl.all_horizontal(
            *(
                pl.col(earliest) == pl.col(latest)
                for earliest, latest in zip(ends[::2], ends[1::2], strict=True)
            ),
            ~pl.col(ends[0]).is_in(_OPEN),
            pl.col(ends[-1]) != BEGINNING,
        )
        odd = rows.filter(~exact).select(ends).unique(maintain_order=True)
        words = told_once(odd, ends, _days_in_words, {"days": pl.String})
        days = rows.join(words, on=ends, how="left", maintain_order="left")
        return days.with_columns(first=self._day(ends[0]), last=self._day(ends[-1]))

    def _day(self, name: str) -> pl.Expr:
        return pl.when(~pl.col(name).is_in(_OPEN)).then((pl.col(name) - self.as_of).dt.total_days())


def _days_in_words(row: Row) -> tuple[str]:
    days = list(row.values())
    first, last = (days[0], days[1]), (days[2], days[3]) if days[2:] else None
    return (dense(days_of(Evidence("", first=first, last=last))),)


def _or_null(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("null")


def _rows_of_result() -> pl.Expr:
    """Where a result stands: a row, or a list of them where it was made from several."""
    rows = pl.col("source_rows")
    several = pl.concat_str(pl.lit("["), rows.cast(pl.List(pl.String)).list.join(","), pl.lit("]"))
    one = pl.coalesce(rows.list.get(0, null_on_oob=True), "source_row").cast(pl.String)
    return pl.when(rows.list.len() > 1).then(several).otherwise(one)


def _reading(rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """Which items read which rows of a frame."""
    return pl.DataFrame(rows, schema=_READING, orient="row")


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("patient", "item", "at", "piece", "stale")
