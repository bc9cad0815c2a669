"""What stands beside ``latest`` for the morning: the newest list in one screen, its report, and why they are
old.

``OUT/summary.txt`` and ``OUT/report-<trial>.html`` are replaced after every run, however it ended, so that
whoever comes in the morning reads either tonight's list or, above last night's, why there is none.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from criteria.trial import Trial, load_trial
from data.catalogue import Catalogue, load_catalogue
from flows.ledger import Entry, Ledger
from flows.publish import OutputFolder, latest_run, read_manifest
from flows.report import ReportedRun, page, report_name
from flows.summary import summary_of
from schemas.errors import StorageFailed

SUMMARY = "summary.txt"
SUMMARY_WIDTH = 110


def banner(out: Path) -> str:
    """Why the list is not that of the newest run; empty if it is, or if nothing was run yet."""
    last = Ledger(out).last_end()
    return "" if last is None or last["event"] in ("published", "repeated") else _told(last)


def _told(entry: Entry) -> str:
    words = {"refused": "was refused", "failed": "failed", "crashed": "was cut short"}[entry["event"]]
    return f"The newest run {words} ({entry['at']}): {entry['message']}"


def morning_text(out: Path) -> str:
    """The summary of the newest list, under the banner if there is one; of no list, that there is none."""
    text = io.StringIO()
    console = Console(file=text, width=SUMMARY_WIDTH, highlight=False, markup=False, color_system=None)
    why = banner(out)
    try:
        folder = latest_run(OutputFolder(out))
        manifest = read_manifest(folder)
    except StorageFailed:
        console.print(why or "Nothing was run yet.")
        console.print("There is no list yet.")
        return text.getvalue()
    if why:
        console.print(f"NOT TONIGHT'S LIST. {why}\nBelow is the last good list, as of {manifest['as_of']}.\n")
    console.print(summary_of(folder, _trials(folder, manifest, load_catalogue())))
    return text.getvalue()


def _trials(folder: Path, manifest: Mapping[str, Any], catalogue: Catalogue) -> list[Trial]:
    """The trials of a published run, from its own copies."""
    return [
        load_trial(str(folder / "trials" / f"{trial_id}.toml"), catalogue, readings)
        for trial_id, readings in manifest["readings"].items()
    ]


@contextlib.contextmanager
def told_in_the_morning(out: OutputFolder) -> Iterator[None]:
    """Writes the summary and the reports when the run has ended, well or not; the lock is held."""
    try:
        yield
    finally:
        # What a full disk or a damaged old run does to them shall not hide how this run ended.
        with contextlib.suppress(Exception):
            _replace(out.root / SUMMARY, morning_text(out.root))
            _write_reports(out)


def _write_reports(out: OutputFolder) -> None:
    """Each trial's report as it was published or, under a banner, made again from the last good run."""
    folder = latest_run(out)
    manifest = read_manifest(folder)
    why = banner(out.root)
    catalogue = load_catalogue()
    for trial in _trials(folder, manifest, catalogue):
        name = report_name(trial.id)
        if why:
            told = f"Not tonight's list. {why}"
            text = page(ReportedRun(folder, manifest, trial, catalogue, banner=told))
        else:
            text = (folder / name).read_text(encoding="utf-8")
        _replace(out.root / name, text)


def _replace(path: Path, text: str) -> None:
    waiting = path.with_name(f".latest-{path.name}")
    waiting.write_text(text, encoding="utf-8", newline="\n")
    waiting.replace(path)
