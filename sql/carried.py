"""What was found about patients, kept for the next run; and put back for those who are not read again."""

from collections.abc import Mapping

import duckdb
import polars as pl

from schemas.extract import TABLES
from sql.models import CARRIED

Frames = dict[str, pl.DataFrame]


def found_by_patient(connection: duckdb.DuckDBPyConnection) -> Frames:
    """What the read rows of each patient turned out to be, a row a patient and finding.

    ``faults``: patient, table, source_row, column, rule, reason. ``duplicates``: patient, table, rows.
    ``names`` that no code list has: patient, table, name, rows. ``unsettled``: patient, read_on (see
    ``unsettled_patients.sql``).
    """
    rows = " union all ".join(
        f"select '{name}' as \"table\", source_row, patient from raw_{name}" for name in TABLES
    )
    asked = {
        "faults": f"""
            select rows.patient, faults."table", faults.source_row, faults."column", faults.rule,
            faults.reason from all_faults as faults join ({rows}) as rows on rows."table" = faults."table"
            and rows.source_row = faults.source_row where rows.patient >= 0
        """,
        "duplicates": 'select patient, "table", rows from duplicate_counts where patient >= 0',
        "names": """
            select patient, "table", name, count(*)::integer as rows from unmapped_names where patient >= 0
            group by patient, "table", name
        """,
        "unsettled": "select patient, read_on from unsettled_patients",
    }
    return {
        name: pl.DataFrame(
            pl.from_arrow(connection.sql(f"select * from ({sql}) order by all").to_arrow_table())
        )
        for name, sql in asked.items()
    }


def put_back(
    connection: duckdb.DuckDBPyConnection, delivered: Mapping[str, int], found: Mapping[str, pl.DataFrame]
) -> None:
    """Adds what is known of patients who were not read: ``found`` has ``faults``, ``duplicates`` and
    ``names`` as above and ``patients`` (patient, site); ``delivered``: the rows that each delivered table
    has in all."""
    read = {
        name: connection.execute(f"select count(*) from raw_{name}").fetchall()[0][0] for name in delivered
    }
    unread = pl.DataFrame(
        {"table": list(delivered), "rows": [delivered[name] - read[name] for name in delivered]},
        schema={"table": pl.String, "rows": pl.Int32},
    )
    duplicates = found["duplicates"].group_by("table").agg(duplicates=pl.col("rows").sum().cast(pl.Int32))
    frames = {
        "carried_faults": found["faults"].drop("patient"),
        "carried_counts": unread.join(duplicates, on="table", how="left"),
        "carried_names": found["names"].group_by("table", "name").agg(pl.col("rows").sum().cast(pl.Int32)),
        "carried_patients": found["patients"],
    }
    for name in CARRIED:
        connection.register("prescreen_carried", frames[name].to_arrow())
        try:
            connection.execute(f"insert into {name} by name select * from prescreen_carried")
        finally:
            connection.unregister("prescreen_carried")
