"""The clinical tables of MMRF CoMMpass as the GDC hands them out: small files made here, and the real ones.

Every patient of the small files is invented. The real folder is looked for beside the project, or where the
environment variable PRESCREEN_REAL_DATA says; without it that test is left out.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.trial import load_trial
from data.catalogue import load_catalogue
from data.extract.load import load_source
from flows.cli import main
from flows.identity import about_run
from flows.loading import wanted_by
from flows.request import SOURCE_FORMATS, RunRequest
from schemas.errors import ExtractRefused
from schemas.extract import TABLES, typed_columns
from schemas.facts import EVERYBODY, Facts
from schemas.sources import SOURCES
from schemas.words import BEGINNING, FOREVER
from sql.runner import patient_count, quarantine_rows, read_facts, stage_extract, table_counts
from sql.stage_source import stage_source

SOURCE = SOURCES["gdc-mmrf"]
INDEX = date(2020, 1, 1)
AS_OF = date(2021, 1, 1)
ROOT = Path(__file__).resolve().parents[3]
REAL = Path(os.environ.get("PRESCREEN_REAL_DATA") or ROOT.parent / "shared" / "real") / "gdc-mmrf"
Row = Mapping[str, str]

PATIENT: Row = {
    "case_submitter_id": "A",
    "primary_diagnosis": "Multiple myeloma",
    "morphology": "9732/3",
    "gender": "female",
    "age_at_index": "60",
    "days_to_birth": "-21990",
    "vital_status": "Alive",
    "days_to_death": "",
    "days_to_last_follow_up": "366.0",
}
COURSE: Row = {
    "case_submitter_id": "A",
    "treatment_submitter_id": "A_1",
    "regimen_or_line_of_therapy": "First line of therapy",
    "therapeutic_agents": "Bortezomib",
    "treatment_type": "",
    "days_to_treatment_start": "1",
    "days_to_treatment_end": "43",
    "treatment_or_therapy": "yes",
}
TRANSPLANT: Row = {
    **COURSE,
    "therapeutic_agents": "",
    "treatment_type": "Stem Cell Transplantation, Autologous",
    "days_to_treatment_start": "121",
    "days_to_treatment_end": "121",
}


def day(offset: int) -> date:
    """Day ``offset`` of the source."""
    return INDEX + timedelta(days=offset)


def write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Staged:
    """A loaded extract: its database."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.connection.table(table).pl().to_dicts()
        return found

    def one(self, table: str) -> dict[str, Any]:
        (row,) = self.rows(table)
        return row

    def faults(self) -> list[tuple[str, int, str, str]]:
        """(table, source_row, column, rule) of everything quarantined."""
        rows = self.rows("quarantine")
        return [(row["table"], row["source_row"], row["column"], row["rule"]) for row in rows]

    def facts(self, as_of: date = AS_OF) -> Facts:
        trial = load_trial("NCT06050512", load_catalogue())
        stage_extract(self.connection, as_of, wanted_by([trial]), lambda _: None)
        return read_facts(self.connection, 0, patient_count(self.connection) - 1)


def load(folder: Path, index_date: date = INDEX) -> Staged:
    connection = duckdb.connect()
    load_source(SOURCE, folder, connection, lambda _: None)
    stage_source(SOURCE, index_date, connection, lambda _: None)
    return Staged(connection)


@pytest.fixture
def staged(tmp_path: Path) -> Any:
    """Writes patients and treatments (changes to the usual row each) and loads them."""

    def make(
        patients: Sequence[Row] = ({},), treatments: Sequence[Row] = ({},), base: Row = COURSE
    ) -> Staged:
        write(tmp_path / "patients.csv", [{**PATIENT, **row} for row in patients])
        write(tmp_path / "treatments.csv", [{**base, **row} for row in treatments])
        return load(tmp_path)

    return make


def test_every_source_is_a_format_of_the_command() -> None:
    assert ("prescreen", *SOURCES) == SOURCE_FORMATS


