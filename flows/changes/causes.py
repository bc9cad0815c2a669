"""Why something changed between two runs: each run is made again with one input exchanged at a time.

Of two runs the extract, the dates, the trial files and the code may differ. A cause is an input that explains
the change alone: put into the old run in place of its own, it gives what the new run says. Where more than
one does, all are named; where none does, the cause is joint. Only the patients concerned are judged again.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from criteria.trial import Trial, load_trial
from data.catalogue import Catalogue
from flows.answers.store import Answer, known_on, last_answers, read_batches
from flows.changes.rows import (
    Rows,
    changed_patients,
    joined,
    patients_with_rows_beyond,
    read_rows,
    rows_about,
    write_rows,
)
from flows.changes.standing import judged_standing
from flows.judge import Case, judge
from flows.publish import ANSWERS_FILE
from schemas.errors import PrescreenError
from schemas.extract import TABLES, Table
from schemas.sources import SOURCES
from schemas.words import CAUSES

NEW_DATA, CORRECTED_DATA, ANSWERS, CLOCK, TRIAL_FILE, CODE, JOINT, NOT_KNOWN = CAUSES
_DATES = ("as_of", "enrollment", "first_dose")


@dataclass(frozen=True)
class RunSide:
    """One of the two runs: its manifest, its trials by id, and its delivered files and answers by name (None:
    not kept)."""

    manifest: Mapping[str, Any]
    trials: Mapping[str, Trial]
    files: Mapping[str, Path] | None

    @property
    def tables(self) -> Mapping[str, Table]:
        """The schemas of the delivered files."""
        source = SOURCES.get(self.manifest["format"])
        return source.by_name if source else TABLES

    @property
    def answers(self) -> Path | None:
        """What coordinators had answered by then."""
        return (self.files or {}).get(ANSWERS_FILE)

    @cached_property
    def said(self) -> frozenset[Answer]:
        """The last answer to each question that could count in this run."""
        batches = read_batches(self.answers) if self.answers else []
        known = known_on(batches, date.fromisoformat(self.manifest["as_of"]))
        return frozenset(last_answers(known).values())

    def rows(self, patient_ids: Sequence[str]) -> Rows:
        """What the extract says about these patients; its day is told even where its sender did not."""
        files = dict(self.files or {})
        files.pop(ANSWERS_FILE, None)
        info = files.pop("extract.toml", None)
        raw = info.read_bytes() if info else b""
        if "extracted_on" not in tomllib.loads(raw.decode("utf-8-sig")):
            raw = f"extracted_on = {self.manifest['extracted_on']}\n".encode() + raw
        return read_rows(files, self.tables, raw, patient_ids)

    def case(self, extract: Path) -> Case:
        """An extract judged on this run's dates."""
        dates = {name: date.fromisoformat(self.manifest[name]) for name in _DATES}
        index = self.manifest["index_date"]
        index_date = date.fromisoformat(index) if index else None
        return Case(
            extract,
            source_format=self.manifest["format"],
            index_date=index_date,
            answers=self.answers,
            answers_through=dates["as_of"],
            **dates,
        )


def load_published_trials(
    folder: Path, manifest: Mapping[str, Any], catalogue: Catalogue
) -> dict[str, Trial]:
    """The trials of a published run, from its own copies; one that this code cannot read is left out."""
    found = {}
    for trial_id, readings in manifest["readings"].items():
        try:
            found[trial_id] = load_trial(str(folder / "trials" / f"{trial_id}.toml"), catalogue, readings)
        except PrescreenError:
            continue
    return found


def differing(old: RunSide, new: RunSide, trial_id: str) -> set[str]:
    """Which inputs of the two runs differ for a trial; ``NEW_DATA`` stands for any difference of the
    extracts."""
    a, b = old.manifest, new.manifest
    pairs: dict[str, list[Any]] = {
        NEW_DATA: [(_delivered(side), side["index_date"], side["format"]) for side in (a, b)],
        ANSWERS: [old.said, new.said],
        CLOCK: [[side[name] for name in _DATES] for side in (a, b)],
        TRIAL_FILE: [(side["trials"][trial_id]["sha256"], side["readings"][trial_id]) for side in (a, b)],
        CODE: [side["code"]["sha256"] for side in (a, b)],
    }
    return {name for name, (one, other) in pairs.items() if one != other}


