"""The page of a run: the same bytes for the same run, nothing from the registry as markup."""

import base64
import hashlib
import json
import re
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.catalogue import load_catalogue
from flows.explain import explain
from flows.publish import read_manifest
from flows.report import ReportedRun, report_name, run_data
from flows.report.changes import changes_view, patient_changes
from flows.report.page import page, plain
from flows.report.pictures import attrition_rows, calendar, missing_rows
from flows.report.shared import dense
from flows.report.view import view_of
from flows.report.words import (
    CAUSE_WORDS,
    CHANGE_WORDS,
    LIFT_WORDS,
    NOT_LISTED_WORDS,
    REASON_GROUPS,
    TIER_MEANINGS,
    TIER_SIGNS,
)
from flows.steps import RunResult, run_screening
from flows.table_files import write_parquet
from schemas.outputs import output_dtypes
from schemas.words import CAUSES, CHANGES, CURABILITIES, NOT_LISTED_REASONS, REASONS, TIERS
from tests.flows.extracts import CANARY, request, write_extract, write_trial

HARM = "<script>harm()</script>"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("tiny")
    tables = {
        "patients": (
            "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted,site",
            f"{CANARY},1960-05-01,female,alive,2026-03-01,yes,north",
            f'"{HARM}",1955-01-01,male,alive,2026-03-01,yes,"{HARM}"',
            "003,1955,male,alive,2026-03-01,yes,",
            "005,1950-02-03,female,dead,2026-03-01,yes,north",
        )
    }
    extract = write_extract(folder / "extract", tables)
    return run_screening(request(extract, folder / "out", write_trial(folder)), lambda _: None)


