"""One of the patients that a half-known record may be: blanks filled, intervals narrowed to a point."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

from criteria.reference.record import Event, LineMember, Record, Result
from criteria.reference.values import DateValue, NumberValue, TruthValue, WordValue
from schemas.facts import ANY_CONCEPT, ATTRIBUTES
from tests.differential.universe import LINE_DRUGS, TABLE_CONCEPTS


def filled(rng: Random, record: Record) -> Record:
    """The record with some of what is open decided; coverage stays, and no row is added."""
    events = tuple(done for event in record.events for done in _event(rng, event))
    latest = {concept: _result(rng, result) for concept, result in record.latest.items()}
    return replace(
        record,
        birth=_day(rng, record.birth),
        sex=_word(rng, record.sex),
        childbearing_potential=_truth(rng, record.childbearing_potential),
        latest=latest,
        results=tuple(_result(rng, result) for result in record.results),
        events=events,
        line_members=tuple(done for member in record.line_members for done in _member(rng, member)),
    )


def _leave(rng: Random) -> bool:
    """Some blanks stay, so that half-filled records are tried too."""
    return rng.random() < 0.3


def _day(rng: Random, when: DateValue) -> DateValue:
    if _leave(rng):
        return when
    first, last = when.earliest.toordinal(), when.latest.toordinal()
    day = date.fromordinal(rng.choice((first, last, rng.randint(first, last))))
    return DateValue(day, day)


def _period(rng: Random, event: Event) -> tuple[DateValue, DateValue]:
    """A start and an end that is not before it."""
    start, end = _day(rng, event.start), _day(rng, event.end)
    while start.latest > end.latest or start.earliest > end.earliest:
        start, end = _day(rng, event.start), _day(rng, event.end)
    return start, end


def _number(rng: Random, value: NumberValue) -> NumberValue:
    if _leave(rng):
        return value
    between = (value.low + value.high) / 2
    number = Decimal(rng.choice((value.low, value.high, between))).quantize(Decimal("0.000000001"))
    return NumberValue(number, number)


def _whole_number(rng: Random, value: NumberValue) -> NumberValue:
    number = Decimal(rng.randint(int(value.low), int(value.high)))
    return NumberValue(number, number)


def _word(rng: Random, value: WordValue) -> WordValue:
    rank = rng.randint(value.low, value.high)
    return WordValue(rank, rank)


def _truth(rng: Random, value: TruthValue) -> TruthValue:
    holds = rng.choice((value.must, value.may))
    return TruthValue(holds, holds)


def _result(rng: Random, result: Result) -> Result:
    is_word = result.concept == "hbsag"
    return replace(
        result,
        when=_day(rng, result.when),
        value=(_whole_number if is_word else _number)(rng, result.value),
        upper_limit=_number(rng, result.upper_limit),
        lower_limit=_number(rng, result.lower_limit),
    )


def _event(rng: Random, event: Event) -> list[Event]:
    """The event as it was; none if it turns out not to be."""
    start, end = _period(rng, event)
    attributes = {name: _attribute(rng, event.attribute(name)) for name in ATTRIBUTES}
    done = replace(event, start=start, end=end, attributes=attributes)
    if event.certain or _leave(rng):
        return [done]
    if rng.random() < 0.3:
        return []
    concept = event.concept
    if concept == ANY_CONCEPT:
        concept = rng.choice([name for name in TABLE_CONCEPTS[event.source_table] if name != ANY_CONCEPT])
    return [replace(done, concept=concept, certain=True)]


def _attribute(rng: Random, bounds: tuple[int, int]) -> tuple[int, int]:
    if _leave(rng):
        return bounds
    value = rng.randint(*bounds)
    return value, value


def _member(rng: Random, member: LineMember) -> list[LineMember]:
    if member.certain or _leave(rng):
        return [member]
    if rng.random() < 0.3:
        return []
    named = [concept for concept in LINE_DRUGS if concept != ANY_CONCEPT]
    concept = rng.choice(named) if member.concept == ANY_CONCEPT else member.concept
    return [LineMember(member.line_row, concept)]
