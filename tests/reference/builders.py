"""Short ways to write a patient and an expression by hand, for tests that should read as worked cases.

Days are ISO text: ``2024-03-05`` is exact, ``2024-03`` and ``2024`` are a month and a year, ``a/b`` is any
day from a to b, ``ongoing`` is the unbounded end. Unless a test says otherwise every table is complete up to
``AS_OF``, and all anchors are that day.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from decimal import Decimal

from criteria.language import tree
from criteria.language.tree import Node, Type
from criteria.reference import evaluate
from criteria.reference.context import Anchors, Context
from criteria.reference.record import Covered, Event, LineMember, Record, Result
from criteria.reference.values import DateValue, NumberValue, TruthValue
from schemas.words import BEGINNING, FOREVER, WORD_DOMAINS

AS_OF = date(2024, 3, 31)
NOW = Context(Anchors(AS_OF, AS_OF, AS_OF))
TABLES = ("observations", "treatments", "conditions", "procedures", "responses")
COMPLETE = {table: Covered(BEGINNING, AS_OF) for table in TABLES}
OPEN_NUMBER = NumberValue(Decimal(-5), Decimal(5), frozenset({"quarantined"}))


def when(text: str, *reasons: str) -> DateValue:
    """The days that a text may mean."""
    if text == "ongoing":
        return DateValue(FOREVER, FOREVER)
    first, _, last = text.partition("/")
    return DateValue(_bounds(first)[0], _bounds(last or first)[1], frozenset(reasons))


def _bounds(text: str) -> tuple[date, date]:
    if text == "ongoing":
        return FOREVER, FOREVER
    if text == "beginning":
        return BEGINNING, BEGINNING
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 1:
        return date(parts[0], 1, 1), date(parts[0], 12, 31)
    if len(parts) == 2:
        return date(parts[0], parts[1], 1), date(parts[0], parts[1], monthrange(*parts)[1])
    return date(*parts), date(*parts)


def event(concept: str, start: str, end: str | None = None, *, row: int = 1, **more: object) -> Event:
    """An event row; ``reasons``, ``certain``, ``table`` or attributes (a value or a pair) in ``more``."""
    table, certain, reasons = (
        more.pop("table", "treatments"),
        more.pop("certain", True),
        more.pop("reasons", ()),
    )
    attributes = {name: given if isinstance(given, tuple) else (given, given) for name, given in more.items()}
    assert isinstance(reasons, Iterable)
    return Event(
        concept,
        str(table),
        row,
        when(start),
        when(end or start),
        bool(certain),
        frozenset(reasons),
        attributes,
    )


def number_of(low: str, high: str | None = None, *reasons: str) -> NumberValue:
    """A number between two others."""
    return NumberValue(Decimal(low), Decimal(high or low), frozenset(reasons))


def result(
    day: str,
    value: NumberValue | str,
    upper: NumberValue | None = None,
    lower: NumberValue | None = None,
    concept: str = "alt",
) -> Result:
    """A result of a measurement."""
    known = number_of(value) if isinstance(value, str) else value
    return Result(concept, when(day), known, upper or number_of("40"), lower or number_of("5"))


def patient(
    *events: Event,
    results: Sequence[Result] = (),
    members: Sequence[LineMember] = (),
    coverage: Mapping[str, Covered] | None = None,
    birth: DateValue | None = None,
) -> Record:
    """A record; the last result of each concept is the latest."""
    return Record(
        birth=birth or when("1960-05-17"),
        latest={one.concept: one for one in results},
        results=tuple(results),
        events=tuple(events),
        line_members=tuple(members),
        coverage=COMPLETE if coverage is None else coverage,
    )


NOTHING_CAPTURED: Mapping[str, Covered] = {}


def looking_from(as_of: str, enrollment: str | None = None, max_lag_days: int = 0) -> Context:
    """A context with the anchors given as text."""
    day = when(as_of).earliest
    later = when(enrollment).earliest if enrollment else day
    return Context(Anchors(day, later, later), max_lag_days)


def events_of(
    *concepts: str, home: Sequence[str] = ("treatments",), unsure: Sequence[str] = ()
) -> tree.EventSet:
    """A set of the concepts; those in ``unsure`` only may belong. Unnamed treatments may belong too."""
    members = (*((concept, True) for concept in concepts), *((concept, False) for concept in unsure))
    return tree.EventSet(
        type=Type.SET,
        text="set",
        name="set",
        members=members,
        home_tables=tuple(home),
        any_of=("treatments",),
    )


DRUG = events_of("drug")
PROGRESSION = events_of("progression", home=("responses",))
LINES = events_of("lines")


def constant(value: str | int) -> tree.Constant:
    """A number as written."""
    return tree.Constant(type=Type.NUMBER, text=str(value), value=Decimal(value))


def word_of(domain: str, word: str) -> tree.Constant:
    """A word as written."""
    rank = Decimal(WORD_DOMAINS[domain].index(word))
    return tree.Constant(type=Type.WORD, text=word, domain=domain, value=rank)


def known(value: bool) -> Node:
    """A settled truth."""
    return tree.Constant(type=Type.TRUTH, text=str(value), value=Decimal(int(value)))


OPEN = tree.PatientFact(type=Type.TRUTH, text="childbearing_potential", name="childbearing_potential")


def anchor(name: str = "as_of") -> Node:
    """One of the anchors."""
    return tree.Anchor(type=Type.DATE, text=name, name=name)


def alt(part: str = "value", lookback_days: int = 28) -> tree.Measurement:
    """The latest ALT."""
    kind = Type.DATE if part == "date" else Type.NUMBER
    return tree.Measurement(type=kind, text="alt", concept="alt", part=part, lookback_days=lookback_days)


def attribute(name: str, kind: Type = Type.NUMBER) -> Node:
    """An attribute of the row in question."""
    domain = name if kind is Type.WORD else ""
    return tree.RowAttribute(type=kind, text=name, name=name, domain=domain)


def compare(left: Node, operator: str, right: Node | int | str) -> Node:
    """A comparison, with a number if no node is given."""
    other = right if isinstance(right, Node) else constant(right)
    return tree.Compare(type=Type.TRUTH, text="?", operator=operator, left=left, right=other)


def only(rows: Node, condition: Node) -> Node:
    """The rows for which the condition holds."""
    return tree.Only(type=Type.SET, text="only", rows=rows, condition=condition)


def within(rows: Node, length: Node | int, unit: str = "days", day: Node | None = None) -> Node:
    """A row in a window that ends on a day."""
    size = length if isinstance(length, Node) else constant(length)
    return tree.Within(type=Type.TRUTH, text="?", rows=rows, length=size, unit=unit, anchor=day or anchor())


def ever(rows: Node) -> Node:
    """Any row."""
    return tree.Ever(type=Type.TRUTH, text="ever", rows=rows)


def shown(value: TruthValue) -> str | set[str]:
    """``yes``, ``no``, or the reasons of an open truth."""
    if value.exact:
        assert not value.reasons
        return "yes" if value.must else "no"
    return set(value.reasons)


def answer(node: Node, record: Record, context: Context = NOW) -> str | set[str]:
    """The truth of an expression for a patient, as ``shown``."""
    return shown(evaluate.truth(node, record, context))


def span(node: Node, record: Record, context: Context = NOW) -> tuple[Decimal | int, Decimal | int]:
    """The low and the high end of a number."""
    value = evaluate.number(node, record, context)
    return value.low, value.high


def span_and_reasons(node: Node, record: Record) -> tuple[Decimal | int, Decimal | int, Set[str]]:
    """The low and the high end of a number, and why it is not exact."""
    value = evaluate.number(node, record, NOW)
    return value.low, value.high, value.reasons


def days(node: Node, record: Record, context: Context = NOW) -> DateValue:
    """The days that a date may be, without the reasons."""
    value = evaluate.date(node, record, context)
    return DateValue(value.earliest, value.latest)
