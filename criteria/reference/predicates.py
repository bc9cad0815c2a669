"""Truths about event sets, row by row: each row in every world of its days, the anchor and the length."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from criteria.reference.coverage import Capture
from criteria.reference.days import candidates, moved, whole
from criteria.reference.record import Event
from criteria.reference.sets import Member, SetValue
from criteria.reference.values import (
    NO_REASONS,
    DateValue,
    NumberValue,
    Reasons,
    TruthValue,
    joined,
    truth_value,
)
from schemas.words import FOREVER


@dataclass(frozen=True, slots=True)
class Length:
    """How long a window is: in ``unit``, for each row, and at the longest for a row that is not there."""

    of: Callable[[Event], NumberValue]
    unit: str
    missing: NumberValue


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a row qualifies in all and in some of its worlds, and why not in all."""

    must: bool
    may: bool
    reasons: Reasons

    @property
    def is_open(self) -> bool:
        return self.may and not self.must


def _decided(certain: bool, answers: Iterable[bool], reasons: Reasons) -> Decision:
    seen = set(answers)
    return Decision(certain and False not in seen, True in seen, reasons)


def _any_row(decisions: Iterable[Decision], anchor: Reasons, gaps: Reasons) -> TruthValue:
    """True if some row qualifies; surely false only if none can and none can be missing."""
    decisions = list(decisions)
    open_rows = [decision.reasons | anchor for decision in decisions if decision.is_open]
    must = any(decision.must for decision in decisions)
    may = any(decision.may for decision in decisions) or bool(gaps)
    return truth_value(must, may, joined([*open_rows, gaps]))


def whole_length(length: Decimal) -> int:
    """A window's length in whole units; a length below 0 is no length at all."""
    return max(0, whole(length))


def _lengths(length: NumberValue) -> list[int]:
    return sorted({whole_length(length.low), whole_length(length.high)})


def ever(rows: SetValue, capture: Capture) -> TruthValue:
    """There is a row."""
    decisions = [Decision(member.certain, True, member.undated_reasons) for member in rows.members]
    return _any_row(decisions, NO_REASONS, capture.gaps_ever(rows.home_tables))


def ongoing(rows: SetValue, anchor: DateValue, capture: Capture) -> TruthValue:
    """A row runs on the anchor day."""
    decisions = [_runs_on(member, anchor) for member in rows.members]
    gaps = capture.gaps(rows.home_tables, capture.record.birth.earliest, anchor.latest)
    return _any_row(decisions, anchor.reasons, gaps)


def _runs_on(member: Member, anchor: DateValue) -> Decision:
    days = (anchor.earliest, anchor.latest)
    edges = (member.start.earliest, member.start.latest, member.end.earliest, member.end.latest)
    worlds = product(candidates(member.start, days), candidates(member.end, days), candidates(anchor, edges))
    return _decided(member.certain, (start <= day <= end for start, end, day in worlds), member.reasons)


def within(rows: SetValue, length: Length, anchor: DateValue, capture: Capture) -> TruthValue:
    """A row shares a day with [anchor - length, anchor]."""
    decisions = [_in_window(member, length, anchor) for member in rows.members]
    first = moved(anchor.earliest, -whole_length(length.missing.high), length.unit)
    return _any_row(decisions, anchor.reasons, capture.gaps(rows.home_tables, first, anchor.latest))


def _in_window(member: Member, length: Length, anchor: DateValue) -> Decision:
    unit, size_of_row = length.unit, length.of(member.event)
    lengths = _lengths(size_of_row)
    last_days = (anchor.earliest, anchor.latest)
    first_days = [moved(day, -size, unit) for day in last_days for size in lengths]
    start, end = member.start, member.end
    edges = [start.earliest, start.latest]
    edges += [moved(day, size, unit) for day in (end.earliest, end.latest) for size in lengths]
    starts, ends, days = candidates(start, last_days), candidates(end, first_days), candidates(anchor, edges)
    worlds = product(starts, ends, days, lengths)
    answers = (begun <= day and ended >= moved(day, -size, unit) for begun, ended, day, size in worlds)
    return _decided(member.certain, answers, member.reasons | size_of_row.reasons)


def followed_within(rows: SetValue, later: SetValue, length: Length | None, capture: Capture) -> TruthValue:
    """Another row of ``later`` starts in [row start, row end + length]; no length: ever from its start."""
    decisions = [_followed(member, later, length, capture) for member in rows.members]
    return _any_row(decisions, NO_REASONS, capture.gaps_ever(rows.home_tables))


def _followed(member: Member, later: SetValue, length: Length | None, capture: Capture) -> Decision:
    others = [other for other in later.members if other.event is not member.event]
    if length is None:
        pairs = [_follows_at_all(member, other) for other in others]
        last_day, reasons = FOREVER, member.reasons
    else:
        size = length.of(member.event)
        pairs = [_follows(member, other, _lengths(size), length.unit) for other in others]
        last_day, reasons = (
            moved(member.end.latest, whole_length(size.high), length.unit),
            member.reasons | size.reasons,
        )
    gaps = capture.gaps(later.home_tables, member.start.earliest, last_day)
    must = any(pair.must for pair in pairs)
    may = any(pair.may for pair in pairs) or bool(gaps)
    return Decision(must, may, joined([reasons, gaps, *(pair.reasons for pair in pairs if pair.may)]))


def _follows_at_all(member: Member, other: Member) -> Decision:
    starts = candidates(member.start, (other.start.earliest, other.start.latest))
    nexts = candidates(other.start, (member.start.earliest, member.start.latest))
    answers = (begun <= day for begun, day in product(starts, nexts))
    return _decided(member.certain and other.certain, answers, other.reasons)


def _follows(member: Member, other: Member, lengths: list[int], unit: str) -> Decision:
    start, end, next_start = member.start, member.end, other.start
    starts = candidates(start, (next_start.earliest, next_start.latest))
    last_days = [moved(day, size, unit) for day in (end.earliest, end.latest) for size in lengths]
    nexts = candidates(next_start, (start.earliest, start.latest, *last_days))
    first_ends = [moved(day, -size, unit) for day in nexts for size in lengths]
    worlds = product(starts, candidates(end, first_ends), nexts, lengths)
    answers = (begun <= day <= moved(ended, size, unit) for begun, ended, day, size in worlds)
    return _decided(member.certain and other.certain, answers, other.reasons)
