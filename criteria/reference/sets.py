"""Event sets: the rows that belong or may belong, and the sets made from other sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from criteria.language.tree import EventSet
from criteria.reference.operators import conjunction
from criteria.reference.record import Event, LineMember, Record
from criteria.reference.values import NO_REASONS, DateValue, Reasons, TruthValue, joined, truth_value
from schemas.facts import ANY_CONCEPT
from schemas.words import DATE_REASONS

NEEDS_REVIEW = frozenset({"needs_review"})
UNMAPPED_CODE = frozenset({"unmapped_code"})
PARTIAL_DATE = frozenset({"partial_date"})

Group = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Member:
    """A row of a set; not ``certain``: it only may belong. ``reasons``: why it or its dates are not exact."""

    event: Event
    certain: bool
    reasons: Reasons
    start: DateValue
    end: DateValue

    @property
    def identity(self) -> tuple[str, int, str]:
        """The delivered row and the concept read from it: one row may name several drugs."""
        return self.event.source_table, self.event.source_row, self.event.concept

    @property
    def undated_reasons(self) -> Reasons:
        """Why the row may not belong where no date is asked for: open dates tell nothing beside the rest."""
        return self.reasons - frozenset(DATE_REASONS) or self.reasons

    def demoted(self, reasons: Reasons) -> "Member":
        """The same row, which now only may belong, for these reasons too."""
        return replace(self, certain=False, reasons=self.reasons | reasons)


@dataclass(frozen=True, slots=True)
class SetValue:
    """The rows of a set, and the tables that must be complete to prove that there is no other."""

    members: tuple[Member, ...]
    home_tables: tuple[str, ...]


def event_set(node: EventSet, record: Record) -> SetValue:
    """The rows of the named concepts, and those of unknown concept that may be one of them."""
    members = []
    for event in record.events:
        listed = [certain for concept, certain in node.members if concept == event.concept]
        certain, reasons = event.certain and any(listed), event.reasons
        if listed and not any(listed):
            reasons = reasons | NEEDS_REVIEW
        if listed or (event.concept == ANY_CONCEPT and event.source_table in node.any_of):
            members.append(Member(event, certain, reasons, event.start, event.end))
    return SetValue(tuple(members), node.home_tables)


def only(rows: SetValue, condition: Callable[[Event], TruthValue]) -> SetValue:
    """The rows for which the condition may hold; those for which it need not hold only may belong."""
    kept = []
    for member in rows.members:
        answer = condition(member.event)
        if answer.must:
            kept.append(member)
        elif answer.may:
            kept.append(member.demoted(answer.reasons))
    return replace(rows, members=tuple(kept))


def includes(line: Event, groups: Sequence[Group], members: Sequence[LineMember]) -> TruthValue:
    """Whether the line has a member of every group."""
    own = [member for member in members if member.line_row == line.source_row]
    return conjunction([_has_member(group, own) for group in groups])


def _has_member(group: Group, members: Sequence[LineMember]) -> TruthValue:
    pairs = [(member, sure) for member in members for concept, sure in group if concept == member.concept]
    unnamed = any(member.concept == ANY_CONCEPT for member in members)
    must = any(member.certain and sure for member, sure in pairs)
    reasons = (NEEDS_REVIEW if pairs else NO_REASONS) | (UNMAPPED_CODE if unnamed else NO_REASONS)
    return truth_value(must, bool(pairs) or unnamed, reasons)


def without(rows: SetValue, removed: Sequence[SetValue]) -> SetValue:
    """The rows that are surely in none of the removed sets; those that may be in one only may belong."""
    kept = []
    for member in rows.members:
        same = [other for one in removed for other in one.members if other.identity == member.identity]
        if any(other.certain for other in same):
            continue
        kept.append(member.demoted(joined(other.reasons for other in same)) if same else member)
    return replace(rows, members=tuple(kept))


def started(rows: SetValue) -> SetValue:
    """Every row as if it had ended when it started."""
    return replace(rows, members=tuple(replace(member, end=member.start) for member in rows.members))


def edge(rows: SetValue, which: str, gaps: Reasons) -> SetValue:
    """The rows that are, or may be, the first or the last by start; ``gaps``: why others may be missing."""
    comes_after = _starts_later if which == "last" else _starts_earlier
    kept = []
    for member in rows.members:
        others = [other for other in rows.members if other is not member]
        orders = [(other, comes_after(other, member)) for other in others]
        if any(other.certain and order.must for other, order in orders):
            continue
        alone = not gaps and not any(order.may for _, order in orders)
        kept.append(member if alone or not member.certain else member.demoted(PARTIAL_DATE | gaps))
    return replace(rows, members=tuple(kept))


def _starts_later(other: Member, member: Member) -> TruthValue:
    """In every world, in some world: the other row starts after this one."""
    must = other.start.earliest > member.start.latest
    return truth_value(must, other.start.latest > member.start.earliest, NO_REASONS)


def _starts_earlier(other: Member, member: Member) -> TruthValue:
    """In every world, in some world: the other row starts before this one."""
    return _starts_later(member, other)
