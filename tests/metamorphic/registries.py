"""Registries to run on: synthetic ones, and crowded ones in which almost every row stands at some edge."""

import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from data.synth.generate import generate
from schemas.extract import TABLES
from tests.metamorphic.pipeline import AS_OF, Outcome, Registry, screened

# Days before the as-of date that lie at the ends of some window.
_LAST_DAYS = (
    *range(3),
    7,
    8,
    *range(13, 16),
    *range(27, 33),
    *range(59, 62),
    *range(89, 92),
    181,
    182,
    365,
    730,
    731,
)
_LABS = {
    "ecog": (("0", "1", "2", "5"), (None,)),
    "hemoglobin": (("8", "8.1", "80", "<9", ">8", "bad"), ("g/dL", "g/L", None)),
    "platelet_count": (("60", "60000", "75", "75001", "50"), ("/uL", "10*3/uL", None)),
    "marrow_plasma_cells": (("49", "50", "51", "<50"), ("%",)),
    "neutrophil_count": (("1000", "1001", "1.2", "<1500"), ("/uL", "10*9/L")),
    "creatinine": (("1.0", "88", "2.5"), ("mg/dL", "umol/L")),
    "weight": (("70", "154"), ("kg", "lb")),
    "calcium": (("13", "9", "2.4"), ("mg/dL", "mmol/L")),
    "albumin": (("4", "35"), ("g/dL", "g/L")),
    "corrected_calcium": (("13", "13.1"), ("mg/dL",)),
    "total_bilirubin": (("1.9", "2.4", "25"), ("mg/dL", "umol/L")),
    "alt": (("60", "120", "250"), ("U/L",)),
    "ast": (("60", "120"), ("U/L",)),
    "serum_m_protein": (("0.4", "0.5", "5"), ("g/dL", "g/L")),
    "urine_m_protein": (("199", "200"), ("mg/24h",)),
    "kappa_flc": (("100", "101", "9"), ("mg/L", "mg/dL")),
    "lambda_flc": (("100", "20", "<1"), ("mg/L",)),
    "flc_ratio": (("1.65", "5", "0.1"), (None,)),
    "blood_plasma_cells": (("20", "21"), ("%",)),
    "qtc_fridericia": (("470", "471"), ("ms",)),
    "qtc": (("470", "471"), ("ms",)),
    "qtc_bazett": (("470", "480"), ("ms",)),
    "systolic_bp": (("159", "160"), ("mmHg",)),
    "fev1_percent_predicted": (("49", "50"), ("%",)),
    "hiv_test": (("positive", "negative", "1"), (None,)),
    "hbsag": (("positive", "negative"), (None,)),
    "anti_hbc": (("positive", "negative"), (None,)),
    "hbv_dna": (("positive", "negative"), (None,)),
    "hcv_antibody": (("positive", "negative"), (None,)),
    "hcv_rna": (("positive", "negative"), (None,)),
    "pregnancy_test": (("positive", "negative"), (None,)),
    "718-7": (("8", "9.5"), ("g/dL",)),
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";"))


_CONDITIONS = _words("""
multiple_myeloma; smoldering_myeloma; cns_myeloma; al_amyloidosis; amyloidosis_unspecified;
poems_syndrome; plasma_cell_leukemia; myocardial_ischemia; unstable_angina; heart_failure;
arrhythmia; complete_av_block; conduction_disorder; copd; other_malignancy;
non_melanoma_skin_cancer; bacterial_infection; fungal_infection; hiv; hepatitis_b; hepatitis_c;
gi_malabsorption; peripheral_neuropathy; postmenopausal; carcinoma_in_situ; C90.0; C90; B20;
multiple myelom; an unheard of one
""")
_DRUGS = _words("""
bortezomib; ixazomib; lenalidomide; daratumumab; dexamethasone; VRd; DRd; KRd; Velcade;
mezigdomide; iberdomide; melphalan; cyclophosphamide; bortezomb; study drug;
bortezomib/dexamethasone
""")
_MEDICATIONS = _words("""
omeprazole; vonoprazan; clarithromycin; ketoconazole; rifampin; ceftriaxone; levofloxacin;
fluconazole; sulfamethoxazole_trimethoprim; omeprazol; dexamethasone; something else
""")
_PROCEDURES = _words("""
surgery; radiotherapy; kyphoplasty; autologous_transplant; allogeneic_transplant; hysterectomy;
pacemaker_implant; radiotherapie; unheard of
""")
_SUBSTANCES = ("ixazomib", "mezigdomide", "dexamethasone", "boron", "penicillin", "ixazomb")
_ANSWERED = ("I01", "I02", "I10", "I15", "I16", "I17", "E08", "E12", "E15", "E20")
TRIAL_ID = "mezigdomide-ixazomib-dex"


