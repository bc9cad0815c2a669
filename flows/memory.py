"""How much memory a run aims for, and how it is divided between the database and the batch."""

import re

from schemas.errors import UsageError

MB = 2**20
# What a run aims for that is given no bound.
_USUAL_BYTES = 2048 * MB
LEAST_BYTES = 1024 * MB
# What the interpreter and the libraries take, tables while they are written, what was let go of lately, what
# the database does not count: seen with a million patients.
_BASE_BYTES = 660 * MB
# The facts about a patient and all that is computed from them, while the patient's batch is judged.
_BYTES_PER_PATIENT = 34_000
# Of what is left, the part of the working database; the rest is for the batch.
_DATABASE_PERCENT = 45
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([MG])B", re.IGNORECASE)
_UNITS = {"M": MB, "G": 1024 * MB}


def memory_bytes(text: str) -> int:
    """``2GB``, ``1.5GB`` or ``1500MB`` in bytes; raises ``UsageError`` for anything else, or too little."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError("--memory", "is not a size.", "Write it as 2GB or 1500MB.")
    size = int(float(found[1]) * _UNITS[found[2].upper()])
    if size < LEAST_BYTES:
        raise UsageError("--memory", "is too little for any run.", f"Give at least {LEAST_BYTES // MB}MB.")
    return size


def database_limit(memory: int | None) -> str:
    """What the working database may hold in memory before it spills, in its own words."""
    return f"{_of_database(memory or _USUAL_BYTES) // MB}MiB"


def batch_patients(memory: int | None) -> int:
    """How many patients are judged at a time; the bytes of the outputs do not depend on it."""
    given = memory or _USUAL_BYTES
    return (given - _BASE_BYTES - _of_database(given)) // _BYTES_PER_PATIENT


def _of_database(memory: int) -> int:
    return (memory - _BASE_BYTES) * _DATABASE_PERCENT // 100
