"""What a malformed extract is: files made by code, and how the reader must answer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.extract.structure import Limits
from schemas.errors import ExtractRefused, PrescreenError

# Planted in ids and cells: no message, note or quarantine row may ever show it.
CANARY = "CANARY"
PATIENT_HEADER = "patient_id,birth_date,sex"
PATIENT_ROWS = (f"{CANARY}1,1950-02-03,female", f"{CANARY}2,1960,male")
GOOD_PATIENTS = "\n".join((PATIENT_HEADER, *PATIENT_ROWS, "")).encode()
OBSERVATION_HEADER = "patient_id,observation,date,value,unit"
OBSERVATION_ROWS = (
    f"{CANARY}1,hemoglobin,2026-01-05,11.2,g/dL",
    f"{CANARY}2,hemoglobin,2026-01-06,9.8,g/dL",
    f"{CANARY}2,total_bilirubin,2026-01,<0.5,mg/dL",
)


@dataclass(frozen=True)
class Refusal:
    """An extract that is refused as a whole, with words that its message must hold."""

    name: str
    write: Callable[[Path], None]
    says: tuple[str, ...]
    error: type[PrescreenError] = ExtractRefused
    limits: Limits | None = None


def lines(*rows: str, end: str = "\n") -> bytes:
    """The rows as the bytes of a file, every line ended."""
    return "".join(row + end for row in rows).encode()


def observations(*rows: str, end: str = "\n") -> bytes:
    """An observations file of these rows under the usual header."""
    return lines(OBSERVATION_HEADER, *rows, end=end)


def beside_patients(name: str, content: bytes) -> Callable[[Path], None]:
    """Writes one file into the folder, and a good patients.csv if it is another table's."""

    def write(folder: Path) -> None:
        if not name.startswith("patients."):
            (folder / "patients.csv").write_bytes(GOOD_PATIENTS)
        (folder / name).write_bytes(content)

    return write
