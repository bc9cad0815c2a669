"""Boolean algebra on (must, may) pairs: no null anywhere, so no engine's null rule can change a verdict."""

from functools import reduce

import polars as pl

from criteria.engine.values import (
    Interval,
    Truth,
    choose,
    interval,
    larger,
    smaller,
    standing,
    truth,
    whole,
)


def negate(part: Truth) -> Truth:
    """``not``."""
    return Truth(~part.may, ~part.must, part.reasons, part.until)


def both(left: Truth, right: Truth) -> Truth:
    """``and``. A settled "no" holds as long as the longest-lived of its refusing parts."""
    must, may = left.must & right.must, left.may & right.may
    until = smaller(left.until, right.until)
    until = choose(~left.may & right.may, left.until, until)
    until = choose(left.may & ~right.may, right.until, until)
    until = choose(~left.may & ~right.may, larger(left.until, right.until), until)
    return truth(must, may, left.reasons | right.reasons, until)


def all_of(parts: list[Truth]) -> Truth:
    """``and`` of many."""
    return reduce(both, parts)


def any_of(parts: list[Truth]) -> Truth:
    """``or`` of many: by De Morgan, so that one rule decides both."""
    return negate(all_of([negate(part) for part in parts]))


def at_least(minimum: int, parts: list[Truth]) -> Truth:
    """At least ``minimum`` of the parts hold: the surely true and the possibly true are counted."""
    height = len(parts[0].must)
    zero = whole(0, height)
    surely = reduce(lambda total, part: total + part.must, parts, zero)
    possibly = reduce(lambda total, part: total + part.may, parts, zero)
    reasons = reduce(lambda bits, part: bits | part.reasons, parts, zero)
    until = reduce(smaller, (part.until for part in parts))
    return truth(surely >= minimum, possibly >= minimum, reasons, until)


def if_truth(condition: Truth, then: Truth, otherwise: Truth) -> Truth:
    """``if`` between truths; an open condition does not matter where both branches agree."""
    must = _by(condition, then.must, otherwise.must, then.must & otherwise.must)
    may = _by(condition, then.may, otherwise.may, then.may | otherwise.may)
    until = _until(condition, then.until, otherwise.until)
    agreed = (then.must & otherwise.must) | ~(then.may | otherwise.may)
    lasting = larger(until, smaller(then.until, otherwise.until))
    reasons = _by(
        condition, then.reasons, otherwise.reasons, condition.reasons | then.reasons | otherwise.reasons
    )
    return truth(must, may, reasons, choose(agreed, lasting, until))


def if_interval(condition: Truth, then: Interval, otherwise: Interval, today: pl.Series) -> Interval:
    """``if`` between numbers or dates; an open condition gives the hull of both branches."""
    low = _by(condition, then.low, otherwise.low, smaller(then.low, otherwise.low))
    high = _by(condition, then.high, otherwise.high, larger(then.high, otherwise.high))
    reasons = _by(
        condition, then.reasons, otherwise.reasons, condition.reasons | then.reasons | otherwise.reasons
    )
    until = _until(condition, then.until, otherwise.until)
    if then.rate == otherwise.rate:
        return interval(low, high, reasons, until, then.rate)
    # Where one branch moves with time and the other stands still, the moving one is looked at day by day.
    moving = condition.may if then.rate else ~condition.must
    tomorrow = smaller(until, standing(today))
    return interval(low, high, reasons, choose(moving, tomorrow, until))


def _by(condition: Truth, then: pl.Series, otherwise: pl.Series, undecided: pl.Series) -> pl.Series:
    """One of three, by what the condition is."""
    return choose(condition.unknown, undecided, choose(condition.must, then, otherwise))


def _until(condition: Truth, then: pl.Series, otherwise: pl.Series) -> pl.Series:
    return smaller(condition.until, _by(condition, then, otherwise, smaller(then, otherwise)))
