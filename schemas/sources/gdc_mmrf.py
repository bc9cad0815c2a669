"""The clinical tables of MMRF CoMMpass as the Genomic Data Commons hands them out: patients and treatments.

Days count from the first treatment (day 0 or 1) and may be written with a fraction of nothing (``1327.0``).
A column that the screening has no use for is named here only so that it is not reported as unknown.
Source: NCI Genomic Data Commons, MMRF-COMMPASS (phs000748), and its data dictionary.
"""

from schemas.extract import Column, Table
from schemas.sources.source import Source

ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
)
LINES = tuple(f"{ordinal} line of therapy" for ordinal in ORDINALS)
# Beyond these a number of days is a slip: 120 years before the first treatment, 100 years after it.
EARLIEST_DAY, LATEST_DAY = -43_830, 36_525
NOT_SAID = ("unknown", "not reported")


def _day(name: str, meaning: str, low: int = EARLIEST_DAY, high: int = LATEST_DAY) -> Column:
    return Column(name, "integer", meaning, low=low, high=high)


def _unread(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "note", "not used") for name in names)


CASE = Column("case_submitter_id", "patient_id", "identifier of the patient", required=True)
PATIENTS = Table(
    "patients",
    "one row per patient",
    (
        CASE,
        Column("primary_diagnosis", "text", "the diagnosis in words"),
        Column("morphology", "text", "the diagnosis as an ICD-O-3 morphology code"),
        Column(
            "gender",
            "word",
            "sex as registered",
            required=True,
            words=("female", "male", "unspecified", *NOT_SAID),
        ),
        Column("age_at_index", "text", "age in years; '> 89' hides what is above"),
        _day("days_to_birth", "birth; zero or below", high=0),
        Column("vital_status", "word", "alive or dead", words=("alive", "dead", *NOT_SAID)),
        _day("days_to_death", "death"),
        _day("days_to_last_follow_up", "last day on which the patient was seen"),
        *_unread(
            "diagnosis_submitter_id",
            "disease",
            "iss_stage",
            "race",
            "ethnicity",
            "age_at_diagnosis",
            "progression_or_recurrence",
            "last_known_disease_status",
            "days_to_last_known_disease_status",
            "cause_of_death",
            "tissue_or_organ_of_origin",
            "tumor_grade",
            "tumor_stage",
        ),
    ),
    (("days_to_birth", "days_to_death"),),
)
TREATMENTS = Table(
    "treatments",
    "one row per course of a drug, or per transplant",
    (
        CASE,
        Column("regimen_or_line_of_therapy", "word", "the line that it was part of", words=LINES),
        Column("therapeutic_agents", "text", "the drug or drugs; blank for a procedure"),
        Column("treatment_type", "text", "the kind of treatment; names a transplant"),
        _day("days_to_treatment_start", "first day"),
        _day("days_to_treatment_end", "last day; blank: not known to have ended"),
        Column(
            "treatment_or_therapy", "word", "whether it was given; blank: yes", words=("yes", "no", *NOT_SAID)
        ),
        *_unread("treatment_submitter_id"),
    ),
    (("days_to_treatment_start", "days_to_treatment_end"),),
)
SOURCE = Source(
    "gdc-mmrf",
    "gdc_mmrf",
    (PATIENTS, TREATMENTS),
    (
        "delivered",
        "cell_targets",
        "patient_days",
        "treatment_targets",
        "cell_faults",
        "quarantine",
        "bad_columns",
        "raw_patients",
        "raw_conditions",
        "raw_treatments",
        "raw_procedures",
        "raw_coverage",
    ),
)
