"""The byte-level check: what it accepts, how it counts, and that it agrees with a plain CSV reader."""

import csv
import io
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.extract import structure
from data.extract.structure import BOM, Layout, Limits, check_csv
from schemas.errors import ExtractRefused
from schemas.extract import TABLES

RESPONSES = TABLES["responses"]
HEADER = "patient_id,date,response\n"


def check(content: str | bytes, limits: Limits | None = None) -> Layout:
    raw = content.encode() if isinstance(content, str) else content
    return check_csv("responses.csv", RESPONSES, io.BytesIO(raw), limits or Limits())


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert check(HEADER).rows == 0


def test_a_byte_order_mark_and_crlf_are_fine() -> None:
    layout = check(BOM + HEADER.replace("\n", "\r\n").encode() + b"1,2026,PD\r\n")
    assert (layout.rows, layout.header.positions["patient_id"]) == (1, 0)


def test_columns_are_mapped_by_name_wherever_they_stand_and_space_around_names_does_not_count() -> None:
    layout = check("response, date ,patient_id\nPD,2026,1\n")
    assert layout.header.positions == {"patient_id": 2, "date": 1, "response": 0}


def test_header_names_may_be_quoted() -> None:
    assert check('"patient_id","date","response"\n1,2026,PD\n').rows == 1


def test_an_unknown_column_is_noted_with_the_nearest_known_name() -> None:
    layout = check("patient_id,date,response,date_\n1,2026,PD,\n")
    assert layout.header.notes == ("responses.csv: column 'date_' is not known and was not read.",)
    visits = TABLES["observations"]
    raw = b"patient_id,observation,date,value,uppr_limit\n"
    notes = check_csv("observations.csv", visits, io.BytesIO(raw), Limits()).header.notes
    assert notes[0].endswith("column 'uppr_limit' is not known and was not read. Did you mean 'upper_limit'?")


def test_an_unknown_column_without_a_plain_name_is_noted_by_its_place() -> None:
    layout = check("patient_id,date,response,Ann Example (born 1950)\n1,2026,PD,\n")
    assert layout.header.notes == ("responses.csv: column 4 is not known and was not read.",)


def test_quoted_commas_and_doubled_quotes_separate_nothing() -> None:
    assert check(HEADER + '"a,b ""c"", d",2026,"P,D"\n"","",""\n').rows == 2


def test_a_line_of_the_longest_length_allowed_is_read() -> None:
    limits = Limits(line_bytes=40)
    row = "x" * (40 - len(",2026,PD")) + ",2026,PD\n"
    assert check(HEADER + row, limits).rows == 1
    with pytest.raises(ExtractRefused, match="line 2: longer than 40 bytes"):
        check(HEADER + "x" + row, limits)


def test_a_file_of_the_largest_size_allowed_is_read() -> None:
    content = HEADER + "1,2026,PD\n"
    assert check(content, Limits(unpacked_bytes=len(content))).rows == 1
    with pytest.raises(ExtractRefused, match="larger than"):
        check(content, Limits(unpacked_bytes=len(content) - 1))


PIECES = st.sampled_from(
    ["a", "é", ",", '"', '""', "\n", "\r\n", " ", "1,2026,PD\n", '"x, y",2026,"PD"\n', ""]
)


def _rows_as_csv_reads_them(content: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 4096])
@given(pieces=st.lists(PIECES, max_size=12), crlf=st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_is_accepted_a_strict_reader_sees_as_the_same_number_of_whole_rows(
    block_bytes: int, pieces: list[str], crlf: bool
) -> None:
    content = HEADER + "".join(pieces)
    if crlf:
        content = content.replace("\r\n", "\n").replace("\n", "\r\n")
    before, structure.BLOCK_BYTES = structure.BLOCK_BYTES, block_bytes
    try:
        layout = check(content)
    except ExtractRefused:
        return
    finally:
        structure.BLOCK_BYTES = before
    rows = _rows_as_csv_reads_them(content)
    assert len(rows) == layout.rows + 1
    assert {len(row) for row in rows} == {3}
    assert content.count("\n") == layout.rows + 1


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\x1a\r\n"), max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), quote_all=st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_a_csv_writer_writes_on_single_lines_is_accepted(
    rows: list[tuple[str, str, str]], quote_all: bool
) -> None:
    out = io.StringIO(newline="")
    out.write(HEADER)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, quoting=quoting, lineterminator="\n").writerows(rows)
    assert check(out.getvalue()).rows == len(rows)


@given(rows=st.integers(1, 40), bad=st.integers(0, 39), block_bytes=st.integers(1, 200))
@settings(max_examples=200, deadline=None)
def test_the_line_named_is_the_bad_line_wherever_blocks_are_cut(
    rows: int, bad: int, block_bytes: int
) -> None:
    lines = ["1,2026,PD"] * rows
    lines[bad % rows] = '1,"2026,PD'
    before, structure.BLOCK_BYTES = structure.BLOCK_BYTES, block_bytes
    try:
        with pytest.raises(ExtractRefused, match=rf"line {bad % rows + 2}: odd number"):
            check(HEADER + "\n".join(lines) + "\n")
    finally:
        structure.BLOCK_BYTES = before
