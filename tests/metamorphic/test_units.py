"""A result says the same in any unit: values and limits, re-expressed exactly, change nothing."""

import random
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from data.catalogue import load_catalogue
from tests.metamorphic.pipeline import Registry, same, screened
from tests.metamorphic.registries import found_in_mixed, mixed

NUMBERS = ("value", "upper_limit", "lower_limit")
MOST_PLACES = 9
LARGEST = 10**9


def _spellings() -> dict[str, dict[str, Fraction]]:
    """Per concept the spellings of its units with their factor to the concept's own."""
    rules = load_catalogue().units.rules
    return {
        concept: {key: Fraction(multiply) / Fraction(divide) for key, (multiply, divide) in units.items()}
        for concept, units in rules.items()
    }


def _times(text: str | None, factor: Fraction) -> str | None:
    """A cell times a factor; an ArithmeticError where it is no number or the product cannot be delivered."""
    if text is None:
        return None
    sign = text[:1] if text[:1] in "<>" else ""
    product = Fraction(Decimal(text.removeprefix(sign))) * factor
    digits = product * 10**MOST_PLACES
    if digits.denominator != 1 or abs(product) >= LARGEST:
        raise ArithmeticError("too many digits")
    return f"{sign}{Decimal(digits.numerator).scaleb(-MOST_PLACES):f}"


def _other_unit(row: dict[str, str | None], rng: random.Random) -> dict[str, str | None]:
    """The row in another unit, the same row where there is none that is exact."""
    units = _SPELLINGS.get(row["observation"] or "", {})
    own = units.get((row["unit"] or "").casefold())
    if own is None or row["value"] is None:
        return row
    for unit in rng.sample(sorted(units), len(units)):
        if unit and units[unit] != own:
            try:
                return row | {"unit": unit} | {name: _times(row[name], own / units[unit]) for name in NUMBERS}
            except ArithmeticError:
                continue
    return row


_SPELLINGS = _spellings()


def _in_other_units(registry: Registry, seed: int) -> tuple[Registry, int]:
    rng = random.Random(seed)  # noqa: S311
    given = registry.tables["observations"]
    rows = [_other_unit(row, rng) for row in given.iter_rows(named=True)]
    changed = pl.DataFrame(rows, given.schema)
    return registry.with_table("observations", changed), int((changed["unit"] != given["unit"]).sum())


@pytest.mark.parametrize("seed", [11, *(pytest.param(seed, marks=pytest.mark.long) for seed in (32, 33, 34))])
def test_results_in_other_units_give_the_same_verdicts(seed: int) -> None:
    """Every result whose value and limits end after at most nine places in the other unit is re-expressed."""
    changed, count = _in_other_units(mixed(seed), seed)
    assert count > 1000
    same(found_in_mixed(seed), screened(changed))
