"""Rows that cannot be used: each breaks one rule in named columns, and stays in the extract."""

from dataclasses import dataclass

from tests.data.extract.malformed.case import CANARY


@dataclass(frozen=True)
class BadRow:
    """A row of a table (column to cell) that breaks ``rule`` in ``columns`` and in no other."""

    name: str
    table: str
    cells: dict[str, str]
    columns: tuple[str, ...]
    rule: str


GOOD_CELLS = {
    "patients": {"patient_id": f"{CANARY}9", "birth_date": "1950-02-03", "sex": "female"},
    "conditions": {"patient_id": f"{CANARY}1", "condition": "hypertension"},
    "observations": {
        "patient_id": f"{CANARY}1",
        "observation": "hemoglobin",
        "date": "2026-01-05",
        "value": "11.2",
    },
    "treatments": {"patient_id": f"{CANARY}1", "drug": "bortezomib", "start_date": "2025-01-05"},
    "responses": {"patient_id": f"{CANARY}1", "date": "2026-01-05", "response": "VGPR"},
    "procedures": {"patient_id": f"{CANARY}1", "procedure": "surgery", "start_date": "2025-01-05"},
    "medications": {"patient_id": f"{CANARY}1", "drug": "omeprazole"},
    "allergies": {"patient_id": f"{CANARY}1", "substance": "boron"},
    "trial_participation": {"patient_id": f"{CANARY}1", "trial_id": "other-trial"},
    "attestations": {
        "patient_id": f"{CANARY}1",
        "trial_id": "a-trial",
        "criterion_id": "I01",
        "answer": "pass",
        "date": "2026-01-05",
    },
    "screening_log": {
        "patient_id": f"{CANARY}1",
        "trial_id": "a",
        "status": "declined",
        "date": "2026-01-05",
    },
    "coverage": {"table": "observations", "complete_through": "2026-01-05"},
}


def _row(name: str, table: str, rule: str, columns: str, /, **changed: str) -> BadRow:
    """A good row of the table with some cells changed; ``columns`` are those expected to be bad."""
    return BadRow(name, table, {**GOOD_CELLS[table], **changed}, tuple(columns.split()), rule)


def _value(name: str, value: str, rule: str) -> BadRow:
    return _row(name, "observations", rule, "value", value=value)


def _date(name: str, value: str) -> BadRow:
    return _row(name, "observations", "bad_date", "date", date=value)


