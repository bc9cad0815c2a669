"""The tables that an extract may hold are those that are promised, name for name."""

import pytest

from schemas.extract import TABLES

# A star marks a required column.
PROMISED = {
    "patients": "patient_id* birth_date* sex* vital_status death_date last_contact_date contact_permitted "
    "childbearing_potential site",
    "conditions": "patient_id* condition* code_system onset_date resolved_date status confirmed grade "
    "controlled residual_disease completely_resected",
    "observations": "patient_id* observation* code_system date* value* unit upper_limit lower_limit status",
    "treatments": "patient_id* drug* start_date* stop_date line status planned stop_reason",
    "responses": "patient_id* date* response*",
    "procedures": "patient_id* procedure* code_system start_date* stop_date status major",
    "medications": "patient_id* drug* start_date stop_date route status last_confirmed_date",
    "allergies": "patient_id* substance* kind date",
    "trial_participation": "patient_id* trial_id* interventional start_date end_date",
    "attestations": "patient_id* trial_id* criterion_id* answer* date* attested_by comment",
    "screening_log": "patient_id* trial_id* status* date*",
    "coverage": "table* complete_from complete_through* site patient_id",
}
WORDS = {
    ("patients", "sex"): "female male unknown",
    ("patients", "vital_status"): "alive dead unknown",
    ("patients", "contact_permitted"): "yes no",
    ("conditions", "code_system"): "concept icd10cm snomed",
    ("conditions", "status"): "active resolved ruled_out",
    ("observations", "code_system"): "concept loinc",
    ("observations", "status"): "final corrected preliminary cancelled",
    ("treatments", "status"): "administered planned ordered cancelled",
    ("treatments", "stop_reason"): "completed progression lack_of_response toxicity other",
    ("responses", "response"): "sCR CR VGPR PR MR SD PD",
    ("procedures", "status"): "performed planned cancelled",
    ("medications", "route"): "oral intravenous topical other",
    ("medications", "status"): "active stopped planned",
    ("allergies", "kind"): "allergy intolerance",
    ("attestations", "answer"): "pass fail not_applicable",
    ("screening_log", "status"): "contacted declined consented screen_failed enrolled withdrawn",
}


def test_every_promised_table_is_known_and_no_other() -> None:
    assert list(TABLES) == list(PROMISED)


@pytest.mark.parametrize("table", PROMISED)
def test_a_table_has_the_promised_columns_and_requires_the_promised_ones(table: str) -> None:
    columns = [column.name + "*" * column.required for column in TABLES[table].columns]
    assert columns == PROMISED[table].split()


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_a_word_column_holds_the_promised_words(table: str, column: str) -> None:
    assert TABLES[table].by_name[column].words == tuple(WORDS[table, column].split())
