"""A registry of hand-made patients: each is the same eligible patient with a change, written as CSV files."""

import copy
import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

AS_OF = date(2025, 7, 31)
Row = dict[str, str]
Patient = dict[str, list[Row]]
Change = Callable[[Patient], None]


def ago(days: int) -> str:
    """The day so many days before the as-of date."""
    return (AS_OF - timedelta(days=days)).isoformat()


def result(observation: str, value: str, unit: str = "", days: int = 5, **more: str) -> Row:
    """One observation row."""
    return {"observation": observation, "date": ago(days), "value": value, "unit": unit, **more}


def course(drug: str, start: int, stop: int, line: int, **more: str) -> Row:
    """One treatment row; days before the as-of date."""
    return {"drug": drug, "start_date": ago(start), "stop_date": ago(stop), "line": str(line), **more}


def eligible() -> Patient:
    """A patient whom nothing speaks against; only a person's answers are missing."""
    labs = [
        result("ecog", "1"),
        result("serum_m_protein", "1.2", "g/dL"),
        result("kappa_flc", "20", "mg/L"),
        result("lambda_flc", "10", "mg/L"),
        result("urine_m_protein", "50", "mg/24h"),
        result("neutrophil_count", "3000", "/uL"),
        result("hemoglobin", "11.5", "g/dL"),
        result("platelet_count", "180000", "/uL"),
        result("marrow_plasma_cells", "30", "%", days=40),
        result("total_bilirubin", "0.6", "mg/dL", upper_limit="1.2"),
        result("alt", "25", "U/L", upper_limit="40"),
        result("ast", "25", "U/L", upper_limit="40"),
        result("calcium", "9.4", "mg/dL"),
        result("albumin", "4.0", "g/dL"),
        result("creatinine", "0.9", "mg/dL"),
        result("weight", "80", "kg"),
        result("height", "178", "cm"),
        result("qtc_fridericia", "430", "ms"),
        result("hiv_test", "negative"),
        result("hbsag", "negative"),
        result("anti_hbc", "negative"),
        result("hcv_antibody", "negative"),
    ]
    return {
        "patients": [
            {
                "birth_date": "1960-03-01",
                "sex": "male",
                "vital_status": "alive",
                "last_contact_date": ago(5),
                "contact_permitted": "yes",
            }
        ],
        "conditions": [
            {"condition": "multiple_myeloma", "onset_date": ago(1500), "status": "active", "confirmed": "yes"}
        ],
        "observations": labs,
        "treatments": [
            course("bortezomib", 1400, 1200, 1, stop_reason="completed"),
            course("lenalidomide", 1400, 1200, 1, stop_reason="completed"),
            course("daratumumab", 700, 300, 2, stop_reason="progression"),
            course("dexamethasone", 700, 300, 2, stop_reason="progression"),
        ],
        "responses": [{"date": ago(1300), "response": "VGPR"}, {"date": ago(300), "response": "PD"}],
        "procedures": [],
        "medications": [],
        "allergies": [],
        "trial_participation": [],
    }


def write_extract(folder: Path, patients: dict[str, Patient]) -> None:
    """One CSV file a table; a table that is empty for everybody is delivered with its header."""
    columns: dict[str, list[str]] = {
        "procedures": ["procedure", "start_date", "stop_date", "status", "major"],
        "medications": ["drug", "start_date", "stop_date", "route", "status", "last_confirmed_date"],
        "allergies": ["substance", "kind", "date"],
        "trial_participation": ["trial_id", "interventional", "start_date", "end_date"],
    }
    rows: dict[str, list[dict[str, Any]]] = {}
    for patient_id, patient in patients.items():
        for table, own in patient.items():
            rows.setdefault(table, []).extend({"patient_id": patient_id, **row} for row in own)
    folder.mkdir(parents=True, exist_ok=True)
    for table, table_rows in rows.items():
        names = ["patient_id", *columns.get(table, [])]
        for row in table_rows:
            names += [name for name in row if name not in names]
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(table_rows)
    (folder / "extract.toml").write_text(f'source = "hand-made"\nextracted_on = {AS_OF}\n', "utf-8")


def changed(change: Change) -> Patient:
    """The eligible patient with a change."""
    patient = copy.deepcopy(eligible())
    change(patient)
    return patient


def with_result(*rows: Row) -> Change:
    """These results instead of those of the same observations."""

    def change(patient: Patient) -> None:
        names = {row["observation"] for row in rows}
        kept = [row for row in patient["observations"] if row["observation"] not in names]
        patient["observations"] = [*kept, *rows]

    return change


def without_results(*names: str) -> Change:
    """No results of these observations."""

    def change(patient: Patient) -> None:
        patient["observations"] = [row for row in patient["observations"] if row["observation"] not in names]

    return change


def with_rows(table: str, *rows: Row) -> Change:
    """These rows besides those there are."""

    def change(patient: Patient) -> None:
        patient[table] = [*patient[table], *rows]

    return change


def with_only(table: str, *rows: Row) -> Change:
    """These rows instead of those there are."""

    def change(patient: Patient) -> None:
        patient[table] = list(rows)

    return change


def both(*changes: Change) -> Change:
    """Several changes."""

    def change(patient: Patient) -> None:
        for one in changes:
            one(patient)

    return change
