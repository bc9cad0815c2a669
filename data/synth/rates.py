"""How often the synthetic registry is incomplete, coarse, odd or wrong: every rate that it states.

Each rate is a share of the rows or patients named in ``of``. The document ``docs/synthetic-registry.md``
shows this table; a test measures every rate on a generated registry.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``value`` of the ``of`` in ``table`` show what ``meaning`` says."""

    value: float
    table: str
    of: str
    meaning: str


# Any table but patients and coverage.
PADDED_ID = Rate(0.002, "every table but patients and coverage", "rows", "a space on both sides of the id")
UNKNOWN_PATIENT = Rate(
    0.0005, "every table but patients and coverage", "rows", "a patient id that `patients` does not have"
)

# Patients.
MISSING_SEX = Rate(0.004, "patients", "rows", "sex `unknown`")
BAD_SEX = Rate(0.002, "patients", "rows", "a word that is no sex (`F`, `M`, `woman`)")
BIRTH_YEAR_ONLY = Rate(0.03, "patients", "rows", "birth date is only a year")
BIRTH_MONTH_ONLY = Rate(0.02, "patients", "rows", "birth date is only a month")
BAD_BIRTH = Rate(0.001, "patients", "rows", "birth date is no date")
DUPLICATE_PATIENT = Rate(0.003, "patients", "patients", "a second row that contradicts sex or birth date")
LOST = Rate(0.05, "patients", "patients", "lost to follow-up: the record ends long before the extract")
STALE = Rate(0.07, "patients", "patients", "the record ends 60 to 400 days before the extract")
NO_CONTACT = Rate(0.03, "patients", "rows", "contact not permitted")
CONTACT_BLANK = Rate(0.05, "patients", "rows", "contact permission blank")
DEATH_DATE_BLANK = Rate(0.03, "patients", "rows with vital status `dead`", "no death date")
DEATH_DATE_PARTIAL = Rate(0.04, "patients", "rows with a death date", "it is only a month or a year")
DEAD_BUT_ALIVE = Rate(0.006, "patients", "rows with a death date", "vital status `alive`")
DEAD_BUT_BLANK = Rate(0.009, "patients", "rows with a death date", "no vital status")
BAD_VITAL = Rate(0.005, "patients", "rows with a death date", "a word that is no vital status (`deceased`)")
LAST_CONTACT_BLANK = Rate(0.02, "patients", "rows", "no last contact")

# Observations: at most one of these a row.
OBS_BAD_DATE = Rate(0.0005, "observations", "rows", "the date is no date")
OBS_MONTH_ONLY = Rate(0.004, "observations", "rows", "the date is only a month")
OBS_FUTURE = Rate(0.0004, "observations", "rows", "dated after the extract")
OBS_BLANK_VALUE = Rate(0.004, "observations", "rows", "no value")
OBS_TEXT_VALUE = Rate(0.002, "observations", "rows", "a value that is no number (`hemolyzed`, `0,45`)")
OBS_NEGATIVE = Rate(0.0006, "observations", "rows", "a negative number (numbers only)")
OBS_THOUSANDFOLD = Rate(0.0006, "observations", "rows", "a number a thousand times too large (numbers only)")
OBS_BLANK_UNIT = Rate(0.01, "observations", "rows", "the unit is left out where the quantity has one")
OBS_STRANGE_UNIT = Rate(0.001, "observations", "rows", "a unit that no list has (`g/v`, `gl/l`)")
OBS_CANCELLED = Rate(0.003, "observations", "rows", "status `cancelled`")
OBS_PRELIMINARY = Rate(0.006, "observations", "rows", "status `preliminary`")
OBS_CORRECTED = Rate(0.004, "observations", "rows", "status `corrected`")
OBS_BAD_STATUS = Rate(0.0005, "observations", "rows", "a word that is no status")
OBS_DUPLICATE = Rate(0.003, "observations", "rows", "an exact copy of the row before")
OBS_CONFLICT = Rate(0.003, "observations", "rows", "another value of the same quantity on the same day")
OBS_LOINC = Rate(0.15, "observations", "rows of quantities with a LOINC code", "named by LOINC code")
CENSORED_M_PROTEIN = Rate(
    0.5, "observations", "M-proteins in g/dL below 0.1", "written `<0.1` (the others as a number)"
)
SI_UNITS = Rate(0.18, "observations", "hemoglobin results with a listed unit", "in g/L (conventional: g/dL)")
NO_UPPER_LIMIT = Rate(0.12, "observations", "ALT results", "no upper limit of normal")

