"""Every stated rate of dirt is what a generated registry of 5,000 patients shows."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from data.synth import courses, rates, regimens
from data.synth.columns import BAD_DATES, COMMENTS
from data.synth.history import _TUMOUR_CODES, COMORBIDITIES, CPT_CODES
from data.synth.panel import QUANTITIES, SEROLOGY

Registry = dict[str, pl.DataFrame]
Measured = tuple[int, int]  # rows that show it, rows it is a share of

AS_OF = "2026-06-30"
MONTH, YEAR = r"^\d{4}-\d{2}$", r"^\d{4}$"
LINKED = (
    "conditions",
    "observations",
    "treatments",
    "responses",
    "procedures",
    "medications",
    "allergies",
    "trial_participation",
    "attestations",
    "screening_log",
)


def _share(frame: pl.DataFrame, shows: pl.Expr) -> Measured:
    return frame.filter(shows).height, frame.height


def _column(table: str, shows: pl.Expr, among: pl.Expr | None = None) -> Callable[[Registry], Measured]:
    return lambda r: _share(r[table] if among is None else r[table].filter(among), shows)


def _ids(padded: bool) -> Callable[[Registry], Measured]:
    def measure(registry: Registry) -> Measured:
        known = registry["patients"]["patient_id"].unique().implode()
        column = pl.col("patient_id")
        shows = column.str.starts_with(" ") if padded else ~column.str.strip_chars().is_in(known)
        parts = [_share(registry[table], shows) for table in LINKED]
        return sum(part[0] for part in parts), sum(part[1] for part in parts)

    return measure


def _twice(table: str, same: tuple[str, ...], differs: str | None = None) -> Callable[[Registry], Measured]:
    """Rows equal to the row before in the columns ``same``, and unlike it in ``differs``."""

    def measure(registry: Registry) -> Measured:
        frame = registry[table]
        # The id is written per row, so a copy may be padded where its original is not.
        frame = frame.with_columns(pl.col("patient_id").str.strip_chars())
        equal = pl.all_horizontal(pl.col(column).eq_missing(pl.col(column).shift(1)) for column in same)
        unlike = pl.lit(True) if differs is None else pl.col(differs) != pl.col(differs).shift(1)
        return _share(frame, equal & unlike)

    return measure


def _patients_twice(registry: Registry) -> Measured:
    ids = registry["patients"]["patient_id"]
    return ids.len() - ids.n_unique(), ids.n_unique()


def _skipped(registry: Registry) -> Measured:
    """Patients whose highest line number is not their number of lines, where every row has a number."""
    rows = registry["treatments"].with_columns(pl.col("patient_id").str.strip_chars())
    rows = rows.join(registry["patients"].select("patient_id").unique(), on="patient_id")
    line = pl.col("line").cast(pl.Int32)
    people = rows.group_by("patient_id").agg(
        whole=line.is_not_null().all(), highest=line.max(), lines=line.n_unique()
    )
    return _share(people.filter("whole"), pl.col("highest") > pl.col("lines"))


def _thousandfold(registry: Registry) -> Measured:
    """Quantities whose possible values stay far below 1,000 in every unit that is written."""
    names = ["hemoglobin", "718-7", "calcium", "17861-6", "albumin", "1751-7", "weight", "corrected_calcium"]
    rows = registry["observations"].filter(pl.col("observation").is_in(names))
    return _share(rows, pl.col("value").cast(pl.Float64, strict=False) >= 1000)


def _no_reason(registry: Registry) -> Measured:
    living = registry["patients"].filter(pl.col("vital_status") == "alive").select("patient_id").unique()
    rows = registry["treatments"].join(living, on="patient_id").drop_nulls("stop_date")
    return _share(rows, pl.col("stop_reason").is_null())


def _stop_first(registry: Registry) -> Measured:
    whole = registry["treatments"].filter(_START.str.contains(r"^\d{4}-\d\d-\d\d$")).drop_nulls("stop_date")
    whole = whole.filter(~_START.is_in(BAD_DATES))
    return _share(whole, pl.col("stop_date") < _START)


def _acronyms(registry: Registry) -> Measured:
    """Rows named by an acronym, of all lines with one: the others are counted by their steroid."""
    names = [r.acronym for r in regimens.REGIMENS if r.acronym]
    drug = pl.col("drug")
    mine = [*regimens.OTHER_SPELLINGS["dexamethasone"], "dexamethasone", "prednisone"]
    rows = registry["treatments"]
    acronyms = rows.filter(drug.is_in(names)).height
    return acronyms, acronyms + rows.filter(drug.is_in(mine)).height


def _after_death(registry: Registry) -> Measured:
    dead = registry["patients"].filter(pl.col("death_date").str.len_chars() == 10).unique("patient_id")
    seen = registry["observations"].join(dead, on="patient_id")
    late = (
        (pl.col("date") > pl.col("death_date"))
        & (pl.col("date") <= AS_OF)
        & (pl.col("date").str.len_chars() == 10)
    )
    return seen.filter(late & ~pl.col("date").is_in(BAD_DATES))["patient_id"].n_unique(), dead.height


def _unconfirmed(registry: Registry) -> Measured:
    seen = (
        registry["patients"].filter(pl.col("last_contact_date") >= "2026-06-09").select("patient_id").unique()
    )
    active = registry["medications"].filter(pl.col("status") == "active").join(seen, on="patient_id")
    return _share(
        active, (pl.col("last_confirmed_date") < "2026-04-01") | pl.col("last_confirmed_date").is_null()
    )


def _complete_from(registry: Registry) -> Measured:
    ids = registry["coverage"].drop_nulls("patient_id")["patient_id"].n_unique()
    return ids, registry["patients"]["patient_id"].n_unique()


def _unrecorded(registry: Registry) -> Measured:
    """Lines stopped for progression with no PD within 20 days before the stop (exact dates only)."""
    rows = registry["treatments"].filter(
        (pl.col("stop_reason") == "progression") & (pl.col("stop_date") > pl.col("start_date"))
    )
    lines = (
        rows.select("patient_id", stop=pl.col("stop_date").str.to_date(strict=False)).unique().drop_nulls()
    )
    pd = registry["responses"].filter(pl.col("response").is_in(["PD", "progressive", "nCR", "stingent_CR"]))
    days = pd.select("patient_id", day=pl.col("date").str.slice(0, 7))
    month = lines.with_columns(
        a=pl.col("stop").dt.strftime("%Y-%m"), b=pl.col("stop").dt.offset_by("-15d").dt.strftime("%Y-%m")
    )
    known = days.unique()
    found = month.join(
        known, left_on=["patient_id", "a"], right_on=["patient_id", "day"], how="left", coalesce=False
    ).join(
        known,
        left_on=["patient_id", "b"],
        right_on=["patient_id", "day"],
        how="left",
        coalesce=False,
        suffix="_b",
    )
    none = pl.col("day").is_null() & pl.col("day_b").is_null()
    return _share(found.unique(["patient_id", "stop"]), none)


_DATE = pl.col("date")
_DIED = pl.col("death_date").is_not_null()
_OWN = ["multiple_myeloma", "smoldering_myeloma", "mgus", "postmenopausal", "C90.00", "D47.2"]
_START = pl.col("start_date")
_NUMBER = pl.col("value").str.contains(r"^[-<>]?[\d.]+$")
_LOINC_NAMES = [q.name for q in QUANTITIES if q.loinc] + [s[0] for s in SEROLOGY if s[3]]
_LOINC_NAMES += [
    "serum_m_protein",
    "kappa_flc",
    "lambda_flc",
    "flc_ratio",
    "marrow_plasma_cells",
    "blood_plasma_cells",
]
_ICD = [c.code for c in COMORBIDITIES if c.code] + ["C90.00", "D47.2", "G62.9", *_TUMOUR_CODES]
_ICD_NAMES = [c.name for c in COMORBIDITIES if c.code] + ["multiple_myeloma", "mgus", "peripheral_neuropathy"]
_HAS_UNIT = ~pl.col("observation").is_in(["ecog", "89247-1", "flc_ratio", "48378-4"]) & ~pl.col(
    "value"
).is_in(["positive", "negative"]).fill_null(False)
_SPELLINGS = [s for name, words in regimens.OTHER_SPELLINGS.items() for s in words]
_ROWS = ("patient_id", "observation", "date", "value", "unit", "upper_limit", "lower_limit", "status")
_COURSE = ("patient_id", "drug", "start_date", "stop_date", "line", "status", "planned", "stop_reason")

MEASURES: dict[str, Callable[[Registry], Measured]] = {
    "PADDED_ID": _ids(padded=True),
    "UNKNOWN_PATIENT": _ids(padded=False),
    "MISSING_SEX": _column("patients", pl.col("sex") == "unknown"),
    "BAD_SEX": _column("patients", ~pl.col("sex").is_in(["male", "female", "unknown"])),
    "BIRTH_YEAR_ONLY": _column("patients", pl.col("birth_date").str.contains(YEAR)),
    "BIRTH_MONTH_ONLY": _column("patients", pl.col("birth_date").str.contains(MONTH)),
    "BAD_BIRTH": _column("patients", pl.col("birth_date").is_in(BAD_DATES)),
    "DUPLICATE_PATIENT": _patients_twice,
    "NO_CONTACT": _column("patients", pl.col("contact_permitted") == "no"),
    "CONTACT_BLANK": _column("patients", pl.col("contact_permitted").is_null()),
    "DEATH_DATE_BLANK": _column("patients", pl.col("death_date").is_null(), pl.col("vital_status") == "dead"),
    "DEATH_DATE_PARTIAL": _column("patients", pl.col("death_date").str.len_chars() < 10, _DIED),
    "DEAD_BUT_ALIVE": _column("patients", pl.col("vital_status") == "alive", _DIED),
    "DEAD_BUT_BLANK": _column("patients", pl.col("vital_status").is_null(), _DIED),
    "BAD_VITAL": _column("patients", pl.col("vital_status") == "deceased", _DIED),
    "LAST_CONTACT_BLANK": _column("patients", pl.col("last_contact_date").is_null()),
    "OBS_BAD_DATE": _column("observations", _DATE.is_in(BAD_DATES)),
    "OBS_MONTH_ONLY": _column("observations", _DATE.str.contains(MONTH)),
    "OBS_FUTURE": _column(
        "observations", (_DATE > AS_OF) & _DATE.str.contains(r"^2026-(0[7-9]|1)|^202[7-9]-")
    ),
    "OBS_BLANK_VALUE": _column("observations", pl.col("value").is_null()),
    "OBS_TEXT_VALUE": _column(
        "observations",
        pl.col("value").is_in(COMMENTS),
        pl.col("value").is_null() | _NUMBER | pl.col("value").is_in(COMMENTS),
    ),
    "OBS_NEGATIVE": _column("observations", pl.col("value").str.starts_with("-")),
    "OBS_THOUSANDFOLD": _thousandfold,
    "OBS_BLANK_UNIT": _column(
        "observations", pl.col("unit").is_null(), _HAS_UNIT & (_NUMBER.fill_null(False))
    ),
    "OBS_STRANGE_UNIT": _column(
        "observations",
        pl.col("unit").is_in(["g/v", "gl/l", "x10^12/mcl", "not_reported"]),
        _HAS_UNIT & _NUMBER.fill_null(False),
    ),
    "OBS_CANCELLED": _column("observations", pl.col("status") == "cancelled"),
    "OBS_PRELIMINARY": _column("observations", pl.col("status") == "preliminary"),
    "OBS_CORRECTED": _column("observations", pl.col("status") == "corrected"),
    "OBS_BAD_STATUS": _column("observations", pl.col("status") == "Finalised"),
    "OBS_DUPLICATE": _twice("observations", _ROWS),
    "OBS_CONFLICT": _twice("observations", ("patient_id", "observation", "date", "unit", "status"), "value"),
    "OBS_LOINC": _column(
        "observations",
        pl.col("code_system") == "loinc",
        (pl.col("code_system") == "loinc").fill_null(False) | pl.col("observation").is_in(_LOINC_NAMES),
    ),
    "CENSORED_M_PROTEIN": _column(
        "observations",
        pl.col("value").str.starts_with("<"),
        pl.col("observation").is_in(["serum_m_protein", "33358-3"])
        & (pl.col("unit") == "g/dL")
        & pl.col("value").str.contains(r"^(<0\.10|0\.0\d|0\.10)$"),
    ),
    "SI_UNITS": _column(
        "observations",
        pl.col("unit") == "g/L",
        pl.col("observation").is_in(["hemoglobin", "718-7"]) & pl.col("unit").is_in(["g/L", "g/dL", "gm/dL"]),
    ),
    "NO_UPPER_LIMIT": _column(
        "observations", pl.col("upper_limit").is_null(), pl.col("observation").is_in(["alt", "1742-6"])
    ),
    "LINE_MISSING": _column("treatments", pl.col("line").is_null()),
    "STOP_BLANK": _column("treatments", pl.col("stop_date").is_null(), pl.col("stop_reason").is_not_null()),
    "START_MONTH_ONLY": _column("treatments", _START.str.contains(MONTH)),
    "START_YEAR_ONLY": _column("treatments", _START.str.contains(YEAR)),
    "STOP_REASON_BLANK": _no_reason,
    "STOP_BEFORE_START": _stop_first,
    "LINE_SKIPPED": _skipped,
    "START_BAD": _column("treatments", _START.is_in(BAD_DATES)),
    "NOT_GIVEN": _column("treatments", pl.col("status").is_in(["planned", "ordered", "cancelled"])),
    "UNMAPPED_DRUG": _column("treatments", pl.col("drug").is_in(regimens.UNMAPPED_DRUGS)),
    "BRAND_NAME": _column("treatments", pl.col("drug").is_in(_SPELLINGS)),
    "REGIMEN_ACRONYM": _acronyms,
    "TREATMENT_DUPLICATE": _twice("treatments", _COURSE),
    "PD_UNRECORDED": _unrecorded,
    "RESPONSE_BAD": _column(
        "responses", ~pl.col("response").is_in(["PD", "SD", "MR", "PR", "VGPR", "CR", "sCR"])
    ),
    "RESPONSE_MONTH_ONLY": _column("responses", _DATE.str.contains(MONTH)),
    "ONSET_MONTH_ONLY": _column("conditions", pl.col("onset_date").str.contains(MONTH)),
    "ONSET_YEAR_ONLY": _column("conditions", pl.col("onset_date").str.contains(YEAR)),
    "ONSET_BLANK": _column("conditions", pl.col("onset_date").is_null()),
    "CONDITION_BAD_STATUS": _column("conditions", pl.col("status") == "current"),
    "RULED_OUT": _column(
        "conditions",
        pl.col("status") == "ruled_out",
        (pl.col("status").fill_null("") != "resolved") & ~pl.col("condition").is_in(_OWN),
    ),
    "RESOLVED_UNDATED": _column(
        "conditions", pl.col("resolved_date").is_null(), pl.col("status") == "resolved"
    ),
    "CONDITION_CODED": _column(
        "conditions", pl.col("condition").is_in(_ICD), pl.col("condition").is_in([*_ICD, *_ICD_NAMES])
    ),
    "PROCEDURE_MONTH_ONLY": _column("procedures", _START.str.contains(MONTH)),
    "PROCEDURE_CANCELLED": _column(
        "procedures", pl.col("status") == "cancelled", pl.col("status").fill_null("") != "planned"
    ),
    "PROCEDURE_CODED": _column(
        "procedures",
        pl.col("code_system") == "cpt",
        pl.col("procedure").is_in([*CPT_CODES, *CPT_CODES.values()])
        & (pl.col("status").fill_null("") != "planned"),
    ),
    "MEDICATION_START_BLANK": _column("medications", _START.is_null()),
    "MEDICATION_STOP_BLANK": _column(
        "medications", pl.col("stop_date").is_null(), pl.col("status") == "stopped"
    ),
    "MEDICATION_UNCONFIRMED": _unconfirmed,
    "AFTER_DEATH": _after_death,
    "COMPLETE_FROM": _complete_from,
}


def _near(measured: Measured, stated: float) -> bool:
    """Within five standard deviations of a count, and a sixteenth for what other dirt dilutes."""
    found, among = measured
    deviation = math.sqrt(stated * (1 - stated) / among)
    return found > 0 and abs(found / among - stated) <= 5 * deviation + stated / 16


@pytest.mark.parametrize("name", list(MEASURES))
def test_a_stated_rate_is_the_measured_one(registry: Registry, name: str) -> None:
    measured = MEASURES[name](registry)
    assert _near(measured, rates.all_rates()[name].value), measured


def test_lost_and_stale_patients_are_as_many_as_stated() -> None:
    """Counted before deaths: a patient who died is neither, whatever was drawn."""
    as_of, size = 20634, 20_000
    people = courses.build(np.random.default_rng(1), np.random.default_rng(2), size, as_of).people
    stale = ~people.lost & (people.record_end <= as_of - 60)
    assert _near((int(people.lost.sum()), size), rates.LOST.value)
    assert _near((int(stale.sum()), size), rates.STALE.value)


def test_no_stated_rate_goes_unmeasured() -> None:
    assert set(rates.all_rates()) == {*MEASURES, "LOST", "STALE"}
