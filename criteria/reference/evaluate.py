"""The value of an expression for one patient, node by node, straight from the meaning of each node.

Slow and plain on purpose: it shares nothing but the typed tree with the vectorised engine that it checks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from criteria.language import tree
from criteria.language.tree import Node
from criteria.reference import operators, predicates, quantities, scalars, sets
from criteria.reference.context import Context
from criteria.reference.coverage import Capture
from criteria.reference.record import Event, Record, Result
from criteria.reference.sets import SetValue
from criteria.reference.values import DateValue, NumberValue, TruthValue, Value, WordValue, any_date

V = TypeVar("V", TruthValue, NumberValue, DateValue, WordValue)

# Stands for a row that is not there: each of its attributes may be anything.
_NO_ROW = Event("", "", 0, any_date(frozenset()), any_date(frozenset()), certain=False)


def truth(node: Node, record: Record, context: Context) -> TruthValue:
    """Whether the expression must and may hold, and if it is open, why."""
    return _Evaluation(record, context).truth(node)


def number(node: Node, record: Record, context: Context) -> NumberValue:
    """The lowest and the highest that the number may be."""
    return _Evaluation(record, context).number(node)


def date(node: Node, record: Record, context: Context) -> DateValue:
    """The earliest and the latest day that the date may be."""
    return _Evaluation(record, context).date(node)


def word(node: Node, record: Record, context: Context) -> WordValue:
    """The lowest and the highest rank that the word may have."""
    return _Evaluation(record, context).word(node)


def rows(node: Node, record: Record, context: Context) -> SetValue:
    """The rows that belong or may belong to the event set."""
    return _Evaluation(record, context).rows(node)


@dataclass(frozen=True)
class _Evaluation:
    """One patient's record and, inside ``only``, a length or ``times``, the row or the result in question."""

    record: Record
    context: Context
    row: Event | None = None
    result: Result | None = None

    @property
    def capture(self) -> Capture:
        return Capture(self.record, self.context)

    def truth(self, node: Node) -> TruthValue:
        return self._checked(node, TruthValue)

    def number(self, node: Node) -> NumberValue:
        return self._checked(node, NumberValue)

    def date(self, node: Node) -> DateValue:
        return self._checked(node, DateValue)

    def word(self, node: Node) -> WordValue:
        return self._checked(node, WordValue)

    def _checked(self, node: Node, kind: type[V]) -> V:
        value = self.value(node)
        if not isinstance(value, kind):
            raise TypeError(f"'{node.text}' is not what is needed here")
        return value

    def truths(self, nodes: tuple[Node, ...]) -> list[TruthValue]:
        return [self.truth(node) for node in nodes]

    def value(self, node: Node) -> Value:
        """The value of any expression but an event set."""
        return _VALUES[type(node)](self, node)

    def arithmetic(self, node: tree.Arithmetic) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, DateValue) and isinstance(right, DateValue):
            return operators.date_difference(left, right)
        if isinstance(left, DateValue):
            return operators.date_shift(node.operator, left, self.number(node.right))
        return operators.number_arithmetic(node.operator, self.number(node.left), self.number(node.right))

    def of_row(self, row: Event) -> "_Evaluation":
        return replace(self, row=row)

    def length(self, node: Node, unit: str) -> predicates.Length:
        return predicates.Length(
            lambda row: self.of_row(row).number(node), unit, self.of_row(_NO_ROW).number(node)
        )

    def times(self, node: tree.Times) -> NumberValue:
        return quantities.times(
            node,
            [result for result in self.record.results if result.concept == node.concept],
            lambda result: replace(self, result=result).truth(node.condition),
            self.date(node.anchor),
            self.capture,
        )

    def edge(self, node: tree.Edge) -> SetValue:
        rows = self.rows(node.rows)
        return sets.edge(rows, node.which, self.capture.gaps_ever(rows.home_tables))

    def rows(self, node: Node) -> SetValue:
        """The rows of an event set."""
        return _SETS[type(node)](self, node)