@cache
def synthetic(patients: int, seed: int) -> Registry:
    """The registry of ``prescreen synth``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "extract"
        generate(patients, seed, folder, AS_OF)
        tables = {table: pl.read_parquet(folder / f"{table}.parquet") for table in TABLES}
        toml = (folder / "extract.toml").read_text(encoding="utf-8")
    # Whoever arranges ids later needs them as the loader sees them.
    text = {
        table: frame.select(pl.all().cast(pl.String)).with_columns(pl.col("patient_id").str.strip_chars())
        for table, frame in tables.items()
    }
    return Registry(text, toml)


@cache
def crowded(patients: int, seed: int) -> Registry:
    """Patients whose rows all lie near the limits of windows and values, with blanks, conflicts and slips."""
    rng = _Dice(seed)
    rows: dict[str, list[dict[str, str | None]]] = {table: [] for table in TABLES}
    for place in range(patients):
        for table, row in rng.patient():
            rows[table].append({"patient_id": f"P{place:04d}", **row})
    rows["coverage"] += [
        {"table": table, "complete_through": AS_OF.isoformat(), "patient_id": None}
        for table in TABLES
        if table not in ("patients", "coverage", "allergies")
    ]
    return Registry({table: table_of(table, given) for table, given in rows.items()})


@cache
def mixed(seed: int) -> Registry:
    """Eighty crowded and sixty synthetic patients in one registry."""
    crowd, made = crowded(80, seed), synthetic(60, seed)
    return made.mapped(lambda name, frame: pl.concat([frame, crowd.tables[name]]))


@cache
def found_in_mixed(seed: int) -> Outcome:
    """The outcome of the run on a mixed registry as it is."""
    return screened(mixed(seed))


def table_of(table: str, rows: Iterable[Mapping[str, str | None]]) -> pl.DataFrame:
    """Rows as a table of the contract, blank where a row does not say."""
    columns = [column.name for column in TABLES[table].columns]
    return pl.DataFrame(
        [dict.fromkeys(columns) | dict(row) for row in rows], dict.fromkeys(columns, pl.String), orient="row"
    )


Row = tuple[str, dict[str, str | None]]


class _Dice:
    """Draws the rows of one patient after another."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311
        self.dirt = 1.0

    def one(self, words: Sequence[str | None], blank: float = 0.0) -> str | None:
        return None if self.rng.random() < blank * self.dirt else self.rng.choice(words)

    def day(self, blank: float = 0.0, ahead: int = 0, days: Sequence[int] = _LAST_DAYS) -> str | None:
        if self.rng.random() < blank * self.dirt:
            return None
        back = self.rng.choice(days) if self.rng.random() < 0.9 else self.rng.randrange(1, 3000)
        if ahead and self.rng.random() < 0.1:
            back = -self.rng.randrange(1, ahead)
        text = (AS_OF - timedelta(days=back)).isoformat()
        length = self.rng.choices((10, 7, 4), (20, 2 * self.dirt, self.dirt))[0]
        return "2025-02-30" if self.rng.random() < 0.01 * self.dirt else text[:length]

    def span(self, blank_start: float, blank_end: float) -> tuple[str | None, str | None]:
        first, last = self.day(blank_start), self.day(blank_end, ahead=100)
        if first and last and first > last:
            return last, first
        return first, last

    def patient(self) -> list[Row]:
        rng = self.rng
        # Some patients are well kept, so that their verdicts are decided.
        self.dirt = rng.choice((0.0, 0.2, 1.0))
        rows: list[Row] = [("patients", self.person())]
        if rng.random() < 0.03:
            rows.append(("patients", self.person()))
        for make, most in (
            (self.condition, 7),
            (self.observation, 45),
            (self.treatment, 7),
            (self.response, 4),
            (self.procedure, 4),
            (self.medication, 3),
            (self.allergy, 1),
            (self.participation, 1),
            (self.attestation, 3),
            (self.log, 1),
        ):
            rows += [make() for _ in range(rng.randint(0, most))]
        if rng.random() < 0.2:
            rows.append(self.coverage())
        # Numbers of lines are given to a whole patient, or to none.
        if rng.random() < 0.5:
            for table, row in rows:
                if table == "treatments" and rng.random() < 0.9:
                    row["line"] = str(rng.randint(1, 4))
        return rows

    def person(self) -> dict[str, str | None]:
        dice = self.rng
        born = date(dice.randint(1935, 1980), dice.randint(1, 12), dice.randint(1, 28)).isoformat()
        return {
            "birth_date": born[: self.rng.choice((10, 10, 10, 4))],
            "sex": self.one(("female", "male", "unknown")),
            "vital_status": self.one(("alive", "alive", "alive", "dead", "unknown"), 0.2),
            "last_contact_date": self.day(0.2),
            "contact_permitted": self.one(("yes", "yes", "no"), 0.5),
            "childbearing_potential": self.one(("yes", "no"), 0.4),
            "site": self.one(("site-01", "site-02"), 0.3),
        }

    def condition(self) -> Row:
        name = self.one(_CONDITIONS) if self.rng.random() < 0.7 else "multiple_myeloma"
        first, last = self.span(0.1, 0.6)
        coded = name is not None and name[0].isupper()
        row = {
            "condition": name,
            "code_system": "icd10cm" if coded else self.one(("concept",), 0.8),
            "onset_date": first,
            "resolved_date": last,
            "status": self.one(("active", "resolved", "ruled_out"), 0.4),
            "confirmed": self.one(("yes", "no"), 0.3),
            "grade": self.one(("1", "2", "3", "4"), 0.3),
            "controlled": self.one(("yes", "no"), 0.3),
            "residual_disease": self.one(("yes", "no"), 0.3),
            "completely_resected": self.one(("yes", "no"), 0.3),
        }
        return "conditions", row

    def observation(self) -> Row:
        name = self.rng.choice(list(_LABS))
        values, units = _LABS[name]
        limited = name in ("total_bilirubin", "alt", "ast", "flc_ratio")
        row = {
            "observation": name,
            "code_system": "loinc" if name == "718-7" else None,
            "date": self.day(0.02, days=_LAST_DAYS[:14]),
            "value": self.one(values, 0.02),
            "unit": self.one(units),
            "upper_limit": self.one(("1.2", "40", "50"), 0.4) if limited else None,
            "lower_limit": self.one(("0.1", "0.26"), 0.8) if limited else None,
            "status": self.one(("final", "corrected", "preliminary", "cancelled"), 0.7),
        }
        return "observations", row

    def treatment(self) -> Row:
        first, last = self.span(0.02, 0.25)
        row = {
            "drug": self.one(_DRUGS, 0.02),
            "start_date": first,
            "stop_date": last,
            "status": self.one(("administered", "planned", "ordered", "cancelled"), 0.8),
            "planned": self.one(("yes", "no"), 0.6),
            "stop_reason": self.one(
                ("completed", "progression", "lack_of_response", "toxicity", "other"), 0.4
            ),
        }
        return "treatments", row

    def response(self) -> Row:
        found = self.one(("CR", "PR", "SD", "PD", "PD"), 0.03)
        return "responses", {"date": self.day(0.02), "response": found}

    def procedure(self) -> Row:
        first, last = self.span(0.02, 0.6)
        row = {
            "procedure": self.one(_PROCEDURES, 0.02),
            "start_date": first,
            "stop_date": last,
            "status": self.one(("performed", "planned", "cancelled"), 0.7),
            "major": self.one(("yes", "no"), 0.4),
        }
        return "procedures", row

    def medication(self) -> Row:
        first, last = self.span(0.2, 0.6)
        row = {
            "drug": self.one(_MEDICATIONS, 0.02),
            "start_date": first,
            "stop_date": last,
            "route": self.one(("oral", "topical"), 0.5),
            "status": self.one(("active", "stopped", "planned"), 0.3),
            "last_confirmed_date": self.day(0.5),
        }
        return "medications", row

    def allergy(self) -> Row:
        kind = self.one(("allergy", "intolerance"), 0.3)
        return "allergies", {"substance": self.one(_SUBSTANCES, 0.05), "kind": kind, "date": self.day(0.5)}

    def participation(self) -> Row:
        first, last = self.span(0.1, 0.4)
        interventional = self.one(("yes", "no"), 0.3)
        row = {"trial_id": "T-1", "interventional": interventional, "start_date": first, "end_date": last}
        return "trial_participation", row

    def attestation(self) -> Row:
        row = {
            "trial_id": self.one((TRIAL_ID, TRIAL_ID, "NCT06050512", "another")),
            "criterion_id": self.one(_ANSWERED),
            "answer": self.one(("pass", "fail", "not_applicable"), 0.03),
            "date": self.day(0.02),
        }
        return "attestations", row

    def log(self) -> Row:
        words = ("contacted", "declined", "consented", "screen_failed", "enrolled", "withdrawn")
        return "screening_log", {"trial_id": TRIAL_ID, "status": self.one(words), "date": self.day(0.02)}

    def coverage(self) -> Row:
        row = {
            "table": self.one(("conditions", "treatments", "medications", "observations", "responses")),
            "complete_from": self.one(("2020-01-01", "2025-06"), 0.3),
            "complete_through": self.one((AS_OF.isoformat(), "2026-06-10")),
        }
        return "coverage", row