def test_large_tables_are_counted_part_by_part_as_at_once(
    result: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [("patients", 1, "sex", "in_list", "wrong"), ("patients", 2, "sex", "in_list", "wrong")]
    rules += [("observations", place, "date", "day", "no day") for place in range(5)]
    write_parquet(
        tmp_path / "quarantine.parquet",
        pl.DataFrame(rules, schema=output_dtypes("quarantine"), orient="row"),
    )
    for name in ("verdicts.parquet", "candidates.parquet"):
        shutil.copyfile(result.folder / name, tmp_path / name)
    about = read_manifest(result.folder), result.trials[0], load_catalogue()
    at_once = ReportedRun(tmp_path, *about)
    rows = {row[:4]: row[4] for row in at_once.broken_rules.iter_rows()}
    assert rows == {
        ("patients", "sex", "in_list", "wrong"): 2,
        ("observations", "date", "day", "no day"): 5,
    }
    monkeypatch.setattr(run_data, "_PART_ROWS", 2)
    in_parts = ReportedRun(tmp_path, *about)
    assert at_once.unknowns.height > 0
    for name in ("broken_rules", "unknowns"):
        one, other = getattr(at_once, name), getattr(in_parts, name)
        assert one.sort(one.columns).equals(other.sort(one.columns)), name


@pytest.fixture(scope="module")
def reported(result: RunResult) -> ReportedRun:
    return ReportedRun(result.folder, read_manifest(result.folder), result.trials[0], load_catalogue())


@pytest.fixture(scope="module")
def html(result: RunResult) -> str:
    return (result.folder / report_name("tiny")).read_text("utf-8")


def data_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="run-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_same_run_gives_the_same_page(reported: ReportedRun, html: str) -> None:
    assert page(reported) == html


def test_the_policy_allows_the_pages_own_script_and_style_by_hash_and_nothing_else(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    told = policy[1].replace("&#39;", "'")
    for tag in ("script", "style"):
        text = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert text
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in told
    assert "default-src 'none'" in told
    assert "unsafe" not in told
    assert not re.search(r"<[^>]+\s(on\w+|style|src)=", html)
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")


def test_nothing_from_the_registry_is_markup(html: str) -> None:
    assert HARM not in html
    assert "\\u003cscript>harm()" in html
    assert "&lt;script&gt;harm()" in html, "the site is an option of the filter"


def test_data_cannot_end_the_element_that_holds_it() -> None:
    text = dense(["</script><!--", "\u2028\u2029", "é"])
    assert "<" not in text
    assert json.loads(text) == ["</script><!--", "\u2028\u2029", "é"]


def test_hidden_and_turning_characters_are_shown_as_such() -> None:
    assert plain("a\u202eb\x00\u2066c\nd é") == "a\ufffdb\ufffd\ufffdc\ufffdd é"


def test_every_listed_patient_stands_in_the_list_with_the_evidence_that_explain_tells(
    reported: ReportedRun, html: str
) -> None:
    data = data_of(html)
    rows = data["list"]
    assert isinstance(rows, list)
    assert [row[1] for row in rows] == reported.candidates["patient_id"].to_list()
    lines = re.search(r'id="patient-data">\n(.*?)\n</script>', html, re.DOTALL)
    assert lines
    assert len(lines[1].split("\n")) == len(rows)
    told = "\n".join(explain(reported.folder.parents[1], CANARY))
    texts = data["texts"]
    assert isinstance(texts, list)
    place = [row[1] for row in rows].index(CANARY)
    _, _, pieces = json.loads(lines[1].split("\n")[place])
    assert pieces
    for label, value, table, row, *_ in pieces:
        assert texts[label] in told
        assert value in told
        assert f"{texts[table]} row {row}" in told or row == []


def test_a_long_list_is_cut_and_says_so(reported: ReportedRun) -> None:
    short = ReportedRun(
        reported.folder, reported.manifest, reported.trial, reported.catalogue, most_patients=1
    )
    assert view_of(short).shown == 1
    assert f"The best 1 of {reported.candidates.height} listed patients are shown here" in page(short)


def test_a_run_after_a_refused_night_says_so(reported: ReportedRun) -> None:
    after = ReportedRun(
        reported.folder, reported.manifest, reported.trial, reported.catalogue, banner="refused <b>"
    )
    assert 'role="note">refused &lt;b&gt;</p>' in page(after)


def test_readings_that_depart_from_the_text_stand_in_the_header(tmp_path: Path) -> None:
    extract = write_extract(tmp_path / "extract")
    asked = request(extract, tmp_path / "out", write_trial(tmp_path), readings=("least=seven",))
    result = run_screening(asked, lambda _: None)
    html = (result.folder / report_name("tiny")).read_text("utf-8")
    assert "How much hemoglobin is enough? <b>Read as: more than 7.</b>" in html


def test_every_word_of_the_run_has_its_words_in_the_report() -> None:
    assert set(TIER_SIGNS) == set(TIER_MEANINGS) == set(TIERS)
    assert set(NOT_LISTED_WORDS) == set(NOT_LISTED_REASONS)
    assert set(LIFT_WORDS) == set(CURABILITIES)
    assert set(CHANGE_WORDS) == set(CHANGES)
    assert set(CAUSE_WORDS) == set(CAUSES)
    assert sorted(reason for group in REASON_GROUPS.values() for reason in group) == sorted(REASONS)


def test_what_changed_is_counted_and_told_patient_by_patient() -> None:
    rows = [
        ("t", "left_list", "b", None, "possible", "deceased", ["new_data"]),
        ("t", "new_on_list", "a", None, None, "near_miss", ["joint"]),
        ("t", "criterion", "a", "I1", "fail", "pass", ["clock"]),
        ("t", "criterion", "b", "I1", "fail", "pass", ["clock"]),
        ("t", "criterion", "b", "I1", "fail", "unknown", ["code", "trial_file"]),
    ]
    changes = pl.DataFrame(rows, schema=output_dtypes("changes"), orient="row")
    view = changes_view(changes, "2026-06-29-abc")
    assert dict(view.counts)["another verdict on a criterion"] == 3
    assert [(move.patient_id, move.before, move.after) for move in view.moves] == [
        ("a", "", "near miss"),
        ("b", "possible", "deceased"),
    ]
    assert [(one.after, one.patients) for one in view.verdicts] == [("pass", 2), ("unknown", 1)]
    assert view.verdicts[1].causes == f"{CAUSE_WORDS['code']}, {CAUSE_WORDS['trial_file']}"
    assert patient_changes(changes)["a"][0][1] == "new on the list"
    assert patient_changes(None) == {}


def test_the_bars_of_attrition_are_shares_of_all_patients() -> None:
    frame = pl.DataFrame(
        {
            "criterion_id": ["I1"],
            "kind": ["inclusion"],
            "remaining_in_order": [30],
            "excluded_alone": [10],
            "excluded_only_by_this": [5],
            "shapley_share": [7.5],
            "unknown": [0],
        }
    )
    (row,) = attrition_rows(frame, {"I1": "words"}, 40)
    assert (row.left_percent, row.alone_percent, row.only_percent, row.share_percent) == (75, 25, 12.5, 18.75)
    (empty,) = attrition_rows(frame, {"I1": "words"}, 0)
    assert empty.left_percent == 0


def test_missing_data_are_grouped_by_what_to_do_about_them() -> None:
    unknowns = pl.DataFrame(
        {
            "criterion_id": ["I2", "I2", "I2", "I1"],
            "reason": ["stale", "quarantined", "unit_unclear", "needs_review"],
            "patients": [4, 1, 2, 3],
        }
    )
    rows = missing_rows(unknowns, {"I1": "one", "I2": "two", "I3": "three"}, 10)
    assert [(row.criterion_id, row.patients) for row in rows] == [("I1", 3), ("I2", 7)]
    assert [count for _, count, _ in rows[1].groups] == [0, 4, 0, 3, 0]


def test_the_calendar_holds_who_opens_in_the_next_ninety_days() -> None:
    as_of = date(2026, 6, 30)
    days = [date(2026, 7, 1), date(2026, 7, 7), date(2026, 7, 8), date(2026, 9, 28), date(2026, 9, 29), None]
    frame = pl.DataFrame(
        {
            "opens_on": days,
            "rank": range(6),
            "patient_id": list("abcdef"),
            "failing_criteria": [["E1"]] * 6,
            "unknown_count": [0] * 6,
        }
    )
    weeks, opening = calendar(frame, as_of)
    assert [week.patients for week in weeks] == [2, 1, *[0] * 10, 1]
    assert (weeks[0].first, weeks[-1].last) == (date(2026, 7, 1), date(2026, 9, 28))
    assert [row["patient_id"] for row in opening] == ["a", "b", "c", "d"]
