"""Tiny extracts and a tiny trial for the tests of the command. Every patient is invented."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from flows.request import RunRequest

AS_OF = date(2026, 3, 31)
# An id that must never be seen outside the published files.
CANARY = "MRN-CANARY-0007"

TRIAL = """
[trial]
id = "tiny"
registry_ids = ["NCT09999999"]
title = "A tiny trial"
source = "made up for a test"
max_lag_days = 7
lookback_days = 28

[questions.least]
asks = "How much hemoglobin is enough?"
default = "eight"
departs_from_text = ["seven"]
[questions.least.options]
eight = "more than 8"
seven = "more than 7"

[[inclusion]]
id = "I1"
protocol = "Hemoglobin > 8 g/dL"
meets_when = "hemoglobin > if(reading.least = 'eight', 8, 7)"
curability = "retest"

[[exclusion]]
id = "E1"
protocol = "Radiotherapy within 14 days of first dose"
excluded_when = "within_days(radiotherapy, 14, first_dose)"
curability = "time"

[[exclusion]]
id = "E2"
protocol = "HIV"
excluded_when = "ever(hiv)"
curability = "permanent"

[[exclusion]]
id = "E3"
protocol = "Unwilling"
manual = "Is the patient willing?"
"""

TABLES: dict[str, Sequence[str]] = {
    "patients": (
        "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted",
        f"{CANARY},1960-05-01,female,alive,2026-03-01,yes",
        "002,1955-01-01,male,alive,2026-03-01,yes",
        "003,1955,male,alive,2026-03-01,yes",
        "004,1950-02-03,female,alive,2026-03-01,yes",
        "005,1950-02-03,female,dead,2026-03-01,yes",
        "006,1950-02-03,male,alive,2026-03-01,yes",
    ),
    "observations": (
        "patient_id,observation,date,value,unit",
        f"{CANARY},hemoglobin,2026-03-20,10.5,g/dL",
        "002,hemoglobin,2026-03-20,8,g/dL",
        "003,hemoglobin,2026-03-20,110,g/L",
        "004,hemoglobin,2026-01-05,12,g/dL",
        "006,hemoglobin,2026-03-20,10.5,parrots",
    ),
    "procedures": (
        "patient_id,procedure,start_date",
        "003,radiotherapy,2026-03-25",
    ),
    "conditions": (
        "patient_id,condition,onset_date,status",
        "002,hiv,2015-01-01,active",
        "002,unheard_of_condition,2015-01-01,active",
    ),
    "screening_log": (
        "patient_id,trial_id,status,date",
        "006,NCT09999999,declined,2026-03-01",
    ),
}


def write_extract(folder: Path, changes: Mapping[str, Sequence[str]] | None = None) -> Path:
    """The tiny extract in ``folder``; ``changes`` replaces whole tables."""
    folder.mkdir(parents=True)
    for table, lines in {**TABLES, **(changes or {})}.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "extract.toml").write_text('source = "a test"\nextracted_on = "2026-03-31"\n', encoding="utf-8")
    return folder


def write_trial(folder: Path, trial_id: str = "tiny", text: str = TRIAL) -> Path:
    """A trial file in ``folder``."""
    path = folder / f"{trial_id}.toml"
    path.write_text(text.replace('id = "tiny"', f'id = "{trial_id}"'), encoding="utf-8")
    return path


def request(
    extract: Path, out: Path, *trials: Path, readings: tuple[str, ...] = (), batch_patients: int = 100_000
) -> RunRequest:
    """A run of the tiny extract as of its own day."""
    return RunRequest(
        extract=extract,
        trials=tuple(str(trial) for trial in trials),
        out=out,
        as_of=AS_OF,
        enrollment=AS_OF,
        first_dose=AS_OF,
        readings=readings,
        batch_patients=batch_patients,
    )
