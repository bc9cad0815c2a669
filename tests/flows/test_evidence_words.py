"""Evidence in words: what is missing, and what only did not happen."""

from datetime import date

import pytest

from criteria.evidence import Evidence
from criteria.trial import load_trial
from data.catalogue import load_catalogue
from flows.evidence_words import flags_of, how_long, source_of, wanting_names, what_would_change
from schemas.words import FOREVER

PIECES = [
    Evidence("hemoglobin", found=False),
    Evidence("hiv", found=False),
    Evidence("ecog", stale=True),
    Evidence("childbearing_potential", found=False),
]


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        ("never_recorded", ("hemoglobin", "childbearing_potential")),
        ("stale", ("ecog",)),
        ("needs_review", ()),
        (None, ()),
    ],
)
def test_a_record_that_is_not_there_is_not_missing(reason: str | None, names: tuple[str, ...]) -> None:
    assert wanting_names(reason, PIECES, load_catalogue()) == names


def test_what_would_change_a_verdict_is_told_with_how_long_it_holds() -> None:
    catalogue = load_catalogue()
    criterion = load_trial("NCT06050512", catalogue).criterion("I09")
    verdict = {"verdict": "unknown", "reason": "stale", "curability": None, "holds_until": date(2026, 7, 3)}
    told = what_would_change(criterion, verdict, [Evidence("hemoglobin", stale=True)], catalogue)
    assert told == (
        "Get a newer result; the last one is too old: hemoglobin. "
        "Holds until 2026-07-03; from 2026-07-04 on time alone may change it."
    )
    assert how_long(None) == how_long(FOREVER) == "Time alone does not change it."


def test_a_piece_is_told_with_its_rows_and_with_what_is_wrong_with_it() -> None:
    piece = Evidence("ecog", table="observations", rows=(3, 4), stale=True, certain=False, at_limit=True)
    assert source_of(piece) == "observations rows 3, 4"
    assert flags_of(piece) == ["EXACTLY AT THE LIMIT", "too old", "may not count"]
    assert source_of(Evidence("sex", table="patients")) == "patients"