# Treatments.
LINE_MISSING = Rate(0.13, "treatments", "rows", "no line number")
STOP_BLANK = Rate(0.04, "treatments", "rows of courses that ended", "no stop date")
STOP_REASON_BLANK = Rate(0.15, "treatments", "rows of courses that ended before death", "no stop reason")
START_MONTH_ONLY = Rate(0.03, "treatments", "rows", "start is only a month")
START_YEAR_ONLY = Rate(0.008, "treatments", "rows", "start is only a year")
START_BAD = Rate(0.001, "treatments", "rows", "start is no date")
STOP_BEFORE_START = Rate(0.001, "treatments", "rows with a stop date", "stop before start")
NOT_GIVEN = Rate(0.015, "treatments", "rows", "status `planned`, `ordered` or `cancelled`")
UNMAPPED_DRUG = Rate(0.012, "treatments", "rows", "a name that no list has (`Other`, a trial code)")
BRAND_NAME = Rate(0.08, "treatments", "rows", "a brand, an abbreviation or another spelling")
REGIMEN_ACRONYM = Rate(0.03, "treatments", "lines with an acronym", "one row for the regimen, not one a drug")
TREATMENT_DUPLICATE = Rate(0.004, "treatments", "rows", "an exact copy of the row before")
LINE_SKIPPED = Rate(0.01, "treatments", "patients with lines", "line numbers skip one")

# Other tables.
PD_UNRECORDED = Rate(0.1, "responses", "progressions", "left out of `responses`")
RESPONSE_BAD = Rate(0.002, "responses", "rows", "a word that is no response")
RESPONSE_MONTH_ONLY = Rate(0.02, "responses", "rows", "the date is only a month")
ONSET_MONTH_ONLY = Rate(0.12, "conditions", "rows", "onset is only a month")
ONSET_YEAR_ONLY = Rate(0.08, "conditions", "rows", "onset is only a year")
ONSET_BLANK = Rate(0.05, "conditions", "rows", "no onset")
CONDITION_BAD_STATUS = Rate(0.002, "conditions", "rows", "a word that is no status")
RULED_OUT = Rate(
    0.03, "conditions", "unresolved rows but those of the myeloma and menopause", "status `ruled_out`"
)
RESOLVED_UNDATED = Rate(0.15, "conditions", "rows with status `resolved`", "no date of resolution")
CONDITION_CODED = Rate(0.25, "conditions", "rows of conditions with an ICD-10-CM code", "named by that code")
PROCEDURE_MONTH_ONLY = Rate(0.03, "procedures", "rows", "start is only a month")
PROCEDURE_CANCELLED = Rate(0.015, "procedures", "rows but planned ones", "status `cancelled`")
PROCEDURE_CODED = Rate(0.2, "procedures", "rows of procedures with a CPT code", "named by that code")
MEDICATION_START_BLANK = Rate(0.06, "medications", "rows", "no start")
MEDICATION_STOP_BLANK = Rate(0.06, "medications", "rows with status `stopped`", "no stop")
MEDICATION_UNCONFIRMED = Rate(
    0.15,
    "medications",
    "active rows of patients seen in the last 21 days",
    "confirmed over 90 days ago, or never",
)
AFTER_DEATH = Rate(0.02, "observations", "dead patients with a death date", "a result dated after the death")
COMPLETE_FROM = Rate(0.02, "coverage", "patients", "history complete only from a date on")


def all_rates() -> dict[str, Rate]:
    """Every rate by its name, in the order of this module."""
    return {name: rate for name, rate in globals().items() if isinstance(rate, Rate)}


def rates_table() -> str:
    """The rates as the Markdown table of the document."""
    lines = ["| rate | table | share of | what happens | value |", "|---|---|---|---|---|"]
    for name, rate in all_rates().items():
        lines.append(f"| `{name}` | {rate.table} | {rate.of} | {rate.meaning} | {rate.value:.2%} |")
    return "\n".join(lines) + "\n"
