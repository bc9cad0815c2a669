"""Shared by all tests: the project's root is on the path, as it is for the command."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

# What these go through in criteria/, the tests of criteria/ themselves go through too: every branch of it.
# Watching each line would only slow them down, the comparison of both engines to half its speed.
_HERE = Path(__file__).parent
_UNWATCHED = [_HERE / name for name in ("browser", "faults", "flows", "metamorphic")]
_UNWATCHED.append(_HERE / "differential" / "test_engines_agree.py")

# Tests start the program many times. Where Python may not keep what it compiled, or has not yet, each start
# would compile everything it imports, which takes longer than most runs here. Kept beside pytest's own cache,
# so that nothing comes between the sources. Set before the processes of the tests begin.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(_HERE.parent / ".pytest_cache" / "compiled"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Coverage is measured, if at all, where it tells something."""
    watching = Coverage.current()
    if watching is None or not any(item.path.is_relative_to(place) for place in _UNWATCHED):
        return (yield)
    watching.stop()
    try:
        return (yield)
    finally:
        _forget_what_was_computed()
        watching.start()


def _forget_what_was_computed() -> None:
    """What a test that is not watched left in a cache would not be computed where somebody watches."""
    for name in [name for name in sys.modules if name.startswith("criteria.")]:
        for one in list(vars(sys.modules[name]).values()):
            if hasattr(one, "cache_clear"):
                one.cache_clear()