def cloned(registry: Registry, copies: int) -> Registry:
    """Every patient ``copies`` times under ids of their own (``000-<id>``, ...); shared coverage once."""

    def copy(frame: pl.DataFrame, place: int) -> pl.DataFrame:
        return frame.with_columns(pl.format(f"{place:03d}-{{}}", "patient_id").alias("patient_id"))

    def change(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        own = frame.filter(pl.col("patient_id").is_not_null())
        shared = frame.filter(pl.col("patient_id").is_null())
        return pl.concat([shared, *(copy(own, place) for place in range(copies))])

    return registry.mapped(change)


def one_clone(verdicts: pl.DataFrame, place: int) -> pl.DataFrame:
    """The verdicts on one copy of everybody, under their first ids."""
    return verdicts.filter(pl.col("patient_id").str.starts_with(f"{place:03d}-")).with_columns(
        pl.col("patient_id").str.slice(4)
    )


FIRST_DATES = {
    "conditions": "onset_date",
    "observations": "date",
    "treatments": "start_date",
    "responses": "date",
    "procedures": "start_date",
    "medications": "start_date",
    "allergies": "date",
    "trial_participation": "start_date",
    "attestations": "date",
    "screening_log": "date",
}


def dated_until(registry: Registry, day: date) -> Registry:
    """The registry without rows that are dated after a day; a row whose date may be earlier stays."""

    def change(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        if name not in FIRST_DATES:
            return frame
        cell = pl.col(FIRST_DATES[name])
        after = cell.str.contains(r"^\d{4}(-\d\d){0,2}$") & (cell > day.isoformat())
        return frame.filter(~after.fill_null(False))

    return registry.mapped(change)


def _closing() -> Registry:
    """Patients who fail only for what time lifts: operations, radiation, cancers, drugs, other trials."""
    ago = [(AS_OF - timedelta(days=days)).isoformat() for days in range(800)]
    time_rows: list[list[Row]] = [
        [("procedures", {"procedure": "surgery", "major": "yes", "start_date": ago[30]})],
        [("procedures", {"procedure": "surgery", "major": "yes", "start_date": ago[4][:7]})],
        [
            ("procedures", {"procedure": "surgery", "major": "yes", "start_date": ago[20]}),
            ("procedures", {"procedure": "surgery", "major": "yes", "start_date": ago[3]}),
        ],
        [("procedures", {"procedure": "radiotherapy", "start_date": ago[14]})],
        [("procedures", {"procedure": "radiotherapy", "start_date": ago[9], "stop_date": ago[1]})],
        [
            ("procedures", {"procedure": "radiotherapy", "start_date": ago[12]}),
            ("procedures", {"procedure": "surgery", "major": "yes", "start_date": ago[28]}),
        ],
        [
            (
                "trial_participation",
                {"trial_id": "T", "interventional": "yes", "start_date": ago[90], "end_date": ago[1]},
            )
        ],
        [
            (
                "trial_participation",
                {"trial_id": "T", "interventional": "yes", "start_date": ago[90], "end_date": "2026-05-31"},
            )
        ],
        [
            (
                "medications",
                {"drug": "omeprazole", "start_date": ago[90], "stop_date": ago[2], "status": "stopped"},
            )
        ],
        [
            (
                "medications",
                {"drug": "omeprazole", "start_date": ago[90], "stop_date": ago[9], "status": "stopped"},
            ),
            (
                "medications",
                {"drug": "clarithromycin", "start_date": ago[90], "stop_date": ago[5], "status": "stopped"},
            ),
        ],
        [
            (
                "conditions",
                {
                    "condition": "other_malignancy",
                    "onset_date": "2024-07-31",
                    "resolved_date": ago[300],
                    "residual_disease": "yes",
                },
            )
        ],
    ]
    before: list[Row] = [
        (
            "conditions",
            {
                "condition": "multiple_myeloma",
                "onset_date": "2021-01-01",
                "status": "active",
                "confirmed": "yes",
            },
        ),
        ("treatments", {"drug": "VRd", "start_date": "2021-02-01", "stop_date": "2021-08-01", "line": "1"}),
        ("treatments", {"drug": "DPd", "start_date": "2023-02-01", "stop_date": "2023-08-01", "line": "2"}),
        (
            "treatments",
            {"drug": "daratumumab", "start_date": "2023-02-01", "stop_date": "2023-08-01", "line": "2"},
        ),
    ]
    rows: dict[str, list[dict[str, str | None]]] = {table: [] for table in TABLES}
    for place, own in enumerate(time_rows):
        person = {
            "birth_date": "1960-05-05",
            "sex": "male",
            "vital_status": "alive",
            "last_contact_date": ago[5],
        }
        for table, row in [("patients", person), *before, *own]:
            rows[table].append({"patient_id": f"P{place:02d}", **row})
    rows["coverage"] = [
        {"table": table, "complete_through": AS_OF.isoformat()}
        for table in TABLES
        if table not in ("patients", "coverage")
    ]
    return Registry({table: table_of(table, given) for table, given in rows.items()})


CLOSING = _closing()
