"""The publish gate: what an extract may look like beside the last one, if its list is to replace the last
list.

A broken delivery rarely fails to load; it is old, or half as long, or has lost a column, and then it makes a
list that looks fine and is wrong. Each limit that is passed is named; nothing is published then.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import ExtractRefused

Percent = Annotated[float, Field(ge=0, le=100, strict=False)]
Rows = Mapping[str, Mapping[str, int]]


class Limits(BaseModel):
    """The limits, from the configuration's table ``limits``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    # Days from the extract's own day to tonight.
    max_age_days: Annotated[int, Field(ge=0)] = 3
    lost_patients_percent: Percent = 5.0
    lost_rows_percent: Percent = 20.0
    quarantined_percent: Percent = 1.0
    # Rows without a usable patient id belong to somebody unknown: none is too many unless told otherwise.
    broken_ids: Annotated[int, Field(ge=0)] = 0
    columns: Literal["same", "any"] = "same"
    # Fewer rows than this are no share of anything: a table of ten rows that loses one is not broken.
    least_rows: Annotated[int, Field(ge=1)] = 20


def check_age(limits: Limits, extracted_on: date | None, today: date) -> None:
    """Raises ``ExtractRefused`` if the extract is older than the limit; it may still come, so it may pass."""
    if extracted_on is None:
        return
    age = (today - extracted_on).days
    if age > limits.max_age_days:
        raise ExtractRefused(
            "the extract",
            f"it is of {extracted_on}, {age} days before {today}; the limit is {limits.max_age_days} "
            "(max_age_days).",
            "Deliver a newer extract; the last list stays.",
            may_pass=True,
        )


def check_against_last(
    limits: Limits,
    rows: Rows,
    broken_ids: Mapping[str, int],
    columns: Mapping[str, list[str]],
    last: Mapping[str, Any] | None,
) -> None:
    """Raises ``ExtractRefused`` that names every limit which the loaded extract passes.

    ``rows`` counts each delivered table (read, accepted, quarantined), ``broken_ids`` those of its rows
    without a usable patient id, ``columns`` are those of its file; ``last`` is the manifest of the run that
    is published now, None before the first.
    """
    wrong = [*_quarantined(limits, rows)]
    wrong += [
        f"{count} rows of {table} have no usable patient id (broken_ids)"
        for table, count in broken_ids.items()
        if count > limits.broken_ids
    ]
    if last is not None:
        wrong += [*_lost(limits, rows, last["rows"]["load"]), *_columns(limits, columns, last["columns"])]
    if wrong:
        raise ExtractRefused(
            "the extract",
            f"{'; '.join(wrong)}.",
            "Look with 'prescreen check'; if it is as it should be, raise the limit for one night.",
        )


def _quarantined(limits: Limits, rows: Rows) -> Iterator[str]:
    for table, count in rows.items():
        bad, read = count["quarantined"], count["read"]
        if bad >= limits.least_rows and 100 * bad > limits.quarantined_percent * read:
            yield (
                f"{bad} of {read} rows of {table} cannot be used, "
                f"more than {limits.quarantined_percent:g} % (quarantined_percent)"
            )


def _lost(limits: Limits, rows: Rows, before: Rows) -> Iterator[str]:
    for table, count in before.items():
        was, now = count["read"], rows.get(table, {"read": 0})["read"]
        of_patients = table == "patients"
        allowed = limits.lost_patients_percent if of_patients else limits.lost_rows_percent
        name = "lost_patients_percent" if of_patients else "lost_rows_percent"
        if was - now >= limits.least_rows and 100 * (was - now) > allowed * was:
            yield f"{table} has {now} rows, {was} in the last run, a loss of more than {allowed:g} % ({name})"


def _columns(
    limits: Limits, columns: Mapping[str, list[str]], before: Mapping[str, list[str]]
) -> Iterator[str]:
    if limits.columns == "any":
        return
    for table in sorted({*before, *columns}):
        if table not in columns:
            yield f"table {table} is not there any more (columns)"
        elif table not in before:
            yield f"table {table} is new (columns)"
        elif missing := sorted(set(before[table]) - set(columns[table])):
            yield f"{table} has lost the column {', '.join(missing)} (columns)"
        elif added := sorted(set(columns[table]) - set(before[table])):
            yield f"{table} has the new column {', '.join(added)} (columns)"
