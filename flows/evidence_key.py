"""A short name for the evidence that an answer was given on: another name means that the evidence changed."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from criteria.evidence import Evidence
from criteria.trial import Trial
from flows.stories import Judged
from flows.wording import plain_number

_KEY_DIGITS = 16


def evidence_key(trial: Trial, patient_id: str, judged: Judged) -> str:
    """The key of what one criterion rests on for one patient, and of what is asked about it.

    It does not depend on what moves without the evidence: row numbers, the age of a result, how far a table
    is complete, earlier answers and the verdict that they change.
    """
    criterion = judged.criterion
    asked = [
        trial.id,
        patient_id,
        criterion.id,
        *criterion.protocol,
        criterion.manual,
        criterion.review_question,
    ]
    told = sorted(json.dumps(_told(piece), ensure_ascii=False) for piece in judged.pieces)
    text = json.dumps([asked, told], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]


def _told(piece: Evidence) -> list[Any]:
    numbers = [
        None if number is None else plain_number(Decimal(number)) for number in (piece.low, piece.high)
    ]
    days = [None if ends is None else [str(day) for day in ends] for ends in (piece.first, piece.last)]
    told = [piece.name, piece.found, piece.recorded, piece.certain, piece.table]
    return [*told, *numbers, *days, *piece.reasons, *piece.details]