def _delivered(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in manifest["inputs"].items() if name != ANSWERS_FILE}


def add_causes(
    items: Mapping[str, pl.DataFrame], old: RunSide, new: RunSide, scratch: Path
) -> dict[str, pl.DataFrame]:
    """The changes of each trial (``compare.ITEMS``) with a list column ``causes``, never empty.

    ``scratch`` is a folder that may be made and is left to the caller to remove.
    """
    found: dict[str, pl.DataFrame] = {}
    open_items: dict[str, pl.DataFrame] = {}
    for trial_id, changed in items.items():
        factors = differing(old, new, trial_id)
        if (factors and factors <= {CLOCK}) or factors in ({TRIAL_FILE}, {CODE}, {ANSWERS}):
            found[trial_id] = _labelled(changed, sorted(factors))
        elif old.files is None or (trial_id not in old.trials and TRIAL_FILE in factors):
            found[trial_id] = _labelled(changed, [NOT_KNOWN])
        else:
            open_items[trial_id] = changed
    if any(changed.height for changed in open_items.values()):
        found |= _Replays(open_items, old, new, scratch).explained()
    else:
        found |= {trial_id: _labelled(changed, [JOINT]) for trial_id, changed in open_items.items()}
    return found


def _labelled(changed: pl.DataFrame, causes: list[str]) -> pl.DataFrame:
    return changed.with_columns(causes=pl.lit(causes, pl.List(pl.String)))


