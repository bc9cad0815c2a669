"""A synthetic myeloma registry in the extract format: disease courses, never verdicts.

Patients are made in blocks of fixed size, each from its own streams of random numbers, so a patient is the
same in a small registry as in a large one with the same seed and day. Memory does not grow with patients.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from data.synth import courses, dirt, history, labs, people, research, supportive, therapy
from data.synth.columns import COLUMNS, Frame, Rows, day, take
from data.synth.courses import Course, Draft
from data.synth.write import ExtractWriter, FileFormat, write_toml
from schemas.errors import StorageFailed, UsageError

AS_OF = date(2026, 6, 30)
BLOCK = 2000
_BLOCKS_IN_CHUNK = 10
# The number of a stream is part of the seed: new streams go to the end.
_STREAMS = ("people", "course", "dirt", "ids", *COLUMNS)

Progress = Callable[[str], None]
Maker = Callable[[Draft], None]
_MAKERS: dict[str, Maker] = {
    "conditions": history.conditions,
    "observations": labs.observations,
    "treatments": therapy.treatments,
    "responses": therapy.responses,
    "procedures": history.procedures,
    "medications": supportive.medications,
    "allergies": supportive.allergies,
    "trial_participation": research.trial_participation,
    "attestations": research.attestations,
    "screening_log": research.screening_log,
    "coverage": research.coverage,
}


def _silent(_: str) -> None:
    return None


def generate(
    patients: int,
    seed: int,
    out: Path,
    as_of: date = AS_OF,
    file_format: FileFormat = "parquet",
    progress: Progress = _silent,
) -> None:
    """Write the twelve tables and ``extract.toml`` of a registry of ``patients`` into the folder ``out``.

    The same arguments give the same bytes. Raises UsageError for a folder that holds anything, a negative
    seed, fewer than one patient or an unknown format; StorageFailed if a file cannot be written.
    """
    _check(patients, seed, file_format)
    try:
        _empty_folder(out)
        write_toml(out, as_of)
        with ExtractWriter(out, file_format) as writer:
            _write_blocks(writer, patients, seed, day(as_of), progress)
    except OSError as error:
        reason = error.strerror or "input or output failed"
        raise StorageFailed(
            str(out), f"cannot be written: {reason}.", "Free space or choose another folder."
        ) from error


def _check(patients: int, seed: int, file_format: str) -> None:
    if patients < 1:
        raise UsageError("--patients", "must be at least 1.", "Ask for one patient or more.")
    if seed < 0:
        raise UsageError("--seed", "must not be negative.", "Choose 0 or more.")
    if file_format not in ("parquet", "csv"):
        raise UsageError("file format", "is not known.", "Choose parquet or csv.")


def _empty_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(str(out), "is not an empty folder.", "Choose a new or an empty folder.")
    out.mkdir(parents=True, exist_ok=True)


def _write_blocks(writer: ExtractWriter, patients: int, seed: int, as_of: int, progress: Progress) -> None:
    writer.append("coverage", [research.shared_coverage(as_of)])
    for first in range(0, patients, BLOCK * _BLOCKS_IN_CHUNK):
        until = min(first + BLOCK * _BLOCKS_IN_CHUNK, patients)
        blocks = [block(seed, number, as_of) for number in range(first // BLOCK, -(-until // BLOCK))]
        rows = 0
        for table in COLUMNS:
            parts = [_of_first(made[table], patients) for made in blocks]
            rows += writer.append(table, parts)
        progress(f"{until} of {patients} patients, {rows} rows in this part")


def _of_first(frame: Frame, patients: int) -> Frame:
    """The rows that come from patients of the registry: the last block may hold more than were asked for."""
    if len(frame["place"]) and frame["place"].max() >= patients:
        return take(frame, frame["place"] < patients)
    return frame


def block(seed: int, number: int, as_of: int) -> dict[str, Frame]:
    """Every table of one block of patients; ``place`` is the patient's place in the registry."""
    rng = {
        name: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, stream)))
        for stream, name in enumerate(_STREAMS)
    }
    course = courses.build(rng["people"], rng["course"], BLOCK, as_of)
    frames = {table: _drawn(table, make, rng[table], course, as_of) for table, make in _MAKERS.items()}
    for table, soil in dirt.SOILS.items():
        frames[table] = soil(rng["dirt"], frames[table], course, as_of)
    frames = {table: dirt.with_ids(rng["ids"], frame, number * BLOCK) for table, frame in frames.items()}
    frames["patients"] = people.patients(rng["patients"], course)
    for table in ("patients", "coverage"):
        frames[table]["patient_id"] = frames[table]["host"] + number * BLOCK
    return {table: {**frame, "place": frame["host"] + number * BLOCK} for table, frame in frames.items()}


def _drawn(table: str, make: Maker, rng: np.random.Generator, course: Course, as_of: int) -> Frame:
    draft = Draft(rng, Rows(table), course, as_of)
    make(draft)
    return draft.rows.frame()
