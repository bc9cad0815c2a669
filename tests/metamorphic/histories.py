"""Registries that are delivered night after night: rows come, go and change, days go by, files are
rearranged."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from schemas.extract import TABLES
from tests.metamorphic.pipeline import AS_OF, Registry
from tests.metamorphic.registries import crowded, synthetic

# How far the days of one night are from those of the night before: the same registry may be delivered again.
_STEPS = (1, 1, 1, 1, 1, 1, 0, 2, 5)
_CHANGED_A_NIGHT = 0.05
_TABLES = tuple(name for name in TABLES if name not in ("patients", "coverage"))


@dataclass(frozen=True)
class Night:
    """What is delivered, the day through which it reaches, and the day on which patients are judged."""

    registry: Registry
    extracted_on: date
    as_of: date


def history(patients: int, seed: int, nights: int) -> Iterator[Night]:
    """Nights of a registry of crowded and synthetic patients, each with a random history of its own."""
    dice = random.Random(seed)  # noqa: S311
    crowd, made = crowded(patients // 3, seed), synthetic(patients - patients // 3, seed)
    tables = {name: pl.concat([frame, crowd.tables[name]]) for name, frame in made.tables.items()}
    spare = crowded(40, seed + 1).tables
    day, lag = AS_OF, dice.choice((0, 0, 3))
    for night in range(nights):
        if night:
            step = dice.choice(_STEPS)
            day += timedelta(days=step)
            if dice.random() < 0.05:
                lag = dice.choice((0, 1, 3))
            tables = _next(dice, tables, spare, step, night)
        extracted_on = day - timedelta(days=lag)
        toml = f"extracted_on = {extracted_on.isoformat()}\n"
        if night > 20:
            toml += '[default_units]\nalbumin = "g/dL"\n'
        yield Night(Registry(dict(tables), toml), extracted_on, day)


def _next(
    dice: random.Random,
    tables: Mapping[str, pl.DataFrame],
    spare: Mapping[str, pl.DataFrame],
    step: int,
    night: int,
) -> dict[str, pl.DataFrame]:
    """The tables of the next night."""
    found = {name: _changed(dice, name, frame, spare[name], night) for name, frame in tables.items()}
    if dice.random() < 0.3:
        newcomer = f"N{night:02d}"
        for name in TABLES:
            rows = spare[name].filter(pl.col("patient_id") == f"P{night:04d}")
            moved = rows.with_columns(patient_id=pl.lit(newcomer)).cast(found[name].schema)
            found[name] = pl.concat([moved, found[name]])
    if dice.random() < 0.1:
        gone = dice.choice(found["patients"]["patient_id"].drop_nulls().to_list())
        found = {name: frame.filter(pl.col("patient_id").ne_missing(gone)) for name, frame in found.items()}
    if dice.random() < 0.1:
        name = dice.choice(_TABLES)
        found[name] = found[name].sample(fraction=1, shuffle=True, seed=night)
    elif dice.random() < 0.5:
        # As most registries write their files.
        found = {name: frame.sort("patient_id", maintain_order=True) for name, frame in found.items()}
    found["coverage"] = _later(dice, found["coverage"], step)
    return found


def _changed(
    dice: random.Random, name: str, frame: pl.DataFrame, spare: pl.DataFrame, night: int
) -> pl.DataFrame:
    """One table with some rows changed, gone, come or said twice."""
    if name == "coverage" or frame.is_empty():
        return frame
    ids = frame["patient_id"].drop_nulls().unique(maintain_order=True).to_list()
    for patient in dice.sample(ids, min(len(ids), max(1, round(len(ids) * _CHANGED_A_NIGHT / 4)))):
        mine = frame.with_row_index("place").filter(pl.col("patient_id") == patient)["place"].to_list()
        place = dice.choice(mine)
        match dice.choice(("add", "add", "change", "remove", "repeat")):
            case "add" if spare.height:
                row = _recent(dice, spare.slice(dice.randrange(spare.height), 1), name, night)
                row = row.with_columns(patient_id=pl.lit(patient)).cast(frame.schema)
                frame = pl.concat([frame.head(place), row, frame.slice(place)])
            case "change":
                column = dice.choice([column for column in frame.columns if column != "patient_id"])
                cell = dice.choice(frame[column].to_list())
                here = pl.int_range(pl.len()) == place
                frame = frame.with_columns(pl.when(here).then(pl.lit(cell)).otherwise(column).alias(column))
            case "remove" if name != "patients":
                frame = pl.concat([frame.head(place), frame.slice(place + 1)])
            case "repeat":
                frame = pl.concat([frame.head(place + 1), frame.slice(place)])
    return frame


def _recent(dice: random.Random, row: pl.DataFrame, table: str, night: int) -> pl.DataFrame:
    """A row whose days lie as many days later."""
    if dice.random() < 0.3 or table == "patients":
        return row
    dates = [column.name for column in TABLES[table].columns if column.kind == "date"]
    return row.with_columns(
        pl.col(name).map_elements(lambda text: _shifted(text, night), return_dtype=pl.String)
        for name in dates
    )


def _shifted(text: str, days: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
    except ValueError:
        return text


def _later(dice: random.Random, coverage: pl.DataFrame, step: int) -> pl.DataFrame:
    """Coverage about no patient keeps up with the days, but for a site now and then."""
    shared = pl.col("patient_id").is_null()
    stays = pl.col("site") == "site-01" if dice.random() < 0.1 else pl.lit(value=False)
    moved = pl.col("complete_through").map_elements(lambda text: _shifted(text, step), return_dtype=pl.String)
    moves = shared & ~stays.fill_null(value=False)
    return coverage.with_columns(complete_through=pl.when(moves).then(moved).otherwise("complete_through"))
