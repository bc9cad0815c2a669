"""Which number each patient goes by: from 0 in the order of the ids, -1 for a row about nobody who is known.

Rows are stored with the number of their patient, so that a part of the patients is found without reading the
rest, and so that nothing has to look for an id again.
"""

import duckdb
import polars as pl

NOBODY = -1


class PatientNumbers:
    """The numbers of the patients of one extract."""

    def __init__(self, ids: pl.Series) -> None:
        """``ids``: every id once, in order."""
        self.ids = ids

    def of(self, ids: pl.Series) -> pl.Series:
        """The number of each id (Int32); ``NOBODY`` for an id that no patient has, and for none."""
        if self.ids.is_empty():
            return pl.repeat(NOBODY, len(ids), dtype=pl.Int32, eager=True)
        places = self.ids.search_sorted(ids.fill_null("")).clip(upper_bound=len(self.ids) - 1)
        known = (self.ids.gather(places) == ids).fill_null(value=False)
        nobody = pl.repeat(NOBODY, len(ids), dtype=pl.Int32, eager=True)
        return places.cast(pl.Int32).zip_with(known, nobody)


def known_patients(connection: duckdb.DuckDBPyConnection, ids: pl.Series) -> PatientNumbers:
    """Numbers patients whose ids are known (every id once, in order) in ``patient_index``."""
    numbers = pl.int_range(len(ids), dtype=pl.Int32, eager=True)
    frame = pl.DataFrame({"patient": numbers, "patient_id": ids})
    connection.register("prescreen_patients", frame.to_arrow())
    try:
        connection.execute("create or replace table patient_index as select * from prescreen_patients")
    finally:
        connection.unregister("prescreen_patients")
    return PatientNumbers(ids)


def number_patients(connection: duckdb.DuckDBPyConnection) -> PatientNumbers:
    """Numbers the patients that ``raw_patients`` has, in ``patient_index`` (patient, patient_id)."""
    connection.execute(
        """
        create or replace table patient_index as
        select (row_number() over (order by patient_id) - 1)::integer as patient, patient_id
        from (select distinct patient_id from raw_patients where patient_id is not null)
        order by patient
        """
    )
    number_rows(connection, "patients")
    table = connection.sql("select patient_id from patient_index order by patient").to_arrow_table()
    return PatientNumbers(pl.DataFrame(pl.from_arrow(table))["patient_id"])


def number_rows(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Gives the rows of a table of the contract that were stored without it the number of their patient."""
    connection.execute(
        f"""
        update raw_{table} set patient = patient_index.patient
        from patient_index where patient_index.patient_id = raw_{table}.patient_id
        """
    )
