"""From a staging folder to ``OUT/runs/<run_id>`` and ``OUT/latest``: all of a run or nothing of it.

Every file is written in ``OUT/.staging-<run_id>``, forced to the disk, listed with its hash in manifest.json
and read back; only then one rename makes the folder a run and another makes ``latest`` point to it. Whatever
stops a run before that leaves what was published before as it was.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.files import files_under, sha256_of, sync
from schemas.errors import StorageFailed

MANIFEST = "manifest.json"
LATEST = "latest"
# The name that the coordinators' answers have among the inputs of a run.
ANSWERS_FILE = "answers.jsonl"
# What stands beside it for the morning.
SUMMARY = "summary.txt"
# What a run that was killed may leave behind; swept by the next run, which holds the lock.
_LEFTOVERS = (".staging-*", ".work", ".replay", ".damaged-*", ".purged-*", ".latest-*", "kept/.keeping-*")


@dataclass(frozen=True)
class OutputFolder:
    """The layout of an output folder."""

    root: Path

    @property
    def work(self) -> Path:
        """Private scratch of the running run: the working database and its spill."""
        return self.root / ".work"

    @property
    def replay(self) -> Path:
        """Private scratch of a past run that is made again."""
        return self.root / ".replay"

    @property
    def kept(self) -> Path:
        """The delivered files of the newest runs, by their hash."""
        return self.root / "kept"

    @property
    def answers(self) -> Path:
        """What coordinators answered; not there until somebody did."""
        return self.root / "answers" / ANSWERS_FILE

    @property
    def state(self) -> Path:
        """What the last night left for the next, where it was asked to."""
        return self.root / "state"

    @property
    def latest(self) -> Path:
        return self.root / LATEST

    def staging(self, run_id: str) -> Path:
        return self.root / f".staging-{run_id}"

    def run(self, run_id: str) -> Path:
        return self.root / "runs" / run_id

    def prepare(self) -> None:
        """Make the folder if it is not there; the caller then takes the lock."""
        self.root.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Remove what killed runs left; only under the lock."""
        for pattern in _LEFTOVERS:
            for path in sorted(self.root.glob(pattern)):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raises ``StorageFailed`` before anything is written if the disk cannot hold a run."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise StorageFailed(
            str(folder),
            f"{free // 2**20} MB are free and a run of this extract may need {needed_bytes // 2**20} MB.",
            "Free some space or choose another --out.",
        )


def describe_files(folder: Path, rows: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Hash and rows of every file of a folder but the manifest; a file that is no table has null rows."""
    return {
        name: {"sha256": sha256_of(path), "rows": rows.get(name)}
        for name, path in files_under(folder).items()
        if name != MANIFEST
    }


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """manifest.json: sorted keys, no clock, so that the same run has the same bytes."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a published run; raises ``StorageFailed`` if it cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict):
        raise StorageFailed(str(folder), "there is no readable manifest.json.", "Run 'prescreen run' again.")
    return manifest


def damage(folder: Path) -> str:
    """What differs between a run's files and its manifest, in words; empty if the run is whole."""
    outputs = read_manifest(folder)["outputs"]
    found = files_under(folder)
    for name in sorted(set(outputs) | (set(found) - {MANIFEST})):
        if name not in found:
            return f"{name} is missing"
        if name not in outputs:
            return f"{name} is not in the manifest"
        if sha256_of(found[name]) != outputs[name]["sha256"]:
            return f"{name} is not what the manifest says"
        if name.endswith(".parquet") and not _is_whole_table(found[name], outputs[name]["rows"]):
            return f"{name} is not a whole table"
    return ""


def _is_whole_table(path: Path, rows: int | None) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - whoever only asks where a run is stays light

    from flows.table_files import parquet_rows  # noqa: PLC0415 - as above

    try:
        return parquet_rows(path) == rows
    except (OSError, pa.ArrowException):
        return False


def is_whole(folder: Path) -> bool:
    """Whether a run is published and every byte of it is what its manifest says."""
    try:
        return folder.is_dir() and not damage(folder)
    except StorageFailed:
        return False


def publish(out: OutputFolder, run_id: str) -> Path:
    """Make the staged run the published one; raises ``StorageFailed`` if what was written reads wrong."""
    staging, target = out.staging(run_id), out.run(run_id)
    _sync_tree(staging)
    wrong = damage(staging)
    if wrong:
        raise StorageFailed(str(staging), f"after writing, {wrong}.", "Check the disk, then run again.")
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        # A run of this id that is not whole: out of the way in one step, swept by the next run.
        target.rename(out.root / f".damaged-{run_id}")
    staging.rename(target)
    sync(target.parent)
    point_latest(out, run_id)
    return target


def point_latest(out: OutputFolder, run_id: str) -> None:
    """Let ``latest`` point to a published run, in one step."""
    link = out.root / f".latest-{run_id}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("runs") / run_id)
    link.replace(out.latest)
    sync(out.root)


def latest_run(out: OutputFolder) -> Path:
    """The folder of the newest published run; raises ``StorageFailed`` if there is none."""
    if not (out.latest / MANIFEST).is_file():
        raise StorageFailed(str(out.root), "there is no published run here.", "Run 'prescreen run' first.")
    return out.latest.resolve()


def _sync_tree(folder: Path) -> None:
    for path in files_under(folder).values():
        sync(path)
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        sync(path)
    sync(folder)
    sync(folder.parent)
