"""Values are converted exactly, and rounded once."""

import random
from decimal import Decimal
from fractions import Fraction

import duckdb
import polars as pl
import pytest

from data.catalogue import load_catalogue
from data.code_lists import load_code_lists
from schemas.words import UNBOUNDED
from sql.code_tables import store_frame, unit_factors
from sql.models import model_text
from tests.sql.small import build, reasons

NUMBER = pl.Decimal(38, 9)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    opened.execute("set variable reasons = ['stale']")
    opened.execute(model_text("staging", "macros"))
    return opened


def _random_cases() -> list[tuple[Decimal, int, int]]:
    chance = random.Random(20240501)  # noqa: S311 - test data, not a secret
    factors = [(row[2], row[3]) for row in unit_factors(load_code_lists()).iter_rows()]
    factors += [(1, 2), (1, 3), (5, 10**15 - 1), (10**15, 7), (999_999_937, 998_244_353)]
    cases = []
    for _ in range(10_000):
        digits = chance.randint(1, 20)
        value = Decimal(chance.randint(-(10**digits), 10**digits)).scaleb(-9)
        cases.append((value, *chance.choice(factors)))
    return cases


def _expected(value: Decimal, numerator: int, denominator: int) -> Decimal:
    billionths = round(Fraction(value) * numerator / denominator * 10**9)
    return max(-UNBOUNDED, min(UNBOUNDED, Decimal(billionths).scaleb(-9)))


def test_ten_thousand_conversions_equal_exact_fractions_rounded_once(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    cases = _random_cases()
    schema = {"value": NUMBER, "numerator": pl.Int64, "denominator": pl.Int64}
    store_frame(connection, "cases", pl.DataFrame(cases, schema=schema, orient="row"))
    found = connection.execute("select converted(value, numerator, denominator) from cases").fetchall()
    assert [row[0] for row in found] == [_expected(*case) for case in cases]


@pytest.mark.parametrize(
    ("billionths", "rounded"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2), (2, 1)]
)
def test_a_half_goes_to_the_even_neighbour(
    connection: duckdb.DuckDBPyConnection, billionths: int, rounded: int
) -> None:
    value = Decimal(billionths).scaleb(-9)
    found = connection.execute("select converted(?::decimal(38, 9), 1, 2)", [value]).fetchall()
    assert found == [(Decimal(rounded).scaleb(-9),)]


def test_an_unbounded_end_stays_unbounded_in_every_unit(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "select converted(unbounded(), 1, 10), converted(-unbounded(), 1, 10)"
    ).fetchall()
    assert found == [(UNBOUNDED, -UNBOUNDED)]


def test_the_factors_give_what_the_unit_table_of_the_catalogue_gives() -> None:
    units = load_catalogue().units
    for concept, key, numerator, denominator, _, _ in unit_factors(load_code_lists()).iter_rows():
        value = Decimal("123.456789")
        assert _expected(value, numerator, denominator) == units.convert(concept, value, key)


def test_the_range_in_the_rows_unit_is_the_plausible_range() -> None:
    lists = load_code_lists()
    ranges = {row["concept"]: row for row in lists.concepts.iter_rows(named=True)}
    step = Decimal(1).scaleb(-9)
    for concept, _, numerator, denominator, lowest, highest in unit_factors(lists).iter_rows():
        factor = Fraction(numerator, denominator)
        low, high = ranges[concept]["plausible_low"], ranges[concept]["plausible_high"]
        assert Fraction(lowest) * factor >= low > Fraction(lowest - step) * factor
        assert Fraction(highest) * factor <= high < Fraction(highest + step) * factor


@pytest.mark.parametrize(
    ("observation", "value", "unit", "canonical"),
    [
        ("serum_m_protein", "5", "g/L", "0.5"),
        ("kappa_flc", "10", "mg/dL", "100"),
        ("hemoglobin", "5.0", "mmol/L", "8.055"),
        ("neutrophil_count", "1.001", "10^9/L", "1001"),
        ("urine_m_protein", "0.2", "g/24h", "200"),
        ("creatinine", "88.4", "umol/L", "1"),
        ("creatinine", "88.4", "µmol/L", "1"),
        ("weight", "154.322", "lb", "70"),
        ("calcium", "2.5", "mmol/L", "10.02"),
    ],
)
def test_known_values_in_other_units(observation: str, value: str, unit: str, canonical: str) -> None:
    row = {"observation": observation, "date": "2025-05-01", "value": value, "unit": unit}
    latest = build({"observations": [row]}).one("latest", concept=observation)
    assert (latest["value_low"], latest["value_high"]) == (Decimal(canonical), Decimal(canonical))
    assert (latest["value_reasons"], latest["recorded_value"], latest["recorded_unit"]) == (0, value, unit)


def test_a_limit_below_and_above_is_one_billionth_inside_in_the_canonical_unit() -> None:
    below = {"observation": "hemoglobin", "date": "2025-05-01", "value": "<81", "unit": "g/L"}
    above = {"observation": "kappa_flc", "date": "2025-05-01", "value": ">100", "unit": "mg/dL"}
    built = build({"observations": [below, above]})
    hemoglobin, kappa = built.one("latest", concept="hemoglobin"), built.one("latest", concept="kappa_flc")
    assert (hemoglobin["value_low"], hemoglobin["value_high"]) == (0, Decimal("8.099999999"))
    assert (kappa["value_low"], kappa["value_high"]) == (Decimal("1000.000000001"), UNBOUNDED)
    assert reasons(hemoglobin["value_reasons"]) == reasons(kappa["value_reasons"]) == {"censored_value"}
