"""Which facts an expression, a criterion or a trial reads, from walking its typed tree."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, cast

from criteria.language.tree import Age, EventSet, Includes, Measurement, Node, PatientFact, Times


@dataclass(frozen=True)
class Usage:
    """Names read: latest results, results counted one by one, event sets, and facts about the person.

    Each in the order in which it is first read. ``people`` may hold ``age``, ``sex`` and
    ``childbearing_potential``.
    """

    measurements: tuple[str, ...]
    counted: tuple[str, ...]
    sets: tuple[EventSet, ...]
    people: tuple[str, ...]
    line_members: tuple[str, ...]

    @property
    def set_concepts(self) -> frozenset[str]:
        """Every concept that a set or a line is asked about."""
        in_sets = {concept for rows in self.sets for concept, _ in rows.members}
        return frozenset(in_sets.union(self.line_members))


def nodes_in(part: object) -> Iterator[Node]:
    """Every node of an expression, or of what holds expressions (a criterion, a list), outer first."""
    if isinstance(part, Node):
        yield part
    if isinstance(part, tuple | list):
        for item in part:
            yield from nodes_in(item)
    else:
        for name in _field_names(cast(Hashable, type(part))):
            yield from nodes_in(getattr(part, name))


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass; none of any other type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def usage_of(part: object) -> Usage:
    """What an expression, a criterion or a sequence of criteria reads."""
    nodes = list(nodes_in(part))
    groups = (node.groups for node in nodes if isinstance(node, Includes))
    return Usage(
        measurements=_unique(node.concept for node in nodes if isinstance(node, Measurement)),
        counted=_unique(node.concept for node in nodes if isinstance(node, Times)),
        sets=tuple({node.name: node for node in nodes if isinstance(node, EventSet)}.values()),
        people=_unique(
            "age" if isinstance(node, Age) else node.name
            for node in nodes
            if isinstance(node, Age | PatientFact)
        ),
        line_members=_unique(concept for parts in groups for group in parts for concept, _ in group),
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
