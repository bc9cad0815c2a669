# ruff: noqa: E501 - the lines of the page are as long as they are
"""The data dictionary, made from the schemas: ``python -m schemas.dictionary`` prints ``docs/extract.md``."""

from schemas.extract import RULES, TABLES, Column, Table
from schemas.outputs import OUTPUTS, OutputColumn

_OPENING = """# What goes in, what comes out

This page is made from the schemas (`python -m schemas.dictionary > docs/extract.md`).

## The extract

A folder, one file a table: `<table>.parquet`, `<table>.csv` or `<table>.csv.gz`; a large table may be delivered in
parts with the same columns, `<table>.0001.parquet` and so on, which are read in the order of their numbers. CSV is
UTF-8 with a header row and a final newline, quoted as RFC 4180 says; the columns may stand in any order. Only `patients` is required. **A table
that is not delivered was not captured: it never means that nothing happened.**

Dates are `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; a partial date is the whole month or year that it names. A blank is a
missing value. Yes/no columns hold `yes`, `no` or nothing. Required columns are in bold.

`extract.toml` beside the tables is optional: `source`, `extracted_on` (a date) and `[default_units]` (observation =
"unit", for rows without a unit of their own).

No row about something proves that it did not happen only where the table is declared complete over the time asked
about. `coverage` declares it, for everybody, a site or a patient; a delivered table without such a row counts as
complete through `extracted_on`, or without that through the latest date in the extract.
"""
_RULES = """
## Rows that cannot be used

A row that breaks a rule is set aside in `quarantine.parquet` with its table, row, column and rule, and counted; the
patient stays, and what the row would have decided is unknown. The rules of reading:
"""


def _yes(flag: bool, name: str) -> str:
    return f"**{name}**" if flag else name


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _allowed(column: Column) -> str:
    kinds = {
        "patient_id": "text",
        "text": "text",
        "note": "text, never published",
        "date": "date",
        "limit": "number, in the row's unit",
        "value": "number, `<0.5`, `>1000`, `positive` or `negative`",
        "integer": f"whole number, {column.low} to {column.high}",
    }
    return _words(column.words) if column.words else kinds[column.kind]


def _table(table: Table) -> list[str]:
    lines = [f"\n### {table.name}\n", f"{table.meaning[0].upper()}{table.meaning[1:]}.\n"]
    lines += ["| column | holds | meaning |", "|---|---|---|"]
    lines += [
        f"| {_yes(one.required, one.name)} | {_allowed(one)} | {one.meaning} |" for one in table.columns
    ]
    return lines


def _output(name: str, columns: tuple[OutputColumn, ...]) -> list[str]:
    lines = [f"\n### {name}\n", "| column | holds | meaning |", "|---|---|---|"]
    for column in columns:
        holds = _words(column.words) or str(column.dtype).replace("(", " of ").replace(")", "").lower()
        lines.append(f"| {column.name} | {holds} | {column.meaning} |")
    return lines


def dictionary() -> str:
    """The whole page as Markdown."""
    lines = [_OPENING]
    for table in TABLES.values():
        lines += _table(table)
    lines += [_RULES, "| rule | meaning |", "|---|---|"]
    lines += [f"| {rule} | {meaning} |" for rule, meaning in RULES.items()]
    lines.append("\n## What a run publishes")
    for name, columns in OUTPUTS.items():
        lines += _output(name, columns)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(dictionary(), end="")  # noqa: T201 - the page itself
