"""Is a CSV file what it seems? Checked on its bytes, before any reader can guess, pad or swallow rows.

Readers lose rows without a word where a quote is left open, a line is cut, or the encoding is not what they
think. So a record is one physical line, every line has as many fields as the header, and what does not
hold is refused with the line's number. Nothing of the content is ever shown.
"""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from data.extract.guard import AGAIN
from data.extract.header import Header, match_columns
from schemas.errors import ExtractRefused
from schemas.extract import Table

Positions = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
BLOCK_BYTES = 4 * 2**20
BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_LINE_FEED, _RETURN, _QUOTE, _COMMA = b'\n\r",'


@dataclass(frozen=True)
class Limits:
    """How large an extract's files may be before they are taken for a mistake or an attack."""

    line_bytes: int = 100_000
    unpacked_bytes: int = 64 * 2**30
    parquet_rows: int = 2_000_000_000
    parquet_columns: int = 500


@dataclass(frozen=True)
class Layout:
    """A file whose structure holds: its header and the number of data lines."""

    header: Header
    rows: int


class _Scan:
    """The state of one pass over a file: lines seen so far, the kind of line end, the header."""

    def __init__(self, file_name: str, table: Table, limits: Limits) -> None:
        self.file_name = file_name
        self.table = table
        self.limits = limits
        self.lines = 0
        self.crlf: bool | None = None
        self.header: Header | None = None

    def refuse(
        self, line: int, what: str, step: str = "Correct the line and deliver the file again."
    ) -> NoReturn:
        raise ExtractRefused(f"{self.file_name} line {line}", what, step)

    def line_at(self, block: bytes, offset: int) -> int:
        return self.lines + block.count(b"\n", 0, offset) + 1

    def check(self, block: bytes) -> None:
        """Check a block of whole lines; the file's first block starts with the header."""
        self.check_bytes(block)
        codes = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(codes == _LINE_FEED)
        self.check_line_ends(block, codes, ends)
        self.check_lengths(ends)
        quotes = np.flatnonzero(codes == _QUOTE) if b'"' in block else None
        if quotes is not None:
            self.check_quotes(codes, quotes, ends)
        if self.header is None:
            self.header = self.read_header(block[: ends[0]])
        commas = np.flatnonzero(codes == _COMMA)
        separators = commas if quotes is None else commas[~_between_quotes(commas, quotes)]
        self.check_fields(separators, ends, self.header.width)
        self.lines += len(ends)

    def check_bytes(self, block: bytes, whole: bool = True) -> None:
        """No byte that is not text: NUL, Ctrl-Z, or a sequence that is not UTF-8 (its end may be to come)."""
        for byte, what in ((b"\0", "a NUL byte"), (b"\x1a", "a Ctrl-Z byte")):
            offset = block.find(byte)
            if offset >= 0:
                self.refuse(self.line_at(block, offset), f"{what}; the file is not plain text.")
        offset = -1 if block.isascii() else _not_utf8(block, whole)
        if offset >= 0:
            self.refuse(
                self.line_at(block, offset), "not UTF-8.", "Save the file as UTF-8 and deliver it again."
            )

    def check_line_ends(self, block: bytes, codes: Bytes, ends: Positions) -> None:
        """Every line ends alike, by LF or by CR LF, and a CR stands nowhere else."""
        step = "Save the file with one kind of line end and deliver it again."
        returned = codes[ends - 1] == _RETURN if b"\r" in block else np.zeros(len(ends), dtype=np.bool_)
        if b"\r" in block and np.count_nonzero(codes == _RETURN) != np.count_nonzero(returned):
            bare = block.replace(b"\r\n", b"\n\n").find(b"\r")
            self.refuse(self.line_at(block, bare), "a carriage return without a line feed.", step)
        if self.crlf is None:
            self.crlf = bool(returned[0])
        other = returned != self.crlf
        if other.any():
            line = self.lines + int(other.argmax()) + 1
            self.refuse(line, "another kind of line end than the lines before.", step)

    def check_lengths(self, ends: Positions) -> None:
        """No line is blank or too long."""
        lengths = np.diff(ends, prepend=-1) - 1 - bool(self.crlf)
        if lengths.min() <= 0:
            self.refuse(self.lines + int(lengths.argmin()) + 1, "a blank line.")
        if lengths.max() > self.limits.line_bytes:
            self.too_long(self.lines + int(np.argmax(lengths > self.limits.line_bytes)) + 1)

    def too_long(self, line: int) -> NoReturn:
        self.refuse(
            line, f"longer than {self.limits.line_bytes} bytes; a quote or a line end may be missing."
        )

    def check_quotes(self, codes: Bytes, quotes: Positions, ends: Positions) -> None:
        """Quote marks come in pairs within a line and stand around whole fields."""
        odd = np.diff(np.searchsorted(quotes, ends), prepend=0) % 2 == 1
        if odd.any():
            line = self.lines + int(odd.argmax()) + 1
            self.refuse(line, "odd number of quote marks; a quote was opened and not closed.")
        opening, closing = quotes[::2], quotes[1::2]
        before = codes[opening - 1]  # of a quote at the very start: the block's last byte, a line feed
        after = codes[closing + 1]
        stray = ~np.isin(before, (_COMMA, _LINE_FEED, _QUOTE)) | ~np.isin(
            after, (_COMMA, _LINE_FEED, _RETURN, _QUOTE)
        )
        if stray.any():
            line = self.lines + int(np.searchsorted(ends, opening[stray.argmax()])) + 1
            self.refuse(line, "a quote mark inside a field; write it twice and quote the whole field.")

    def read_header(self, line: bytes) -> Header:
        names = next(csv.reader([line.decode("utf-8").removesuffix("\r")]))
        return match_columns(self.file_name, self.table, names)

    def check_fields(self, separators: Positions, ends: Positions, width: int) -> None:
        """Every line has ``width`` fields."""
        if _evenly_spread(separators, ends, width - 1):
            return
        fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
        first = int((fields != width).argmax())
        what = f"{fields[first]} fields where the header has {width}."
        self.refuse(self.lines + first + 1, what)

    def check_rest(self, rest: bytes, whole: bool) -> None:
        """The bytes after the last line end, when they are the reason to refuse the file."""
        self.check_bytes(rest, whole)
        if b"\r" in rest[:-1]:
            step = "Save the file with one kind of line end and deliver it again."
            self.refuse(self.lines + 1, "a carriage return without a line feed.", step)

    def finish(self, tail: bytes) -> Layout:
        """The layout of the file, of which ``tail`` follows the last line end."""
        if tail:
            self.check_rest(tail, whole=True)
            step = "Deliver the whole file; every line must end with a line end."
            self.refuse(self.lines + 1, "the last line does not end; the file may be cut off.", step)
        if self.header is None:
            raise ExtractRefused(self.file_name, "the file is empty; it has not even a header.", AGAIN)
        return Layout(self.header, self.lines - 1)


