"""The newest run and its answers for REDCap: a data dictionary, and an import file.

A blank cell of an import leaves in REDCap what stood there, so none is blank: a patient who left the list is
told as such, and so is one of an earlier run who is no longer in the extract.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from criteria.trial import Trial, load_trial
from data.catalogue import load_catalogue
from flows.answers.store import TAKE_BACK
from flows.failures import redacted
from flows.files import private_files, sync
from flows.kept import newest_runs
from flows.lock import run_lock
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.table_files import lists_joined, write_csv
from flows.workbook import neutralised
from schemas.errors import UsageError
from schemas.words import (
    ANSWER_STATES,
    ANSWERS,
    NOT_LISTED_REASONS,
    SCREENING_STATUSES,
    TIERS,
    VERDICTS,
)

DICTIONARY_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
RECORD = "record_id"
NONE = "none"
GONE = "not_in_the_extract"
_FORM = "prescreen"
# With the longest ending a field's name has at most 26 characters, as REDCap advises.
_STEM = 18
# Zero is the word for nothing; the others count from 1, in the order of the closed lists.
_CODES: dict[str, tuple[str, ...]] = {
    "not_listed": ("listed", *NOT_LISTED_REASONS, GONE),
    "tier": ("not_listed", *TIERS),
    "status": (NONE, *SCREENING_STATUSES, TAKE_BACK),
    "verdict": (GONE, *VERDICTS),
    "answer": (NONE, *ANSWERS, TAKE_BACK),
    "state": (NONE, *ANSWER_STATES),
}
_TOLD = ("failing_criteria", "unknown_criteria", "opens_on", "closes_on", "repeat_labs_before")


@dataclass(frozen=True)
class Field:
    """One field: a choice if ``codes`` names a list of words, else text."""

    name: str
    label: str
    codes: str = ""
    section: str = ""
    shown_if: str = ""
    validation: str = ""


@redacted
def export_redcap(out: Path, to: Path) -> list[Path]:
    """Writes the two files of each trial of the newest run into ``to``; those of another night are replaced.

    Raises ``UsageError`` if ``to`` is the output folder, ``StorageFailed`` if there is no run.
    """
    folder = OutputFolder(out)
    if to.resolve().is_relative_to(out.resolve()):
        raise UsageError("--to", "is inside the output folder.", "Choose another folder.")
    written = []
    with private_files(), run_lock(out):
        run = latest_run(folder)
        to.mkdir(parents=True, exist_ok=True)
        for trial_id, readings in read_manifest(run)["readings"].items():
            trial = load_trial(str(run / "trials" / f"{trial_id}.toml"), load_catalogue(), readings)
            names = field_names([criterion.id for criterion in trial.criteria])
            frames = {
                "dictionary": dictionary(trial, names),
                "data": records(run, trial, names, _earlier_patients(folder, run, trial_id)),
            }
            for kind, frame in frames.items():
                path = to / f"redcap-{trial_id}-{kind}.csv"
                _replace(path, frame)
                written.append(path)
    return written


def field_names(ids: Sequence[str]) -> dict[str, str]:
    """The criteria's names as REDCap takes them: small letters, digits, underscores, a letter first."""
    names: dict[str, str] = {}
    for criterion_id in ids:
        stem = re.sub("[^a-z0-9]+", "_", criterion_id.lower()).strip("_") or "c"
        stem = (stem if stem[0].isalpha() else f"c_{stem}")[:_STEM].rstrip("_")
        name, number = stem, 1
        while name in names.values():
            number += 1
            name = f"{stem[: _STEM - 3]}_{number}"
        names[criterion_id] = name
    return names


def dictionary(trial: Trial, names: Mapping[str, str]) -> pl.DataFrame:
    """The data dictionary, a row a field, in the order of the import file."""
    rows = [_row(field) for field in _fields(trial, names)]
    return pl.DataFrame(rows, schema=dict.fromkeys(DICTIONARY_COLUMNS, pl.String), orient="row")


def _row(field: Field) -> list[str]:
    choices = " | ".join(
        f"{code}, {word.replace('_', ' ').capitalize()}"
        for code, word in enumerate(_CODES.get(field.codes, ()))
    )
    row = dict.fromkeys(DICTIONARY_COLUMNS, "")
    told = (
        field.name,
        _FORM,
        field.section,
        "radio" if field.codes else "text",
        # REDCap shows labels as HTML.
        html.escape(field.label, quote=False),
        choices,
    )
    row |= dict(zip(DICTIONARY_COLUMNS, told, strict=False))
    row["Text Validation Type OR Show Slider Number"] = field.validation
    row["Identifier?"] = "y" if field.name == RECORD else ""
    row["Branching Logic (Show field only if...)"] = field.shown_if
    return list(row.values())


