"""The layers: each folder imports only itself and those before it, and only ``flows`` knows Prefect."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("schemas", "data", "sql", "criteria", "flows")
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_its_own_layer_and_those_before_it(path: Path) -> None:
    """The data flows one way."""
    layer = path.relative_to(ROOT).parts[0]
    later = set(LAYERS[LAYERS.index(layer) + 1 :])
    assert not imported(path) & later
    if layer != "flows":
        assert "prefect" not in imported(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "criteria" / "reference").glob("*.py")), ids=lambda path: path.name
)
def test_the_reference_engine_shares_the_typed_tree_and_nothing_else(path: Path) -> None:
    """No module of the other engine, and no vectorised library beyond reading the facts."""
    text = path.read_text("utf-8")
    assert "criteria.engine" not in text
    assert path.name == "record.py" or "polars" not in imported(path)
