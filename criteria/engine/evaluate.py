"""From a typed tree to what it is worth for every patient of a batch."""

from decimal import Decimal

import polars as pl

from criteria.engine import logic, measures, numbers, windows
from criteria.engine.batch import Batch
from criteria.engine.counting import result_part, times
from criteria.engine.rows import Rows, edge, event_set, includes, keep, started, without
from criteria.engine.values import (
    NEVER,
    Interval,
    Truth,
    bounded,
    clip,
    flag,
    interval,
    number,
    settled,
    truth,
    whole,
)
from criteria.language.tree import (
    Age,
    All,
    Among,
    Anchor,
    AnyOf,
    Arithmetic,
    AtLeast,
    Attested,
    Compare,
    Constant,
    Count,
    Edge,
    EventSet,
    Ever,
    Extreme,
    FollowedWithin,
    If,
    Includes,
    Measurement,
    Node,
    Not,
    Ongoing,
    Only,
    PatientFact,
    ResultPart,
    RowAttribute,
    SetDate,
    Since,
    Started,
    Times,
    Type,
    Within,
    Without,
)
from schemas.facts import ATTRIBUTES, NUMBER
from schemas.words import YES_NO, reason_bit

NEEDS_ATTESTATION = reason_bit("needs_attestation")


class Evaluator:
    """Evaluates trees over a batch. A subclass answers for the rows of a set or the results of a concept.

    ``attested`` is what a person has answered to the criterion at hand: (surely yes, surely no) per patient.
    """

    def __init__(
        self, batch: Batch, height: int, attested: tuple[pl.Series, pl.Series] | None = None
    ) -> None:
        self.batch = batch
        self.height = height
        # The as-of day of each patient, row or result.
        self.today = batch.today
        self.attested = attested
        # A criterion asks for some of its parts more than once: for the verdict, its curability, its review.
        self._truths: dict[Node, Truth] = {}
        self._intervals: dict[Node, Interval] = {}

    def truth(self, node: Node) -> Truth:
        """What a truth is worth."""
        if node not in self._truths:
            self._truths[node] = self._truth(node)
        return self._truths[node]

    def interval(self, node: Node) -> Interval:
        """What a number, a word or a date is worth."""
        if node not in self._intervals:
            self._intervals[node] = self._interval(node)
        return self._intervals[node]

    def _truth(self, node: Node) -> Truth:
        match node:
            case Constant():
                return settled(bool(node.value), self.height)
            case All():
                return logic.all_of([self.truth(part) for part in node.parts])
            case AnyOf():
                return logic.any_of([self.truth(part) for part in node.parts])
            case Not():
                return logic.negate(self.truth(node.part))
            case AtLeast():
                return logic.at_least(node.minimum, [self.truth(part) for part in node.parts])
            case If():
                return logic.if_truth(
                    self.truth(node.condition), self.truth(node.then), self.truth(node.otherwise)
                )
            case Compare():
                left, right = self.interval(node.left), self.interval(node.right)
                crossing = numbers.crossing(node.operator, left, right, self.today)
                return numbers.compare(node.operator, left, right, self.noted(crossing))
            case Among():
                item, choices = self.interval(node.item), [choice.value for choice in node.choices]
                crossing = numbers.crossing_of(item, choices, self.today)
                return numbers.among(item, choices, node.item.type is Type.WORD, self.noted(crossing))
            case Attested():
                return self._attested()
            case _:
                return self.leaf_truth(node)

    def _interval(self, node: Node) -> Interval:
        match node:
            case Constant():
                same = number(node.value, self.height)
                return Interval(same, same, whole(0, self.height), whole(NEVER, self.height))
            case Arithmetic():
                return self._arithmetic(node)
            case Extreme():
                parts = [self.interval(part) for part in node.parts]
                return self._noted(numbers.extreme(node.which, parts, self.today))
            case If():
                then, otherwise = self.interval(node.then), self.interval(node.otherwise)
                return self._noted(logic.if_interval(self.truth(node.condition), then, otherwise, self.today))
            case _:
                return self.leaf_interval(node)

    def _arithmetic(self, node: Arithmetic) -> Interval:
        left, right = self.interval(node.left), self.interval(node.right)
        if node.type is Type.DATE:
            right = Interval(_floor(right.low), _floor(right.high), right.reasons, right.until, right.rate)
        operation = {"+": numbers.add, "-": numbers.subtract, "*": numbers.multiply}[node.operator]
        result = self._noted(operation(left, right, self.today))
        if node.left.type is Type.DATE and node.type is Type.NUMBER:
            low, high = (clip(end) for end in (result.low, result.high))
            return Interval(low, high, result.reasons, result.until, result.rate)
        return result

    def noted(self, until: pl.Series) -> pl.Series:
        """The days of each patient, known to the batch as days on which something may turn."""
        return self.batch.noted(until)

    def _noted(self, value: Interval) -> Interval:
        """A value made of others: one that must be looked at day by day is known to the batch."""
        self.noted(value.until)
        return value

    def leaf_truth(self, node: Node) -> Truth:
        """A truth that is asked of the patient's facts; once, whichever criteria and trials ask."""
        if node not in self.batch.truths:
            self.batch.truths[node] = self._of_facts(node)
        return self.batch.truths[node]

    def _of_facts(self, node: Node) -> Truth:
        match node:
            case PatientFact():
                return as_truth(measures.patient_number(self.batch, node.name))
            case Ever():
                return windows.ever(self.batch, self.rows(node.rows))
            case Within():
                return self._within(node)
            case Ongoing():
                today = Constant(type=Type.NUMBER, text="0", value=Decimal(0))
                return self._ongoing(node, today)
            case FollowedWithin():
                rows = self.rows(node.rows)
                length = None if node.length is None else self.of_rows(rows).interval(node.length)
                later = self.rows(node.later)
                return windows.followed(self.batch, rows, later, length, node.unit)
            case _:
                raise TypeError(f"{type(node).__name__} is not a truth")

    def leaf_interval(self, node: Node) -> Interval:
        """A number, word or date that is asked of the patient's facts; once, as above."""
        if node not in self.batch.intervals:
            self.batch.intervals[node] = self._interval_of_facts(node)
        return self.batch.intervals[node]

    def _interval_of_facts(self, node: Node) -> Interval:
        match node:
            case Anchor():
                return measures.fixed_date(self.batch.anchor_day(node.name))
            case PatientFact():
                return measures.patient_number(self.batch, node.name)
            case Measurement():
                return measures.measurement(self.batch, node)
            case Age():
                return measures.age(self.batch, self.interval(node.anchor))
            case Count():
                return windows.count(self.batch, self.rows(node.rows))
            case Since():
                return measures.since(self.batch, self.rows(node.rows), self.interval(node.anchor), node.unit)
            case SetDate():
                return measures.set_date(self.batch, self.rows(node.rows), node.which)
            case Times():
                return times(self.batch, node, self.interval(node.anchor), self._of_results)
            case _:
                raise TypeError(f"{type(node).__name__} is not a number, a word or a date")

    def rows(self, node: Node) -> Rows:
        """The rows of an event set."""
        match node:
            case EventSet():
                return event_set(self.batch, node)
            case Only():
                rows = self.rows(node.rows)
                return keep(rows, self.of_rows(rows).truth(node.condition))
            case Without():
                return without(self.rows(node.rows), [self.rows(removed) for removed in node.removed])
            case Edge():
                return edge(self.batch, self.rows(node.rows), node.which)
            case Started():
                return started(self.rows(node.rows))
            case _:
                raise TypeError(f"{type(node).__name__} is not an event set")

    def of_rows(self, rows: Rows) -> "RowEvaluator":
        """An evaluator that answers for each row of a set."""
        return RowEvaluator(self.batch, rows)

    def _of_results(self, node: Node, frame: pl.DataFrame) -> Truth:
        return ResultEvaluator(self.batch, frame).truth(node)

    def _within(self, node: Within) -> Truth:
        rows = self.rows(node.rows)
        length = self.of_rows(rows).interval(node.length)
        widest = self._widest(node.length)
        return windows.within(self.batch, rows, length, widest, node.unit, self.interval(node.anchor))

    def _ongoing(self, node: Ongoing, length: Constant) -> Truth:
        rows = self.rows(node.rows)
        no_time = self.of_rows(rows).interval(length)
        return windows.ongoing(self.batch, rows, no_time, self.interval(node.anchor))

    def _widest(self, length: Node) -> int:
        """The longest length a row could ask for, whatever it says of itself."""
        return int(windows.whole_length(SilentRowEvaluator(self.batch).interval(length).high)[0])

    def _attested(self) -> Truth:
        if self.attested is None:
            raise TypeError("attested(...) needs a criterion")
        surely, surely_not = self.attested
        bits = whole(NEEDS_ATTESTATION, self.height)
        return truth(surely, ~surely_not, bits, whole(NEVER, self.height))