class _Replays:
    """The replays of one pair of runs, shared by their trials."""

    def __init__(self, items: Mapping[str, pl.DataFrame], old: RunSide, new: RunSide, scratch: Path) -> None:
        self.items, self.old, self.new, self.scratch = items, old, new, scratch
        ids = pl.concat([changed["patient_id"] for changed in items.values()]).unique().sort().to_list()
        self.rows = old.rows(ids), new.rows(ids)
        answered = {answer.patient_id for answer in old.said ^ new.said}
        self.touched = changed_patients(*self.rows, new.tables) | answered
        self.corrected = self._corrected(ids)

    def _corrected(self, ids: Sequence[str]) -> set[str]:
        """Those of whom something was taken back.

        Of the others the new extract holds the old rows and the new ones, so that a replay of all of them
        tells no more than one of the new rows.
        """
        corrected = patients_with_rows_beyond(*self.rows, self.new.tables)
        tables_gone = not set(self.rows[0].tables) <= set(self.rows[1].tables)
        return set(ids) if tables_gone or "" in corrected else corrected

    def explained(self) -> dict[str, pl.DataFrame]:
        """Each trial's changes with their causes."""
        days_only = self._only_days_went_by()
        settled, replayed = {}, {}
        for trial_id, changed in self.items.items():
            factors = differing(self.old, self.new, trial_id)
            by_clock = pl.col("patient_id").is_in(sorted(self.touched)).not_() & (
                days_only and factors <= {NEW_DATA, ANSWERS, CLOCK}
            )
            settled[trial_id] = _labelled(changed.filter(by_clock), [CLOCK])
            replayed[trial_id] = changed.filter(~by_clock)
        causes = self._replayed(replayed)
        return {trial_id: pl.concat([settled[trial_id], causes[trial_id]]) for trial_id in self.items}

    def _only_days_went_by(self) -> bool:
        """Whether nothing was delivered about everybody but the extract's day, which moved with the clock.

        A patient without new rows has then been changed by the clock alone, and need not be judged again.
        """
        infos = [tomllib.loads((side.info or b"").decode("utf-8-sig")) for side in self.rows]
        days = [info.pop("extracted_on") for info in infos]
        moved = [
            date.fromisoformat(str(day)) - date.fromisoformat(side.manifest["as_of"])
            for day, side in zip(days, (self.old, self.new), strict=True)
        ]
        same_tables = set(self.rows[0].tables) == set(self.rows[1].tables)
        return infos[0] == infos[1] and moved[0] == moved[1] and same_tables and "" not in self.touched

    def _replayed(self, items: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        ids = sorted({patient for changed in items.values() for patient in changed["patient_id"]})
        if not ids:
            return {trial_id: _labelled(changed, [JOINT]) for trial_id, changed in items.items()}
        rows = [rows_about(side, self.new.tables, ids) for side in self.rows]
        corrected = rows_about(self.rows[1], self.new.tables, self.corrected & set(ids))
        extracts = {
            "old": write_rows(rows[0], self.scratch / "old"),
            "joined": write_rows(joined(*rows), self.scratch / "joined"),
            "corrected": write_rows(corrected, self.scratch / "corrected"),
        }
        return {trial_id: self._of_trial(trial_id, changed, extracts) for trial_id, changed in items.items()}

    def _of_trial(self, trial_id: str, changed: pl.DataFrame, extracts: Mapping[str, Path]) -> pl.DataFrame:
        """One trial's changes; a replay says of each whether it alone gives what the new run says."""
        old_trial = self.old.trials.get(trial_id, self.new.trials[trial_id])
        new_trial = self.new.trials[trial_id]
        old_case = self.old.case(extracts["old"])
        new_dates = replace(
            self.new.case(extracts["old"]),
            index_date=old_case.index_date,
            answers=old_case.answers,
            answers_through=old_case.answers_through,
        )
        new_answers = replace(old_case, answers=self.new.answers, answers_through=new_dates.as_of)
        asked = changed.with_row_index("item")
        corrected = asked.filter(pl.col("patient_id").is_in(sorted(self.corrected)))
        replays = {
            CODE: (old_case, old_trial, asked),
            CLOCK: (new_dates, old_trial, asked),
            TRIAL_FILE: (old_case, new_trial, asked),
            ANSWERS: (new_answers, old_trial, asked),
            NEW_DATA: (self._with_data(extracts["joined"]), old_trial, asked),
            CORRECTED_DATA: (self._with_data(extracts["corrected"]), old_trial, corrected),
        }
        factors = differing(self.old, self.new, trial_id)
        if NEW_DATA in factors and corrected.height:
            factors.add(CORRECTED_DATA)
        marked = asked
        for name in factors & replays.keys():
            case, trial, items = replays[name]
            says = judged_standing(judge(case, [trial], self.scratch / f"{trial_id}-{name}")[trial_id]).said()
            said = items.join(says, on=["patient_id", "criterion_id"], how="left", nulls_equal=True)
            told = said.select(
                "item",
                pl.col("word").eq_missing(pl.col("after")).alias(name),
                pl.col("word").eq_missing(pl.col("before")).alias(f"not {name}"),
            )
            marked = marked.join(told, on="item", how="left", maintain_order="left")
        return marked.select(*changed.columns, causes=_causes(factors))

    def _with_data(self, extract: Path) -> Case:
        """The old run with another extract, and the day that this one counts from."""
        return replace(self.old.case(extract), index_date=self.new.case(extract).index_date)


def _causes(factors: set[str]) -> pl.Expr:
    """The factors that explain an item.

    All rows of the new extract explain only what its new rows do not. Every replay is made by the code at
    hand, so where the code differs, the others tell something only of items that the code leaves as they
    were.
    """
    told = []
    for name in (NEW_DATA, CORRECTED_DATA, ANSWERS, CLOCK, TRIAL_FILE, CODE):
        if name in factors:
            explains = pl.col(name)
            if name == CORRECTED_DATA:
                explains = explains & ~pl.col(NEW_DATA)
            if name != CODE and CODE in factors:
                explains = explains & pl.col(f"not {CODE}")
            told.append(pl.when(explains).then(pl.lit(name)))
    alone = pl.concat_list(told).list.drop_nulls()
    return pl.when(alone.list.len() > 0).then(alone).otherwise(pl.lit([JOINT], pl.List(pl.String)))


def manifest_side(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """A manifest as it reads back from its file, so that two of them compare like with like."""
    side: Mapping[str, Any] = json.loads(json.dumps(manifest))
    return side
