"""The patients of a report as compact JSON, a line each: read only when somebody opens a patient.

What repeats stands once in a table and is named by its place there; days are counted from the as-of date,
null where they are open. The script of the page (``page.js``) is the reader of these lines.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from criteria.evidence import Evidence
from criteria.worklist import label_of
from flows.evidence_words import days_of, flags_of, value_of
from flows.explain import MOST_ROWS
from flows.report.run_data import ReportedRun
from flows.stories import Judged, stories
from schemas.words import BEGINNING, FOREVER

_VERDICT_LETTERS = {"pass": "p", "fail": "f", "unknown": "u", "not_applicable": "n"}


class PatientLines:
    """Makes the lines, and the tables that they point into.

    ``texts`` are texts; ``verdicts`` are (letter, reason or curability, last day that it holds, what to do);
    ``notes`` are pieces of evidence without a value of their own: (label, text).
    """

    def __init__(self, run: ReportedRun) -> None:
        self.run = run
        self.as_of = run.anchors.as_of
        self.texts: dict[str, int] = {}
        self.verdicts: dict[tuple[Any, ...], int] = {}
        self.notes: dict[tuple[int, int], int] = {}

    def lines(self) -> Iterator[str]:
        """One line of JSON per patient shown, in the order of the list: verdicts, evidence, its pieces.

        The evidence of a criterion is a list of places: from 0 among the patient's pieces, from -1 downwards
        among the notes.
        """
        run = self.run
        ids = run.shown["patient_id"].to_list()
        for story in stories(run.folder, run.trial, self.as_of, run.catalogue, ids):
            pieces: dict[Evidence, int] = {}
            evidence = [list(self._rows(one, pieces)) for one in story.judged]
            verdicts = [self._verdict(one) for one in story.judged]
            yield dense([verdicts, evidence, [self._piece(piece) for piece in pieces]])

    def _verdict(self, one: Judged) -> int:
        word = one.verdict["reason"] or one.verdict["curability"] or ""
        letter = _VERDICT_LETTERS[one.verdict["verdict"]]
        verdict = (letter, word, self._day(one.verdict["holds_until"]), self._text(one.to_do))
        return self.verdicts.setdefault(verdict, len(self.verdicts))

    def _rows(self, one: Judged, pieces: dict[Evidence, int]) -> Iterator[int]:
        """The evidence as ``explain`` tells it: no more than some rows of each name, then what is absent."""
        shown: dict[str, int] = {}
        for piece in one.pieces:
            shown[piece.name] = shown.get(piece.name, 0) + 1
            if not piece.found:
                yield self._note(self._label(piece.name), "not recorded")
            elif shown[piece.name] <= MOST_ROWS:
                yield pieces.setdefault(piece, len(pieces))
        for name, count in shown.items():
            if count > MOST_ROWS:
                yield self._note(self._label(name), f"and {count - MOST_ROWS} more rows")
        for table, told in one.coverage:
            yield self._note(f"table {table}", told)
        for told in one.attested:
            yield self._note("attested", told)
        for told in one.answered:
            yield self._note("answered", told)

    def _note(self, label: str, told: str) -> int:
        note = self._text(label), self._text(told)
        return -1 - self.notes.setdefault(note, len(self.notes))

    def _label(self, name: str) -> str:
        return label_of(name, self.run.catalogue)

    def _piece(self, piece: Evidence) -> list[Any]:
        """Label, value, table, rows, first and last day, notes, days in words.

        A last day that is the first, empty notes, and words for days that are exact are left out at the end.
        """
        first, last = self._ends(piece)
        row = piece.rows[0] if len(piece.rows) == 1 else list(piece.rows)
        notes = self._text("; ".join((*piece.details, *flags_of(piece))))
        told = [
            self._text(self._label(piece.name)),
            value_of(piece, self.run.catalogue, self.as_of),
            self._text(piece.table),
            row,
            first,
        ]
        days = days_of(piece)
        exact = "" if first is None else self._exact(first, last)
        rest = [last, notes, "" if days == exact else days]
        for place, blank in ((2, ""), (1, self._text("")), (0, first)):
            if rest[place] != blank or len(rest) > place + 1:
                break
            rest.pop()
        return [*told, *rest]

    def _ends(self, piece: Evidence) -> tuple[int | None, int | None]:
        """Where the piece begins and ends; the day of birth is no event on a time line of weeks."""
        if piece.first is None or piece.name == "birth":
            return None, None
        return self._day(piece.first[0]), self._day((piece.last or piece.first)[1])

    def _exact(self, first: int, last: int | None) -> str:
        """How the script of the page writes two days that are known."""
        start = str(self.as_of + timedelta(days=first))
        if last == first:
            return start
        return f"{start} to {'no end' if last is None else self.as_of + timedelta(days=last)}"

    def _text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def _day(self, day: date | None) -> int | None:
        return None if day is None or day in (BEGINNING, FOREVER) else (day - self.as_of).days


def dense(value: object) -> str:
    """JSON without blanks in which nothing can end a script element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
