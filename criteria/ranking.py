"""From verdicts to two lists: who is a candidate, in what order, and who is not listed, and why.

A patient of a batch becomes one summary row (``summarise_patients``); the summaries of all batches together
become a trial's candidates (``rank_candidates``) and its patients not listed (``not_listed_patients``).
"""

from collections.abc import Iterable

import polars as pl

from schemas.facts import Facts
from schemas.outputs import output_columns
from schemas.words import CURABILITIES, NOT_LISTED_REASONS, TIERS

# Silence longer than this leaves open whether a patient not known to be alive is alive.
LAST_CONTACT_MONTHS = 6
# What a person settled with the patient ends the search; other statuses (contacted, consented) do not.
CLOSING_STATUSES = ("declined", "enrolled", "screen_failed", "withdrawn")

TIER = pl.Enum(TIERS)
NOT_LISTED_REASON = pl.Enum(NOT_LISTED_REASONS)
ELIGIBLE, POSSIBLE, OPENS_LATER, NEAR_MISS, EXCLUDED = TIERS
_FAIL = pl.col("verdict") == "fail"
_UNKNOWN = pl.col("verdict") == "unknown"
_ATTESTATION = _UNKNOWN & (pl.col("reason") == "needs_attestation").fill_null(False)


def summarise_patients(verdicts: pl.DataFrame, facts: Facts, trial_ids: Iterable[str]) -> pl.DataFrame:
    """What one trial's verdicts say about each patient of a batch, with the reason for not listing, if any.

    Grain: one row per patient of ``facts``, in their order. ``verdicts`` is the screening's frame;
    ``trial_ids`` are the names by which the screening log may know the trial. ``not_listed`` is null for a
    candidate. The days of the calendar are not in it (see ``criteria.calendar``).
    """
    patients = facts.patients.select("patient", "patient_id", not_listed=_registry_reason(facts))
    log = closed_by_screening_log(facts.screening_log, trial_ids)
    return (
        patients.join(log, on="patient", how="left", maintain_order="left")
        .with_columns(not_listed=pl.coalesce("not_listed", "log_reason"))
        .join(_counts(verdicts), on="patient", how="left", maintain_order="left")
        .with_columns(
            pl.col("failing_count", "unknown_count", "attestation_count").fill_null(0),
            pl.col("failing_criteria", "unknown_criteria").fill_null(pl.lit([], pl.List(pl.String))),
        )
        .with_columns(tier=_tier())
        .select(SUMMARY_COLUMNS)
    )


# What time alone will do, and when.
DAYS: dict[str, pl.DataType] = {
    "opens_on": pl.Date(),
    "closes_on": pl.Date(),
    "repeat_labs_before": pl.Date(),
    "repeat_labs_criteria": pl.List(pl.String()),
}
SUMMARY_COLUMNS = [
    "patient",
    "patient_id",
    "not_listed",
    "tier",
    "failing_count",
    "unknown_count",
    "attestation_count",
    "failing_criteria",
    "unknown_criteria",
]


