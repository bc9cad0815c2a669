"""What repeats in a report stands once, in a table, and is named by its place there."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from criteria.worklist import label_of
from data.catalogue import Catalogue


class Shared:
    """The tables that the patients' lines point into.

    ``texts`` are texts; ``verdicts`` are (letter, reason or curability, last day that it holds, what to do);
    ``notes`` are pieces of evidence without a value of their own: (label, text).
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.texts: dict[str, int] = {}
        self.verdicts: dict[tuple[Any, ...], int] = {}
        self.notes: dict[tuple[int, int], int] = {}

    def text(self, text: str) -> int:
        """The place of a text."""
        return self.texts.setdefault(text, len(self.texts))

    def label(self, name: str) -> int:
        """The place of the plain name of what is read."""
        return self.text(label_of(name, self.catalogue))

    def note(self, label: int, told: str) -> int:
        """How a line names a note: by -1 for the first, -2 for the second and so on."""
        note = label, self.text(told)
        return -1 - self.notes.setdefault(note, len(self.notes))

    def verdict(self, letter: str, word: str, until: int | None, to_do: int) -> int:
        """The place of a verdict; ``until`` in days from the as-of date, ``to_do`` the place of a text."""
        verdict = (letter, word, until, to_do)
        return self.verdicts.setdefault(verdict, len(self.verdicts))


def dense(value: object) -> str:
    """JSON without blanks in which nothing can end a script element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def told_once(
    rows: pl.DataFrame,
    key: Sequence[str],
    tell: Callable[[dict[str, Any]], tuple[object, ...]],
    columns: Mapping[str, type[pl.DataType]],
) -> pl.DataFrame:
    """The rows with further columns that ``key`` decides: ``tell`` is asked once for each distinct choice.

    It is given the first row that has it.
    """
    some = rows.unique(key, keep="first", maintain_order=True)
    told = pl.DataFrame([tell(row) for row in some.iter_rows(named=True)], schema=columns, orient="row")
    words = pl.concat([some.select(key), told], how="horizontal")
    return rows.join(words, on=list(key), how="left", nulls_equal=True, maintain_order="left")
