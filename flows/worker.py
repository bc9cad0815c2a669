"""``prescreen run`` works in a process of its own, with limits; its death is an answer like any other.

The extract is untrusted content read by native libraries: one that aborts, or takes all memory, ends the
worker and not the command, which then says so in one line. The command imports nothing heavy; it passes the
request on standard input as JSON, shows progress, and waits. What native code writes to standard error may
quote cells, so it goes nowhere; the worker's own words come through a pipe. Standard output is the worker's:
the summary.
"""

# ruff: noqa: PLC0415 - the command's own process imports nothing of the work

import gc
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.failures import Bug, Interrupted, explained
from flows.request import Night, RunRequest
from schemas.errors import PrescreenError, StorageFailed, UsageError

if TYPE_CHECKING:
    pass

COMMAND = (sys.executable, "-P", "-m", "flows.worker")
_ROOT = Path(__file__).resolve().parent.parent
_LEAST_MEMORY_BYTES = 1 << 30
# An idle worker on a machine of many cores reserves some of it, so the default is never less than this.
_ORDINARY_MEMORY_BYTES = 8 << 30
_OPEN_FILES = 4096
_GRACE_SECONDS = 60
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class WorkFailed(PrescreenError):
    """What the worker said of its end, with the exit code that it chose."""

    def __init__(self, told: str, exit_code: int, *, may_pass: bool) -> None:
        super().__init__("", told, "", may_pass=may_pass)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return self.what


def memory_bytes(text: str | None) -> int:
    """How much memory the worker may take: ``8G`` and the like; by default all that the machine has.

    Raises ``UsageError`` for what is no size, or less than the libraries need to start.
    """
    if text is None:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return max(machine, _ORDINARY_MEMORY_BYTES)
    number, unit = text[:-1], text[-1:].upper()
    size = int(number) * _UNITS[unit] if number.isdecimal() and number.isascii() and unit in _UNITS else 0
    if size < _LEAST_MEMORY_BYTES:
        raise UsageError("--memory-limit", "is no size of at least 1G.", "Write it like 8G.")
    return size


@dataclass(frozen=True)
class Done:
    """The run that the worker published, and whether it was there before."""

    run_id: str
    repeated: bool


def screen_in_worker(request: RunRequest, progress: Callable[[str], None], memory: int) -> Done:
    """As ``flows.steps.run_screening``, in a worker; nothing is printed."""
    return run_in_worker(request, progress, memory, show=False)


def run_in_worker(
    request: RunRequest, progress: Callable[[str], None], memory: int, *, show: bool = True
) -> Done:
    """Do the run in a worker that may take so many bytes of memory and shows the summary unless told not to.

    Raises the ``PrescreenError`` that the worker tells of, or one that says that it died, which is recorded
    in the ledger and the summary of the output folder. When this process is interrupted the worker is told
    to stop, and has cleaned up when this returns.
    """
    reading, writing = os.pipe()
    order = {"messages": writing, "memory": memory, "show": show, "request": _written(request)}
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module, by the interpreter that runs this
            COMMAND,
            env={**os.environ, "PYTHONPATH": _import_path()},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(writing,),
        )
    finally:
        os.close(writing)
    with process, open(reading, "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
        try:
            return _Worker(process, pipe.fileno(), progress).supervise(order)
        except _Died as death:
            failure = death.failure
        finally:
            process.kill()
    _record_death(request, failure)
    raise failure


class _Died(Exception):
    """The worker ended without a word of its own."""

    def __init__(self, failure: PrescreenError) -> None:
        super().__init__()
        self.failure = failure


def _record_death(request: RunRequest, failure: PrescreenError) -> None:
    from flows.night import record_crash

    record_crash(request.out, failure)


def _import_path() -> str:
    """Where the worker finds this very code: isolated from the working directory, it would not look there."""
    return os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


@dataclass
class _Worker:
    """The worker as its parent sees it."""

    process: "subprocess.Popen[bytes]"
    pipe: int
    progress: Callable[[str], None]
    pending: bytes = b""
    told: dict[str, Any] = field(default_factory=dict)

    def supervise(self, order: dict[str, Any]) -> Done:
        """Hand over the order and listen until the worker's end; raises what it said or how it died."""
        stopped = False
        try:
            self._order(order)
            self._listen()
        except KeyboardInterrupt:
            stopped = True
            self.process.terminate()
            self._listen()
        code = self.process.wait(_GRACE_SECONDS)
        if code == 0 and "run_id" in self.told:
            return Done(self.told["run_id"], self.told["repeated"])
        if "failure" in self.told and not stopped:
            raise WorkFailed(self.told["failure"], self.told["exit_code"], may_pass=self.told["may_pass"])
        if stopped:
            raise Interrupted("run", "stopped before its end; nothing was published.", "Run again.")
        raise _Died(_death(code))

    def _order(self, order: dict[str, Any]) -> None:
        if self.process.stdin is None:
            raise RuntimeError("the worker has no standard input")
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return  # the worker is dead; how, its exit code will say

    def _listen(self) -> None:
        """Messages until the pipe's end, which comes with the worker's; one cut short is no message."""
        while block := os.read(self.pipe, 1 << 16):
            *lines, self.pending = (self.pending + block).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))

    def _hear(self, message: dict[str, Any]) -> None:
        if "progress" in message:
            self.progress(message["progress"])
        else:
            self.told = message


