"""The newest run as a copy that can be shown outside: ``patients/`` row by row, ``counts/`` added up.

Nothing is copied that is not named here. Whoever holds ``patients/`` can count for themselves, so that only
``counts/`` alone keeps small counts unseen; the two are folders of their own for that reason.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from flows import VERSION
from flows.failures import redacted
from flows.files import private_files
from flows.identity import PRE_SCREEN_ONLY
from flows.pseudonymous.counts import SUPPRESSED, TrialCounts, shown_tables
from flows.pseudonymous.people import (
    ALLOWED,
    days_from,
    key_of,
    keyed_patients,
    read_secret,
    without_identity,
)
from flows.pseudonymous.suppression import LEAST_SHOWN
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.table_files import write_csv, write_parquet
from schemas.errors import UsageError

_PERSONAL = ["patient_id", "birth_earliest", "birth_latest"]


@redacted
def pseudonymise(out: Path, secret_file: Path, to: Path, *, counts_only: bool = False) -> list[str]:
    """Writes the copy into ``to`` and returns the names of its files.

    Raises ``UsageError`` for a secret that is not one, or a folder that holds something; ``StorageFailed`` if
    there is no run.
    """
    secret = read_secret(secret_file)
    run = latest_run(OutputFolder(out))
    manifest = read_manifest(run)
    with private_files():
        _prepare(to)
        _write_about(to, manifest)
        if not counts_only:
            _write_patients(run, to / "patients", secret, date.fromisoformat(manifest["as_of"]))
        _write_counts(run, to / "counts", manifest, partial(key_of, secret))
    return sorted(path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file())


def _prepare(to: Path) -> None:
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError("--to", "is not an empty folder.", "Name a new or empty one.")
    to.mkdir(parents=True, exist_ok=True)


def _write_about(to: Path, manifest: Mapping[str, Any]) -> None:
    """What a reader must know. No run id, as-of date or hash: they would tell the calendar or the files."""
    told = {
        "statement": PRE_SCREEN_ONLY,
        "version": VERSION,
        "trials": sorted(manifest["trials"]),
        "readings": manifest["readings"],
        "departures": manifest["departures"],
        "days": "every day is counted from the as-of date, which is day 0",
        **days_from(date.fromisoformat(manifest["as_of"]), manifest, "enrollment", "first_dose"),
        "least_count_shown": LEAST_SHOWN,
        "not_shown": f"{SUPPRESSED}: a small count, or one from which a small one could be worked out",
    }
    text = json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (to / "about.json").write_text(text, encoding="utf-8")


def _write_patients(run: Path, folder: Path, secret: bytes, as_of: date) -> None:
    folder.mkdir()
    people = pl.read_parquet(run / "facts" / "patients.parquet", columns=_PERSONAL)
    keyed = keyed_patients(people, secret, as_of)
    for output in ALLOWED:
        frame = pl.read_parquet(run / f"{output}.parquet")
        write_parquet(folder / f"{output}.parquet", without_identity(frame, output, keyed, as_of))


def _write_counts(run: Path, folder: Path, manifest: Mapping[str, Any], key: Callable[[str], str]) -> None:
    folder.mkdir()
    tables: dict[str, list[dict[str, Any]]] = {}
    for trial_id in sorted(manifest["trials"]):

        def order(name: str, trial_id: str = trial_id) -> bytes:
            return key(f"{trial_id}\0{name}").encode()

        for name, rows in shown_tables(_counts_of(run, trial_id, manifest), order).items():
            tables.setdefault(name, []).extend({"trial_id": trial_id, **row} for row in rows)
    for name, rows in tables.items():
        write_csv(folder / f"{name}.csv", pl.DataFrame(rows, infer_schema_length=None))


def _counts_of(run: Path, trial_id: str, manifest: Mapping[str, Any]) -> TrialCounts:
    own = pl.col("trial_id") == trial_id
    attrition = _table(run, "attrition").filter(own)
    worklist = _table(run, "worklist").filter(own)
    protocol_order = pl.col("criterion_id").cast(pl.Enum(attrition["criterion_id"].to_list()))
    return TrialCounts(
        patients=manifest["rows"]["screen"]["patients"],
        standing={**_by(run, "candidates", own, "tier"), **_by(run, "not_listed", own, "reason")},
        attrition=attrition,
        worklist=worklist.sort(protocol_order, "reason"),
        changes=_by(run, "changes", own, "change"),
    )


def _table(run: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(run / f"{name}.csv", schema_overrides={"criterion_id": pl.String})


def _by(run: Path, output: str, own: pl.Expr, column: str) -> dict[str, int]:
    found = pl.scan_parquet(run / f"{output}.parquet").filter(own).group_by(column).len().collect()
    return dict(found.iter_rows())
