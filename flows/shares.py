"""The patients of a run in shares, each judged by a process of its own that may be on another machine.

Everything passes through files in a folder that all of them see; a task is named by its folder and returns
nothing. A share that was judged twice, or half and then again, changes nothing: its result is put in place
whole, by one rename. Put together in the order of the patients, the results are those of one process.

``FOLDER/whole``: what is of the whole extract, the trials, the answers, ``request.json``.
``FOLDER/<number>``: ``rows`` of the share's patients, ``share.json``, then ``result``.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from criteria.engine.batch import Anchors
from data.catalogue import load_catalogue
from flows.answers.in_force import answers_in_force
from flows.failures import redacted
from flows.files import private_files
from flows.loading import wanted_by
from flows.memory import batch_patients
from flows.publish import ANSWERS_FILE
from flows.request import load_trials
from flows.screening import Screening
from flows.session import Session, lock_down, working_database
from flows.tables import VERDICTS_FILE, FactFiles, VerdictFiles
from flows.tally import Tally
from schemas.errors import StorageFailed
from schemas.facts import FRAME_NAMES
from sql.runner import patient_count
from sql.shares import add_found, read_share, write_found, write_share, write_whole

_REQUEST, _SHARE = "request.json", "share.json"


def cut(session: Session, shares: int) -> list[Path]:
    """Writes the staged extract as so many shares of equally many patients (fewer if there are fewer
    patients); their folders, in order."""
    folder = session.out.work / "shares"
    folder.mkdir()
    whole = folder / "whole"
    write_whole(session.connection, whole)
    _write_request(session, whole)
    patients = patient_count(session.connection)
    size = max(-(-patients // shares), 1)
    return [
        _cut_one(session, folder / f"{number:06d}", first, min(first + size, patients) - 1)
        for number, first in enumerate(range(0, max(patients, 1), size))
    ]


def _cut_one(session: Session, folder: Path, first: int, last: int) -> Path:
    session.progress(f"cutting off patients {first + 1} to {last + 1}")
    folder.mkdir()
    write_share(session.connection, folder / "rows", first, last)
    (folder / _SHARE).write_text(json.dumps({"first": first, "last": last}), encoding="utf-8")
    return folder


def _write_request(session: Session, whole: Path) -> None:
    request = session.request
    if session.out.answers.is_file():
        shutil.copyfile(session.out.answers, whole / ANSWERS_FILE)
    for trial in session.trials:
        (whole / f"{trial.id}.toml").write_bytes(trial.raw)
    asked = {
        "trials": [f"{trial.id}.toml" for trial in session.trials],
        "readings": request.readings,
        "as_of": request.as_of.isoformat(),
        "enrollment": request.enrollment.isoformat(),
        "first_dose": request.first_dose.isoformat(),
        "memory_bytes": request.memory_bytes,
        "batch_patients": request.batch_patients,
    }
    (whole / _REQUEST).write_text(json.dumps(asked), encoding="utf-8")


@redacted
def judge_share(folder: Path) -> None:
    """Judges the patients of one share and puts the result into its folder.

    It needs nothing but the folder: it can be done by any process that sees it, and done again.
    Raises a ``PrescreenError``, whatever went wrong, without anything of the data.
    """
    result = folder / "result"
    if result.is_dir():
        return
    with private_files(), tempfile.TemporaryDirectory(prefix="prescreen-") as scratch:
        unfinished = Path(tempfile.mkdtemp(prefix="result-", dir=folder))
        _judge(folder, Path(scratch), unfinished)
        try:
            unfinished.rename(result)
        except OSError:
            # Another process that was given the same share was first; its result is the same.
            shutil.rmtree(unfinished)
            if not result.is_dir():
                raise


def _judge(folder: Path, scratch: Path, result: Path) -> None:
    whole = folder.parent / "whole"
    asked = json.loads((whole / _REQUEST).read_text(encoding="utf-8"))
    bounds = json.loads((folder / _SHARE).read_text(encoding="utf-8"))
    names = [str(whole / name) for name in asked["trials"]]
    trials = load_trials(names, asked["readings"], load_catalogue())
    days = [date.fromisoformat(asked[name]) for name in ("as_of", "enrollment", "first_dose")]
    answers = whole / ANSWERS_FILE
    answered = answers_in_force(answers if answers.is_file() else None, trials, days[0])
    size = asked["batch_patients"] or batch_patients(asked["memory_bytes"])
    with working_database(scratch / "work", asked["memory_bytes"]) as connection:
        read_share(connection, whole, folder / "rows", days[0], wanted_by(trials))
        lock_down(connection)
        screening = Screening(connection, trials, Anchors(*days), size, answered, result / "tallies")
        verdicts, facts = VerdictFiles(result, result, trials), FactFiles(result)
        with verdicts, facts:
            screening.screen(bounds["first"], bounds["last"], verdicts, facts, _silent)
        write_found(connection, result)


def gather(
    session: Session,
    screening: Screening,
    folders: list[Path],
    verdict_files: VerdictFiles,
    fact_files: FactFiles,
) -> list[Tally]:
    """Puts the results of the shares together, in their order: the files of verdicts and facts, what was
    found wrong, and the tallies."""
    tallies = screening.tallies()
    for folder in folders:
        session.progress(f"putting together share {folder.name}")
        result = folder / "result"
        if not result.is_dir():
            step = "Look whether every worker sees the folder given with --out."
            raise StorageFailed(folder.name, "this share of the patients has no result.", step)
        for frame in _groups(result / VERDICTS_FILE):
            for part in frame.partition_by("trial_id", maintain_order=True):
                verdict_files.add(part["trial_id"][0], part)
        for name in FRAME_NAMES:
            for frame in _groups(result / "facts" / f"{name}.parquet"):
                fact_files.add(name, frame)
        for tally in tallies:
            tally.add(result / "tallies" / tally.trial.id)
        add_found(session.connection, result)
    return tallies


def _groups(path: Path) -> Iterator[pl.DataFrame]:
    file = pq.ParquetFile(path)
    for place in range(file.num_row_groups):
        yield pl.DataFrame(file.read_row_group(place))


def _silent(_: str) -> None:
    return None
