"""CSV files whose bytes are no table: each is refused, by line, before any reader sees it."""

import gzip
import struct

from data.extract.structure import BLOCK_BYTES, Limits
from tests.data.extract.malformed.case import (
    CANARY,
    OBSERVATION_HEADER,
    OBSERVATION_ROWS,
    PATIENT_HEADER,
    PATIENT_ROWS,
    Refusal,
    beside_patients,
    lines,
    observations,
)

FIRST, SECOND, THIRD = OBSERVATION_ROWS
GOOD = observations(*OBSERVATION_ROWS)
PACKED = gzip.compress(GOOD * 50, mtime=0)


def _csv(name: str, content: bytes, *says: str, limits: Limits | None = None) -> Refusal:
    return Refusal(
        name, beside_patients("observations.csv", content), ("observations.csv", *says), limits=limits
    )


def _patients(name: str, content: bytes, *says: str) -> Refusal:
    return Refusal(name, beside_patients("patients.csv", content), ("patients.csv", *says))


def _gz(name: str, content: bytes, *says: str, limits: Limits | None = None) -> Refusal:
    write = beside_patients("observations.csv.gz", content)
    return Refusal(name, write, ("observations.csv.gz", *says), limits=limits)


def _far(bad: str) -> bytes:
    """A file of several blocks whose only bad line is line 100,002."""
    return observations(*[FIRST] * 100_000, bad, *[SECOND] * 100_000)


def _replaced(place: int, value: bytes) -> bytes:
    return PACKED[:place] + value + PACKED[place + len(value) :]


