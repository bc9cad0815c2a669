"""One run at a time writes to an output folder.

The lock is the kernel's (``flock``): it ends with the process that holds it, however that ends, so a killed
run leaves nothing to clean up by hand. The lock file itself stays and is empty.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import LockHeld


@contextmanager
def run_lock(out: Path) -> Iterator[None]:
    """Hold the output folder's lock; raises ``LockHeld`` at once if another run holds it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(out / ".lock", flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(
                str(out),
                "another run is writing to this folder.",
                "Wait until it has ended, then run again.",
                may_pass=True,
            ) from None
        yield
    finally:
        os.close(descriptor)
