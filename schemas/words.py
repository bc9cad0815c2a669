"""The closed vocabularies: every word that a table, a fact or an output may hold.

A word's rank is its place in its domain; ordered domains (responses) are listed from worst to best.
"""

from datetime import date
from decimal import Decimal

BEGINNING = date(1, 1, 1)
FOREVER = date(9999, 12, 31)
UNBOUNDED = Decimal(10) ** 12
DECIMAL_PLACES = 9
# The years that a day of an extract may lie in.
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
# So long after it was confirmed a medication without a last day is taken to go on.
CONFIRMED_DAYS = 90
# Coverage that ends no longer before the as-of date than this is expected to end a day later on the next
# day: a registry delivered every night, and not one that is linked once a quarter.
KEEPS_UP_DAYS = 31

# The order is the order of publication: an unknown with several reasons shows the first. What is wrong with
# a row that is there comes before what is not there, and what a person has to settle comes last.
REASONS = (
    "unmapped_code",
    "quarantined",
    "implausible_value",
    "unit_unclear",
    "conflicting_values",
    "never_recorded",
    "stale",
    "not_captured",
    "source_stale",
    "partial_date",
    "censored_value",
    "no_upper_limit",
    "needs_review",
    "needs_attestation",
)
# Why a date is open. Where no date is asked about, they tell nothing if something else is wrong with the row.
DATE_REASONS = ("never_recorded", "stale", "partial_date")


def reason_bit(reason: str) -> int:
    """The bit of one reason in a bit mask of reasons."""
    return 1 << REASONS.index(reason)


VERDICTS = ("pass", "fail", "unknown", "not_applicable")
KINDS = ("inclusion", "exclusion")
# From what passes by itself to what never lifts.
CURABILITIES = ("time", "retest", "data", "permanent")
TIERS = ("eligible", "possible", "opens_later", "near_miss", "excluded")
# What may change between two runs of one folder, and why; a cause explains the change alone, or it is joint.
CHANGES = ("new_on_list", "left_list", "moved_tier", "criterion")
CAUSES = ("new_data", "corrected_data", "answers", "clock", "trial_file", "code", "joint", "not_known")
NOT_LISTED_REASONS = (
    "deceased",
    "vital_status_unknown",
    "contact_not_permitted",
    "declined",
    "enrolled",
    "screen_failed",
    "withdrawn",
)

# What a patient waits for: a result, records, something about the person, a table that is complete, the
# meaning of names that no code list has, or somebody's answer.
FACT_KINDS = ("measurement", "record", "person", "table", "names", "review", "attestation")

# What a person answers to a criterion, and what came of asking a patient.
ANSWERS = ("pass", "fail", "not_applicable")
SCREENING_STATUSES = ("contacted", "declined", "consented", "screen_failed", "enrolled", "withdrawn")
# What became of an answer that somebody gave in a workbook.
ANSWER_STATES = ("counts", "evidence_changed", "taken_back", "not_yet", "not_in_run")

YES_NO = ("no", "yes")
SEXES = ("female", "male")
RESULT_WORDS = ("negative", "positive")
RESPONSES = ("PD", "SD", "MR", "PR", "VGPR", "CR", "sCR")
STOP_REASONS = ("completed", "progression", "lack_of_response", "toxicity", "other")
RECORDED_STOP_REASONS = (*STOP_REASONS, "not_stated")
ALLERGY_KINDS = ("allergy", "intolerance")
ROUTES = ("oral", "intravenous", "topical", "other")

# Domains of words in the criterion language.
WORD_DOMAINS: dict[str, tuple[str, ...]] = {
    "sex": SEXES,
    "result": RESULT_WORDS,
    "response": RESPONSES,
    "stop_reason": STOP_REASONS,
    "recorded_stop_reason": RECORDED_STOP_REASONS,
    "kind": ALLERGY_KINDS,
    "route": ROUTES,
}
