"""Parquet files that are damaged, too large, or hold what no column may hold."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.extract.structure import Limits
from tests.data.extract.malformed.case import CANARY, GOOD_PATIENTS, Refusal, beside_patients


def _parquet(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def _patients(**changed: Any) -> dict[str, Any]:
    ids = [f"{CANARY}{number}" for number in range(500)]
    births = [f"19{number % 70 + 10}-01-01" for number in range(500)]
    return {"patient_id": ids, "birth_date": births, "sex": ["female"] * 500, **changed}


GOOD = _parquet(_patients())


def _file(name: str, content: bytes, *says: str, limits: Limits | None = None) -> Refusal:
    write = beside_patients("patients.parquet", content)
    return Refusal(name, write, ("patients.parquet", *says), limits=limits)


def _column(name: str, values: Any, says: str) -> Refusal:
    content = _parquet(_patients(**{says: values}))
    return _file(name, content, f"column {says}", "Deliver it as text")


def _without_utf8() -> pa.Array:
    """500 texts whose bytes are not UTF-8, as a careless writer stores them."""
    return pa.array([b"\xff\xfe" + str(number).encode() for number in range(500)]).view(pa.string())


def _twice() -> bytes:
    table = pa.table(_patients())
    buffer = BytesIO()
    pq.write_table(table.append_column("sex", table["sex"]), buffer)
    return buffer.getvalue()


def _damaged_page() -> bytes:
    """One bit of a page turned; its check sum tells."""
    content = bytearray(
        _parquet(_patients(), write_page_checksum=True, use_dictionary=False, compression="none")
    )
    content[content.index(b"CANARY250") + 8] ^= 1
    return bytes(content)


DAMAGED = "damaged, or is not what its name says"
PARQUET_FILES = (
    _file("csv under a parquet name", GOOD_PATIENTS, DAMAGED),
    _file("an empty parquet file", b"", DAMAGED),
    _file("the mark of parquet only", b"PAR1", DAMAGED),
    _file("a parquet file cut off", GOOD[:-100], DAMAGED),
    _file("the first half of a parquet file", GOOD[: len(GOOD) // 2], DAMAGED),
    _file("a parquet file without its beginning", GOOD[200:], DAMAGED),
    _file("a footer length beyond the file", GOOD[:-8] + b"\xff\xff\xff\x7fPAR1", DAMAGED),
    _file("a footer length of nothing", GOOD[:-8] + b"\0\0\0\0PAR1", DAMAGED),
    _file("a footer of zeros", GOOD[:-400] + b"\0" * 392 + GOOD[-8:], DAMAGED),
    _file("a damaged page", _damaged_page(), DAMAGED),
    _file("texts that are not utf-8", _parquet(_patients(patient_id=_without_utf8())), DAMAGED),
    _file(
        "too many columns",
        _parquet(_patients(**{f"c{n}": [1] * 500 for n in range(600)})),
        "more than 500 columns",
    ),
    _file("too many rows", GOOD, "more than 499 rows", limits=Limits(parquet_rows=499)),
    _file("too large when unpacked", GOOD, "larger than 1000 bytes", limits=Limits(unpacked_bytes=1000)),
    _file("a name twice in parquet", _twice(), "columns 3 and 4 have the same name (sex)"),
    _file(
        "a required column missing in parquet", _parquet({"patient_id": ["1"], "sex": ["male"]}), "birth_date"
    ),
    _column("ids as floats", [float(number) for number in range(500)], "patient_id"),
    _column("ids as dates", pa.array(range(500), pa.date32()), "patient_id"),
    _column("ids as bytes", [b"1"] * 500, "patient_id"),
    _column("lists of words", [["female"]] * 500, "sex"),
    _column("structures", [{"day": 1}] * 500, "birth_date"),
    _column("times of day", pa.array(range(500), pa.time32("s")), "birth_date"),
)
