"""The windows of a criterion as real days, for somebody who wants to know where to look."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from criteria.engine.batch import Anchors
from criteria.language.tree import Anchor, Arithmetic, Constant, EventSet, Measurement, Node, Times, Within
from criteria.reference.days import moved
from criteria.trial import Criterion
from criteria.usage import nodes_in


@dataclass(frozen=True)
class Window:
    """A stretch of time that the criterion looks at, as real days, both ends in."""

    text: str
    first: date
    last: date


def windows_of(criterion: Criterion, anchors: Anchors) -> list[Window]:
    """The windows of a criterion as real days; those that hang on a row or a sample are left out."""
    found = []
    for node in nodes_in(criterion):
        if isinstance(node, Within) and isinstance(node.length, Constant):
            last = anchor_day(node.anchor, anchors)
            if last:
                count = int(node.length.value)
                unit = node.unit.removesuffix("s") if count == 1 else node.unit
                first = moved(last, -count, node.unit)
                found.append(Window(f"{_base_name(node.rows)}, within {count} {unit}", first, last))
        elif isinstance(node, Times):
            last = anchor_day(node.anchor, anchors)
            if last:
                found.append(Window(f"{node.concept}, counted", moved(last, -node.days, "days"), last))
    return list(dict.fromkeys([*_lookbacks(criterion, anchors.as_of), *found]))


def oldest_days(criterion: Criterion, as_of: date) -> dict[str, date]:
    """Per measurement the first day on which a result is fresh enough; the widest if it is read twice."""
    oldest: dict[str, date] = {}
    for node in nodes_in(criterion):
        if isinstance(node, Measurement):
            day = as_of - timedelta(days=node.lookback_days)
            oldest[node.concept] = min(day, oldest.get(node.concept, day))
    return oldest


def _base_name(rows: Node) -> str:
    """The name of the set that a set is cut from."""
    return next((node.name for node in nodes_in(rows) if isinstance(node, EventSet)), rows.text)


def _lookbacks(criterion: Criterion, as_of: date) -> Iterator[Window]:
    """The days whose results count, one window for all measurements that share it."""
    by_day: dict[date, list[str]] = {}
    for concept, first in oldest_days(criterion, as_of).items():
        by_day.setdefault(first, []).append(concept)
    for first, concepts in by_day.items():
        yield Window(f"results of {', '.join(concepts)}", first, as_of)


def anchor_day(node: Node, anchors: Anchors) -> date | None:
    """The day of an anchor, if it is the same for every patient."""
    if isinstance(node, Anchor):
        return {
            "as_of": anchors.as_of,
            "enrollment": anchors.enrollment,
            "first_dose": anchors.first_dose,
        }[node.name]
    if isinstance(node, Arithmetic) and node.operator in "+-" and isinstance(node.right, Constant):
        day = anchor_day(node.left, anchors)
        sign = 1 if node.operator == "+" else -1
        return day + timedelta(days=sign * int(node.right.value)) if day else None
    return None
