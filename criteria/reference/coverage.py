"""Whether the absence of a row is proven: the tables were complete over the days in question."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from criteria.reference.context import Context
from criteria.reference.days import add_days
from criteria.reference.record import Record
from criteria.reference.values import NO_REASONS, Reasons, joined

NOT_CAPTURED = frozenset({"not_captured"})
SOURCE_STALE = frozenset({"source_stale"})


@dataclass(frozen=True)
class Capture:
    """How complete one patient's tables are."""

    record: Record
    context: Context

    @property
    def as_of(self) -> date:
        return self.context.anchors.as_of

    def gaps(self, tables: Iterable[str], first: date, last: date) -> Reasons:
        """Why a row in [first, last] may be missing from the tables; nothing if none can be."""
        return joined(self._gaps_of_table(table, first, min(last, self.as_of)) for table in tables)

    def gaps_ever(self, tables: Iterable[str]) -> Reasons:
        """The same for the whole life up to ``as_of``."""
        return self.gaps(tables, self.record.birth.earliest, self.as_of)

    def _gaps_of_table(self, table: str, first: date, last: date) -> Reasons:
        covered = self.record.coverage.get(table)
        if covered is None:
            return NOT_CAPTURED
        needed = min(last, add_days(self.as_of, -self.context.max_lag_days))
        late = NOT_CAPTURED if covered.complete_from > first else NO_REASONS
        trailing = SOURCE_STALE if covered.complete_through < needed else NO_REASONS
        return late | trailing