def _fields(trial: Trial, names: Mapping[str, str]) -> Iterator[Field]:
    yield Field(RECORD, "Patient")
    yield Field("ps_run", "Run of Prescreen", section="Pre-screen only: no decision about eligibility")
    yield Field("ps_as_of", "As of", validation="date_ymd")
    yield Field("ps_not_listed", "Why not on the list", "not_listed")
    yield Field("ps_tier", "Tier", "tier")
    yield Field("ps_rank", "Place in the list (0: not listed)", validation="integer")
    for name in _TOLD:
        yield Field(f"ps_{name}", name.replace("_", " ").capitalize())
    yield Field("ps_status", "What came of it", "status")
    yield from _given("ps_status", "status")
    for criterion in trial.criteria:
        name, label = names[criterion.id], f"{criterion.id}: {' '.join(criterion.protocol)}"
        yield Field(f"{name}_verdict", label, "verdict", section=criterion.id)
        shown = f"[{name}_verdict] = '{_CODES['verdict'].index('unknown')}' or [{name}_answer] <> '0'"
        yield Field(f"{name}_answer", f"{criterion.id}: answer", "answer", shown_if=shown)
        yield from _given(f"{name}", f"answer to {criterion.id}", f"{name}_answer")


def _given(name: str, what: str, of: str = "") -> Iterator[Field]:
    shown = f"[{of or name}] <> '0'"
    yield Field(f"{name}_state", f"Does the {what} count?", "state", shown_if=shown)
    yield Field(f"{name}_date", f"Day of the {what}", shown_if=shown)
    yield Field(f"{name}_by", f"Who gave the {what}", shown_if=shown)


def records(run: Path, trial: Trial, names: Mapping[str, str], earlier: pl.Series) -> pl.DataFrame:
    """The import file: one record a patient of the run or of an earlier one, every field explicit."""
    own = pl.col("trial_id") == trial.id
    frames = {
        name: pl.scan_parquet(run / f"{name}.parquet").filter(own).collect()
        for name in ("candidates", "not_listed", "answers", "verdicts")
    }
    manifest = read_manifest(run)
    off = frames["not_listed"].select("patient_id", ps_not_listed="reason")
    patients = pl.concat([frames["candidates"].select("patient_id"), off.select("patient_id")])
    everybody = pl.concat([patients.to_series(), earlier]).unique().sort().to_frame("patient_id")
    gone = ~pl.col("patient_id").is_in(patients["patient_id"].implode())
    listed = lists_joined(frames["candidates"]).select(
        "patient_id",
        ps_tier="tier",
        ps_rank=pl.col("rank").cast(pl.String),
        **{f"ps_{name}": pl.col(name).cast(pl.String) for name in _TOLD},
    )
    wide = everybody.join(listed, on="patient_id", how="left").join(off, on="patient_id", how="left")
    wide = wide.with_columns(
        pl.when(gone).then(pl.lit(GONE)).otherwise(pl.col("ps_not_listed")).alias("ps_not_listed"),
        pl.col("ps_rank").fill_null("0"),
        pl.lit(manifest["run_id"]).alias("ps_run"),
        pl.lit(manifest["as_of"]).alias("ps_as_of"),
    )
    wide = wide.join(_answered(frames["answers"], None, "ps_status", ""), on="patient_id", how="left")
    for criterion_id, name in names.items():
        verdicts = frames["verdicts"].filter(pl.col("criterion_id") == criterion_id)
        judged = verdicts.select("patient_id", pl.col("verdict").alias(f"{name}_verdict"))
        given = _answered(frames["answers"], criterion_id, name, "_answer")
        wide = wide.join(judged, on="patient_id", how="left").join(given, on="patient_id", how="left")
    return wide.sort("patient_id").select(_explicit(field) for field in _fields(trial, names))


def _answered(answers: pl.DataFrame, criterion_id: str | None, name: str, ending: str) -> pl.DataFrame:
    """The last answer of each patient to one question, by the names of its fields."""
    own = answers.filter(pl.col("criterion_id").eq_missing(pl.lit(criterion_id))).sort("date")
    return own.unique("patient_id", keep="last", maintain_order=True).select(
        "patient_id",
        pl.col("answer").alias(f"{name}{ending}"),
        pl.col("state").alias(f"{name}_state"),
        pl.col("date").cast(pl.String).alias(f"{name}_date"),
        pl.col("answered_by").alias(f"{name}_by"),
    )


def _explicit(field: Field) -> pl.Expr:
    """The field's column without a blank: the code of its word, or a word for nothing."""
    column = pl.col("patient_id" if field.name == RECORD else field.name).cast(pl.String)
    if not field.codes:
        return column.fill_null(NONE).alias(field.name)
    codes = {word: str(code) for code, word in enumerate(_CODES[field.codes])}
    return column.replace_strict(codes, default="0", return_dtype=pl.String).alias(field.name)


def _earlier_patients(folder: OutputFolder, run: Path, trial_id: str) -> pl.Series:
    """The patients of earlier runs that screened the trial: REDCap may hold a record of each."""
    found = [pl.Series("patient_id", [], dtype=pl.String)]
    for run_id in newest_runs(folder):
        earlier = folder.run(run_id)
        if earlier != run and trial_id in read_manifest(earlier)["trials"]:
            path = earlier / "facts" / "patients.parquet"
            found.append(pl.read_parquet(path, columns=["patient_id"]).to_series())
    return pl.concat(found).unique()


def _replace(path: Path, frame: pl.DataFrame) -> None:
    waiting = path.with_name(f".{path.name}")
    waiting.unlink(missing_ok=True)
    write_csv(waiting, neutralised(frame))
    sync(waiting)
    waiting.replace(path)