def test_the_staged_tables_have_the_columns_of_the_contract(staged: Any) -> None:
    connection = staged().connection
    for table in TABLES.values():
        assert dict(connection.table(f"raw_{table.name}").pl().schema) == typed_columns(table)
    names = connection.execute("select name from delivered order by name").fetchall()
    assert names == [("conditions",), ("patients",), ("procedures",), ("treatments",)]


def test_a_patient_is_read_from_day_offsets(staged: Any) -> None:
    patient = staged([{"vital_status": "Dead", "days_to_death": "400"}]).one("raw_patients")
    assert patient["patient_id"] == "A"
    assert (patient["sex"], patient["vital_status"]) == ("female", "dead")
    assert patient["birth_earliest"] == patient["birth_latest"] == day(-21990)
    assert patient["death_earliest"] == patient["death_latest"] == day(400)
    assert patient["last_contact_latest"] == day(366)
    assert (patient["quarantined"], patient["bad_columns"]) == (False, [])


@pytest.mark.parametrize(
    ("age", "earliest", "latest"),
    [
        ("60", date(1958, 1, 2), date(1961, 1, 1)),
        ("60.0", date(1958, 1, 2), date(1961, 1, 1)),
        ("> 89", BEGINNING, date(1931, 1, 1)),
        (">89", BEGINNING, date(1931, 1, 1)),
    ],
)
def test_an_age_alone_leaves_a_year_open_on_either_side(
    staged: Any, age: str, earliest: date, latest: date
) -> None:
    patient = staged([{"days_to_birth": "", "age_at_index": age}]).one("raw_patients")
    assert (patient["birth_earliest"], patient["birth_latest"]) == (earliest, latest)
    assert not patient["quarantined"]


def test_a_birth_at_the_cut_of_ninety_years_may_have_been_earlier(staged: Any) -> None:
    patient = staged([{"days_to_birth": "-32872", "age_at_index": "90"}]).one("raw_patients")
    assert (patient["birth_earliest"], patient["birth_latest"]) == (BEGINNING, day(-32872))


@pytest.mark.parametrize(
    ("change", "table", "column", "rule"),
    [
        ({"days_to_birth": "", "age_at_index": ""}, "patients", "days_to_birth", "required_blank"),
        ({"days_to_birth": "5"}, "patients", "days_to_birth", "out_of_range"),
        ({"days_to_birth": "-109500"}, "patients", "days_to_birth", "out_of_range"),
        ({"days_to_birth": "-21990.5"}, "patients", "days_to_birth", "bad_integer"),
        ({"days_to_birth": "-43800"}, "patients", "days_to_birth", "age_differs"),
        ({"age_at_index": "30"}, "patients", "days_to_birth", "age_differs"),
        ({"age_at_index": "sixty"}, "patients", "age_at_index", "bad_age"),
        ({"age_at_index": "121"}, "patients", "age_at_index", "bad_age"),
        ({"gender": ""}, "patients", "gender", "required_blank"),
        ({"gender": "mail"}, "patients", "gender", "bad_word"),
        ({"vital_status": "Aliv"}, "patients", "vital_status", "bad_word"),
        ({"days_to_last_follow_up": "soon"}, "patients", "days_to_last_follow_up", "bad_integer"),
        ({"days_to_death": "99999"}, "patients", "days_to_death", "out_of_range"),
        ({"days_to_death": "-30000"}, "patients", "days_to_death", "death_before_birth"),
        ({"primary_diagnosis": "", "morphology": ""}, "conditions", "primary_diagnosis", "required_blank"),
    ],
)
def test_a_bad_cell_of_a_patient_is_quarantined_and_counted(
    staged: Any, change: Row, table: str, column: str, rule: str
) -> None:
    loaded = staged([{}, {**change, "case_submitter_id": "B"}])
    assert (table, 2, column, rule) in loaded.faults()
    assert [row["quarantined"] for row in loaded.rows(f"raw_{table}")] == [False, True]
    assert {fault[0:2] for fault in loaded.faults()} == {(table, 2)}


