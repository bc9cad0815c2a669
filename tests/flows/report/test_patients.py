"""The lines of the patients, made for all at once, tell what the story of each patient tells."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from criteria.evidence import Evidence
from criteria.worklist import label_of
from data.catalogue import load_catalogue
from data.synth.generate import AS_OF, generate
from flows.evidence_words import days_of, flags_of, source_of, value_of
from flows.publish import read_manifest
from flows.report import ReportedRun, reading
from flows.report.patients import PatientLines
from flows.steps import run_screening
from flows.stories import Judged, stories
from schemas.words import BEGINNING, FOREVER
from tests.flows.extracts import request

PATIENTS = 150
LETTERS = {"pass": "p", "fail": "f", "unknown": "u", "not_applicable": "n"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ReportedRun:
    folder = tmp_path_factory.mktemp("registry")
    generate(PATIENTS, 7, folder / "extract", progress=lambda _: None)
    asked = request(folder / "extract", folder / "out", Path("mezigdomide-ixazomib-dex"))
    today = dict.fromkeys(("as_of", "enrollment", "first_dose"), AS_OF)
    result = run_screening(replace(asked, **today), lambda _: None)
    return ReportedRun(result.folder, read_manifest(result.folder), result.trials[0], load_catalogue())


@pytest.mark.parametrize("most_rows", [1, 2, 8])
def test_a_line_tells_what_the_story_of_its_patient_tells(
    run: ReportedRun, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", most_rows)
    ids = run.shown["patient_id"].to_list()
    assert len(ids) > PATIENTS / 4
    patients = PatientLines(run)
    told = [_read(line, patients, run) for line in patients.lines()]
    expected = [
        [_of_story(one, run, most_rows) for one in story.judged]
        for story in stories(run.folder, run.trial, run.anchors.as_of, run.catalogue, ids)
    ]
    assert told == expected
    notes = {
        run_told for patient in told for _, pieces in patient for run_told in pieces if len(run_told) == 2
    }
    words = " ".join(text for note in notes for text in note)
    for word in (
        "not recorded",
        "not declared complete",
        "attested",
        *(["more rows"] if most_rows < 8 else []),
    ):
        assert word in words


def _read(line: str, patients: PatientLines, run: ReportedRun) -> list[Any]:
    """The criteria of a line, as the script of the page reads it."""
    texts, notes = list(patients.shared.texts), list(patients.shared.notes)
    verdicts, evidence, pieces = json.loads(line)
    read = []
    for verdict, places in zip(verdicts, evidence, strict=True):
        *words, to_do = list(patients.shared.verdicts)[verdict]
        told = [
            tuple(texts[part] for part in notes[-1 - place])
            if place < 0
            else _piece(pieces[place], texts, run)
            for place in places
        ]
        read.append(((*words, texts[to_do]), told))
    return read


def _piece(piece: list[Any], texts: list[str], run: ReportedRun) -> tuple[Any, ...]:
    label, value, table, rows, first, *rest = piece
    last, notes, days = [*rest, *[first, None, ""][len(rest) :]]
    numbers = rows if isinstance(rows, list) else [rows]
    source = " ".join([texts[table], *(["row" if len(numbers) == 1 else "rows"] if numbers else [])])
    source += f" {', '.join(map(str, numbers))}" if numbers else ""
    exact = _written(first, last, run)
    return texts[label], value, days or exact, source, "" if notes is None else texts[notes], first, last


def _written(first: int | None, last: int | None, run: ReportedRun) -> str:
    def day(offset: int) -> str:
        return str(run.anchors.as_of + timedelta(days=offset))

    if first is None:
        return ""
    return day(first) if first == last else f"{day(first)} to {'no end' if last is None else day(last)}"


def _of_story(one: Judged, run: ReportedRun, most_rows: int) -> tuple[Any, ...]:
    word = one.verdict["reason"] or one.verdict["curability"] or ""
    until = one.verdict["holds_until"]
    verdict = (LETTERS[one.verdict["verdict"]], word, _offset(until, run), one.to_do)
    return verdict, list(_pieces(one, run, most_rows))


def _pieces(one: Judged, run: ReportedRun, most_rows: int) -> Iterator[tuple[Any, ...]]:
    shown: dict[str, int] = {}
    for piece in one.pieces:
        label = label_of(piece.name, run.catalogue)
        if not piece.found:
            yield label, "not recorded"
            continue
        shown[piece.name] = shown.get(piece.name, 0) + 1
        if shown[piece.name] <= most_rows:
            value = value_of(piece, run.catalogue, run.anchors.as_of)
            notes = "; ".join((*piece.details, *flags_of(piece)))
            yield (label, value, days_of(piece), source_of(piece), notes, *_ends(piece, run))
    for name, count in shown.items():
        if count > most_rows:
            yield label_of(name, run.catalogue), f"and {count - most_rows} more rows"
    yield from ((f"table {table}", told) for table, told in one.coverage)
    yield from (("attested", told) for told in one.attested)


def _ends(piece: Evidence, run: ReportedRun) -> tuple[int | None, int | None]:
    if piece.first is None or piece.name == "birth":
        return None, None
    return _offset(piece.first[0], run), _offset((piece.last or piece.first)[1], run)


def _offset(day: Any, run: ReportedRun) -> int | None:
    return None if day in (None, BEGINNING, FOREVER) else (day - run.anchors.as_of).days