def _evenly_spread(separators: Positions, ends: Positions, each: int) -> bool:
    """Whether every line holds exactly ``each`` separators (at least one)."""
    if len(separators) != len(ends) * each:
        return False
    first, last = separators[::each], separators[each - 1 :: each]
    return bool((last < ends).all() and (first[1:] > ends[:-1]).all())


def _between_quotes(commas: Positions, quotes: Positions) -> npt.NDArray[np.bool_]:
    """Which commas stand between an opening quote mark and its closing one."""
    first, after = np.searchsorted(commas, quotes[::2]), np.searchsorted(commas, quotes[1::2])
    holds = after > first
    step = np.zeros(len(commas) + 1, dtype=np.int8)
    step[first[holds]] += 1
    step[after[holds]] -= 1
    return step[:-1].cumsum(dtype=np.int32) > 0


def _not_utf8(block: bytes, whole: bool) -> int:
    """Offset of the first byte that is not UTF-8, or -1."""
    try:
        codecs.utf_8_decode(block, "strict", whole)
    except UnicodeDecodeError as error:
        return error.start
    return -1


def _blocks(stream: BinaryIO, scan: _Scan) -> Iterator[tuple[bytes, bytes]]:
    """The file as (whole lines, what follows them) pairs, without its byte order mark."""
    rest, total = b"", 0
    while piece := stream.read(BLOCK_BYTES):
        if total == 0:
            _check_start(scan, piece)
        total += len(piece)
        if total > scan.limits.unpacked_bytes:
            what = f"larger than {scan.limits.unpacked_bytes} bytes when unpacked."
            raise ExtractRefused(scan.file_name, what, "Check that it is the right file.")
        data = rest + (piece.removeprefix(BOM) if total == len(piece) else piece)
        cut = data.rfind(b"\n") + 1
        lines, rest = data[:cut], data[cut:]
        yield lines, rest


def _check_start(scan: _Scan, piece: bytes) -> None:
    if piece.startswith(_WIDE_BOMS):
        scan.refuse(1, "UTF-16 or UTF-32 text.", "Save the file as UTF-8 and deliver it again.")


def check_csv(file_name: str, table: Table, stream: BinaryIO, limits: Limits) -> Layout:
    """The layout of a CSV file whose structure holds, read once from ``stream`` in blocks.

    Raises:
        ExtractRefused: the file is no well-formed table of that name; it names the line and what to do.
    """
    scan = _Scan(file_name, table, limits)
    rest = b""
    for lines, rest in _blocks(stream, scan):
        if lines:
            scan.check(lines)
        if len(rest) > limits.line_bytes:
            scan.check_rest(rest, whole=False)
            scan.too_long(scan.lines + 1)
    return scan.finish(rest)
