"""Verdicts, numbers and days as one says them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.words import BEGINNING, FOREVER, UNBOUNDED

VERDICT_WORDS = {
    ("inclusion", "pass"): "met",
    ("inclusion", "fail"): "not met",
    ("exclusion", "pass"): "not excluded",
    ("exclusion", "fail"): "excluded",
}
REASON_WORDS = {
    "never_recorded": "the registry holds nothing about it",
    "stale": "the last result is too old",
    "not_captured": "the extract does not say that it is complete for this",
    "source_stale": "the extract trails too far behind the as-of date",
    "partial_date": "a date is not exact enough",
    "censored_value": "a value is known only as less or more than a limit",
    "conflicting_values": "values of one day contradict each other",
    "unit_unclear": "the unit of a value is not clear",
    "implausible_value": "a value cannot be right",
    "quarantined": "a row could not be read",
    "unmapped_code": "a name could not be mapped to a known one",
    "no_upper_limit": "the laboratory's own limit is missing",
    "needs_review": "the record is there, but the protocol's words or the code leave it open",
    "needs_attestation": "only a person can attest it",
}
CURABILITY_WORDS = {
    "time": "Time: the window that excludes will pass.",
    "retest": "A new value: this may change when it is measured or recorded again.",
    "data": "A corrected record, if what the registry says is wrong.",
    "permanent": "Nothing: it does not lift.",
}


def verdict_in_words(verdict: Mapping[str, Any]) -> str:
    """The verdict, and the reason of an unknown, as one says them."""
    if verdict["verdict"] == "unknown":
        return f"UNKNOWN, {REASON_WORDS[verdict['reason']]} ({verdict['reason']})"
    if verdict["verdict"] == "not_applicable":
        return "NOT APPLICABLE"
    words = VERDICT_WORDS[verdict["kind"], verdict["verdict"]]
    return f"{verdict['verdict'].upper()}, {words}"


def is_number(text: str, number: Decimal) -> bool:
    """Whether a text writes this very number."""
    try:
        return Decimal(text) == number
    except InvalidOperation:
        return False


def is_bounded(number: Decimal) -> bool:
    """Whether an end of an interval is a number rather than open."""
    return abs(number) < UNBOUNDED


def interval_in_words(low: Decimal, high: Decimal) -> str:
    """A number that is known, or what is known of it."""
    if low == high:
        return plain_number(low)
    if not is_bounded(low) and not is_bounded(high):
        return "any value"
    if not is_bounded(low):
        return f"at most {plain_number(high)}"
    return (
        f"{plain_number(low)} to {plain_number(high)}"
        if is_bounded(high)
        else f"at least {plain_number(low)}"
    )


def plain_number(number: Decimal) -> str:
    """The number without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day_in_words(days: tuple[date, date]) -> str:
    """A day that is known, or the days between which it lies."""
    earliest, latest = days
    if earliest == latest:
        return "no end" if earliest == FOREVER else str(earliest)
    ends = (
        "any time" if earliest == BEGINNING else str(earliest),
        "open" if latest == FOREVER else str(latest),
    )
    return f"[{ends[0]} .. {ends[1]}]"


def printable(text: str) -> str:
    """The text without what a terminal would obey: a cell of an extract may hold anything."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