def test_a_bad_cell_holds_no_information(staged: Any) -> None:
    patient = staged([{"days_to_last_follow_up": "soon", "days_to_birth": "5"}]).one("raw_patients")
    assert patient["bad_columns"] == ["birth_date", "last_contact_date"]
    assert (patient["birth_earliest"], patient["birth_latest"]) == (BEGINNING, FOREVER)
    assert (patient["last_contact_earliest"], patient["last_contact_latest"]) == (BEGINNING, FOREVER)


@pytest.mark.parametrize(
    ("change", "column", "rule", "field"),
    [
        ({"therapeutic_agents": ""}, "therapeutic_agents", "required_blank", "drug"),
        ({"days_to_treatment_start": ""}, "days_to_treatment_start", "required_blank", "start_date"),
        ({"days_to_treatment_start": "x"}, "days_to_treatment_start", "bad_integer", "start_date"),
        ({"days_to_treatment_end": "0"}, "days_to_treatment_end", "ends_before_start", "stop_date"),
        ({"regimen_or_line_of_therapy": "Maintenance"}, "regimen_or_line_of_therapy", "bad_word", "line"),
        ({"treatment_or_therapy": "perhaps"}, "treatment_or_therapy", "bad_word", "status"),
        ({"case_submitter_id": ""}, "case_submitter_id", "required_blank", "patient_id"),
    ],
)
def test_a_bad_cell_of_a_course_is_quarantined_and_counted(
    staged: Any, change: Row, column: str, rule: str, field: str
) -> None:
    loaded = staged(treatments=[{}, change])
    assert ("treatments", 2, column, rule) in loaded.faults()
    good, bad = loaded.rows("raw_treatments")
    assert not good["quarantined"]
    assert bad["quarantined"]
    assert field in bad["bad_columns"]
    loaded.facts()
    counts = {row["table"]: row for row in table_counts(loaded.connection).to_dicts()}["treatments"]
    assert (counts["rows"], counts["accepted"], counts["quarantined"]) == (2, 1, 1)


def test_a_bad_cell_of_a_transplant_is_a_fault_of_procedures(staged: Any) -> None:
    loaded = staged(treatments=[{"days_to_treatment_start": "x"}], base=TRANSPLANT)
    assert loaded.faults() == [("procedures", 1, "days_to_treatment_start", "bad_integer")]
    assert loaded.one("raw_procedures")["bad_columns"] == ["start_date"]
    assert loaded.rows("raw_treatments") == []


def test_an_unknown_patient_of_a_course_is_quarantined(staged: Any) -> None:
    loaded = staged(treatments=[{"case_submitter_id": "NOBODY"}])
    loaded.facts()
    faults = quarantine_rows(loaded.connection).select("table", "source_row", "rule").rows()
    assert faults == [("treatments", 1, "unknown_patient")]


def test_a_course_becomes_a_treatment_with_dates_and_line(staged: Any) -> None:
    row = staged(treatments=[{"regimen_or_line_of_therapy": "Eighth line of therapy"}]).one("raw_treatments")
    assert (row["drug"], row["line"], row["status"]) == ("Bortezomib", 8, "administered")
    assert row["start_earliest"] == row["start_latest"] == day(1)
    assert row["stop_earliest"] == row["stop_latest"] == day(43)


@pytest.mark.parametrize(
    ("given", "status"), [("no", "cancelled"), ("unknown", "ordered"), ("", "administered")]
)
def test_what_was_not_surely_given_is_no_sure_treatment(staged: Any, given: str, status: str) -> None:
    assert staged(treatments=[{"treatment_or_therapy": given}]).one("raw_treatments")["status"] == status


@pytest.mark.parametrize("separator", [", ", "; ", "/", "|", " and ", " + "])
def test_several_agents_in_a_cell_are_each_given(staged: Any, separator: str) -> None:
    facts = staged(treatments=[{"therapeutic_agents": f"Bortezomib{separator}Lenalidomide"}]).facts()
    events = facts.events.filter(source_table="treatments")
    assert set(events["concept"]) == {"bortezomib", "lenalidomide"}
    assert events["certain"].all()


