"""The thirteen criteria of ``yardstick.toml`` as somebody would write them by hand, for a clean registry.

Both write ``answers.parquet``: one row a patient, ranked, with the counts of fails and unknowns and the
verdict of each criterion.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tests.bench.measure import AS_OF

if TYPE_CHECKING:
    import pandas as pd

ANSWERS = "answers.parquet"
LOOKBACK_DAYS = 180
# Criterion, observation, what a value must be to pass.
RESULTS = (
    ("I02", "ecog", "<= 2"),
    ("I03", "hemoglobin", ">= 8"),
    ("I04", "platelet_count", ">= 50000"),
    ("I05", "neutrophil_count", ">= 1000"),
    ("I06", "creatinine", "<= 2"),
    ("I07", "alt", "<= 120"),
    ("I08", "total_bilirubin", "<= 2"),
    ("I09", "serum_m_protein", ">= 0.5"),
    ("E01", "calcium", "<= 11.5"),
    ("E02", "hiv_test", "= 0"),
)
CRITERIA = ("I01", *(name for name, *_ in RESULTS[:8]), "I10", "E01", "E02", "E03")


def by_sql(extract: Path, out: Path) -> None:
    """One DuckDB statement over the files."""
    columns = ", ".join(
        f"max(value) filter (where observation = '{observation}') as {name}"
        for name, observation, _ in RESULTS
    )
    verdicts = ", ".join(
        f"case when {name} is null then 'unknown' when {name} {wanted} then 'pass' else 'fail' end as {name}"
        for name, _, wanted in RESULTS
    )
    names = ", ".join(f"'{observation}'" for _, observation, _ in RESULTS)
    fails, unknowns = (
        " + ".join(f"({name} = '{word}')::integer" for name in CRITERIA) for word in ("fail", "unknown")
    )
    read = {
        table: f"read_parquet('{extract / table}.parquet')"
        for table in ("patients", "observations", "treatments", "procedures")
    }
    query = f"""
        with latest as (
            select patient_id, observation, max(date::date) as day, arg_max(value, date::date) as text
            from {read["observations"]}
            where observation in ({names})
            group by patient_id, observation
        ),
        fresh as (
            select patient_id, observation,
                case text when 'positive' then 1 when 'negative' then 0 else text::decimal(18, 6) end as value
            from latest
            where day >= date '{AS_OF}' - {LOOKBACK_DAYS}
        ),
        results as (select patient_id, {columns} from fresh group by patient_id),
        exposed as (select distinct patient_id from {read["treatments"]} where drug = 'bortezomib'),
        irradiated as (
            select distinct patient_id from {read["procedures"]}
            where procedure = 'radiotherapy' and start_date::date >= date '{AS_OF}' - 30
        ),
        judged as (
            select
                patient_id,
                case when birth_date::date + interval 18 years <= date '{AS_OF}' then 'pass' else 'fail' end
                as I01,
                {verdicts},
                case when patient_id in (from exposed) then 'pass' else 'fail' end as I10,
                case when patient_id in (from irradiated) then 'fail' else 'pass' end as E03
            from {read["patients"]} left join results using (patient_id)
        ),
        counted as (select *, {fails} as fails, {unknowns} as unknowns from judged)
        select row_number() over (order by fails, unknowns, patient_id) as rank, patient_id, fails, unknowns,
            {", ".join(CRITERIA)}
        from counted
        order by rank
    """
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{out / ANSWERS}' (compression zstd)")


def by_pandas(extract: Path, out: Path) -> None:
    """The same with pandas, columns and rows cut down as early as it can."""
    import pandas as pd  # noqa: PLC0415 - a yardstick only, not everybody has it

    day = pd.Timestamp(AS_OF)
    names = [observation for _, observation, _ in RESULTS]
    observations = pd.read_parquet(
        extract / "observations.parquet",
        columns=["patient_id", "observation", "date", "value"],
        filters=[("observation", "in", names)],
    )
    observations["date"] = pd.to_datetime(observations["date"], format="%Y-%m-%d")
    observations = observations[observations["date"] >= day - pd.Timedelta(days=LOOKBACK_DAYS)]
    latest = observations.sort_values("date").drop_duplicates(["patient_id", "observation"], keep="last")
    latest["value"] = latest["value"].replace({"positive": "1", "negative": "0"}).astype(float)
    patients = pd.read_parquet(extract / "patients.parquet", columns=["patient_id", "birth_date"])
    results = latest.pivot(index="patient_id", columns="observation", values="value")
    results = results.reindex(index=patients["patient_id"], columns=names)
    answers = _pandas_answers(pd, patients, results)
    treatments = pd.read_parquet(extract / "treatments.parquet", columns=["patient_id", "drug"])
    exposed = treatments.loc[treatments["drug"] == "bortezomib", "patient_id"].unique()
    answers["I10"] = _words(answers["patient_id"].isin(exposed))
    procedures = pd.read_parquet(extract / "procedures.parquet")
    recent = pd.to_datetime(procedures["start_date"], format="%Y-%m-%d") >= day - pd.Timedelta(days=30)
    irradiated = procedures.loc[(procedures["procedure"] == "radiotherapy") & recent, "patient_id"].unique()
    answers["E03"] = _words(~answers["patient_id"].isin(irradiated))
    for count, word in (("fails", "fail"), ("unknowns", "unknown")):
        answers[count] = (answers[list(CRITERIA)] == word).sum(axis=1)
    answers = answers.sort_values(["fails", "unknowns", "patient_id"]).reset_index(drop=True)
    answers.insert(0, "rank", answers.index + 1)
    answers.to_parquet(out / ANSWERS, compression="zstd")


def _pandas_answers(pd: Any, patients: "pd.DataFrame", results: "pd.DataFrame") -> "pd.DataFrame":
    adult = pd.to_datetime(patients["birth_date"]) <= pd.Timestamp(AS_OF) - pd.DateOffset(years=18)
    answers = pd.DataFrame({"patient_id": patients["patient_id"], "I01": _words(adult)})
    compare = {"<=": "le", ">=": "ge", "=": "eq"}
    for name, observation, wanted in RESULTS:
        sign, limit = wanted.split()
        value = results[observation].reset_index(drop=True)
        words = _words(getattr(value, compare[sign])(float(limit)))
        answers[name] = words.where(value.notna(), "unknown")
    return answers


def _words(passes: "pd.Series") -> "pd.Series":
    return passes.map({True: "pass", False: "fail"})
