"""Runs things in processes that may die: each is forked from a server that has imported everything once.

A function given to ``Child`` is one at the top of a module, since it travels as its name. What the process
writes to its standard output and error is kept, so that it can be searched.
"""

import multiprocessing
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schemas.errors import PrescreenError

ROOT = Path(__file__).resolve().parents[2]
# Far above what any run takes, also on a machine that is busy with something else; longer is a hang.
PATIENCE_SECONDS = 180


def _server() -> Any:
    # The server does not take over the path of this process.
    os.environ["PYTHONPATH"] = str(ROOT)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.preloaded"])
    return context


class Child:
    """A function running in a process of its own; ``said`` is what it printed."""

    def __init__(self, output: Path, function: Callable[..., int | None], *arguments: Any) -> None:
        self.output = output
        self.process = _server().Process(target=_contained, args=(output, function, arguments))
        self.process.start()

    def kill(self) -> None:
        """SIGKILL; nothing that the process would still do is done."""
        self.process.kill()

    def end(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Its exit code, negative for a signal; ``TimeoutError`` if it hangs."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"no end after {seconds} seconds")
        return int(self.process.exitcode)

    @property
    def said(self) -> bytes:
        return self.output.read_bytes() if self.output.exists() else b""


def _contained(output: Path, function: Callable[..., int | None], arguments: tuple[Any, ...]) -> None:
    """As ``flows.worker`` ends: a failure is one line and its exit code; anything else is a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = sys.stderr = os.fdopen(descriptor, "w", buffering=1)
    try:
        code = function(*arguments) or 0
    except PrescreenError as failure:
        print(f"prescreen: {failure}")  # noqa: T201 - this is what is searched
        code = failure.exit_code
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    os._exit(code)
