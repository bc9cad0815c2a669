"""The parts of the README that a run prints: ``python -m tests.readme`` puts today's into place."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXPLAINED = "I07"
_RUN_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-[0-9a-f]{12}")


@contextlib.contextmanager
def _elsewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _prescreen(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "flows.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    # The last digits of a run's id follow from the code, which changes oftener than the README should.
    return _RUN_ID.sub(r"\1-...", done.stdout)


def _explained(text: str) -> str:
    """The first criterion of the explanation that has a window and values: one of 39."""
    criteria = re.split(r"\n(?=[IE]\d\d \()", text)
    return next(part for part in criteria if part.startswith(EXPLAINED)).strip()


def blocks() -> dict[str, str]:
    """What the demo prints, and what it says of one criterion of its first candidate."""
    with _elsewhere() as folder:
        summary = _prescreen(folder, "demo").strip()
        patient = re.search(r"prescreen explain (\S+)", summary)
        assert patient is not None
        explained = _prescreen(folder, "explain", patient[1], "--out", "demo/out")
    lines = [line.rstrip() for line in summary.splitlines()]
    return {"summary": "\n".join(lines), "explain": _explained(explained)}


def with_blocks(text: str, parts: dict[str, str]) -> str:
    """The README with these parts between their marks."""
    for name, part in parts.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marked.sub(lambda mark, part=part: f"{mark[1]}```\n{part}\n```\n{mark[2]}", text)
    return text


if __name__ == "__main__":
    README.write_text(with_blocks(README.read_text("utf-8"), blocks()), "utf-8")
