"""The pins that ``uv run`` obeys and the hashed ones for strict sites are the same versions."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\s\\]+(?: ; [^\\]+?)?)\s*\\?$", re.MULTILINE)


def test_pyproject_pins_what_the_hashed_constraints_pin() -> None:
    """Package for package, version for version, marker for marker."""
    hashed = {pin.strip() for pin in PIN.findall((ROOT / "constraints.txt").read_text())}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert len(hashed) > 50
    assert hashed == set(project["tool"]["uv"]["constraint-dependencies"])


def test_every_pin_has_a_hash() -> None:
    """A strict site can refuse anything that was not seen here."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text().strip())
    assert all("--hash=sha256:" in block for block in blocks)
