"""Which column of a file is which: by exact name, in any order, never by position."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.extract.guard import AGAIN
from schemas.errors import ExtractRefused, nearest
from schemas.extract import Table

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


@dataclass(frozen=True)
class Header:
    """Where each known column stands (from 0), how many columns there are, and what was not understood."""

    positions: dict[str, int]
    width: int
    notes: tuple[str, ...]


def _refuse(where: str, what: str, step: str = AGAIN) -> ExtractRefused:
    return ExtractRefused(where, what, step)


def shown(name: str, position: int) -> str:
    """The column for a message: by name only if the name is a plain one, so that no data can be shown."""
    return f"column '{name}'" if PLAIN_NAME.fullmatch(name) else f"column {position + 1}"


def _like(name: str, names: Sequence[str]) -> int | None:
    """Position of the header cell that is ``name`` but for case or a slip of the pen."""
    folded = [other.casefold().replace(" ", "_").replace("-", "_") for other in names]
    close = difflib.get_close_matches(name, folded, n=1, cutoff=0.8)
    return folded.index(close[0]) if close else None


def _missing(where: str, table: Table, names: Sequence[str]) -> ExtractRefused:
    missing = [name for name in table.required if name not in names]
    what = f"without the required column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
    like = _like(missing[0], names)
    if len(names) == 1:
        return _refuse(where, f"{what}; the header has one column only.", "Separate the columns by commas.")
    if like is not None:
        step = f"Column {like + 1} looks like {missing[0]}: names are lower case and exact."
        return _refuse(where, f"{what}.", step)
    if len(missing) == len(table.required):
        return _refuse(
            where, f"{what}; the first line may be data.", "Put the column names on the first line."
        )
    return _refuse(where, f"{what}.", "Add it to the header and deliver the file again.")


def _check_duplicates(where: str, table: Table, names: Sequence[str]) -> None:
    for position, name in enumerate(names):
        first = names.index(name)
        if first != position:
            which = f" ({name})" if name in table.by_name else ""
            what = f"columns {first + 1} and {position + 1} have the same name{which}."
            raise _refuse(where, what, "Keep one of them.")


def _notes(where: str, table: Table, names: Sequence[str]) -> tuple[str, ...]:
    notes = []
    for position, name in enumerate(names):
        if name not in table.by_name:
            hint = nearest(name, (known for known in table.by_name if known not in names))
            note = f"{where}: {shown(name, position)} is not known and was not read. {hint}"
            notes.append(note.rstrip())
    return tuple(notes)


def match_columns(file_name: str, table: Table, names: Sequence[str]) -> Header:
    """The known columns among ``names`` (space around a name does not count) and notes on the unknown ones.

    Raises:
        ExtractRefused: a required column is missing or a name stands twice.
    """
    stripped = [name.strip() for name in names]
    if not set(table.required) <= set(stripped):
        raise _missing(file_name, table, stripped)
    _check_duplicates(file_name, table, stripped)
    positions = {name: stripped.index(name) for name in table.by_name if name in stripped}
    return Header(positions, len(stripped), _notes(file_name, table, stripped))
