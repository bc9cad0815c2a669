"""A past run made again from the files that were kept of it, to show that it says what it said."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from flows.failures import redacted
from flows.files import private_files
from flows.identity import code_sha256
from flows.kept import kept_files
from flows.lock import run_lock
from flows.publish import ANSWERS_FILE, MANIFEST, OutputFolder, read_manifest
from flows.request import RunRequest
from flows.session import Progress, Session, open_session
from flows.steps import admit, compare_with, complete, load, rank, screen, stage
from schemas.errors import StorageFailed, UsageError


@redacted
def replay_run(out: Path, run_id: str, progress: Progress) -> str:
    """Whether the run, made again, has the same bytes; which files differ if not.

    Raises ``UsageError`` for a run that is not there or was made by other code, ``StorageFailed`` if what it
    was made from is no longer kept.
    """
    folder = OutputFolder(out)
    run = folder.run(run_id)
    if not run.is_dir():
        raise UsageError("RUN_ID", f"there is no run '{run_id}' in {out}.", "See 'prescreen runs'.")
    manifest = read_manifest(run)
    if manifest["code"]["sha256"] != code_sha256():
        version = manifest["code"]["version"]
        raise UsageError("replay", "the run was made by other code.", f"Install version {version} as it was.")
    with private_files(), run_lock(out):
        folder.sweep()
        try:
            request = _request(folder, run, manifest)
            with open_session(request, progress) as session:
                return _compared(session, folder, run, manifest)
        finally:
            folder.sweep()


def _request(folder: OutputFolder, run: Path, manifest: dict[str, Any]) -> RunRequest:
    """The same run on a copy of its extract, published nowhere."""
    files = kept_files(folder, manifest)
    if files is None:
        step = "Raise keep.inputs for runs to come."
        raise StorageFailed(run.name, "its delivered files are not kept any more.", step)
    extract = folder.replay / "extract"
    extract.mkdir(parents=True)
    again = OutputFolder(folder.replay / "out")
    for name, path in files.items():
        target = again.answers if name == ANSWERS_FILE else extract / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    index = manifest["index_date"]
    return RunRequest(
        extract=extract,
        trials=tuple(str(run / "trials" / f"{trial_id}.toml") for trial_id in manifest["trials"]),
        out=again.root,
        as_of=date.fromisoformat(manifest["as_of"]),
        enrollment=date.fromisoformat(manifest["enrollment"]),
        first_dose=date.fromisoformat(manifest["first_dose"]),
        readings=tuple(
            f"{trial_id}:{question}={option}"
            for trial_id, readings in manifest["readings"].items()
            for question, option in readings.items()
        ),
        source_format=manifest["format"],
        index_date=date.fromisoformat(index) if index else None,
    )


def _compared(session: Session, folder: OutputFolder, run: Path, manifest: dict[str, Any]) -> str:
    for step in (admit, load, stage, screen, rank):
        step(session)
    before = manifest["compared_with"]
    if before is not None and not folder.run(before).is_dir():
        what = f"run {before}, which it was compared with, is not kept."
        raise StorageFailed(run.name, what, "Raise keep.runs for runs to come.")
    compare_with(session, folder.run(before) if before else None, folder)
    again = complete(session)
    if (session.staging / MANIFEST).read_bytes() == (run / MANIFEST).read_bytes():
        return f"run {run.name}: made again, every byte is the same ({len(again['outputs'])} files)"
    was, now = manifest["outputs"], again["outputs"]
    names = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
    raise StorageFailed(
        run.name, f"made again, {', '.join(names) or MANIFEST} differ.", "Run 'prescreen verify'."
    )
