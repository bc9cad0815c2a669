"""Small hand-made verdicts and facts for the tests of ranking, attrition and worklist."""

from datetime import date
from typing import Any

import polars as pl

from schemas.facts import PATIENTS, SCREENING_LOG, Facts, empty_facts

AS_OF = date(2026, 3, 31)

VERDICT_SCHEMA = {
    "patient": pl.Int32,
    "criterion_id": pl.String,
    "kind": pl.String,
    "verdict": pl.String,
    "reason": pl.String,
    "curability": pl.String,
    "holds_until": pl.Date,
}


def passes(until: date | None = None) -> dict[str, Any]:
    return {"verdict": "pass", "holds_until": until}


def fails(curability: str, until: date | None = None) -> dict[str, Any]:
    return {"verdict": "fail", "curability": curability, "holds_until": until}


def unknown(reason: str) -> dict[str, Any]:
    return {"verdict": "unknown", "reason": reason}


def verdict_frame(*patients: list[dict[str, Any]]) -> pl.DataFrame:
    """Patient i's verdicts on criteria C1, C2, ... in protocol order."""
    rows = [
        {"patient": patient, "criterion_id": f"C{place}", "kind": "inclusion", **verdict}
        for patient, verdicts in enumerate(patients)
        for place, verdict in enumerate(verdicts, start=1)
    ]
    return pl.DataFrame(rows, schema=VERDICT_SCHEMA)


def facts_about(*patients: dict[str, Any], log: list[tuple[int, str, str, date]] | None = None) -> Facts:
    """Facts about living, reachable patients p0, p1, ... except where ``patients`` says otherwise."""
    rows = [
        {
            "patient": place,
            "patient_id": f"p{place}",
            "deceased": False,
            "vital_status": "alive",
            "last_contact_latest": AS_OF,
            "contact_permitted": "yes",
            **given,
        }
        for place, given in enumerate(patients)
    ]
    frames = {name: getattr(empty_facts(AS_OF), name) for name in ("latest", "results", "events")}
    rest = {name: getattr(empty_facts(AS_OF), name) for name in ("line_members", "coverage", "attestations")}
    return Facts(
        as_of=AS_OF,
        patients=pl.DataFrame(rows, schema=PATIENTS),
        screening_log=pl.DataFrame(log or [], schema=SCREENING_LOG, orient="row"),
        **frames,
        **rest,
    )
