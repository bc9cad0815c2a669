"""``prescreen answers``: a filled-in workbook, all of it or nothing, into the answers of an output folder."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.answers.reading import Given, Reader
from flows.answers.sheet import SheetCells, read_sheets, text_of
from flows.answers.store import (
    Answer,
    Batch,
    Correction,
    append_batch,
    corrections_of,
    last_answers,
    read_batches,
)
from flows.failures import redacted
from flows.files import private_files, sha256_of, sync
from flows.ledger import Ledger
from flows.lock import run_lock
from flows.publish import OutputFolder, read_manifest
from flows.table_files import write_csv
from flows.workbook import neutralised
from flows.workbook.answering import COLUMNS
from schemas.errors import AnswersRefused, UsageError

ABOUT = "about"
BOOK = "candidates.xlsx"
CORRECTIONS_FILE = "corrections.csv"
_RUN_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Taken:
    """What a workbook brought that was not known: counts, and how many corrections wait in all."""

    answers: int
    statuses: int
    corrections: int
    waiting: int

    @property
    def is_new(self) -> bool:
        return bool(self.answers or self.statuses or self.corrections)


@redacted
def take_answers(workbook: Path, out: Path, given: Given) -> Taken:
    """Reads the workbook and keeps what it says; the next run in the folder uses it.

    Reading it again changes nothing. Raises ``AnswersRefused``, which names each cell that cannot be read,
    and then keeps nothing of it; ``UsageError`` for a folder without runs; ``LockHeld`` while a run goes on.
    """
    folder = OutputFolder(out)
    if not (out / "runs").is_dir():
        raise UsageError("--out", "no run was published into this folder.", "Check the path.")
    with private_files(), run_lock(out):
        before = read_batches(folder.answers)
        new = _unknown(_read(workbook, folder, given, sha256_of(workbook)), before)
        if new.answers or new.corrections:
            head = append_batch(folder.answers, new)
            _record(out, new, head)
        corrections = list(corrections_of([*before, new]))
        if corrections:
            # Made anew each time: what a crash left out comes back.
            _write_corrections(folder.answers.parent / CORRECTIONS_FILE, corrections)
    statuses = sum(not answer.criterion_id for answer in new.answers)
    return Taken(len(new.answers) - statuses, statuses, len(new.corrections), len(corrections))


def _record(out: Path, new: Batch, head: str) -> None:
    counts = {"answers": len(new.answers), "corrections": len(new.corrections)}
    Ledger(out).append("answers", run_id=new.run_id, workbook=new.workbook, head=head, **counts)


def _unknown(read: Batch, before: list[Batch]) -> Batch:
    """What the workbook says beyond what is known already.

    A file that was read before brings back nothing that was answered otherwise since.
    """
    last, asked = last_answers(before), set(corrections_of(before))
    answers = [answer for answer in read.answers if not _is_same(answer, last.get(answer.question))]
    if any(batch.workbook == read.workbook for batch in before):
        ever = {answer for batch in before for answer in batch.answers}
        answers = [answer for answer in answers if answer not in ever]
    corrections = [one for one in dict.fromkeys(read.corrections) if one not in asked]
    return Batch(read.workbook, read.run_id, tuple(answers), tuple(corrections))


def _is_same(answer: Answer, known: Answer | None) -> bool:
    if known is None:
        return False
    same = ("answer", "date", "answered_by", "comment", "evidence")
    return all(getattr(answer, name) == getattr(known, name) for name in same)


def _read(workbook: Path, folder: OutputFolder, given: Given, sha256: str) -> Batch:
    names, sheets = read_sheets(workbook, {*COLUMNS, ABOUT})
    run_id = _run_id(workbook, sheets)
    run, manifest = _published(workbook, folder, run_id)
    known, published = read_sheets(run / BOOK, set(COLUMNS))
    if faults := [*_strange_sheets(names, known), *_missing_sheets(sheets)]:
        raise _refused(workbook, faults)
    rows = {table: counts["read"] for table, counts in manifest["rows"]["load"].items()}
    reader = Reader(run, run_id, rows, published, given)
    answers = reader.answers(sheets)
    corrections = reader.corrections(sheets["corrections"])
    if reader.faults:
        raise _refused(workbook, reader.faults)
    return Batch(sha256, run_id, tuple(answers), tuple(corrections))


def _strange_sheets(names: list[str], known: list[str]) -> Iterator[str]:
    """By their place: their name is whatever somebody typed."""
    for place, name in enumerate(names, start=1):
        if name not in known:
            yield f"sheet {place} of {len(names)}: is no sheet of this workbook; take it out."


def _missing_sheets(sheets: dict[str, SheetCells]) -> Iterator[str]:
    yield from (f"sheet {name}: is missing; take a fresh copy." for name in COLUMNS if name not in sheets)


def _run_id(workbook: Path, sheets: dict[str, SheetCells]) -> str:
    """The run that the workbook says it belongs to."""
    rows = sheets[ABOUT].rows if ABOUT in sheets else []
    told = {text_of(row[0]): text_of(row[1]) for row in reversed(rows) if len(row) > 1}
    run_id = told.get("run", "")
    if not _RUN_ID.fullmatch(run_id):
        step = "Give a candidates.xlsx of a run, with its sheet 'about' as it was."
        raise AnswersRefused(workbook.name, "does not say to which run it belongs; nothing was kept.", step)
    return run_id


def _published(workbook: Path, folder: OutputFolder, run_id: str) -> tuple[Path, dict[str, Any]]:
    """The run's folder and manifest, if its own workbook is still what was published."""
    run = folder.run(run_id)
    if not (run / BOOK).is_file():
        what = f"belongs to run {run_id}, which is not in this folder; nothing was kept."
        raise AnswersRefused(workbook.name, what, "Check --out, or answer in a newer workbook.")
    manifest = read_manifest(run)
    if sha256_of(run / BOOK) != manifest["outputs"][BOOK]["sha256"]:
        what = f"belongs to run {run_id}, whose published workbook was changed; nothing was kept."
        raise AnswersRefused(workbook.name, what, "Run 'prescreen verify'.")
    return run, manifest


def _refused(workbook: Path, faults: Iterable[str]) -> AnswersRefused:
    told = tuple(faults)
    cells = "1 place" if len(told) == 1 else f"{len(told)} places"
    what = f"{cells} cannot be read, the first: {told[0]} Nothing of the workbook was kept."
    return AnswersRefused(workbook.name, what, "Correct them and have it read again.", told)


def _write_corrections(path: Path, corrections: list[Correction]) -> None:
    """What the registry's data manager is asked to correct, for a spreadsheet."""
    rows = [{**vars(one), "as_of": one.run_id[:10]} for one in corrections]
    schema = {
        **dict.fromkeys(("patient_id", "table"), pl.String),
        "source_row": pl.Int64,
        **dict.fromkeys(("column", "corrected_value", "source", "answered_by"), pl.String),
        "date": pl.Date,
        **dict.fromkeys(("comment", "as_of", "run_id"), pl.String),
    }
    waiting = path.with_name(f".{path.name}")
    waiting.unlink(missing_ok=True)
    write_csv(waiting, neutralised(pl.DataFrame(rows, schema=schema)))
    sync(waiting)
    waiting.replace(path)
    sync(path.parent)
