"""What stays after a run: the delivered files, by their hash, so that a night can be made again; then purged.

``OUT/kept/<sha256>`` holds a delivered file's bytes once, however many runs read it. The files of the newest
runs stay, older ones go; so do published runs beyond those that are to stay, never the newest.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.ledger import Ledger
from flows.publish import ANSWERS_FILE, OutputFolder, latest_run, read_manifest
from schemas.errors import ExtractRefused, StorageFailed

# Nights whose delivered files stay where nothing else is asked for.
KEPT_INPUTS = 7
_BLOCK_BYTES = 1 << 20


def keep_inputs(out: OutputFolder, extract: Path, inputs: Mapping[str, Mapping[str, Any]]) -> None:
    """Copies the delivered files, and the answers, that are not kept yet.

    Raises ``ExtractRefused`` if a file is no longer what was loaded.
    """
    out.kept.mkdir(exist_ok=True)
    for name, told in inputs.items():
        target = out.kept / told["sha256"]
        if not target.exists():
            source = out.answers if name == ANSWERS_FILE else extract / name
            _copy(source, target, told["sha256"])


def _copy(source: Path, target: Path, sha256: str) -> None:
    waiting = target.with_name(f".keeping-{sha256}")
    digest = hashlib.sha256()
    with source.open("rb") as given, waiting.open("wb") as taken:
        while block := given.read(_BLOCK_BYTES):
            digest.update(block)
            taken.write(block)
        taken.flush()
        os.fsync(taken.fileno())
    if digest.hexdigest() != sha256:
        waiting.unlink()
        step = "Wait until it is delivered whole, then start again."
        raise ExtractRefused(source.name, "the file changed after it was read.", step, may_pass=True)
    waiting.replace(target)


def kept_files(out: OutputFolder, manifest: Mapping[str, Any]) -> dict[str, Path] | None:
    """A run's delivered files by name; None if one of them is not kept any more."""
    files = {name: out.kept / told["sha256"] for name, told in manifest["inputs"].items()}
    return files if all(path.is_file() for path in files.values()) else None


def newest_runs(out: OutputFolder, before: str = "") -> list[str]:
    """The runs that were published and are there, the newest first, as the ledger tells it.

    With ``before``, those that were shown until the run of that id was published for the first time.
    """
    shown: list[str] = []
    for entry in Ledger(out.root).entries():
        if entry["event"] in ("published", "repeated"):
            if entry["run_id"] == before:
                break
            shown.append(entry["run_id"])
    return [run_id for run_id in dict.fromkeys(reversed(shown)) if out.run(run_id).is_dir()]


def purge(out: OutputFolder, runs: int | None, inputs: int) -> None:
    """Removes published runs beyond the newest ``runs`` (None: none) and files that none of ``inputs`` runs
    read."""
    newest = newest_runs(out)
    current = latest_run(out).name
    for run_id in newest[runs:] if runs else []:
        if run_id != current:
            # Said first: a run that is missing without a word would look like a loss.
            Ledger(out.root).append("purged", run_id=run_id)
            gone = out.root / f".purged-{run_id}"
            out.run(run_id).rename(gone)
            shutil.rmtree(gone)
    _purge_files(out, [current, *newest[:inputs]])


def _purge_files(out: OutputFolder, runs: Iterable[str]) -> None:
    needed: set[str] = set()
    for run_id in runs:
        try:
            manifest = read_manifest(out.run(run_id))
        except StorageFailed:
            continue
        needed |= {told["sha256"] for told in manifest["inputs"].values()}
    for path in out.kept.iterdir() if out.kept.is_dir() else ():
        if path.name not in needed:
            path.unlink()
