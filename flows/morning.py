"""The summary that stands beside ``latest``: the newest list in one screen, and why it is not tonight's if
so.

``OUT/summary.txt`` is replaced after every run, however it ended, so that whoever comes in the morning reads
either tonight's list or, above last night's, why there is none.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from criteria.trial import load_trial
from data.catalogue import Catalogue, load_catalogue
from flows.ledger import Entry, Ledger
from flows.publish import OutputFolder, latest_run, read_manifest
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


def morning_text(out: Path, catalogue: Catalogue | None = None) -> str:
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
    known = catalogue or load_catalogue()
    trials = [
        load_trial(str(folder / "trials" / f"{trial_id}.toml"), known, readings)
        for trial_id, readings in manifest["readings"].items()
    ]
    console.print(summary_of(folder, trials))
    return text.getvalue()


@contextlib.contextmanager
def told_in_the_morning(out: OutputFolder) -> Iterator[None]:
    """Writes the summary when the run has ended, well or not; the lock is held."""
    try:
        yield
    finally:
        # What a full disk or a damaged old run does to the summary shall not hide how this run ended.
        with contextlib.suppress(OSError, StorageFailed):
            waiting = out.root / f".{SUMMARY}"
            waiting.write_text(morning_text(out.root), encoding="utf-8")
            waiting.replace(out.root / SUMMARY)
