"""What an evaluation is given besides the patient's record: the days it looks from and what was attested."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Anchors:
    """The days that expressions may name."""

    as_of: date
    enrollment: date
    first_dose: date


@dataclass(frozen=True)
class Context:
    """Anchors, how far a table may trail behind ``as_of``, the criterion's kind and its attested answer."""

    anchors: Anchors
    max_lag_days: int = 0
    kind: str = "inclusion"
    attestation: str | None = None
