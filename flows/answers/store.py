"""What coordinators answered, for ever: one line a workbook in ``OUT/answers/answers.jsonl``.

Records are only ever added, each with the hash of the line before it, as in the ledger; a line that a crash
cut short was never acknowledged. No record holds the time of reading: a run is a function of its inputs, and
this file is one of them. When a workbook was read stands in the ledger.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.files import sync
from schemas.errors import StorageFailed

FIRST_LINK = "0" * 64
# A coordinator's word for an answer that shall not have been given.
TAKE_BACK = "take_back"
# What an answer is about: trial, patient, criterion (empty: what came of the patient).
Question = tuple[str, str, str]


@dataclass(frozen=True)
class Answer:
    """What somebody answered, and on what evidence.

    ``criterion_id`` is empty for what came of a patient; ``answer`` is then a step of screening. ``evidence``
    is the key of what a criterion rested on, or a patient's standing; ``run_id`` the run of the workbook.
    """

    trial_id: str
    patient_id: str
    criterion_id: str
    answer: str
    date: date
    answered_by: str
    comment: str
    evidence: str
    run_id: str

    @property
    def question(self) -> Question:
        return self.trial_id, self.patient_id, self.criterion_id


@dataclass(frozen=True)
class Correction:
    """A value that the registry's data manager is asked to correct; no ``source_row``: the row is missing."""

    patient_id: str
    table: str
    source_row: int | None
    column: str
    corrected_value: str
    source: str
    answered_by: str
    date: date
    comment: str
    run_id: str


@dataclass(frozen=True)
class Batch:
    """What one workbook brought; ``workbook`` is the hash of its bytes."""

    workbook: str
    run_id: str
    answers: tuple[Answer, ...]
    corrections: tuple[Correction, ...]


def read_batches(path: Path) -> list[Batch]:
    """Every whole record, oldest first; none if there is no file.

    Raises ``StorageFailed`` if a record was changed or taken out.
    """
    batches, link = [], FIRST_LINK
    for number, line in enumerate(_lines(path), start=1):
        record = _parsed(line)
        if record is None or record.get("number") != number or record.get("previous") != link:
            step = "Find out who changed it; put the file back from a backup."
            raise StorageFailed(str(path), f"line {number} does not follow from the line before it.", step)
        batches.append(_batch(record))
        link = _sha256(line)
    return batches


def links(path: Path) -> list[str]:
    """The hash of every record, oldest first; the last is the head."""
    return [_sha256(line) for line in _lines(path)]


def append_batch(path: Path, batch: Batch) -> str:
    """Adds a record, forces it to the disk and returns its hash. The caller holds the folder's lock."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        held = file.read()
        whole = held[: held.rfind(b"\n") + 1]
        lines = whole.splitlines()
        record = {
            "number": len(lines) + 1,
            "previous": _sha256(lines[-1]) if lines else FIRST_LINK,
            "workbook": batch.workbook,
            "run_id": batch.run_id,
            "answers": [_plain(answer) for answer in batch.answers],
            "corrections": [_plain(correction) for correction in batch.corrections],
        }
        line = json.dumps(record, sort_keys=True, ensure_ascii=False).encode()
        file.truncate(len(whole))
        file.seek(len(whole))
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)
    return _sha256(line)


def last_answers(batches: Iterable[Batch]) -> dict[Question, Answer]:
    """The answer to each question that takes the place of all others.

    The later day counts; of one day, the one given on the later run's list; of one list, the one read last.
    """
    last: dict[Question, Answer] = {}
    for answer in (answer for batch in batches for answer in batch.answers):
        held = last.get(answer.question)
        if held is None or _weight(answer) >= _weight(held):
            last[answer.question] = answer
    return last


def _weight(answer: Answer) -> tuple[date, str]:
    # A run's id begins with its as-of date.
    return answer.date, answer.run_id[:10]


def known_on(batches: Sequence[Batch], day: date) -> list[Batch]:
    """The same without what is dated after a day."""
    return [
        Batch(batch.workbook, batch.run_id, tuple(one for one in batch.answers if one.date <= day), ())
        for batch in batches
    ]


def _lines(path: Path) -> list[bytes]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    return text[: text.rfind(b"\n") + 1].splitlines()


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _batch(record: Mapping[str, Any]) -> Batch:
    return Batch(
        record["workbook"],
        record["run_id"],
        tuple(Answer(**_dated(one)) for one in record["answers"]),
        tuple(Correction(**_dated(one)) for one in record["corrections"]),
    )


def _dated(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "date": date.fromisoformat(one["date"])}


def _plain(one: Answer | Correction) -> dict[str, Any]:
    return {**asdict(one), "date": one.date.isoformat()}


def corrections_of(batches: Iterable[Batch]) -> Iterator[Correction]:
    """Every correction that was asked for, oldest first."""
    for batch in batches:
        yield from batch.corrections


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