def _row_of(evaluation: _Evaluation) -> Event:
    if evaluation.row is None:
        raise ValueError("an attribute of a row can be asked for only inside only(...) or a window's length")
    return evaluation.row


def _result_of(evaluation: _Evaluation) -> Result:
    if evaluation.result is None:
        raise ValueError("a single result can be asked for only inside times(...)")
    return evaluation.result


# How each kind of node is evaluated: what is recorded outright, operators, questions about event sets.
_VALUES: dict[type[Node], Callable[[_Evaluation, Any], Value]] = {
    tree.Constant: lambda of, node: scalars.constant(node.value, node.type),
    tree.Anchor: lambda of, node: scalars.anchor_day(of.context, node.name),
    tree.PatientFact: lambda of, node: scalars.patient_fact(of.record, node.name),
    tree.Age: lambda of, node: scalars.age(of.record.birth, of.date(node.anchor)),
    tree.Measurement: lambda of, node: scalars.measurement(node, of.record, of.context.anchors.as_of),
    tree.Attested: lambda of, node: scalars.attested(of.context),
    tree.ResultPart: lambda of, node: scalars.result_part(_result_of(of), node.part, node.type),
    tree.RowAttribute: lambda of, node: scalars.row_attribute(_row_of(of), node.name, node.type),
    tree.Includes: lambda of, node: sets.includes(_row_of(of), node.groups, of.record.line_members),
    tree.All: lambda of, node: operators.conjunction(of.truths(node.parts)),
    tree.AnyOf: lambda of, node: operators.disjunction(of.truths(node.parts)),
    tree.Not: lambda of, node: operators.negation(of.truth(node.part)),
    tree.AtLeast: lambda of, node: operators.at_least(node.minimum, of.truths(node.parts)),
    tree.If: lambda of, node: operators.choice(
        of.truth(node.condition), of.value(node.then), of.value(node.otherwise)
    ),
    tree.Compare: lambda of, node: operators.comparison(
        node.operator, of.value(node.left), of.value(node.right)
    ),
    tree.Among: lambda of, node: operators.membership(
        of.value(node.item), [choice.value for choice in node.choices]
    ),
    tree.Extreme: lambda of, node: operators.extreme(node.which, [of.number(part) for part in node.parts]),
    tree.Arithmetic: lambda of, node: of.arithmetic(node),
    tree.Ever: lambda of, node: predicates.ever(of.rows(node.rows), of.capture),
    tree.Ongoing: lambda of, node: predicates.ongoing(of.rows(node.rows), of.date(node.anchor), of.capture),
    tree.Within: lambda of, node: predicates.within(
        of.rows(node.rows), of.length(node.length, node.unit), of.date(node.anchor), of.capture
    ),
    tree.FollowedWithin: lambda of, node: predicates.followed_within(
        of.rows(node.rows),
        of.rows(node.later),
        None if node.length is None else of.length(node.length, node.unit),
        of.capture,
    ),
    tree.Count: lambda of, node: quantities.count(of.rows(node.rows), of.capture),
    tree.Since: lambda of, node: quantities.since(
        of.rows(node.rows), of.date(node.anchor), node.unit, of.capture
    ),
    tree.SetDate: lambda of, node: quantities.set_date(of.rows(node.rows), node.which, of.capture),
    tree.Times: lambda of, node: of.times(node),
}
_SETS: dict[type[Node], Callable[[_Evaluation, Any], SetValue]] = {
    tree.EventSet: lambda of, node: sets.event_set(node, of.record),
    tree.Only: lambda of, node: sets.only(
        of.rows(node.rows), lambda row: of.of_row(row).truth(node.condition)
    ),
    tree.Without: lambda of, node: sets.without(
        of.rows(node.rows), [of.rows(removed) for removed in node.removed]
    ),
    tree.Started: lambda of, node: sets.started(of.rows(node.rows)),
    tree.Edge: lambda of, node: of.edge(node),
}
