"""The SQL files in the order in which they are run.

Each makes the table or view that it is named after, or is read as the frame of that name
(``schemas.facts.FRAME_NAMES``).
"""

from importlib.resources import files

# Of the whole extract, once: what its names, units and dates mean; no clinical logic.
WHOLE = (
    "extract_dates",
    "drug_names",
    "coded_names",
    "observation_units",
    "all_faults",
    "unmapped_names",
    "unsettled_patients",
)
# Then batch by batch of patients. Staging: rows folded, names as concepts; no clinical logic.
STAGING = (
    "stg_patients",
    "stg_observations",
    "stg_treatments",
    "stg_medications",
    "stg_conditions",
    "stg_procedures",
    "stg_responses",
    "stg_allergies",
    "stg_trial_participation",
    "stg_attestations",
    "stg_screening_log",
    "found_faults",
    "duplicate_counts",
)
# Facts: what the registry says about a patient as of a date.
FACTS = (
    "patients",
    "needed_results",
    "repeated_results",
    "converted_numbers",
    "result_rows",
    "crowded_days",
    "result_days",
    "derived_results",
    "all_days",
    "results",
    "latest",
    "treatment_courses",
    "treatment_events",
    "medication_events",
    "condition_events",
    "procedure_events",
    "response_events",
    "progression_events",
    "trial_participation_events",
    "allergy_events",
    "myeloma_courses",
    "numbered_line_courses",
    "numbered_lines",
    "line_steps",
    "derived_line_courses",
    "derived_lines",
    "lines",
    "line_members",
    "line_events",
    "events",
    "coverage",
    "judged_attestations",
    "attestations",
    "screening_log",
)
# Read only once, or by few of whose columns: stored nowhere, so that nothing is made that nobody reads.
VIEWS = frozenset(
    {
        "all_faults",
        "unmapped_names",
        "unsettled_patients",
        "stg_treatments",
        "stg_medications",
        "stg_conditions",
        "stg_procedures",
        "stg_responses",
        "stg_allergies",
        "stg_trial_participation",
        "stg_attestations",
        "stg_screening_log",
        "result_days",
        "all_days",
        "treatment_events",
        "medication_events",
        "condition_events",
        "trial_participation_events",
        "allergy_events",
        "line_events",
    }
)
# Each batch adds to them.
GROWING = {
    "found_faults": '"table" VARCHAR, source_row INTEGER, "column" VARCHAR, rule VARCHAR, reason VARCHAR',
    "duplicate_counts": '"table" VARCHAR, patient INTEGER, rows INTEGER',
}
# What is known of patients who were not read again (see ``sql.carried``); empty where all were.
CARRIED = {
    "carried_faults": GROWING["found_faults"],
    "carried_counts": '"table" VARCHAR, rows INTEGER, duplicates INTEGER',
    "carried_names": '"table" VARCHAR, name VARCHAR, rows INTEGER',
    "carried_patients": "patient INTEGER, site VARCHAR",
}
# Large, and read by no model after the one named: dropped then, so that they take no room.
SPENT_AFTER = {
    "needed_results": ("stg_observations",),
    "result_rows": ("needed_results", "repeated_results", "converted_numbers"),
    "latest": ("result_rows", "crowded_days", "derived_results"),
    "events": ("treatment_courses", "myeloma_courses", "numbered_line_courses", "response_events"),
}
WHOLE_MODELS = tuple(("staging", name) for name in WHOLE)
BATCH_MODELS = tuple(("staging", name) for name in STAGING) + tuple(("facts", name) for name in FACTS)


def model_statement(folder: str, name: str) -> str:
    """What makes the table or view of one SQL file: of this connection alone, in memory as far as it fits."""
    if name in GROWING:
        return f"insert into {name}\n{model_text(folder, name)}"
    kind = "view" if name in VIEWS else "table"
    return f"create or replace temp {kind} {name} as\n{model_text(folder, name)}"


def model_text(folder: str, name: str) -> str:
    """The text of one SQL file."""
    return files("sql").joinpath(folder, f"{name}.sql").read_text(encoding="utf-8")
