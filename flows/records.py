"""What ``prescreen runs`` and ``prescreen verify`` say about an output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.answers.store import read_batches
from flows.chain import Chain
from flows.files import sha256_of
from flows.ledger import ENDS, Entry, Ledger
from flows.publish import MANIFEST, OutputFolder, damage
from schemas.errors import StorageFailed, UsageError


def list_runs(out: Path, last: int) -> Iterator[str]:
    """One line per run, oldest first: when, how it ended, its id or why it published nothing."""
    ledger = _ledger(out)
    entries = ledger.entries()
    by_number = {entry["number"]: entry for entry in entries}
    ends = [entry for entry in entries if entry["event"] in ENDS][-last:]
    for entry in ends:
        start = by_number.get(entry.get("start"), {})
        yield f"{entry['at']}  {entry['event']:<9}  {_what(entry)}{_asked(start)}"
    for entry in ledger.open_starts():
        yield f"{entry['at']}  {'open':<9}  running, or cut short{_asked(entry)}"


def _what(entry: Entry) -> str:
    return str(entry.get("run_id") or entry.get("message") or "")


def _asked(start: dict[str, Any]) -> str:
    if not start:
        return ""
    asked = f"as of {start['as_of']}, {', '.join(start['trials'])}"
    return f"  ({asked}, by {start['who']}, version {start['version']})"


def verify(out: Path) -> list[str]:
    """What was checked, in lines; raises ``StorageFailed`` that names what is wrong.

    The chain of the ledger; that of the coordinators' answers, and that none is missing; every run that it
    says was published and not purged: its manifest's hash, its files' hashes; no run folder that it does not
    know.
    """
    folder, ledger = OutputFolder(out), _ledger(out)
    wrong = ledger.faults()
    entries = ledger.entries()
    published = {entry["run_id"]: entry for entry in entries if entry["event"] == "published"}
    purged = {entry["run_id"] for entry in entries if entry["event"] == "purged"}
    for run_id, entry in published.items():
        wrong += [f"run {run_id}: {fault}" for fault in _faults(folder, run_id, entry, run_id in purged)]
    wrong += _answers_faults(folder, entries)
    there = {path.name for path in (out / "runs").iterdir()} if (out / "runs").is_dir() else set()
    wrong += [f"run {run_id} is not in the ledger" for run_id in sorted(there - published.keys())]
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        step = "Find out who changed it; 'prescreen replay' shows what a run should hold."
        raise StorageFailed(str(out), f"{'; '.join(wrong[:5])}{more}.", step)
    return [
        f"{len(entries)} records, the chain is unbroken; the last record's hash is {ledger.head()}",
        f"{len(there)} published runs, every file is what was published",
    ]


def _answers_faults(folder: OutputFolder, entries: list[Entry]) -> Iterator[str]:
    """What is wrong with the coordinators' answers: each record that the ledger knows of has to be there."""
    try:
        read_batches(folder.answers)
    except StorageFailed as error:
        yield f"answers: {error.what.rstrip('.')}"
        return
    known = set(Chain(folder.answers).links())
    if any(entry["event"] == "answers" and entry["head"] not in known for entry in entries):
        yield "answers: a record that was kept is missing or was changed"


def _faults(folder: OutputFolder, run_id: str, entry: Entry, is_purged: bool) -> Iterator[str]:
    run = folder.run(run_id)
    if not run.is_dir():
        if not is_purged:
            yield "its folder is missing"
        return
    if not (run / MANIFEST).is_file():
        yield "its manifest is missing"
        return
    if sha256_of(run / MANIFEST) != entry["manifest_sha256"]:
        yield "its manifest is not the one that was published"
    if found := damage(run):
        yield found


def _ledger(out: Path) -> Ledger:
    ledger = Ledger(out)
    if not ledger.path.is_file():
        raise UsageError("--out", f"'{out}' has no ledger; nothing was run into it.", "Check the path.")
    return ledger