BAD_ROWS = (
    _date("a day that does not exist", "2023-02-29"),
    _date("month 13", "2024-13-01"),
    _date("month 0 without a day", "2024-00"),
    _date("zeros", "0000-00-00"),
    _date("day first", "31/12/2024"),
    _date("no zeros in front", "2024-1-5"),
    _date("no dashes", "20240105"),
    _date("a day and a time", "2024-01-05T10:00:00"),
    _date("an unknown day", "UN-MAR-2022"),
    _date("infinity", "infinity"),
    _date("epoch", "epoch"),
    _date("a year before 1900", "1899-12-31"),
    _date("a year after 2100", "2101"),
    _date("digits of another script", "٢٠٢٤"),
    _date("a date with a canary", f"{CANARY}-01-01"),
    _row("born before 1900", "patients", "bad_date", "birth_date", birth_date="1850-01-01"),
    _row("born in the far future", "patients", "bad_date", "birth_date", birth_date="2950"),
    _value("a decimal comma", '"12,5"', "thousands_or_decimal_comma"),
    _value("a thousands comma", '"1,250"', "thousands_or_decimal_comma"),
    _value("a thousands blank", "1 250", "thousands_or_decimal_comma"),
    _value("a thousands apostrophe", "1'250", "thousands_or_decimal_comma"),
    _value("a comma behind a limit sign", '"<0,5"', "thousands_or_decimal_comma"),
    _value("not a number, as computers say it", "NaN", "not_finite"),
    _value("infinity with a sign", "-inf", "not_finite"),
    _value("an exponent", "1e400", "not_a_number"),
    _value("an underscore", "1_000", "not_a_number"),
    _value("NA", "NA", "not_a_number"),
    _value("unknown", "UNK", "not_a_number"),
    _value("not done", "not done", "not_a_number"),
    _value("not detected", "not detected", "not_a_number"),
    _value("a flag behind the number", "12.3 H", "not_a_number"),
    _value("a titre", "1:40", "not_a_number"),
    _value("a plus in front", "+5", "not_a_number"),
    _value("two signs", "<<5", "not_a_number"),
    _value("a comment with a canary", f"see {CANARY}", "not_a_number"),
    _value("a million millions", "1000000000000", "out_of_range"),
    _value("rounding up to a million millions", "999999999999.9999999999", "out_of_range"),
    _row("an upper limit of zero", "observations", "bad_limit", "upper_limit", upper_limit="0"),
    _row("a negative upper limit", "observations", "bad_limit", "upper_limit", upper_limit="-3"),
    _row("a limit with a sign", "observations", "not_a_number", "upper_limit", upper_limit="<3"),
    _row(
        "limits crossed",
        "observations",
        "limits_crossed",
        "upper_limit lower_limit",
        upper_limit="3",
        lower_limit="4",
    ),
    _row("an unlisted sex", "patients", "bad_word", "sex", sex=CANARY),
    _row("an unlisted vital status", "patients", "bad_word", "vital_status", vital_status="lost"),
    _row("yes in short", "patients", "bad_word", "contact_permitted", contact_permitted="y"),
    _row("a code system of another table", "conditions", "bad_word", "code_system", code_system="loinc"),
    _row("an unlisted response", "responses", "bad_word", "response", response="NE"),
    _row("an unlisted stop reason", "treatments", "bad_word", "stop_reason", stop_reason="death"),
    _row("an unlisted route", "medications", "bad_word", "route", route="subcutaneous"),
    _row("coverage of no table", "coverage", "bad_word", "table", table="labs"),
    _row("grade 0", "conditions", "out_of_range", "grade", grade="0"),
    _row("grade 6", "conditions", "out_of_range", "grade", grade="6"),
    _row("a grade between two", "conditions", "bad_integer", "grade", grade="2.5"),
    _row("a grade in Roman digits", "conditions", "bad_integer", "grade", grade="III"),
    _row("line 0", "treatments", "out_of_range", "line", line="0"),
    _row("line 100", "treatments", "out_of_range", "line", line="100"),
    _row("a line beyond any integer", "treatments", "out_of_range", "line", line="9" * 30),
    _row("no id", "patients", "required_blank", "patient_id", patient_id=""),
    _row("an id of spaces", "observations", "required_blank", "patient_id", patient_id="  "),
    _row("no birth date", "patients", "required_blank", "birth_date", birth_date=""),
    _row("no sex", "patients", "required_blank", "sex", sex=" "),
    _row("no value", "observations", "required_blank", "value", value=""),
    _row("no drug", "treatments", "required_blank", "drug", drug=""),
    _row("no table", "coverage", "required_blank", "table", table=""),
    _row("a tab in an id", "observations", "control_character", "patient_id", patient_id="a\t1"),
    _row("a bell in a drug", "medications", "control_character", "drug", drug="a\x07b"),
    _row("a drug of 1001 letters", "medications", "too_long", "drug", drug="x" * 1001),
    _row(
        "dead before born", "patients", "death_before_birth", "birth_date death_date", death_date="1950-02-02"
    ),
    _row(
        "stopped before it started",
        "treatments",
        "ends_before_start",
        "start_date stop_date",
        stop_date="2025-01-04",
    ),
    _row(
        "stopped in a year before it started",
        "procedures",
        "ends_before_start",
        "start_date stop_date",
        stop_date="2024",
    ),
    _row(
        "resolved before its onset",
        "conditions",
        "ends_before_start",
        "onset_date resolved_date",
        onset_date="2024-05",
        resolved_date="2024-04",
    ),
    _row(
        "a medication stopped before it started",
        "medications",
        "ends_before_start",
        "start_date stop_date",
        start_date="2024-05-02",
        stop_date="2024-05-01",
    ),
    _row(
        "a trial left before it was joined",
        "trial_participation",
        "ends_before_start",
        "start_date end_date",
        start_date="2024-05-02",
        end_date="2024-05-01",
    ),
    _row(
        "complete through a day before it begins",
        "coverage",
        "ends_before_start",
        "complete_from complete_through",
        complete_from="2026-02",
    ),
    _row("an unlisted answer", "attestations", "bad_word", "answer", answer="maybe"),
    _row("an unlisted step", "screening_log", "bad_word", "status", status="called"),
    _row("an unlisted kind", "allergies", "bad_word", "kind", kind="rash"),
)