class _OfRows(Evaluator):
    """Answers for rows of some kind instead of patients: what a row says of itself never turns by time."""

    def noted(self, until: pl.Series) -> pl.Series:
        """The days as they are."""
        return until


class RowEvaluator(_OfRows):
    """Answers for each row of a set: its attributes, and the members of its line."""

    def __init__(self, batch: Batch, rows: Rows) -> None:
        super().__init__(batch, rows.frame.height)
        self.today = batch.today_at(rows.column("place"))
        self.of = rows

    def leaf_truth(self, node: Node) -> Truth:
        """A yes/no attribute, or membership in a line."""
        if isinstance(node, Includes):
            return includes(self.batch, self.of, node)
        return as_truth(self.leaf_interval(node))

    def leaf_interval(self, node: Node) -> Interval:
        """A number or word attribute."""
        if not isinstance(node, RowAttribute):
            raise TypeError(f"{type(node).__name__} cannot be asked of a row")
        event = self.of.column("event")
        low, high = (
            self.batch.attribute(f"{node.name}_{end}", event).cast(NUMBER) for end in ("low", "high")
        )
        bits = whole(reason_bit(ATTRIBUTES[node.name].blank_reason), self.height)
        return interval(low, high, bits, whole(NEVER, self.height))


class SilentRowEvaluator(_OfRows):
    """Answers for one row that says nothing of itself: every attribute may be anything."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch, 1)
        self.today = whole(0, 1)

    def leaf_truth(self, node: Node) -> Truth:
        """Open, whatever is asked."""
        if isinstance(node, Includes):
            return truth(flag(False, 1), flag(True, 1), whole(0, 1), whole(NEVER, 1))
        return as_truth(self.leaf_interval(node))

    def leaf_interval(self, node: Node) -> Interval:
        """The whole domain of the attribute."""
        if not isinstance(node, RowAttribute):
            raise TypeError(f"{type(node).__name__} cannot be asked of a row")
        attribute = ATTRIBUTES[node.name]
        low, high = number(Decimal(attribute.low), 1), number(Decimal(attribute.high), 1)
        return interval(low, high, whole(0, 1), whole(NEVER, 1))


class ResultEvaluator(_OfRows):
    """Answers for each result of the concept that ``times`` counts."""

    def __init__(self, batch: Batch, frame: pl.DataFrame) -> None:
        super().__init__(batch, frame.height)
        self.today = batch.today_at(frame["place"])
        self.frame = frame

    def leaf_truth(self, node: Node) -> Truth:
        """There are no yes/no results."""
        raise TypeError(f"{type(node).__name__} cannot be asked of a result")

    def leaf_interval(self, node: Node) -> Interval:
        """The result's value or one of its limits."""
        if not isinstance(node, ResultPart):
            raise TypeError(f"{type(node).__name__} cannot be asked of a result")
        return result_part(self.frame, node)


def as_truth(value: Interval) -> Truth:
    """A yes/no held as the ranks of no and yes."""
    yes = len(YES_NO) - 1
    return truth(value.low == yes, value.high == yes, value.reasons, value.until)


def _floor(value: pl.Series) -> pl.Series:
    """A number of days as a whole number, rounded down; unbounded ends reach past the calendar."""
    return bounded(value.cast(pl.Float64).floor(), -NEVER, NEVER).cast(pl.Int64)
