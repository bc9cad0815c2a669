"""The files of a run as bytes: hashed, forced to the disk, private to the user.

Tables are for ``flows.table_files``: whoever only watches over a run imports nothing that reads them.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_HASH_BLOCK_BYTES = 1 << 20


@contextmanager
def private_files() -> Iterator[None]:
    """Files made inside are readable by their owner only (0600), folders too (0700)."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_all(paths: Iterable[tuple[str, Path]]) -> str:
    """One SHA-256 over names and bytes of several files, in the order of their names."""
    digest = hashlib.sha256()
    for name, path in sorted(paths):
        digest.update(f"{name}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Make a file or folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_under(folder: Path) -> dict[str, Path]:
    """Every regular file below a folder, by its path relative to it, sorted."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
