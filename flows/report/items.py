"""What the criteria of a trial read, item by item: what two criteria read alike is told once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from criteria.evidence import Reads
from criteria.language.tree import EventSet


@dataclass(frozen=True)
class Item:
    """One thing that is read about a patient, and all that decides what is told of it.

    ``frame`` is where it stands in the facts: ``patients``, ``latest``, ``results`` or ``events``. A result
    has ``oldest`` and ``limits``, a set ``rows`` and ``asked``, as in ``Reads``. ``after`` is the item of the
    same name that the criterion reads before: what that one tells is not told again.
    """

    frame: str
    name: str
    oldest: date = date.min
    limits: tuple[tuple[str, frozenset[Decimal]], ...] = ()
    rows: EventSet | None = None
    asked: tuple[str, ...] = ()
    after: "Item | None" = None

    @property
    def told_name(self) -> str:
        """The name under which evidence is told: of the age it is the birth."""
        return "birth" if self.frame == "patients" and self.name == "age" else self.name


def items_of(reads: Reads) -> Iterator[Item]:
    """The items of a criterion, in the order of reading."""
    usage = reads.usage
    for name in usage.people:
        yield Item("patients", name)
    latest = {
        concept: Item("latest", concept, reads.oldest[concept], _limits_of(concept, reads))
        for concept in usage.measurements
    }
    yield from latest.values()
    for concept in usage.counted:
        yield Item("results", concept, limits=_limits_of(concept, reads), after=latest.get(concept))
    for rows in usage.sets:
        yield Item("events", rows.name, rows=rows, asked=reads.asked)


def _limits_of(concept: str, reads: Reads) -> tuple[tuple[str, frozenset[Decimal]], ...]:
    names = (concept, f"{concept}_upper_limit", f"{concept}_lower_limit")
    return tuple((name, reads.limits[name]) for name in names if name in reads.limits)
