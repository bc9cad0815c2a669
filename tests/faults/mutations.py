"""Random damage to the files of an extract: a documented refusal or quarantine, and no row lost in silence.

Each case damages one file of the tiny registry by one of a closed list of accidents, loads it with the
patients and checks what came out; some go through the whole run. Cases share a process; one that ends it has
failed.
"""

import gzip
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from data.extract.load import TableCount, load_extract
from flows.steps import run_screening
from schemas.errors import ExtractRefused, PrescreenError
from schemas.extract import RULES
from tests.faults.children import Child
from tests.faults.world import World, assert_silent, make_world, secrets_in, silent

Damage = Callable[[bytes, random.Random], bytes]
_CELLS = (
    *("", " ", "NaN", "inf", "-1", "1e400", "1,5", "<0.5", "0000-00-00", "2023-02-29", "2999-01-01"),
    *("infinity", "=1+1", "\x00", "é", "\ufeff", "a\tb", "'; drop table patients; --", "9" * 40, "x" * 5000),
    *('"', "NULL"),
)  # fmt: skip
_HANGS_SECONDS = 60
# One case in so many goes through the whole run.
_WHOLE_RUN = 50
# A damaged row may turn anything into a name that no code list has, and those are shown.
_NAMING_NOBODY = ("manifest.json", "attrition.csv", "worklist.csv")


def _line(content: bytes, draw: random.Random) -> tuple[list[bytes], int]:
    lines = content.splitlines(keepends=True)
    return lines, draw.randrange(len(lines)) if lines else 0


def _flip(content: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 3, 20))):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _hole(content: bytes, draw: random.Random) -> bytes:
    first = draw.randrange(len(content))
    return content[:first] + content[first + draw.randrange(1, 200) :]


def _insert(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(content))
    what = draw.choice(
        (b'"', b",", b"\n", b"\r", b"\r\n", b"\x00", b"\x1a", b"\xff", b'""', b";", b"\xef\xbb\xbf")
    )
    return content[:place] + what * draw.choice((1, 1, 2, 50)) + content[place:]


def _repeat_line(content: bytes, draw: random.Random) -> bytes:
    lines, place = _line(content, draw)
    return b"".join([*lines[:place], lines[place] * draw.choice((2, 3, 100)), *lines[place + 1 :]])


def _drop_line(content: bytes, draw: random.Random) -> bytes:
    lines, place = _line(content, draw)
    return b"".join([*lines[:place], *lines[place + 1 :]])


def _swap_lines(content: bytes, draw: random.Random) -> bytes:
    lines, one = _line(content, draw)
    other = draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _change_cell(content: bytes, draw: random.Random) -> bytes:
    lines, place = _line(content, draw)
    cells = lines[place].rstrip(b"\n").split(b",")
    cells[draw.randrange(len(cells))] = draw.choice(_CELLS).encode()
    lines[place] = b",".join(cells) + b"\n"
    return b"".join(lines)


def _drop_column(content: bytes, draw: random.Random) -> bytes:
    rows = [line.split(b",") for line in content.splitlines()]
    place = draw.randrange(len(rows[0]))
    return b"".join(b",".join(row[:place] + row[place + 1 :]) + b"\n" for row in rows)


def _recode(content: bytes, draw: random.Random) -> bytes:
    code = draw.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig"))
    return content.replace(b"hemoglobin", "hémoglobine".encode()).decode().encode(code)


def _end_lines(content: bytes, draw: random.Random) -> bytes:
    return content.replace(b"\n", draw.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b" \n")))


_TEXT_DAMAGE: tuple[Damage, ...] = (
    *(_flip, _cut, _hole, _insert, _repeat_line, _drop_line, _swap_lines),
    *(_change_cell, _change_cell, _change_cell, _drop_column, _recode, _end_lines),
)
_BINARY_DAMAGE: tuple[Damage, ...] = (_flip, _flip, _cut, _hole, _insert)


def _as_parquet(text: bytes) -> bytes:
    target = io.BytesIO()
    pl.read_csv(text, infer_schema=False).write_parquet(target)
    return target.getvalue()


def damage_one(extract: Path, draw: random.Random) -> tuple[Path, str]:
    """Damage one file of an extract; returns it and the name of the accident."""
    path = draw.choice(sorted(extract.glob("*.csv")))
    content, form = path.read_bytes(), draw.choice(("csv", "csv", "csv", "csv.gz", "parquet"))
    damage = draw.choice(_BINARY_DAMAGE if form == "parquet" else _TEXT_DAMAGE)
    for other in extract.glob("*.csv"):
        if other.stem != "patients" or path.stem == "patients":
            other.unlink()
    path = path.with_name(f"{path.stem}.{form}")
    if form == "parquet":
        damaged = damage(_as_parquet(content), draw)
    elif form == "csv.gz":
        packed_first = draw.random() < 0.5
        damaged = (
            draw.choice(_BINARY_DAMAGE)(gzip.compress(content, mtime=0), draw)
            if packed_first
            else gzip.compress(damage(content, draw), mtime=0)
        )
    else:
        damaged = damage(content, draw)
    path.write_bytes(damaged)
    return path, f"{damage.__name__} of {path.name}"