def test_other_may_be_any_drug_and_proves_none(staged: Any) -> None:
    loaded = staged(treatments=[{"therapeutic_agents": "Other"}])
    event = loaded.facts().events.filter(source_table="treatments").to_dicts()
    assert [(row["concept"], row["certain"], row["recorded_name"]) for row in event] == [
        ("*", False, "Other")
    ]
    assert verdicts(loaded, AS_OF)[("A", "I06")] == ("unknown", "unmapped_code")


@pytest.mark.parametrize(
    ("kind", "concept"),
    [
        ("Stem Cell Transplantation, Autologous", "autologous_transplant"),
        ("Stem Cell Transplantation, Allogeneic", "allogeneic_transplant"),
    ],
)
def test_a_transplant_is_a_procedure_and_no_treatment(staged: Any, kind: str, concept: str) -> None:
    loaded = staged(treatments=[{"treatment_type": kind}], base=TRANSPLANT)
    loaded.facts()
    found = loaded.connection.sql("select concept, start_earliest, certain from procedure_events").fetchall()
    assert found == [(concept, day(121), True)]
    assert loaded.rows("raw_treatments") == []


def test_a_transplant_beside_a_drug_is_both(staged: Any) -> None:
    loaded = staged(treatments=[{"therapeutic_agents": "Melphalan"}], base=TRANSPLANT)
    assert loaded.one("raw_treatments")["drug"] == "Melphalan"
    assert loaded.one("raw_procedures")["procedure"] == "Stem Cell Transplantation, Autologous"


def test_rows_alike_but_for_their_own_id_count_once(staged: Any) -> None:
    facts = staged(treatments=[{}, {"treatment_submitter_id": "A_2"}]).facts()
    assert facts.events.filter(source_table="treatments")["source_row"].to_list() == [1]


def test_myeloma_is_confirmed_by_its_morphology_only(staged: Any) -> None:
    loaded = staged([{}, {"case_submitter_id": "B", "morphology": ""}])
    confirmed, open_one = loaded.rows("raw_conditions")
    assert (confirmed["confirmed"], open_one["confirmed"]) == ("yes", None)
    found = verdicts(loaded, AS_OF)
    assert found[("A", "I02")] == ("pass", None)
    assert found[("B", "I02")][0] == "unknown"


def test_treatments_are_complete_until_the_patient_was_last_seen(staged: Any) -> None:
    loaded = staged([{}, {"case_submitter_id": "B", "days_to_last_follow_up": "100"}])
    coverage = loaded.facts().coverage
    through = {
        row["patient"]: row["complete_through"] for row in coverage.filter(table="treatments").to_dicts()
    }
    assert (through[0], through[1]) == (day(366), day(100))
    found = verdicts(loaded, AS_OF)
    assert found[("A", "I03")] == ("pass", None)
    assert found[("A", "I06")] == ("fail", None)
    assert found[("B", "I06")] == ("unknown", "source_stale")


def test_what_the_source_does_not_have_was_not_captured(staged: Any) -> None:
    loaded = staged()
    coverage = loaded.facts().coverage
    assert set(coverage["table"]) == {"conditions", "procedures", "treatments"}
    for table in ("conditions", "procedures"):
        (row,) = coverage.filter(table=table).to_dicts()
        assert (row["patient"], row["complete_from"], row["complete_through"]) == (
            EVERYBODY,
            FOREVER,
            BEGINNING,
        )
    found = verdicts(loaded, AS_OF)
    for criterion in ("I01", "I08", "E01", "E09", "E13"):
        assert found[("A", criterion)] == ("unknown", "not_captured"), criterion


def test_a_patient_without_treatments_is_screened(staged: Any) -> None:
    found = verdicts(staged([{}, {"case_submitter_id": "B"}]), AS_OF)
    assert found[("B", "I03")] == ("fail", None)
    assert found[("B", "I04")] == ("fail", None)


def test_dates_follow_the_index_date(tmp_path: Path) -> None:
    write(tmp_path / "patients.csv", [PATIENT])
    write(tmp_path / "treatments.csv", [COURSE])
    assert load(tmp_path, date(2024, 2, 28)).one("raw_treatments")["start_earliest"] == date(2024, 2, 29)


