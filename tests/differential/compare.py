"""Puts both engines side by side on the same facts and the same tree, and says where they differ."""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from criteria.engine.batch import Anchors, Batch
from criteria.engine.evaluate import Evaluator
from criteria.engine.values import NEVER, Truth, day_of, flag
from criteria.engine.values import days as days_of
from criteria.language.tree import Node
from criteria.reference import context as reference
from criteria.reference.evaluate import truth
from criteria.reference.record import Record, records
from schemas.facts import Facts
from schemas.words import REASONS

# holds_until is tried on its last day, on the day after as_of and on random days between, not beyond this.
FARTHEST_DAYS = 1200


@dataclass(frozen=True)
class Difference:
    """One patient for whom the engines differ."""

    patient: int
    what: str
    vectorised: object
    reference: object


def reasons_of(mask: int) -> frozenset[str]:
    """The reasons in a bit mask."""
    return frozenset(reason for place, reason in enumerate(REASONS) if mask >> place & 1)


def vectorised(node: Node, facts: Facts, anchors: Anchors, max_lag_days: int) -> Truth:
    """What the vectorised engine says, nothing being attested."""
    batch = Batch(facts, anchors, max_lag_days)
    nobody = flag(False, batch.height)
    return Evaluator(batch, batch.height, (nobody, nobody)).truth(node)


def of_reference(anchors: Anchors, max_lag_days: int) -> reference.Context:
    """The same question for the reference engine."""
    days = reference.Anchors(anchors.as_of, anchors.enrollment, anchors.first_dose)
    return reference.Context(days, max_lag_days)


def shifted(anchors: Anchors, days: int) -> Anchors:
    """The same question some days later."""
    return Anchors(
        *(day + timedelta(days=days) for day in (anchors.as_of, anchors.enrollment, anchors.first_dose))
    )


def differences(
    node: Node, facts: Facts, anchors: Anchors, max_lag_days: int, rng: Random
) -> list[Difference]:
    """Where verdicts or reasons differ, or a verdict changes before its ``until`` has passed."""
    found: list[Difference] = []
    fast = vectorised(node, facts, anchors, max_lag_days)
    context = of_reference(anchors, max_lag_days)
    today = days_of(anchors.as_of)
    for place, record in enumerate(records(facts)):
        slow = truth(node, record, context)
        pair = (fast.must[place], fast.may[place])
        if pair != (slow.must, slow.may):
            found.append(Difference(place, "verdict", pair, (slow.must, slow.may)))
        elif reasons_of(fast.reasons[place]) != slow.reasons:
            found.append(Difference(place, "reasons", reasons_of(fast.reasons[place]), slow.reasons))
        else:
            last_day = day_of(fast.until)[place] if fast.until[place] < NEVER else NEVER
            days = min(last_day - today, FARTHEST_DAYS)
            found += _changes(node, record, context, pair, days, place, rng)
    return found


def _changes(
    node: Node,
    record: Record,
    context: reference.Context,
    pair: tuple[bool, bool],
    days: int,
    place: int,
    rng: Random,
) -> list[Difference]:
    """The first tried day on which the reference says something else although the verdict was to hold."""
    for later in sorted({1, days, *(rng.randint(1, max(days, 1)) for _ in range(2))}):
        if 1 <= later <= days:
            moved = replace(
                context,
                anchors=reference.Anchors(
                    *(
                        day + timedelta(days=later)
                        for day in (
                            context.anchors.as_of,
                            context.anchors.enrollment,
                            context.anchors.first_dose,
                        )
                    )
                ),
            )
            slow = truth(node, record, moved)
            if (slow.must, slow.may) != pair:
                return [Difference(place, f"until: changes after {later} of {days} days", pair, slow)]
    return []
