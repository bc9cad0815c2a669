"""Everything that the page shows, as plain values: what the template and the script only have to place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from criteria.trial import Trial
from flows.identity import PRE_SCREEN_ONLY, readings_in_words
from flows.report.changes import ChangesView, changes_view
from flows.report.criteria_view import CriterionView, criteria_view
from flows.report.days import closing, too_old_soon
from flows.report.pictures import AttritionRow, MissingRow, Week, attrition_rows, calendar, missing_rows
from flows.report.quality import QualityView, quality_view
from flows.report.reopened import Reopened, reopened
from flows.report.run_data import ReportedRun
from flows.report.words import NOT_LISTED_WORDS, TIER_MEANINGS, TIER_SIGNS, TIER_WORDS
from flows.summary import machine_checked
from flows.wording import REASON_WORDS
from schemas.words import NOT_LISTED_REASONS, TIERS

# How many facts the page lists, and how many patients of each; the rest stand in lookups.parquet.
MOST_LOOKUPS = 60
MOST_WAITING = 40
MOST_REASONS = 2


@dataclass(frozen=True)
class TierView:
    """One tier: its sign, its words and how many patients stand in it."""

    id: str
    sign: str
    words: str
    meaning: str
    patients: int


@dataclass(frozen=True)
class LookupView:
    """One fact to look up or ask about, and the patients who wait for it."""

    what: str
    asked: bool
    why: str
    patients: int
    settles: int
    eligible: int
    criteria: str
    patient_ids: list[str]
    more_patients: int


@dataclass(frozen=True)
class View:
    """The page of one trial and run, but for the patients' own lines."""

    title: str
    trial_id: str
    registry_ids: str
    run_id: str
    statement: str
    banner: str | None
    dates: list[tuple[str, str]]
    patients: int
    listed: int
    shown: int
    machine: int
    tiers: list[TierView]
    not_listed: list[tuple[str, int]]
    departures: list[tuple[str, str]]
    readings: list[tuple[str, str]]
    criteria: list[CriterionView]
    changes: ChangesView | None
    lookups: list[LookupView]
    more_lookups: int
    weeks: list[Week]
    opening: list[dict[str, Any]]
    closing: list[dict[str, Any]]
    more_closing: int
    too_old_soon: int
    reopened: list[Reopened]
    more_reopened: int
    attrition: list[AttritionRow]
    missing: list[MissingRow]
    quality: QualityView


def view_of(run: ReportedRun) -> View:
    """The view of a run whose tables are written."""
    trial, manifest = run.trial, run.manifest
    criteria = criteria_view(trial, run.anchors, run.catalogue)
    short = {criterion.id: criterion.short for criterion in criteria}
    weeks, opening = calendar(run.candidates, run.anchors.as_of)
    closes, more_closing = closing(run.candidates, run.anchors.as_of)
    open_again, more_reopened = reopened(run.answers)
    readings = readings_in_words(trial)
    return View(
        title=trial.title,
        trial_id=trial.id,
        registry_ids=", ".join(trial.registry_ids),
        run_id=manifest["run_id"],
        statement=PRE_SCREEN_ONLY,
        banner=run.banner,
        dates=_dates(manifest),
        patients=manifest["rows"]["screen"]["patients"],
        listed=run.candidates.height,
        shown=run.shown.height,
        machine=machine_checked(trial),
        tiers=_tiers(run.candidates),
        not_listed=_not_listed(run.not_listed),
        departures=_departures(trial),
        readings=readings,
        criteria=criteria,
        changes=None if run.changes is None else changes_view(run.changes, manifest.get("compared_with")),
        lookups=[_lookup(row) for row in run.lookups.head(MOST_LOOKUPS).iter_rows(named=True)],
        more_lookups=max(run.lookups.height - MOST_LOOKUPS, 0),
        weeks=weeks,
        opening=opening,
        closing=closes,
        more_closing=more_closing,
        too_old_soon=too_old_soon(run.candidates, run.anchors.as_of),
        reopened=open_again,
        more_reopened=more_reopened,
        attrition=attrition_rows(run.attrition, short, manifest["rows"]["screen"]["patients"]),
        missing=missing_rows(run.unknowns, short, run.candidates.height),
        quality=quality_view(run),
    )


def _lookup(row: dict[str, Any]) -> LookupView:
    words = [REASON_WORDS[reason] for reason in row["reasons"][:MOST_REASONS]]
    return LookupView(
        what=row["what"],
        asked=row["kind"] in ("review", "attestation"),
        why="; ".join(words),
        patients=row["patients"],
        settles=row["settles"],
        eligible=row["would_become_eligible"],
        criteria=", ".join(row["criteria"]),
        patient_ids=row["patient_ids"][:MOST_WAITING],
        more_patients=max(row["patients"] - MOST_WAITING, 0),
    )


def _departures(trial: Trial) -> list[tuple[str, str]]:
    """What the text leaves open and how it is read, where that departs from its letter."""
    return [
        (question.asks, question.options.get(question.chosen, f"{question.chosen} {question.unit}"))
        for question in trial.questions
        if question.id in trial.departures
    ]


def _dates(manifest: Any) -> list[tuple[str, str]]:
    told = [("As of", manifest["as_of"]), ("Enrollment", manifest["enrollment"])]
    told.append(("First dose", manifest["first_dose"]))
    if manifest.get("index_date"):
        told.append(("Day 0 (dates here are no calendar dates)", manifest["index_date"]))
    return told


def _tiers(candidates: pl.DataFrame) -> list[TierView]:
    counts = dict(candidates.group_by("tier").len().iter_rows())
    return [
        TierView(tier, TIER_SIGNS[tier], TIER_WORDS[tier], TIER_MEANINGS[tier], counts.get(tier, 0))
        for tier in TIERS
    ]


def _not_listed(not_listed: pl.DataFrame) -> list[tuple[str, int]]:
    counts = dict(not_listed.group_by("reason").len().iter_rows())
    return [(NOT_LISTED_WORDS[reason], counts[reason]) for reason in NOT_LISTED_REASONS if reason in counts]


def list_rows(run: ReportedRun, places: dict[str, int]) -> Sequence[list[Any]]:
    """The list as rows for the script: rank, id, site, tier, fails, to look up, to ask, opens, closes, the
    day before which results have to be repeated, and for which criteria.

    ``places`` is each criterion's place in the protocol; days are counted from the as-of date.
    """
    as_of = run.anchors.as_of

    def day(value: date | None) -> int | None:
        return None if value is None else (value - as_of) // timedelta(days=1)

    return [
        [
            row["rank"],
            row["patient_id"],
            row["site"],
            TIERS.index(row["tier"]),
            [places[name] for name in row["failing_criteria"]],
            [places[name] for name in row["unknown_criteria"] if name not in row["asks"]],
            [places[name] for name in row["asks"]],
            day(row["opens_on"]),
            day(row["closes_on"]),
            day(row["repeat_labs_before"]),
            [places[name] for name in row["repeat_labs_criteria"] or ()],
        ]
        for row in run.shown.iter_rows(named=True)
    ]