def test_a_day_outside_the_calendar_is_quarantined(tmp_path: Path) -> None:
    write(tmp_path / "patients.csv", [{**PATIENT, "days_to_birth": "", "days_to_death": "36000"}])
    write(tmp_path / "treatments.csv", [COURSE])
    loaded = load(tmp_path, date(2020, 1, 1))
    assert loaded.faults() == [("patients", 1, "days_to_death", "bad_date")]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("patients.csv", "case_submitter_id,gender\nA,female,extra\n"),
        ("patients.csv", "patient,gender\nA,female\n"),
        ("patients.csv", "case_submitter_id,case_submitter_id,gender\nA,A,female\n"),
        ("treatments.csv", "case_submitter_id,therapeutic_agents\nA,Bortezomib"),
        ("treatments.csv", 'case_submitter_id,therapeutic_agents\nA,"Bortezomib\n'),
        ("treatments.csv", ""),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, file: str, text: str) -> None:
    write(tmp_path / "patients.csv", [PATIENT])
    write(tmp_path / "treatments.csv", [COURSE])
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(ExtractRefused, match=file):
        load(tmp_path)


def test_without_treatments_nothing_is_known_of_them(tmp_path: Path) -> None:
    write(tmp_path / "patients.csv", [PATIENT])
    found = verdicts(load(tmp_path), AS_OF)
    assert found[("A", "I04")] == ("unknown", "not_captured")


RUN = ("--trial", "NCT06050512", "--as-of", "2021-01-01")


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "gdc-mmrf"),
        ("--format", "gdc-mmrf", "--index-date", "2020-13-01"),
        ("--format", "gdc-mmrf", "--index-date", "20200101"),
        ("--index-date", "2020-01-01"),
    ],
)
@pytest.mark.parametrize("name", ["run", "check"])
def test_a_wrong_index_date_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, options: tuple[str, ...]
) -> None:
    write(tmp_path / "patients.csv", [PATIENT])
    rest = (*RUN, "--out", str(tmp_path / "out")) if name == "run" else ()
    with pytest.raises(SystemExit) as end:
        main((name, "--extract", str(tmp_path), *rest, *options))
    assert end.value.code == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "--index-date" in printed
    assert not (tmp_path / "out").exists()


def test_a_run_publishes_the_source_like_any_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    extract, out = tmp_path / "extract", tmp_path / "out"
    extract.mkdir()
    write(extract / "patients.csv", [PATIENT])
    write(extract / "treatments.csv", [COURSE, TRANSPLANT])
    given = ("--extract", str(extract), "--format", "gdc-mmrf", "--index-date", "2020-01-01")
    main(("run", *given, *RUN, "--out", str(out)))
    assert "quarantined rows: none" in capfd.readouterr().out
    assert pl.read_parquet(out / "latest" / "verdicts.parquet")["patient_id"].unique().to_list() == ["A"]


def test_whoever_reads_the_workbook_is_told_that_its_dates_are_no_calendar_dates(tmp_path: Path) -> None:
    request = RunRequest(tmp_path, (), tmp_path, AS_OF, AS_OF, AS_OF, (), "gdc-mmrf", INDEX)
    assert dict(about_run(request, [], "run"))["index date"].startswith("2020-01-01: the source counts days")


