"""Chunks of text as typed rows, and what is wrong with which row.

Whatever breaks a rule stays in its row as "no information" and the row is marked; no row is dropped.
"""

from dataclasses import dataclass

import pandera.errors
import polars as pl

from data.extract.grammar import parse, unreadable
from data.extract.patients import NOBODY, PatientNumbers
from data.extract.read import Chunk, TextColumn
from schemas.extract import RULES, Column, Table, typed_columns
from schemas.extract_models import NOT_NULLABLE, model_of, span_rule

FAILURES = pl.Schema({"row": pl.Int64, "column": pl.String, "rule": pl.String})


@dataclass(frozen=True)
class Converted:
    """Rows as ``raw_<table>`` holds them, and failures: source_row, column, rule, in that order."""

    rows: pl.DataFrame
    failures: pl.DataFrame


def _missing(length: int) -> TextColumn:
    return TextColumn(pl.Series([], dtype=pl.String), pl.repeat(None, length, dtype=pl.Int32, eager=True))


def _spread(parsed: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """What was parsed for the distinct texts, row by row."""
    if parsed.height == 0:
        return pl.DataFrame(
            {
                name: pl.repeat(None, len(codes), dtype=kind, eager=True)
                for name, kind in parsed.schema.items()
            }
        )
    return parsed.select(pl.all().gather(codes))


def _read_column(
    column: Column, text: TextColumn, patients: PatientNumbers
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The fields of one column and the failures of its grammar."""
    parsed = parse(column, text.distinct).cast(pl.Schema({**column.fields, "rule": pl.String}))
    if column.name == "patient_id":
        parsed = parsed.with_columns(patient=patients.of(parsed["patient_id"]))
    fields = _spread(parsed.drop("rule"), text.codes)
    broken = parsed.select("rule").with_row_index("code").drop_nulls("rule")
    if broken.is_empty():
        return fields, pl.DataFrame(schema=FAILURES)
    rows = text.codes.alias("code").to_frame().cast(pl.UInt32).with_row_index("row")
    failures = rows.join(broken, on="code").with_columns(column=pl.lit(column.name))
    return fields, failures.select("row", "column", "rule").cast(FAILURES)


def _columns_behind(table: Table) -> pl.DataFrame:
    """Which contract columns a failed check of a field is about: both ends of a span."""
    about = [
        (field, check, column.name)
        for column in table.columns
        for field in column.fields
        for check in (*RULES, NOT_NULLABLE)
    ]
    about += [
        (list(table.by_name[second].fields)[-1], span_rule(table, first, second), first)
        for first, second in table.spans
    ]
    return pl.DataFrame(about, schema=["field", "check", "column"], orient="row")


def _model_failures(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """What the model of the table finds wrong, by row."""
    try:
        model_of(table).validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.select(row="index", field="column", check="check")
    else:
        return pl.DataFrame(schema=FAILURES)
    behind = cases.join(_columns_behind(table), on=["field", "check"], how="left")
    if behind.select(pl.any_horizontal(pl.all().is_null().any())).item():
        # The frame itself is not what the model describes: our mistake, not the file's.
        raise RuntimeError(f"the converted table {table.name} does not have the columns of its model")
    rule = pl.col("check").replace({NOT_NULLABLE: "required_blank"})
    failures: pl.DataFrame = behind.select("row", "column", rule=rule).cast(FAILURES)
    return failures


def _all_failures(table: Table, rows: pl.DataFrame, grammar: pl.DataFrame) -> pl.DataFrame:
    """One failure per row and column: what the grammar could not read, the model only finds null."""
    model = _model_failures(table, rows).join(grammar, on=["row", "column"], how="anti")
    order = {column.name: place for place, column in enumerate(table.columns)}
    place = pl.col("column").replace_strict(order, return_dtype=pl.Int32)
    both = pl.concat([grammar, model]).with_columns(place=place)
    first = both.sort("row", "place", "rule").unique(["row", "column"], keep="first", maintain_order=True)
    return first.drop("place")


def _degraded(table: Table, rows: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The rows with what failed replaced by "no information"; the text of a result stays as evidence."""
    failed = {name[0]: part["row"] for name, part in failures.group_by("column")}
    blank = [
        pl.when(pl.int_range(pl.len()).is_in(failed[column.name].implode()))
        .then(unreadable(field, dtype))
        .otherwise(field)
        .cast(dtype)
        .alias(field)
        for column in table.columns
        if column.name in failed
        for field, dtype in column.fields.items()
        if field != "value"
    ]
    return rows.with_columns(blank)


def _marked(rows: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``quarantined`` and ``bad_columns``."""
    if failures.is_empty():
        empty = pl.lit([], dtype=pl.List(pl.String))
        return rows.with_columns(quarantined=pl.lit(False), bad_columns=empty)
    bad = failures.group_by("row", maintain_order=True).agg(bad_columns="column")
    numbered = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    joined = numbered.join(bad, on="row", how="left", maintain_order="left")
    quarantined = pl.col("bad_columns").is_not_null()
    return joined.with_columns(quarantined=quarantined, bad_columns=pl.col("bad_columns").fill_null([])).drop(
        "row"
    )


def convert(table: Table, chunk: Chunk, source_rows: pl.Series, patients: PatientNumbers) -> Converted:
    """A chunk whose rows are these rows of the table (Int32), typed, checked and marked, by patient."""
    length = len(source_rows)
    read = [
        _read_column(column, chunk.get(column.name, _missing(length)), patients) for column in table.columns
    ]
    fields = pl.concat(
        [source_rows.alias("source_row").to_frame(), *(part for part, _ in read)], how="horizontal"
    )
    checked = model_of(table)
    rows = fields.select(list(checked.columns))
    failures = _all_failures(table, rows, pl.concat([failures for _, failures in read]))
    marked = _marked(_degraded(table, rows, failures), failures)
    source_row = source_rows.gather(failures["row"]).alias("source_row")
    told = failures.select("column", "rule").insert_column(0, source_row)
    return Converted(_by_patient(table, marked, fields), told)


def _by_patient(table: Table, rows: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """The rows with the number of their patient and in the order of these, most often their own."""
    if "patient" in fields.columns:
        rows = rows.with_columns(fields["patient"].fill_null(NOBODY))
        if not rows["patient"].is_sorted():
            rows = rows.sort("patient", maintain_order=True)
    return rows.select(list(typed_columns(table)))
