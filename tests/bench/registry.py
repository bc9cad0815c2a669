"""The data of the benchmark, made once and kept: one registry and its other forms.

* ``generated``: the synthetic registry with all its faults, by the seeded generator; above 100,000 patients,
  copies of the one of 100,000 under other ids.
* ``clean``: the living patients and those rows of it that need no judgement (listed names, exact days, plain
  values in the concept's own unit, one a day), so that a hand-written screen can be right.
* ``shuffled``: the same rows in any order. ``as_csv``: the same rows as CSV files.
* ``next_night``: the registry as it is delivered a day later, with a thousandth of new observations.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb

from data.code_lists import load_code_lists
from data.synth.generate import generate
from schemas.words import KEEPS_UP_DAYS
from tests.bench.measure import AS_OF

SEED = 1
_LARGEST_GENERATED = 100_000
_SIMPLE_DAY = "regexp_full_match({0}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') and try_cast({0} as date) <= $as_of"
_CLEAN = {
    "patients": f"""
        select patient_id, birth_date, sex, 'alive' as vital_status
        from read_parquet($file)
        where regexp_full_match(patient_id, '[0-9]+') and vital_status = 'alive' and death_date is null
            and sex in ('female', 'male') and {_SIMPLE_DAY.format("birth_date")}
        qualify row_number() over (partition by patient_id order by birth_date, sex) = 1
        order by patient_id""",
    "observations": f"""
        select
            rows.patient_id, rows.observation, rows.date, min(rows.value) as value,
            any_value(rows.unit) as unit
        from read_parquet($file) as rows
        join concepts on concepts.kind = 'observation' and concepts.concept = rows.observation
        semi join clean_patients on clean_patients.patient_id = rows.patient_id
        where coalesce(rows.status, 'final') = 'final' and {_SIMPLE_DAY.format("rows.date")}
            and coalesce(rows.unit, '1') = coalesce(concepts.unit, '1')
            and case
                when concepts.value_type = 'number'
                    then regexp_full_match(rows.value, '[0-9]{{1,9}}([.][0-9]{{1,6}})?')
                    and try_cast(rows.value as double)
                        between coalesce(concepts.plausible_low, 0) and coalesce(concepts.plausible_high, 1e9)
                else rows.value in ('positive', 'negative')
            end
        group by rows.patient_id, rows.observation, rows.date
        order by rows.patient_id, rows.date, rows.observation""",
    "treatments": f"""
        select distinct rows.patient_id, rows.drug, rows.start_date
        from read_parquet($file) as rows
        join concepts on concepts.kind = 'drug' and concepts.concept = rows.drug
        semi join clean_patients on clean_patients.patient_id = rows.patient_id
        where coalesce(rows.status, 'administered') = 'administered' and rows.stop_date >= rows.start_date
            and {_SIMPLE_DAY.format("rows.start_date")}
        order by all""",
    "procedures": f"""
        select distinct rows.patient_id, rows.procedure, rows.start_date
        from read_parquet($file) as rows
        join concepts on concepts.kind = 'procedure' and concepts.concept = rows.procedure
        semi join clean_patients on clean_patients.patient_id = rows.patient_id
        where coalesce(rows.status, 'performed') = 'performed' and {_SIMPLE_DAY.format("rows.start_date")}
        order by all""",
}


def generated(data: Path, patients: int) -> Path:
    """The registry of so many patients."""
    return _once(data / f"registry-{patients}-{SEED}", lambda folder: _generate(data, patients, folder))


def _generate(data: Path, patients: int, folder: Path) -> None:
    if patients <= _LARGEST_GENERATED:
        folder.rmdir()
        generate(patients, SEED, folder, AS_OF, "parquet")
        return
    copies, rest = divmod(patients, _LARGEST_GENERATED)
    if rest:
        raise ValueError(f"Above {_LARGEST_GENERATED} patients only multiples of it can be made.")
    source = generated(data, _LARGEST_GENERATED)

    def repeated(path: Path) -> str:
        parts = (
            f"select * replace ('{copy:03d}' || patient_id as patient_id) from read_parquet('{path}')"
            for copy in range(copies)
        )
        return " union all ".join(parts)

    _each_file(source, folder, repeated)


def shuffled(source: Path) -> Path:
    """The same rows in another order, the same each time."""
    return _once(
        source.with_name(f"{source.name}-shuffled"),
        lambda folder: _each_file(
            source,
            folder,
            lambda path: (
                f"""select * exclude (file_row_number) from read_parquet('{path}', file_row_number = true)
                order by hash(file_row_number)"""
            ),
        ),
    )


def as_csv(source: Path) -> Path:
    """The same rows as CSV files."""
    return _once(
        source.with_name(f"{source.name}-csv"),
        lambda folder: _each_file(
            source, folder, lambda path: f"select * from read_parquet('{path}')", "csv"
        ),
    )


def next_night(source: Path) -> Path:
    """The same registry a day later: one new result for each thousand, coverage that kept up still does."""
    return _once(source.with_name(f"{source.name}-next"), lambda folder: _next_night(source, folder))


def _next_night(source: Path, folder: Path) -> None:
    day = (AS_OF + timedelta(days=1)).isoformat()
    new = {
        "observations": f"""
            select * exclude (file_row_number) from (
                select * from read_parquet('{{0}}', file_row_number = true)
                union all by name
                select * replace ('{day}' as date, file_row_number + 0.5 as file_row_number)
                from read_parquet('{{0}}', file_row_number = true)
                where hash(file_row_number) % 1000 = 0
            ) order by file_row_number""",
        "coverage": f"""
            select * replace (
                case
                    when abs(try_cast(complete_through as date) - date '{AS_OF}') <= {KEEPS_UP_DAYS}
                        then (try_cast(complete_through as date) + 1)::varchar
                    else complete_through
                end as complete_through
            ) from read_parquet('{{0}}')""",
    }
    _each_file(source, folder, lambda path: new.get(path.stem, "from read_parquet('{0}')").format(path))
    toml = (source / "extract.toml").read_text("utf-8")
    (folder / "extract.toml").write_text(toml.replace(AS_OF.isoformat(), day), "utf-8")


def clean(source: Path) -> Path:
    """The rows that need no judgement."""
    return _once(source.with_name(f"{source.name}-clean"), lambda folder: _clean(source, folder))


def _clean(source: Path, folder: Path) -> None:
    shutil.copy(source / "extract.toml", folder)
    with duckdb.connect() as connection:
        connection.register("concepts", load_code_lists().concepts.to_arrow())
        for table, query in _CLEAN.items():
            given = {"file": str(source / f"{table}.parquet"), "as_of": AS_OF}
            connection.execute(f"create table clean_{table} as {query}", given)
            connection.execute(f"copy clean_{table} to '{folder}/{table}.parquet' (compression zstd)")


def _each_file(source: Path, folder: Path, query: Callable[[Path], str], form: str = "parquet") -> None:
    shutil.copy(source / "extract.toml", folder)
    options = "compression zstd" if form == "parquet" else "header"
    with duckdb.connect() as connection:
        for path in sorted(source.glob("*.parquet")):
            target = folder / f"{path.stem}.{form}"
            connection.execute(f"copy ({query(path)}) to '{target}' (format {form}, {options})")


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made if it is not there; whole or not at all."""
    if not folder.exists():
        new = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        make(new)
        new.rename(folder)
    return folder
