"""What changed since the list before, as the first lines of a summary: counts and causes, never a patient."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from rich.text import Text

from schemas.words import CAUSES, CHANGES

_SHOWN = 8
_WORDS = {
    "new_on_list": "new on the list",
    "left_list": "left the list",
    "moved_tier": "moved tier",
    "criterion": "criteria turned",
}


def news(folder: Path, manifest: dict[str, Any]) -> Iterator[Text]:
    """Lines about the changes of a run; one line where there was no run before, or nothing changed."""
    before = manifest["compared_with"]
    if before is None:
        yield Text("the first list in this folder")
        return
    changes = pl.read_parquet(folder / "changes.parquet")
    if changes.is_empty():
        yield Text(f"nothing changed since run {before}")
        return
    yield Text(f"changed since run {before}:")
    for change in CHANGES:
        own = changes.filter(pl.col("change") == change)
        if own.height:
            yield Text(f"  {_WORDS[change]}: {own.height} ({_causes(own)})")
    turned = changes.filter(pl.col("change") == "criterion")
    counts = turned.group_by("criterion_id", "before", "after").len()
    top = counts.sort("len", "criterion_id", "before", "after", descending=[True, False, False, False])
    told = [f"{name} {was} to {now} {count}" for name, was, now, count in top.head(_SHOWN).iter_rows()]
    if told:
        more = f", and {top.height - _SHOWN} kinds more" if top.height > _SHOWN else ""
        yield Text(f"  most often: {', '.join(told)}{more}")


def _causes(changes: pl.DataFrame) -> str:
    """How many were caused by what; one with several causes counts for each."""
    found = dict(changes["causes"].explode().value_counts().iter_rows())
    return ", ".join(f"{cause.replace('_', ' ')} {found[cause]}" for cause in CAUSES if cause in found)
