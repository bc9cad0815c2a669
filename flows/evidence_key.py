"""A short name for the evidence that an answer was given on: another name means that the evidence changed.

The name follows from what the registry says about the patient and from what is asked, not from the day of the
run: a span that was worked out from that day counts by its beginning alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from criteria.evidence import Evidence
from criteria.trial import Criterion, Trial
from flows.wording import plain_number
from schemas.words import DATE_REASONS, FOREVER, VERDICTS

_KEY_DIGITS = 16
# A standing holds the keys of all criteria, so they are shorter there.
_STANDING_DIGITS = 8
_LETTERS = {verdict: verdict[0] for verdict in VERDICTS}
# Reasons that come and go with the days.
_PASSING_REASONS = (*DATE_REASONS, "source_stale", "conflicting_values")
# What time alone makes of a verdict is no news.
_OLD_DATA = ("stale", "source_stale")

Days = tuple[date, date]
Verdict = Mapping[str, Any]


def evidence_key(trial: Trial, patient_id: str, criterion: Criterion, pieces: Iterable[Evidence]) -> str:
    """The key of what one criterion rests on for one patient, and of what is asked about it.

    It does not depend on what moves without the evidence: row numbers, the day of the run, the age of a
    result, how far a table is complete, earlier answers and the verdict that they change.
    """
    asked = [
        trial.id,
        patient_id,
        criterion.id,
        *criterion.protocol,
        criterion.manual,
        criterion.review_question,
    ]
    told = sorted({json.dumps(_told(piece), ensure_ascii=False) for piece in pieces})
    text = json.dumps([asked, told], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]


def standing_text(keys: Iterable[tuple[Verdict, str]]) -> str:
    """Where a patient stood by each criterion, from the rows of verdicts and their keys: ``I01=p:0a1b2c3d;``
    and so on."""
    parts = (
        f"{verdict['criterion_id']}={_LETTERS[verdict['verdict']]}:{key[:_STANDING_DIGITS]}"
        for verdict, key in keys
    )
    return ";".join(parts)


def turned_since(standing: str, verdicts: Iterable[Verdict]) -> dict[str, str]:
    """The criteria whose verdict is another than in a standing, with the beginning of the key there.

    What only got too old does not count, nor does a criterion that the standing does not know. Whether time
    alone turned the others their key tells: it is still the same.
    """
    before = {name: told for name, _, told in (part.partition("=") for part in standing.split(";"))}
    turned = {}
    for verdict in verdicts:
        letter, _, key = before.get(verdict["criterion_id"], "").partition(":")
        if letter and letter != _LETTERS[verdict["verdict"]] and verdict["reason"] not in _OLD_DATA:
            turned[verdict["criterion_id"]] = key
    return turned


def _told(piece: Evidence) -> list[Any]:
    if not piece.found:
        return [piece.name]
    if piece.table == "patients":
        return [piece.name, _number(piece.low), _number(piece.high), *_days(piece.first)]
    said = [piece.name, piece.table, *_recorded(piece.recorded), *_days(piece.first), *_days(piece.last)]
    reasons = [reason for reason in piece.reasons if reason not in _PASSING_REASONS]
    # A result that may not be here yet is anything until it is; what was written down stays the same.
    return [*said, *piece.details] if piece.low is not None else [*said, *reasons, *piece.details]


def _number(number: Decimal | None) -> str | None:
    return None if number is None else plain_number(Decimal(number))


def _recorded(text: str) -> Sequence[str]:
    """A value as written down, in one spelling of its number; or a name."""
    number, _, unit = text.partition(" ")
    try:
        return plain_number(Decimal(number)), unit
    except InvalidOperation:
        return (text,)


def _days(ends: Days | None) -> Sequence[str | None]:
    """The days between which something began or ended, as far as somebody wrote them down."""
    if ends is None:
        return (None,)
    first, last = ends
    if last == FOREVER:
        return (None,)
    return (str(first), str(last)) if _is_written(first, last) else (str(first),)


def _is_written(first: date, last: date) -> bool:
    """Whether a date as one writes it can mean these days: a day, a month, a year.

    Any other span was worked out, mostly from the day of the run or of the extract.
    """
    if first == last:
        return True
    after = last + timedelta(days=1)
    return first.day == after.day == 1 and (
        (after.year - first.year) * 12 + after.month - first.month == 1
        or (first.month == after.month == 1 and after.year - first.year == 1)
    )
