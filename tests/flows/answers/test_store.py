"""The store keeps whole records only, in a chain, and knows which answer takes the place of which."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers.store import (
    Answer,
    Batch,
    Correction,
    append_batch,
    known_on,
    last_answers,
    read_batches,
)
from flows.chain import Chain
from schemas.errors import StorageFailed

DAY = date(2026, 4, 1)
RUN = "2026-03-31-0123456789ab"
ANSWER = Answer("tiny", "p1", "E3", "pass", DAY, "N. Süß\u2028", "a\nb", "0123", RUN)
CORRECTION = Correction("p1", "observations", None, "value", "7", "chart", "N", DAY, "", RUN)
FIRST = Batch("a" * 64, RUN, (ANSWER,), (CORRECTION,))
SECOND = Batch("b" * 64, RUN, (replace(ANSWER, answer="fail"),), ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers" / "answers.jsonl"


def test_what_was_kept_is_read_again(path: Path) -> None:
    heads = [append_batch(path, batch) for batch in (FIRST, SECOND)]
    assert read_batches(path) == [FIRST, SECOND]
    assert Chain(path).links() == heads
    assert read_batches(path.with_name("nothing")) == []


@pytest.mark.parametrize("lost", [1, 20])
def test_a_record_that_a_crash_cut_short_was_never_there(path: Path, lost: int) -> None:
    append_batch(path, FIRST)
    whole = path.read_bytes()
    append_batch(path, SECOND)
    path.write_bytes(path.read_bytes()[:-lost])
    assert read_batches(path) == [FIRST]
    append_batch(path, SECOND)
    assert read_batches(path) == [FIRST, SECOND]
    assert path.read_bytes().startswith(whole)


def test_a_record_that_was_changed_taken_out_or_put_in_is_seen(path: Path) -> None:
    for batch in (FIRST, SECOND, FIRST):
        append_batch(path, batch)
    one, two, three = path.read_bytes().splitlines(keepends=True)
    for lines in (
        (one.replace(b"pass", b"fail"), two, three),
        (one, three),
        (one, two, two, three),
        (b"x\n", one),
    ):
        path.write_bytes(b"".join(lines))
        with pytest.raises(StorageFailed):
            read_batches(path)


DAYS = st.dates(date(2026, 4, 1), date(2026, 4, 3))
ANSWERS = st.builds(
    lambda day, run, word: replace(ANSWER, date=day, run_id=f"{run}-0123456789ab", answer=word),
    DAYS,
    DAYS,
    st.sampled_from(["pass", "fail"]),
)


@given(st.lists(ANSWERS, min_size=1, max_size=6), DAYS)
def test_the_later_day_counts_then_the_newer_list_then_the_later_reading(
    given_: list[Answer], day: date
) -> None:
    batches = [Batch(str(place), RUN, (answer,), ()) for place, answer in enumerate(given_)]
    ordered = sorted(given_, key=lambda answer: (answer.date, answer.run_id))
    assert last_answers(batches) == {ANSWER.question: ordered[-1]}
    known = [answer for answer in ordered if answer.date <= day]
    assert last_answers(known_on(batches, day)) == ({ANSWER.question: known[-1]} if known else {})
