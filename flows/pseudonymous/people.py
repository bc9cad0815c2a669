"""Patients under keyed ids: an allowed list of columns, ages pooled from 90, days instead of dates."""

import hmac
import stat
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from criteria.reference.days import completed_years
from schemas.errors import UsageError
from schemas.words import FOREVER, TIERS

LEAST_SECRET_BYTES = 32
_KEY_DIGITS = 16
OLDEST_AGE = 90
KEY = "patient_key"
# What may leave, by file; a column that is added to an output stays inside until it is named here.
ALLOWED = {
    "candidates": (
        "trial_id",
        "rank",
        KEY,
        "age_years",
        "tier",
        "failing_count",
        "unknown_count",
        "attestation_count",
        "failing_criteria",
        "unknown_criteria",
        "opens_in_days",
        "closes_in_days",
    ),
    "not_listed": ("trial_id", KEY, "reason"),
    "verdicts": (
        "trial_id",
        KEY,
        "criterion_id",
        "kind",
        "verdict",
        "reason",
        "curability",
        "holds_for_days",
    ),
}
_DAYS = {"opens_on": "opens_in_days", "closes_on": "closes_in_days", "holds_until": "holds_for_days"}


def read_secret(path: Path) -> bytes:
    """The key of the keyed ids; raises ``UsageError`` if others can read it or it is short."""
    try:
        mode, secret = path.stat().st_mode, path.read_bytes()
    except OSError:
        raise UsageError("--secret", "the file cannot be read.", "Make one; see the page on it.") from None
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError("--secret", "others can read the file.", "Run 'chmod 600' on it.")
    if len(secret) < LEAST_SECRET_BYTES:
        what = f"the file holds less than {LEAST_SECRET_BYTES} bytes."
        raise UsageError("--secret", what, "Fill it with random bytes.")
    return secret


def key_of(secret: bytes, text: str) -> str:
    """The keyed id: without the secret nobody can make it again, or tell whose it is."""
    return hmac.digest(secret, text.encode("utf-8"), "sha256").hex()[:_KEY_DIGITS]


def keyed_patients(patients: pl.DataFrame, secret: bytes, as_of: date) -> pl.DataFrame:
    """Per patient ``patient_id``, ``patient_key`` and ``age_years`` (``90+`` from 90; null if it is open).

    Raises ``UsageError`` if two patients get the same key.
    """
    ids = patients["patient_id"].to_list()
    keys = pl.Series([key_of(secret, patient_id) for patient_id in ids], dtype=pl.String)
    if keys.n_unique() != len(keys):
        raise UsageError("--secret", "two patients get the same key.", "Make another secret.")
    born = zip(patients["birth_earliest"], patients["birth_latest"], strict=True)
    ages = pl.Series([_age(*days, as_of) for days in born], dtype=pl.String)
    return pl.DataFrame({"patient_id": patients["patient_id"], KEY: keys, "age_years": ages})


def _age(earliest: date, latest: date, as_of: date) -> str | None:
    if latest == FOREVER or latest > as_of:
        return None
    youngest, oldest = (min(completed_years(day, as_of), OLDEST_AGE) for day in (latest, earliest))
    if youngest != oldest:
        return None
    return f"{OLDEST_AGE}+" if youngest == OLDEST_AGE else str(youngest)


def without_identity(frame: pl.DataFrame, output: str, keyed: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The allowed columns of an output under keyed ids, in an order that tells nothing of the ids.

    Candidates are ranked again: among equals the run's ranks follow the ids, these follow the keys.
    """
    days = {
        new: (pl.col(old) - pl.lit(as_of)).dt.total_days()
        for old, new in _DAYS.items()
        if old in frame.columns
    }
    found = frame.with_columns(**days).join(keyed, on="patient_id")
    if output == "candidates":
        found = _ranked(found)
    order = ["trial_id", "rank"] if output == "candidates" else ["trial_id", KEY]
    return found.sort(order, maintain_order=True).select(ALLOWED[output])


def _ranked(candidates: pl.DataFrame) -> pl.DataFrame:
    tier = pl.col("tier").cast(pl.Enum(TIERS))
    order = ["failing_count", "unknown_count", "opens_in_days", KEY]
    ordered = candidates.sort("trial_id", tier, *order, nulls_last=True)
    return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("trial_id"))


def days_from(as_of: date, told: Mapping[str, str], *names: str) -> dict[str, int]:
    """Dates of a manifest as days from the as-of date."""
    return {f"{name}_in_days": (date.fromisoformat(told[name]) - as_of).days for name in names}
