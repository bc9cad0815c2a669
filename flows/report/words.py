"""Words and signs of the report for the closed vocabularies: no badge says anything by its colour alone."""

from schemas.words import TIERS

TIER_WORDS = {tier: tier.replace("_", " ") for tier in TIERS}
TIER_SIGNS = dict(zip(TIERS, "●◐◷△✕", strict=True))
TIER_MEANINGS = {
    "eligible": "Nothing in the registry speaks against them; only a person's answers are missing.",
    "possible": "No criterion fails, but some facts are unknown.",
    "opens_later": "Every criterion that fails is a window that passes by itself.",
    "near_miss": "A value that may be measured again, or a record that may be corrected, stands in the way.",
    "excluded": "At least one criterion fails for good.",
}
NOT_LISTED_WORDS = {
    "deceased": "have died",
    "vital_status_unknown": "are not known to be alive",
    "contact_not_permitted": "do not permit contact",
    "declined": "declined this trial",
    "enrolled": "are enrolled in this trial",
    "screen_failed": "failed the screening for this trial",
    "withdrawn": "withdrew from this trial",
}
LIFT_WORDS = {
    "time": "lifts by itself",
    "retest": "may change with a new value",
    "data": "may change if the record is corrected",
    "permanent": "does not lift",
}
CHANGE_WORDS = {
    "new_on_list": "new on the list",
    "left_list": "left the list",
    "moved_tier": "moved to another tier",
    "criterion": "another verdict on a criterion",
}
CAUSE_WORDS = {
    "new_data": "new data",
    "corrected_data": "corrected data",
    "answers": "answers that were given",
    "clock": "time passed",
    "trial_file": "the trial file changed",
    "code": "the program changed",
    "joint": "several things together",
    "not_known": "not known: the earlier files are no longer kept",
}
# The reasons of an unknown as a coordinator sorts them: what to do about it is the same within a group.
REASON_GROUPS = {
    "nothing recorded": ("never_recorded",),
    "too old": ("stale",),
    "not declared complete": ("not_captured", "source_stale"),
    "recorded, but not usable": (
        "unmapped_code",
        "quarantined",
        "implausible_value",
        "unit_unclear",
        "conflicting_values",
        "partial_date",
        "censored_value",
        "no_upper_limit",
    ),
    "a person has to judge": ("needs_review", "needs_attestation"),
}


def in_words(word: str | None) -> str:
    """A word of a closed vocabulary, or what stands for it, as one says it."""
    return "" if word is None else word.replace("_", " ")
