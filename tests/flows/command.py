"""The command as a test calls it: in this process, with what it says."""

from collections.abc import Callable

import pytest

from flows.cli import main

Command = Callable[..., tuple[int, str, str]]


def command_of(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command: exit code, what it says, what it complains of."""

    def command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return command
