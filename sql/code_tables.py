"""The code lists as DuckDB tables, and the exact factors by which units are converted.

``unit_factors``, one row per concept and unit key: canonical = value * numerator / denominator, both whole
numbers; ``lowest`` and ``highest``: the concept's plausible range in that unit, so that a result can be
checked without converting it (unbounded where the code list has none).
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import duckdb
import polars as pl

from data.code_lists import CodeLists
from schemas.facts import NUMBER
from schemas.words import DECIMAL_PLACES, UNBOUNDED

# Value times factor has to stay below 2^127: billionths of 10^12 times this.
_LARGEST_FACTOR = 10**15


def register_code_tables(connection: duckdb.DuckDBPyConnection, lists: CodeLists) -> None:
    """Creates or replaces a ``code_<list>`` table for each list, concepts with numbers, ``unit_factors``."""
    frames = {
        "code_concepts": lists.concepts.with_row_index("number"),
        "code_codes": lists.codes,
        "code_names": lists.names,
        "code_regimens": lists.regimens,
        "code_classes": lists.classes,
        "unit_factors": unit_factors(lists),
    }
    for name, frame in frames.items():
        store_frame(connection, name, frame)


def store_frame(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Creates or replaces a table with the rows of a frame."""
    connection.register("prescreen_frame", frame.to_arrow())
    try:
        connection.execute(f"create or replace table {table} as select * from prescreen_frame")
    finally:
        connection.unregister("prescreen_frame")


def unit_factors(lists: CodeLists) -> pl.DataFrame:
    """One row per concept and unit key, as above. Raises ValueError where a factor has too many digits."""
    bounds = {
        row["concept"]: (row["plausible_low"], row["plausible_high"])
        for row in lists.concepts.iter_rows(named=True)
    }
    rows = [
        (concept, key, *_factor(multiply, divide, *bounds[concept]))
        for concept, key, multiply, divide in lists.unit_rules.iter_rows()
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "concept": pl.String,
        "unit_key": pl.String,
        "numerator": pl.Int64,
        "denominator": pl.Int64,
        "lowest": NUMBER,
        "highest": NUMBER,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _factor(
    multiply: Decimal, divide: Decimal, low: Decimal | None, high: Decimal | None
) -> tuple[int, int, Decimal, Decimal]:
    factor = Fraction(multiply) / Fraction(divide)
    if factor.numerator > _LARGEST_FACTOR or factor.denominator > _LARGEST_FACTOR:
        raise ValueError("A unit's factor has too many digits to be applied exactly.")
    # A value on the grid of billionths is in range exactly if it is between these, rounded inwards.
    lowest = -UNBOUNDED if low is None else _on_grid(ceil(Fraction(low) / factor * 10**DECIMAL_PLACES))
    highest = UNBOUNDED if high is None else _on_grid(floor(Fraction(high) / factor * 10**DECIMAL_PLACES))
    return factor.numerator, factor.denominator, lowest, highest


def _on_grid(billionths: int) -> Decimal:
    return Decimal(billionths).scaleb(-DECIMAL_PLACES)