def _death(code: int) -> PrescreenError:
    """What the exit code says of a worker that said nothing itself."""
    if code >= 0:
        return Bug("", f"a bug in prescreen (exit code {code} without a word); nothing was published", "")
    # Native libraries that run out of memory or disk end by signals of many kinds, segfaults among them.
    return StorageFailed(
        "run",
        f"its process was ended by {signal.Signals(-code).name}, perhaps for lack of memory.",
        "Free memory or disk, or set a larger --memory-limit, then run again.",
    )


def _written(request: RunRequest) -> dict[str, Any]:
    told = {one.name: _plain(getattr(request, one.name)) for one in fields(request)}
    if request.night:
        night = {one.name: _plain(getattr(request.night, one.name)) for one in fields(request.night)}
        told["night"] = {**night, "limits": request.night.limits.model_dump()}
    return told


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, (Path, date)) else value


def _read(told: dict[str, Any]) -> RunRequest:
    """The request as it was before it became JSON."""
    days = ("as_of", "enrollment", "first_dose", "index_date")
    return RunRequest(
        **{
            **told,
            **{name: Path(told[name]) for name in ("extract", "out")},
            **{name: tuple(told[name]) for name in ("trials", "readings")},
            **{name: date.fromisoformat(told[name]) for name in days if told[name]},
            "night": _read_night(told["night"]),
        }
    )


def _read_night(told: dict[str, Any] | None) -> Night | None:
    from flows.limits import Limits

    if told is None:
        return None
    day = date.fromisoformat(told["today"])
    return Night(**{**told, "today": day, "limits": Limits.model_validate(told["limits"])})


# Below: the worker's own side.


def main() -> None:
    """Do the run that standard input asks for; say through the pipe what happens; end with its exit code."""
    signal.signal(signal.SIGTERM, _end_once)
    signal.signal(signal.SIGINT, _end_once)
    os.umask(0o077)
    order = json.loads(_line_of_input())
    tell = _teller(order["messages"])
    try:
        limit_resources(order["memory"])
        threading.Thread(target=_end_with_parent, daemon=True).start()
        _work(_read(order["request"]), tell, show=order["show"])
    except BrokenPipeError:
        # Whoever read the summary has seen enough; what Python would still write goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except BaseException as error:  # a native library's panic is no Exception
        failure = explained(error)
        tell({"failure": str(failure), "exit_code": failure.exit_code, "may_pass": failure.may_pass})
        sys.exit(failure.exit_code)


def _work(request: RunRequest, tell: Callable[[dict[str, Any]], None], *, show: bool) -> None:
    # What is imported stays: looking through it for garbage again and again takes a tenth of the start.
    gc.disable()
    from flows.steps import run_screening
    from flows.summary import print_summary, standard_output

    gc.freeze()
    gc.enable()
    result = run_screening(request, lambda text: tell({"progress": text}))
    tell({"run_id": result.run_id, "repeated": result.repeated})
    if show:
        print_summary(standard_output(), result.folder, result.trials)
        sys.stdout.flush()


def limit_resources(memory: int) -> None:
    """No core dump, a bounded number of open files, and so much memory of its own for this process.

    The limit is on data (what is written to), not on addresses: the libraries reserve many of those unused.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_DATA, memory)


def _limit(kind: int, value: int) -> None:
    """Lower a limit; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (lowered, lowered))


def _line_of_input() -> bytes:
    """The order, read without a buffer: afterwards only the thread below waits at the input."""
    line = b""
    while not line.endswith(b"\n"):
        block = os.read(0, 1 << 16)
        if not block:
            sys.exit(1)
        line += block
    return line


def _end_with_parent() -> None:
    """End at once when the parent is gone: its end of the input closes. The next run sweeps what is left."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def _teller(descriptor: int) -> Callable[[dict[str, Any]], None]:
    def tell(message: dict[str, Any]) -> None:
        os.write(descriptor, json.dumps(message).encode() + b"\n")

    return tell


def _end_once(*_: Any) -> None:
    """End like an interrupted run, which cleans up; a second signal does not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
