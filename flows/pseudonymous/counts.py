"""The counts of one trial of a run, how they hang together, and the tables of those that may be shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.pseudonymous.suppression import LEAST_SHOWN, Linked, Relation, shown_counts
from schemas.words import CHANGES, NOT_LISTED_REASONS, TIERS

SUPPRESSED = "*"
EVERYBODY = "everybody"
_ELIGIBLE, _POSSIBLE, *_FAILING = TIERS
_ATTESTATION = "needs_attestation"


@dataclass(frozen=True)
class TrialCounts:
    """What a run counts for one trial.

    ``standing``: patients by tier or reason for not listing; ``attrition`` and ``worklist``: rows of those
    outputs; ``changes``: rows by kind of change.
    """

    patients: int
    standing: Mapping[str, int]
    attrition: pl.DataFrame
    worklist: pl.DataFrame
    changes: Mapping[str, int]


class _Links:
    """Gathers counts, differences and relations."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.hidden: dict[str, int] = {}
        self.relations: list[Relation] = []

    def value(self, name: str) -> int:
        return self.counts[name] if name in self.counts else self.hidden[name]

    def parts(self, whole: str | int, parts: list[str], rest: str = "") -> None:
        """The parts and a hidden ``rest`` (none: nothing is left) make up the whole."""
        total = whole if isinstance(whole, int) else self.value(whole)
        if rest:
            self.hidden[rest] = total - sum(self.value(name) for name in parts)
        plus = (*parts, *((rest,) if rest else ()))
        self.relations.append(
            Relation(plus, total=whole) if isinstance(whole, int) else Relation(plus, (whole,))
        )

    def multiple(self, name: str, times: int, parts: list[str], rest: str) -> None:
        """The parts together are at least so many times the count; ``rest`` is what is above."""
        if rest:
            self.hidden[rest] = sum(self.value(part) for part in parts) - times * self.value(name)
        self.relations.append(Relation(tuple(parts), (*([name] * times), *((rest,) if rest else ()))))

    def parts_of_multiple(self, name: str, times: int, parts: list[str], rest: str) -> None:
        """The parts together are at most so many times the count; ``rest`` is what is missing."""
        if rest:
            self.hidden[rest] = times * self.value(name) - sum(self.value(part) for part in parts)
        self.relations.append(Relation((*parts, *((rest,) if rest else ())), (name,) * times))


def linked_counts(counts: TrialCounts) -> Linked:
    """Every count that may be shown, with all that is known of how they hang together."""
    links = _Links()
    for name in (*TIERS, *NOT_LISTED_REASONS):
        links.counts[name] = counts.standing.get(name, 0)
    links.parts(counts.patients, list(links.counts))
    last = _attrition(links, counts)
    _standing(links, counts, last)
    _together(links, counts, last)
    _worklist(links, counts)
    for name in CHANGES:
        links.counts[f"change {name}"] = counts.changes.get(name, 0)
    return Linked(links.counts, links.hidden, links.relations)


def _attrition(links: _Links, counts: TrialCounts) -> str | int:
    """Each criterion's fails and unknowns are parts of everybody; step by step fewer remain. Returns what
    remains in the end."""
    everybody = before = counts.patients
    name_before: str | int = everybody
    rows = list(counts.attrition.iter_rows(named=True))
    for place, row in enumerate(rows):
        alone, left, only, unknown, first = (
            f"{row['criterion_id']} {what}" for what in ("alone", "left", "only", "unknown", "first")
        )
        links.counts |= {
            alone: row["excluded_alone"],
            left: row["remaining_in_order"],
            only: row["excluded_only_by_this"],
            unknown: row["unknown"],
        }
        links.hidden[first] = before - row["remaining_in_order"]
        links.parts(everybody, [alone, unknown], f"{alone} neither")
        links.parts(name_before, [left, first])
        # Who fails this first and nothing after, and who fails it but was out before.
        links.parts(first, [only], "" if place == len(rows) - 1 else f"{first} and later")
        links.parts(alone, [first], "" if place == 0 else f"{alone} not first")
        links.parts(everybody, [left, alone], "" if place == 0 else f"{left} out before")
        name_before, before = left, row["remaining_in_order"]
    return name_before


def _standing(links: _Links, counts: TrialCounts, last: str | int) -> None:
    """Who fails nothing is eligible, possible or not listed; who fails something too, or in the other
    tiers."""
    links.parts(last, [_ELIGIBLE, _POSSIBLE], "not listed without fail")
    links.hidden["not listed"] = sum(links.counts[name] for name in NOT_LISTED_REASONS)
    links.parts("not listed", list(NOT_LISTED_REASONS))
    links.parts("not listed", ["not listed without fail"], "not listed with fail")
    failing: list[str] = [*_FAILING, "not listed with fail"]
    if isinstance(last, str):
        links.parts(counts.patients, [*failing, last])


