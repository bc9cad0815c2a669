"""What coordinators answered, for ever: one line a workbook in ``OUT/answers/answers.jsonl``.

Records are only ever added, in a chain (``flows.chain``). No record holds the time of reading: a run is a
function of its inputs, and this file is one of them. When a workbook was read stands in the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.chain import Chain
from flows.files import sync
from schemas.errors import StorageFailed

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
    batches = []
    for number, (record, follows) in enumerate(Chain(path).records(), start=1):
        if record is None or not follows:
            step = "Find out who changed it; put the file back from a backup."
            raise StorageFailed(str(path), f"line {number} does not follow from the line before it.", step)
        batches.append(_batch(record))
    return batches


def append_batch(path: Path, batch: Batch) -> str:
    """Adds a record, forces it to the disk and returns its hash. The caller holds the folder's lock."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    chain = Chain(path)
    chain.append(
        {
            "workbook": batch.workbook,
            "run_id": batch.run_id,
            "answers": [_plain(answer) for answer in batch.answers],
            "corrections": [_plain(correction) for correction in batch.corrections],
        }
    )
    sync(path.parent)
    return chain.head()


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