def _rows_delivered(path: Path) -> int:
    """How many rows a file has, counted without any of the project's code."""
    if path.name.endswith(".parquet"):
        return int(pq.ParquetFile(path).metadata.num_rows)
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    return content.count(b"\n") - 1


def load_and_check(extract: Path, damaged: Path) -> str:
    """'refused', 'quarantined' or 'loaded'; fails if a row is missing or a message is not fit to be read."""
    with duckdb.connect() as connection:
        try:
            counts = load_extract(extract, connection, silent)
        except ExtractRefused as refusal:
            assert refusal.__context__ is None
            assert_fit(refusal)
            return "refused"
        for count in counts:
            assert count.rows == count.accepted + count.quarantined
            held = connection.execute(f"select count(*), count(distinct source_row) from raw_{count.table}")
            assert held.fetchall() == [(count.rows, count.rows)]
        listed = connection.execute('select distinct "table", source_row, rule from quarantine').fetchall()
        assert {rule for _, _, rule in listed} <= set(RULES)
        own = next(count for count in counts if count.file == damaged.name)
        assert own.rows == _rows_delivered(damaged)
        assert len({row for table, row, _ in listed if table == own.table}) == own.quarantined
        return "quarantined" if sum(_set_aside(count) for count in counts) else "loaded"


def _set_aside(count: TableCount) -> int:
    # The registry has three rows that are set aside undamaged.
    return max(0, count.quarantined - (3 if count.table == "observations" else 0))


def assert_fit(failure: PrescreenError) -> None:
    """A message of one line that names no cell, and the exit code of a refused extract."""
    told = str(failure)
    assert "\n" not in told
    assert not secrets_in(told.encode())
    assert failure.exit_code == ExtractRefused.exit_code, told


def mutate_some(world: World, first: int, last: int, seed: int, log: Path) -> int:
    """The cases of a range, one after the other; each is begun in the log before it is tried."""
    place = world.folder / f"cases-{first}"
    with log.open("a", buffering=1) as lines:
        for number in range(first, last):
            draw = random.Random(f"{seed}-{number}")  # noqa: S311 - no secret
            shutil.rmtree(place, ignore_errors=True)
            extract = shutil.copytree(world.folder / "night1", place / "extract")
            damaged, name = damage_one(extract, draw)
            lines.write(f"{number} {name}: ")
            outcome = load_and_check(extract, damaged)
            lines.write(f"{outcome}\n")
            if number % _WHOLE_RUN == 0:
                _run_whole(world, extract, place / "out", outcome)
    return 0


def _run_whole(world: World, extract: Path, out: Path, outcome: str) -> None:
    """What loads is screened and published; what does not is refused, and nothing is published."""
    asked = world.request(1, out)
    asked = type(asked)(**{**asked.__dict__, "extract": extract})
    try:
        run_screening(asked, silent)
    except PrescreenError as failure:
        assert_fit(failure)
        assert not (out / "runs").exists()
        return
    assert outcome != "refused"
    for path in (out / "ledger.jsonl", *(out / "latest" / name for name in _NAMING_NOBODY)):
        assert not secrets_in(path.read_bytes()), path.name


def mutate(folder: Path, cases: int, seed: int, *, in_a_child: int = 250) -> dict[str, int]:
    """So many cases; returns how many were refused, quarantined and loaded."""
    world = make_world(folder)
    said, log = folder / "said", folder / "cases.txt"
    log.touch()
    for first in range(0, cases, in_a_child):
        last = min(first + in_a_child, cases)
        child = Child(said, mutate_some, world, first, last, seed, log)
        _wait(child, log)
        told = log.read_text()
        assert child.process.exitcode == 0, f"{told.splitlines()[-1]}\n{child.said.decode()[-2000:]}"
    outcomes = [line.rsplit(": ", 1)[-1] for line in log.read_text().splitlines()]
    assert len(outcomes) == cases
    assert_silent([said.read_bytes()])
    return {outcome: outcomes.count(outcome) for outcome in ("refused", "quarantined", "loaded")}


def _wait(child: Child, log: Path) -> None:
    """Until the child ends; a case that takes longer than a minute hangs."""
    while True:
        before = log.stat().st_size
        child.process.join(_HANGS_SECONDS)
        if child.process.exitcode is not None:
            return
        if log.stat().st_size == before:
            child.kill()
            raise TimeoutError(log.read_text().splitlines()[-1])