def rank_candidates(summary: pl.DataFrame, trial_id: str) -> pl.DataFrame:
    """The listed patients of one trial, ranked from 1: tier, fails, unknowns, opening day, patient id.

    Patients without an opening day come after those with one; ids are compared as bytes of their text, so
    that the order is total and the same everywhere. Tiers and criteria are of the types that ``summary`` has.
    """
    order = ["tier", "failing_count", "unknown_count", "opens_on", "patient_id"]
    return (
        summary.filter(pl.col("not_listed").is_null())
        .sort(order, nulls_last=True)
        .with_columns(trial_id=pl.lit(trial_id), rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        .select(output_columns("candidates"))
    )


def not_listed_patients(summary: pl.DataFrame, trial_id: str) -> pl.DataFrame:
    """The patients of one trial who are not listed, by patient id, with the first reason that applies."""
    return (
        summary.filter(pl.col("not_listed").is_not_null())
        .select(
            trial_id=pl.lit(trial_id), patient_id="patient_id", reason=pl.col("not_listed").cast(pl.String)
        )
        .sort("patient_id")
    )


def closed_by_screening_log(screening_log: pl.DataFrame, trial_ids: Iterable[str]) -> pl.DataFrame:
    """Patients whose latest status for the trial ends the search: ``patient``, ``log_reason``.

    The trial may stand in the log under its own id or a registry's, in either case of letters. Of several
    statuses of the latest day a closing one counts: a patient who declined is not asked again by mistake.
    """
    return (
        last_statuses(screening_log, trial_ids)
        .filter(pl.col("status").is_in(CLOSING_STATUSES))
        .select("patient", log_reason=pl.col("status").cast(NOT_LISTED_REASON))
    )


def last_statuses(screening_log: pl.DataFrame, trial_ids: Iterable[str]) -> pl.DataFrame:
    """Each logged patient's latest status for the trial, under any of its names: ``patient``, ``status``,
    ``date``, by patient. Of several statuses of that day a closing one comes first."""
    names = sorted({name.casefold() for name in trial_ids})
    closing_first = pl.col("status").replace_strict(
        {status: place for place, status in enumerate(CLOSING_STATUSES)}, default=len(CLOSING_STATUSES)
    )
    return (
        screening_log.filter(pl.col("trial_id").str.to_lowercase().is_in(names))
        .with_columns(place=closing_first)
        .sort("patient", "date", "place", descending=[False, True, False])
        .unique("patient", keep="first", maintain_order=True)
        .select("patient", "status", "date")
    )


def standing_by_verdicts(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Per patient of a trial's verdicts the tier that they give, listed or not: ``patient``, ``tier``,
    ``failing_criteria``, ``unknown_criteria`` (ids in protocol order)."""
    counted = _counts(verdicts).with_columns(tier=_tier())
    return counted.select("patient", "tier", "failing_criteria", "unknown_criteria")


def _registry_reason(facts: Facts) -> pl.Expr:
    """Why the registry itself says not to list a patient; null if it does not."""
    silent_since = pl.lit(facts.as_of).dt.offset_by(f"-{LAST_CONTACT_MONTHS}mo")
    silent = pl.col("last_contact_latest").is_null() | (pl.col("last_contact_latest") < silent_since)
    not_known_alive = pl.col("vital_status").is_null() | (pl.col("vital_status") != "alive")
    return (
        pl.when(pl.col("deceased"))
        .then(pl.lit("deceased"))
        .when(not_known_alive & silent)
        .then(pl.lit("vital_status_unknown"))
        .when(pl.col("contact_permitted") == "no")
        .then(pl.lit("contact_not_permitted"))
        .cast(NOT_LISTED_REASON)
    )


def _counts(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Per patient: fails and unknowns, counted and named in protocol order."""
    permanent = CURABILITIES[-1]
    return verdicts.group_by("patient", maintain_order=True).agg(
        failing_count=_FAIL.sum().cast(pl.Int64),
        unknown_count=_UNKNOWN.sum().cast(pl.Int64),
        attestation_count=_ATTESTATION.sum().cast(pl.Int64),
        failing_criteria=pl.col("criterion_id").filter(_FAIL).cast(pl.String),
        unknown_criteria=pl.col("criterion_id").filter(_UNKNOWN).cast(pl.String),
        permanent_fails=(_FAIL & (pl.col("curability") == permanent)).sum(),
        time_fails=(_FAIL & (pl.col("curability") == "time")).sum(),
    )


def _tier() -> pl.Expr:
    """The tier by the kinds of a patient's fails and unknowns; no verdicts at all leave nothing open."""
    failing = pl.col("failing_count")
    return (
        pl.when((failing == 0) & (pl.col("unknown_count") == pl.col("attestation_count")))
        .then(pl.lit(ELIGIBLE))
        .when(failing == 0)
        .then(pl.lit(POSSIBLE))
        .when(pl.col("time_fails") == failing)
        .then(pl.lit(OPENS_LATER))
        .when(pl.col("permanent_fails") == 0)
        .then(pl.lit(NEAR_MISS))
        .otherwise(pl.lit(EXCLUDED))
        .cast(TIER)
    )