def verdicts(loaded: Staged, as_of: date) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(verdict, reason) by patient id and criterion of the trial that the project brings."""
    facts = loaded.facts(as_of)
    trial = load_trial("NCT06050512", load_catalogue())
    found = evaluate_trial(trial, facts, Anchors(as_of, as_of, as_of)).join(facts.patients, on="patient")
    rows = found.select("patient_id", "criterion_id", "verdict", "reason").rows()
    return {(patient, criterion): (verdict, reason) for patient, criterion, verdict, reason in rows}


# ------------------------------------------------------------------------------------------ the real files

ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"]
CLASSES = {
    "I04": {"Bortezomib", "Carfilzomib", "Ixazomib"},
    "I05": {"Thalidomide", "Lenalidomide", "Pomalidomide"},
    "I06": {"Daratumumab"},
}


def read_csv(name: str) -> list[dict[str, str]]:
    with (REAL / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass
class Counted:
    """What the rows of one patient say, counted without the project's own code."""

    dated_lines: set[int]
    lines: set[int]
    dated: set[str]
    undated: set[str]
    seen_until: float

    def exposure(self, criterion: str) -> tuple[str, str | None]:
        """The verdict on an exposure as of the last day of the record (day 1984)."""
        if self.dated & CLASSES[criterion]:
            return "pass", None
        # What is wrong with a row is told before what is not there.
        if "Other" in self.dated | self.undated:
            return "unknown", "unmapped_code"
        if self.undated & CLASSES[criterion]:
            return "unknown", "quarantined"
        return ("unknown", "source_stale") if self.seen_until < 1984 - 7 else ("fail", None)


def count_by_hand() -> dict[str, Counted]:
    seen = {
        row["case_submitter_id"]: float(row["days_to_last_follow_up"]) for row in read_csv("patients.csv")
    }
    counted = {patient: Counted(set(), set(), set(), set(), until) for patient, until in seen.items()}
    for row in read_csv("treatments.csv"):
        if not row["therapeutic_agents"]:
            continue
        one = counted[row["case_submitter_id"]]
        line = ORDINALS.index(row["regimen_or_line_of_therapy"].split()[0]) + 1
        one.lines.add(line)
        if row["days_to_treatment_start"]:
            one.dated_lines.add(line)
            one.dated.add(row["therapeutic_agents"])
        else:
            one.undated.add(row["therapeutic_agents"])
    return counted


def lines_by_patient(facts: Facts) -> dict[str, tuple[set[int], set[int]]]:
    """Numbers of the certain lines, and of all that are or may be, by patient id."""
    lines = facts.events.filter(source_table="lines").join(facts.patients, on="patient")
    found: dict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for row in lines.iter_rows(named=True):
        found[row["patient_id"]][1].add(row["line_number_low"])
        if row["certain"]:
            found[row["patient_id"]][0].add(row["line_number_low"])
    return found


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
def test_the_real_files_give_what_plain_counting_gives() -> None:
    loaded, counted, last_day = load(REAL), count_by_hand(), day(1984)
    found = verdicts(loaded, last_day)
    lines = lines_by_patient(loaded.facts(last_day))
    treatments = read_csv("treatments.csv")
    counts = {row["table"]: row for row in table_counts(loaded.connection).to_dicts()}
    assert counts["patients"]["rows"] == len(counted)
    assert counts["treatments"]["rows"] + counts["procedures"]["rows"] == len(treatments)
    undated = sum(not row["days_to_treatment_start"] for row in treatments)
    assert counts["treatments"]["quarantined"] == undated
    for patient, one in counted.items():
        assert lines[patient][0] == one.dated_lines
        # Where a number is left out below the highest there may have been such a line.
        assert lines[patient][1] == one.lines | set(range(1, max(one.lines, default=0)))
        for criterion in CLASSES:
            assert found[(patient, criterion)] == one.exposure(criterion), criterion
        assert found[(patient, "I03")][0] == expected_lines(one, lines[patient][1]), patient
        assert found[(patient, "I02")] == ("pass", None)
        assert found[(patient, "I01")] == ("unknown", "not_captured")
    exposed = {
        patient
        for patient, one in counted.items()
        if all(one.dated & drugs for drugs in CLASSES.values()) and 1 <= len(one.dated_lines) <= 3
    }
    assert exposed == {
        patient
        for patient in counted
        if all(found[(patient, criterion)][0] == "pass" for criterion in CLASSES)
        and 1 <= len(lines[patient][0]) <= 3
    }
    assert exposed


def expected_lines(one: Counted, possible: set[int]) -> str:
    """The verdict on one to three lines: more may have followed after the patient was last seen."""
    least = len(one.dated_lines)
    complete = one.seen_until >= 1984 - 7
    if least > 3 or (complete and not possible):
        return "fail"
    return "pass" if complete and least >= 1 and len(possible) <= 3 else "unknown"
