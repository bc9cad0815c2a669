"""A registry of 30 invented patients over three nights, 20 planted secrets, and what a reader sees of a run.

The second night changes no verdict; the third changes some, so that its run also looks for their causes.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.files import files_under, sha256_of
from flows.publish import OutputFolder, damage, read_manifest
from flows.request import RunRequest
from flows.steps import run_screening
from flows.summary import print_summary, standard_output
from tests.flows.extracts import request, write_extract, write_trial

PATIENTS = 30
# Ids, names and values that may stand in the lists of patients and nowhere else.
IDS = tuple(f"MRN-LEAK-{place:02}" for place in range(7))
NAMES = ("Leakington", "Drizzlethorpe", "Dr. Seepage", "Trickleby", "Oozemore", "Siphonia Spill")
VALUES = ("10.470812", "11.930417", "VALUE-LEAK", "1931-07-29", "2026-02-31", "LEAK-SITE-9", "77123.5511")
SECRETS = (*IDS, *NAMES, *VALUES)
# What is told of a run without naming anybody; all else that it publishes is about patients.
AGGREGATES = ("manifest.json", "attrition.csv", "worklist.csv", "unmapped.parquet", "trials/*")

Progress = Callable[[str], None]


def tables(night: int) -> dict[str, list[str]]:
    """The registry of a night: the second adds a result that no criterion reads, the third one that is."""
    ids = [*IDS, *(f"P{place:03}" for place in range(len(IDS), PATIENTS))]
    births = [VALUES[3] if one == IDS[3] else f"19{40 + place}-05-01" for place, one in enumerate(ids)]
    sites = [VALUES[5] if one == IDS[5] else "" for one in ids]
    answers = zip(IDS, NAMES, reversed(NAMES), strict=False)
    return {
        "patients": [
            "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted,site",
            *(
                f"{one},{born},male,alive,2026-03-01,yes,{site}"
                for one, born, site in zip(ids, births, sites, strict=True)
            ),
        ],
        "observations": ["patient_id,observation,date,value,unit", *_results(ids, night)],
        "procedures": [
            "patient_id,procedure,start_date",
            *(f"{one},radiotherapy,2026-03-25" for one in ids[::4]),
        ],
        "conditions": [
            "patient_id,condition,onset_date,status",
            *(f"{one},hiv,2015-01-01,active" for one in ids[::7]),
        ],
        "attestations": [
            "patient_id,trial_id,criterion_id,answer,date,attested_by,comment",
            *(f"{one},tiny,E3,pass,2026-03-01,{by},{comment}" for one, by, comment in answers),
        ],
        "screening_log": ["patient_id,trial_id,status,date", f"{ids[9]},NCT09999999,declined,2026-03-01"],
    }


def _results(ids: Sequence[str], night: int) -> list[str]:
    """Hemoglobin of everybody, and the planted values: usable ones, and ones that are set aside."""
    rows = [
        f"{one},hemoglobin,2026-03-{10 + day},{7 + (place + day) % 6}.5,g/dL"
        for place, one in enumerate(ids)
        for day in range(4 if night == 3 else 3)
    ]
    if night > 1:
        rows += [f"{one},creatinine,2026-03-12,1.0,mg/dL" for one in ids]
    return [
        *rows,
        f"{IDS[0]},hemoglobin,2026-03-29,{VALUES[0]},g/dL",
        f"{IDS[1]},hemoglobin,2026-03-29,{VALUES[1]},g/dL",
        f"{IDS[2]},hemoglobin,2026-03-29,{VALUES[2]},g/dL",
        f"{IDS[4]},hemoglobin,{VALUES[4]},9,g/dL",
        f"{IDS[5]},creatinine,2026-03-29,{VALUES[6]},parrots",
    ]


@dataclass(frozen=True)
class World:
    """The extracts of three nights, a trial, and a place for the output folder."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def request(self, night: int, out: Path | None = None) -> RunRequest:
        """The run of a night."""
        return request(self.folder / f"night{night}", out or self.out, self.folder / "tiny.toml")


def make_world(folder: Path) -> World:
    """Write the world; nothing is published yet."""
    for night in (1, 2, 3):
        write_extract(folder / f"night{night}", tables(night))
    write_trial(folder)
    return World(folder)


def silent(_: str) -> None:
    """No progress to show."""


def screened(asked: RunRequest, progress: Progress = silent) -> int:
    """What the worker of ``prescreen run`` does: run, then print the summary."""
    result = run_screening(asked, progress)
    print_summary(standard_output(), result.folder, result.trials)
    return 0


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {name: sha256_of(path) for name, path in files_under(folder.resolve()).items()}


def reader_sees(out: Path) -> str:
    """The id of the run that ``latest`` is; fails unless every byte of it is what its manifest says."""
    folder = out / "latest"
    assert folder.is_symlink(), "latest is there"
    assert not damage(folder.resolve())
    run_id = str(read_manifest(folder)["run_id"])
    assert folder.resolve() == OutputFolder(out).run(run_id).resolve(), "latest is the run it says it is"
    return run_id


def assert_tidy(out: Path) -> None:
    """Nothing is left that a run needs only while it runs."""
    assert not [path.name for path in out.iterdir() if path.name.startswith(".") and path.name != ".lock"]
    assert not [path.name for path in (out / "runs").iterdir() if damage(path)]


def secrets_in(text: bytes) -> list[str]:
    """The planted secrets that a text holds."""
    return [secret for secret in SECRETS if secret.encode() in text]


def aggregate_secrets(out: Path) -> list[tuple[str, str]]:
    """(file, secret) of every planted secret in what is told of a run without naming anybody."""
    paths = [out / name for name in ("ledger.jsonl", "summary.txt", ".lock") if (out / name).exists()]
    for run in (out / "runs").glob("*"):
        paths += [path for pattern in AGGREGATES for path in run.glob(pattern)]
    return [(path.name, secret) for path in paths for secret in secrets_in(path.read_bytes())]


def fresh_copy(source: Path, target: Path) -> Path:
    """A copy of a folder with its links, instead of what is there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target


def assert_silent(outputs: Sequence[bytes]) -> None:
    """No process said a secret or showed a traceback."""
    for said in outputs:
        assert not secrets_in(said), "a secret was printed"
        assert b"Traceback" not in said, said.decode()
        assert b"panicked" not in said
