"""The small fixed world that random patients and expressions share: measurements, sets and their tables."""

from datetime import date
from decimal import Decimal

from criteria.language.tree import EventSet, Type

NUMBER_MEASUREMENTS = ("hemoglobin", "creatinine", "alt")
WORD_MEASUREMENTS = ("hbsag",)
MEASUREMENTS = NUMBER_MEASUREMENTS + WORD_MEASUREMENTS
# Results and thresholds are drawn from the same few numbers, so that they are often equal.
VALUES = tuple(
    Decimal(text) for text in ("0", "0.5", "1", "1.5", "2", "2.25", "8", "10", "50", "100", "1000")
)
LENGTHS = (0, 1, 7, 8, 14, 28, 29, 30, 31, 60, 84, 90, 182, 365, 366, 730)
MONTHS = (1, 2, 3, 6, 12, 13, 24)
OFFSETS = tuple(
    sorted({sign * length + step for sign in (-1, -2) for length in LENGTHS for step in (-1, 0, 1)})
)
AS_OF_DAYS = (
    date(2024, 2, 29),
    date(2024, 3, 31),
    date(2023, 3, 1),
    date(2023, 2, 28),
    date(2025, 1, 31),
    date(2024, 12, 31),
    date(2024, 7, 15),
)
EDGE_DAYS = (
    date(2020, 2, 29),
    date(2024, 2, 29),
    date(2023, 2, 28),
    date(2024, 3, 1),
    date(2023, 12, 31),
    date(2024, 1, 1),
    date(2023, 8, 31),
    date(2022, 11, 30),
)
TRIAL_ID = "random-trial"
CRITERION_IDS = ("C1", "C2", "C3")

# Concepts whose rows each table may hold; "*" is a row of which the concept is not known.
TABLE_CONCEPTS = {
    "treatments": ("bortezomib", "ixazomib", "lenalidomide", "thalidomide", "melphalan", "*"),
    "medications": ("ketoconazole", "dexamethasone", "lenalidomide", "*"),
    "conditions": ("peripheral_neuropathy", "other_malignancy", "*"),
    "procedures": ("autologous_transplant", "kyphoplasty", "spinal_fusion", "*"),
    "responses": ("responses",),
    "lines": ("lines",),
    "trial_participation": ("trial_participation",),
    "allergies": ("allergy_to_boron",),
}
TABLE_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "treatments": ("stop_reason", "recorded_stop_reason", "route", "line_number"),
    "medications": ("stop_reason", "recorded_stop_reason", "route", "line_number"),
    "conditions": ("grade", "confirmed", "controlled", "residual_disease", "completely_resected"),
    "procedures": ("major",),
    "responses": ("response",),
    "lines": ("line_number",),
    "trial_participation": ("interventional",),
    "allergies": ("kind",),
}
# Tables with coverage of their own; lines are made from treatments.
CAPTURED_TABLES = ("observations", *(table for table in TABLE_CONCEPTS if table != "lines"))
LINE_DRUGS = ("bortezomib", "ixazomib", "lenalidomide", "thalidomide", "melphalan", "*")


def _set(
    name: str, members: dict[str, bool], home: tuple[str, ...], any_of: tuple[str, ...] = ()
) -> EventSet:
    pairs = tuple(members.items())
    return EventSet(type=Type.SET, text=name, name=name, members=pairs, home_tables=home, any_of=any_of)


_DRUG_TABLES = ("treatments", "medications")
# Every set, and the table whose attributes its rows carry.
SETS: tuple[tuple[EventSet, str], ...] = (
    (_set("bortezomib", {"bortezomib": True}, ("treatments",), ("treatments",)), "treatments"),
    (
        _set("proteasome_inhibitor", {"bortezomib": True, "ixazomib": True}, _DRUG_TABLES, _DRUG_TABLES),
        "treatments",
    ),
    (
        _set(
            "imid",
            {"lenalidomide": True, "thalidomide": False, "pomalidomide": True},
            _DRUG_TABLES,
            _DRUG_TABLES,
        ),
        "treatments",
    ),
    (_set("strong_cyp3a_inhibitor", {"ketoconazole": True}, ("medications",), _DRUG_TABLES), "medications"),
    (
        _set("peripheral_neuropathy", {"peripheral_neuropathy": True}, ("conditions",), ("conditions",)),
        "conditions",
    ),
    (_set("other_malignancy", {"other_malignancy": True}, ("conditions",), ("conditions",)), "conditions"),
    (
        _set(
            "surgery",
            {"kyphoplasty": False, "spinal_fusion": True, "autologous_transplant": False},
            ("procedures",),
            ("procedures",),
        ),
        "procedures",
    ),
    (
        _set("autologous_transplant", {"autologous_transplant": True}, ("procedures",), ("procedures",)),
        "procedures",
    ),
    (_set("progression", {"progression": True}, ("responses",)), ""),
    (_set("responses", {"responses": True}, ("responses",)), "responses"),
    (_set("lines", {"lines": True}, ("treatments",)), "lines"),
    (
        _set("trial_participation", {"trial_participation": True}, ("trial_participation",)),
        "trial_participation",
    ),
    (_set("allergy_to_boron", {"allergy_to_boron": True}, ("allergies",)), "allergies"),
)
DRUG_SETS = tuple(node for node, table in SETS if table == "treatments")