def _together(links: _Links, counts: TrialCounts, last: str | int) -> None:
    """Who fails something fails it alone, or at least two criteria, and at most all."""
    ids = counts.attrition["criterion_id"].to_list()
    if not isinstance(last, str):
        return
    links.parts(counts.patients, [last, *(f"{name} only" for name in ids)], "several")
    for name in ids:
        others = [other for other in ids if other != name]
        links.parts(f"{name} alone", [f"{name} only"], f"{name} and others")
        # Two criteria that are not this one are needed to fail several without it.
        without = f"several without {name}" if len(others) > 1 else ""
        links.parts("several", [f"{name} and others"], without)
        links.parts(counts.patients, [last, f"{name} alone"], f"{name} not but others")
        alone = [f"{other} only" for other in others]
        links.parts(f"{name} not but others", [*alone, *([without] if without else [])])
        links.multiple(f"{name} not but others", 1, [f"{other} alone" for other in others], f"{name} or more")
    together = [f"{name} and others" for name in ids]
    links.multiple("several", 2, together, "above two" if len(ids) > 2 else "")
    links.parts_of_multiple("several", len(ids), together, "below all" if len(ids) > 2 else "")


def _worklist(links: _Links, counts: TrialCounts) -> None:
    """The open questions of a criterion are part of its unknowns, and of those who wait: no fail, listed.

    A patient is possible, not eligible, by at least one question that is no attestation.
    """
    links.hidden["waiting"] = links.counts[_ELIGIBLE] + links.counts[_POSSIBLE]
    links.parts("waiting", [_ELIGIBLE, _POSSIBLE])
    open_facts: list[str] = []
    for criterion_id in counts.attrition["criterion_id"]:
        rows = counts.worklist.filter(pl.col("criterion_id") == criterion_id)
        names = {reason: f"{criterion_id} {reason}" for reason in rows["reason"]}
        links.counts |= dict(zip(names.values(), rows["patients"], strict=True))
        facts = [name for reason, name in names.items() if reason != _ATTESTATION]
        links.parts(f"{criterion_id} unknown", list(names.values()), f"{criterion_id} of others")
        links.parts("waiting", list(names.values()), f"{criterion_id} settled")
        links.parts(_POSSIBLE, facts, f"{criterion_id} no open fact")
        others = ["waiting", f"{criterion_id} alone", f"{criterion_id} of others"]
        links.parts(counts.patients, others, f"{criterion_id} settled for others")
        # An unknown of somebody who does not wait stands beside another fail, or is not listed.
        elsewhere = [f"{criterion_id} not but others", "not listed without fail"]
        links.multiple(f"{criterion_id} of others", 1, elsewhere, f"{criterion_id} not but others, settled")
        open_facts += facts
    links.multiple(_POSSIBLE, 1, open_facts, "more open facts")


def shown_tables(
    counts: TrialCounts, order: Callable[[str], bytes], least: int = LEAST_SHOWN
) -> dict[str, list[dict[str, Any]]]:
    """The tables ``standing``, ``attrition``, ``worklist`` and ``changes`` with ``*`` for what is not shown.

    Rows of the worklist stand by criterion: their place by count would tell what is not shown. Fair shares
    and the patients for whom one question is the last are left out: they tell small counts apart.
    """
    linked = linked_counts(counts)
    shown = shown_counts(linked, order, least)

    def cell(name: str) -> str:
        return str(linked.counts[name]) if shown is not None and name in shown else SUPPRESSED

    whole = SUPPRESSED if shown is None else str(counts.patients)
    standing = [{"standing": name, "patients": cell(name)} for name in (*TIERS, *NOT_LISTED_REASONS)]
    return {
        "standing": [{"standing": EVERYBODY, "patients": whole}, *standing],
        "attrition": [_attrition_row(row, cell) for row in counts.attrition.iter_rows(named=True)],
        "worklist": [_worklist_row(row, cell) for row in counts.worklist.iter_rows(named=True)],
        "changes": [{"change": name, "rows": cell(f"change {name}")} for name in CHANGES],
    }


def _attrition_row(row: Mapping[str, Any], cell: Callable[[str], str]) -> dict[str, Any]:
    criterion_id = row["criterion_id"]
    return {
        "criterion_id": criterion_id,
        "excluded_alone": cell(f"{criterion_id} alone"),
        "remaining_in_order": cell(f"{criterion_id} left"),
        "excluded_only_by_this": cell(f"{criterion_id} only"),
        "unknown": cell(f"{criterion_id} unknown"),
        "kind": row["kind"],
        "protocol": row["protocol"],
    }


def _worklist_row(row: Mapping[str, Any], cell: Callable[[str], str]) -> dict[str, Any]:
    name = f"{row['criterion_id']} {row['reason']}"
    return {
        "criterion_id": row["criterion_id"],
        "reason": row["reason"],
        "patients": cell(name),
        "what_to_look_up": row["what_to_look_up"],
    }