ENCODING = (
    _csv("nul in a cell", GOOD.replace(b"9.8", b"9\x008"), "line 3", "NUL"),
    _csv("nul in the header", GOOD.replace(b"unit", b"un\x00t"), "line 1", "NUL"),
    _csv(
        "utf-16 little endian", GOOD.decode().encode("utf-16"), "line 1", "UTF-16", "Save the file as UTF-8"
    ),
    _csv("utf-16 big endian", b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "line 1", "UTF-16"),
    _csv("utf-32 little endian", GOOD.decode().encode("utf-32"), "line 1", "UTF-32"),
    _csv("utf-32 big endian", b"\0\0\xfe\xff" + GOOD.decode().encode("utf-32-be"), "line 1", "UTF-32"),
    _csv("utf-16 without a mark", GOOD.decode().encode("utf-16-le"), "line 1", "NUL"),
    _csv("latin-1", GOOD.replace(b"mg/dL", b"\xb5g/dL"), "line 4", "not UTF-8"),
    _csv("utf-8 cut inside a letter", GOOD.replace(b"mg/dL", b"\xc2g/dL"), "line 4", "not UTF-8"),
    _csv("overlong utf-8", GOOD.replace(b"9.8", b"\xc0\xaf"), "line 3", "not UTF-8"),
    _csv("half of a surrogate pair", GOOD.replace(b"9.8", b"\xed\xa0\x80"), "line 3", "not UTF-8"),
    _csv("ctrl-z at the end", GOOD + b"\x1a\n", "line 5", "Ctrl-Z"),
    _csv("ctrl-z after the end", GOOD + b"\x1a", "line 5", "Ctrl-Z"),
    _csv("parquet under a csv name", b"PAR1" + struct.pack("<I", 8) + b"\0" * 8 + b"PAR1\n", "NUL"),
    _csv("gzip under a csv name", PACKED + b"\n", "line 1"),
    _csv(
        "latin-1 far into the file",
        _far(f"{CANARY}1,x,2026,1,!").replace(b"!", b"\xb5"),
        "line 100002",
        "not UTF-8",
    ),
)
LINE_ENDS = (
    _csv("carriage returns only", observations(*OBSERVATION_ROWS, end="\r"), "line 1", "carriage return"),
    _csv("a carriage return in a cell", GOOD.replace(b"9.8", b"9\r8"), "line 3", "carriage return"),
    _csv("a carriage return at the very end", GOOD + b"x\r", "line 5", "does not end"),
    _csv("two carriage returns", observations(*OBSERVATION_ROWS, end="\r\r\n"), "line 1", "carriage return"),
    _csv(
        "crlf, then lf", observations(FIRST, end="\r\n") + lines(SECOND), "line 3", "another kind of line end"
    ),
    _csv(
        "lf, then crlf", observations(FIRST) + lines(SECOND, end="\r\n"), "line 3", "another kind of line end"
    ),
    _csv("no final line end", GOOD[:-1], "line 4", "cut off", "Deliver the whole file"),
    _csv("cut inside a field", GOOD[:-9], "line 4", "cut off"),
    _csv("a header without a line end", OBSERVATION_HEADER.encode(), "line 1", "cut off"),
    _csv("a blank line", observations(FIRST, "", SECOND), "line 3", "blank line"),
    _csv("a blank last line", observations(FIRST, SECOND, ""), "line 4", "blank line"),
    _csv("a blank line with crlf", observations(FIRST, "", SECOND, end="\r\n"), "line 3", "blank line"),
    _csv("a blank first line", b"\n" + GOOD, "line 1", "blank line"),
    _csv("a line of spaces", observations(FIRST, "   ", SECOND), "line 3", "1 fields"),
    _csv(
        "a line too long", observations(FIRST, SECOND + "x" * 100_000), "line 3", "longer than 100000 bytes"
    ),
    _csv(
        "an endless line",
        observations(FIRST) + b"x" * (BLOCK_BYTES + 9),
        "line 3",
        "longer than 100000 bytes",
    ),
    _csv(
        "an endless line of letters beyond ascii",
        observations(FIRST) + "é".encode() * BLOCK_BYTES,
        "longer than",
    ),
    _csv("an endless header", b"x" * 200_000 + b"\n", "line 1", "longer than 100000 bytes"),
)
QUOTES = (
    _csv(
        "a quote opened and not closed",
        observations(FIRST, f'"{SECOND}', THIRD),
        "line 3",
        "odd number of quote",
    ),
    _csv(
        "two stray quotes, 400 rows apart",
        observations(
            *[FIRST] * 99, f'"{FIRST}', *[FIRST] * 399, FIRST.replace("g/dL", 'g/dL"'), *[FIRST] * 500
        ),
        "line 101",
        "odd number of quote marks; a quote was opened and not closed.",
        "Correct the line and deliver the file again.",
    ),
    _csv(
        "a field over two lines", observations(f'{CANARY}1,"hemo\nglobin",2026-01-05,1,g/dL'), "line 2", "odd"
    ),
    _csv(
        "inches inside two fields",
        observations(f'{CANARY}1,5" x,2026-01-05,6" y,in'),
        "line 2",
        "inside a field",
    ),
    _csv(
        "text after the closing quote",
        observations(f'"{CANARY}1"x,hemoglobin,2026-01-05,1,g/dL'),
        "line 2",
        "inside",
    ),
    _csv(
        "a space before the quote",
        observations(f'{CANARY}1, "hemoglobin",2026-01-05,1,g/dL'),
        "line 2",
        "inside",
    ),
    _csv(
        "a quote opened in the header",
        lines(f'"{OBSERVATION_HEADER}', FIRST),
        "line 1",
        "odd number of quote",
    ),
    _csv("a stray quote far into the file", _far(f'"{FIRST}'), "line 100002", "odd number of quote"),
)
FIELDS = (
    _csv(
        "a short line",
        observations(FIRST, SECOND.rsplit(",", 1)[0]),
        "line 3",
        "4 fields where the header has 5",
    ),
    _csv("a long line", observations(FIRST, SECOND + ","), "line 3", "6 fields where the header has 5"),
    _csv(
        "short and long lines that even out",
        observations(FIRST, f"{SECOND},", f"{CANARY}2,x,2026,1"),
        "line 3",
        "6",
    ),
    _csv(
        "long and short lines that even out",
        observations(f"{CANARY}2,x,2026,1", f"{SECOND},"),
        "line 2",
        "4 fields",
    ),
    _csv("a decimal comma without quotes", observations(FIRST.replace("11.2", "11,2")), "line 2", "6 fields"),
    _csv(
        "quoted commas, one field too few",
        observations(f'{CANARY}1,"a,b,c",2026-01-05,1'),
        "line 2",
        "4 fields",
    ),
    _csv("a short line far into the file", _far(f"{CANARY}1,x"), "line 100002", "2 fields"),
)
HEADERS = (
    _patients("an empty file", b"", "empty"),
    _patients("a byte order mark only", b"\xef\xbb\xbf", "empty"),
    _patients("no header", lines(*PATIENT_ROWS), "patient_id, birth_date, sex", "may be data"),
    _patients(
        "a required column missing", lines("patient_id,birth_date", f"{CANARY}1,1950"), "required column sex"
    ),
    _patients(
        "capital letters", lines("Patient_ID,birth_date,sex", *PATIENT_ROWS), "Column 1 looks like patient_id"
    ),
    _patients(
        "a name with a space", lines("patient id,birth_date,sex", *PATIENT_ROWS), "looks like patient_id"
    ),
    _patients(
        "a name twice",
        lines(f"{PATIENT_HEADER},sex", *(f"{row},male" for row in PATIENT_ROWS)),
        "columns 3 and 4",
        "(sex)",
    ),
    _patients(
        "a name twice but for space",
        lines(f"{PATIENT_HEADER}, sex", f"{CANARY}1,1950,male,male"),
        "same name",
    ),
    _patients(
        "two columns without a name",
        lines(f"{PATIENT_HEADER},,", f"{CANARY}1,1950,male,,"),
        "columns 4 and 5",
    ),
    _patients(
        "an unknown name twice",
        lines(f"{PATIENT_HEADER},{CANARY},{CANARY}", f"{CANARY},1,male,,"),
        "columns 4 and 5",
    ),
    _patients(
        "semicolons",
        lines(*(row.replace(",", ";") for row in (PATIENT_HEADER, *PATIENT_ROWS))),
        "one column only",
        "commas",
    ),
    _patients(
        "tabs", lines(*(row.replace(",", "\t") for row in (PATIENT_HEADER, *PATIENT_ROWS))), "one column only"
    ),
)
PACKED_FILES = (
    _gz("plain text under a gz name", GOOD, "cut off or damaged"),
    _gz("an empty gz file", b"", "empty"),
    _gz("a gz file of nothing", gzip.compress(b"", mtime=0), "empty"),
    _gz("a gz file cut off", PACKED[: len(PACKED) // 2], "cut off or damaged"),
    _gz("a gz file without its check sum", PACKED[:-8], "cut off or damaged"),
    _gz("a gz file with a damaged middle", _replaced(40, b"\xff\xff\xff"), "cut off or damaged"),
    _gz("a gz file with a wrong check sum", _replaced(len(PACKED) - 8, b"\0\0\0\0"), "cut off or damaged"),
    _gz("a gz file with something behind it", PACKED + b"behind", "cut off or damaged"),
    _gz(
        "a gz file that grows",
        gzip.compress(GOOD * 5000, mtime=0),
        "larger than 100000 bytes",
        limits=Limits(unpacked_bytes=100_000),
    ),
    _gz(
        "a bad line in a gz file",
        gzip.compress(observations(FIRST, f'"{SECOND}'), mtime=0),
        "line 3",
        "odd number",
    ),
)
CSV_FILES = (*ENCODING, *LINE_ENDS, *QUOTES, *FIELDS, *HEADERS, *PACKED_FILES)
