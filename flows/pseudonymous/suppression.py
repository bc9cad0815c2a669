"""Which counts may be shown so that no small one can be worked out from them.

Counts that hang together (parts of a whole, subsets) are told as relations. A count from 1 to below the least
shown one is small and not shown. As long as the counts that are shown, the relations and the rule itself fix
any count that is not shown, or any small difference, one more count is left out. Zero is always shown.

Whoever reads the table is taken to know the relations and the rule, which of the counts left out are small,
and to reason both by equations and by bounds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SHOWN = 11
_NEARLY_ZERO = 1e-9
_MOST_SWEEPS = 200


@dataclass(frozen=True)
class Relation:
    """The sum of ``plus`` less the sum of ``minus`` is ``total``."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    total: int = 0

    def terms(self) -> Iterator[tuple[str, int]]:
        """Each count with its sign."""
        yield from ((name, 1) for name in self.plus)
        yield from ((name, -1) for name in self.minus)


@dataclass(frozen=True)
class Linked:
    """Counts that hang together.

    ``counts`` are to be shown where that is safe; ``hidden`` are differences that are never shown, with their
    values. Both stand in ``relations``.
    """

    counts: Mapping[str, int]
    hidden: Mapping[str, int]
    relations: Sequence[Relation]

    def __post_init__(self) -> None:
        for relation in self.relations:
            if sum(sign * self.value(name) for name, sign in relation.terms()) != relation.total:
                raise ValueError(f"the counts do not keep the relation {relation}")

    def value(self, name: str) -> int:
        """The true value."""
        return self.counts[name] if name in self.counts else self.hidden[name]


def shown_counts(linked: Linked, order: Callable[[str], bytes], least: int = LEAST_SHOWN) -> set[str] | None:
    """The names of the counts that may be shown; None if none may be, zeros and the whole included.

    ``order`` decides which count is left out beside a small one. It must not depend on any value, and not be
    known to the reader: else the choice itself would tell something.
    """
    shown = {name for name, count in linked.counts.items() if not 0 < count < least}
    while exposed := _exposed(linked, shown, least):
        name, known = exposed
        candidates = _helpful(linked, shown, name, known)
        if not candidates:
            return None
        shown.remove(min(candidates, key=order))
    return shown


def _exposed(linked: Linked, shown: set[str], least: int) -> tuple[str, set[str]] | None:
    """A count that could be worked out although it is not shown, or a small difference; and all that can be
    worked out."""
    low, high = _bounds(linked, shown, least)
    known = shown | {name for name in low if low[name] == high[name]}
    # Equations are the dearer way, and seldom needed.
    return _secret_of(linked, known, shown, least) or _secret_of(
        linked, known | _fixed_by_equations(linked, shown), shown, least
    )


def _secret_of(linked: Linked, known: set[str], shown: set[str], least: int) -> tuple[str, set[str]] | None:
    for name in sorted(known - shown):
        if name in linked.counts or 0 < linked.hidden[name] < least:
            return name, known
    return None


def _fixed_by_equations(linked: Linked, shown: set[str]) -> set[str]:
    """What the relations fix as linear equations, whatever the bounds: where no solution leaves room."""
    unknown = [name for name in (*linked.counts, *linked.hidden) if name not in shown]
    place = {name: column for column, name in enumerate(unknown)}
    rows = [[(name, sign) for name, sign in one.terms() if name in place] for one in linked.relations]
    matrix = np.zeros((max(len(rows), 1), len(unknown)))
    for row, terms in enumerate(rows):
        for name, sign in terms:
            matrix[row, place[name]] += sign
    if not unknown:
        return set()
    _, sizes, directions = np.linalg.svd(matrix)
    free = directions[int((sizes > _NEARLY_ZERO).sum()) :]
    return {name for name in unknown if np.abs(free[:, place[name]]).max(initial=0) < _NEARLY_ZERO}


def _bounds(linked: Linked, shown: set[str], least: int) -> tuple[dict[str, int], dict[str, int]]:
    """Between which values each count must lie, by going through the relations until nothing moves."""
    most = sum(abs(one.total) for one in linked.relations) + sum(linked.value(name) for name in shown) + least
    low, high = {}, {}
    for name, count in linked.counts.items():
        if name in shown:
            low[name] = high[name] = count
        elif count < least:
            low[name], high[name] = 1, least - 1
        else:
            low[name], high[name] = least, most
    for name in linked.hidden:
        low[name], high[name] = 0, most
    for _ in range(_MOST_SWEEPS):
        # All of them each time: a relation narrows what the next one reads.
        if not sum(_tightened(one, low, high) for one in linked.relations):
            break
    return low, high


def _tightened(relation: Relation, low: dict[str, int], high: dict[str, int]) -> bool:
    """Narrows each count of a relation by the others; whether any moved."""
    terms = list(relation.terms())
    least = sum(low[name] if sign > 0 else -high[name] for name, sign in terms)
    most = sum(high[name] if sign > 0 else -low[name] for name, sign in terms)
    moved = False
    for name, sign in terms:
        own = (low[name], high[name]) if sign > 0 else (-high[name], -low[name])
        first = max(own[0], relation.total - (most - own[1]))
        last = min(own[1], relation.total - (least - own[0]))
        if (first, last) != own:
            moved = True
            low[name], high[name] = (first, last) if sign > 0 else (-last, -first)
            least += first - own[0]
            most += last - own[1]
    return moved


def _helpful(linked: Linked, shown: set[str], exposed: str, known: set[str]) -> set[str]:
    """Counts that are shown, not zero, and fix what is exposed; else those nearest to it in the relations."""
    reached, near = {exposed}, [exposed]
    while near:
        touching = [one for one in linked.relations if any(name in near for name, _ in one.terms())]
        fixing = [one for one in touching if all(name in known for name, _ in one.terms())]
        for group in (fixing, touching):
            names = {name for one in group for name, _ in one.terms()}
            found = {name for name in names & shown if linked.counts[name]}
            if found:
                return found
        near = sorted({name for one in touching for name, _ in one.terms()} - reached)
        reached |= set(near)
    return set()
