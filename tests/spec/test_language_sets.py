"""The manual of the language: event sets, the rows that surely belong and the rows that may."""

import pytest

from tests.spec.language import Patient, Row, check, title

CONFIRMED = "ever(only(multiple_myeloma, confirmed))"
GRADE_3 = "ever(only(peripheral_neuropathy, grade >= 3))"
MAJOR = "ever(without(surgery, only(surgery, not major)))"


def myeloma(**attributes: str) -> Patient:
    """A diagnosis of multiple myeloma."""
    return {"multiple_myeloma": {"start": "-900", "end": "ongoing", **attributes}}


def stopped(reason: str | None) -> Patient:
    """A course of bortezomib with the reason why it was stopped."""
    row = {"start": "-90", "end": "-60"} | ({"stop_reason": reason} if reason else {})
    return {"bortezomib": row}


def neuropathy(*grades: int | None) -> Patient:
    """Neuropathies of these grades; None: not recorded."""
    rows = [{"start": "-90"} | ({"grade": grade} if grade else {}) for grade in grades]
    return {"peripheral_neuropathy": rows}


def lines(*members: list[str], starts: tuple[str, ...] = ("-400", "-300", "-200")) -> Patient:
    """Lines of therapy with these members, one after the other."""
    rows = [{"start": start, "includes": drugs} for drugs, start in zip(members, starts, strict=False)]
    return {"lines": rows}


EVER = (
    Row("a course is a course", stopped(None), "ever(bortezomib)", "pass"),
    Row("nothing recorded, all complete: never", {}, "ever(bortezomib)", "fail"),
    Row("a drug is in its class", stopped(None), "ever(proteasome_inhibitor)", "pass"),
    Row("and not in another", stopped(None), "ever(imid)", "fail"),
    Row(
        "a member that a person must judge",
        {"oprozomib": {"start": "-90"}},
        "ever(proteasome_inhibitor)",
        "unknown",
        "needs_review",
    ),
    Row("which is certain by its own name", {"oprozomib": {"start": "-90"}}, "ever(oprozomib)", "pass"),
    Row(
        "a certain member beside it decides",
        {"oprozomib": {"start": "-90"}, **stopped(None)},
        "ever(proteasome_inhibitor)",
        "pass",
    ),
    Row("a row that may not belong", {"hiv": {"certain": False}}, "ever(hiv)", "unknown", "needs_review"),
    Row(
        "a row that gives another reason",
        {"hiv": {"certain": False, "reason": "quarantined"}},
        "ever(hiv)",
        "unknown",
        "quarantined",
    ),
)

ONLY = (
    Row("a yes", myeloma(confirmed="yes"), CONFIRMED, "pass"),
    Row("a no", myeloma(confirmed="no"), CONFIRMED, "fail"),
    Row("a blank is neither", myeloma(), CONFIRMED, "unknown", "needs_review"),
    Row(
        "a blank turned round is not a yes either",
        myeloma(),
        "ever(only(multiple_myeloma, not confirmed))",
        "unknown",
        "needs_review",
    ),
    Row("a word", stopped("toxicity"), "ever(only(bortezomib, stop_reason = 'toxicity'))", "pass"),
    Row("another word", stopped("completed"), "ever(only(bortezomib, stop_reason = 'toxicity'))", "fail"),
    Row(
        "no word may be any word",
        stopped(None),
        "ever(only(bortezomib, stop_reason = 'toxicity'))",
        "unknown",
        "never_recorded",
    ),
    Row(
        "as recorded, no word is 'not_stated'",
        stopped(None),
        "ever(only(bortezomib, recorded_stop_reason = 'toxicity'))",
        "fail",
    ),
    Row(
        "one of several words",
        stopped("lack_of_response"),
        "ever(only(bortezomib, stop_reason in ('progression', 'lack_of_response')))",
        "pass",
    ),
    Row(
        "no word is surely one of all words",
        stopped(None),
        "ever(only(bortezomib, stop_reason in "
        "('completed', 'progression', 'lack_of_response', 'toxicity', 'other')))",
        "pass",
    ),
    Row("a grade", neuropathy(3), GRADE_3, "pass"),
    Row("a lower grade", neuropathy(2), GRADE_3, "fail"),
    Row("no grade lies between 1 and 5", neuropathy(None), GRADE_3, "unknown", "never_recorded"),
    Row("no grade is at least 1", neuropathy(None), "ever(only(peripheral_neuropathy, grade >= 1))", "pass"),
    Row("no grade is at most 5", neuropathy(None), "ever(only(peripheral_neuropathy, grade > 5))", "fail"),
    Row("one row that qualifies is enough", neuropathy(2, None, 4), GRADE_3, "pass"),
    Row(
        "rows that do not qualify do not hide one that may",
        neuropathy(2, None),
        GRADE_3,
        "unknown",
        "never_recorded",
    ),
    Row(
        "one grade out of two rows does not make both",
        neuropathy(2, 4),
        "ever(only(peripheral_neuropathy, grade = 3))",
        "fail",
    ),
    Row(
        "only inside only",
        neuropathy(4),
        "ever(only(only(peripheral_neuropathy, grade >= 3), grade < 5))",
        "pass",
    ),
    Row(
        "conditions of one row belong to one row",
        neuropathy(2, 5),
        "ever(only(peripheral_neuropathy, grade >= 3 and grade < 5))",
        "fail",
    ),
    Row(
        "responses are ordered from worst to best",
        {"responses": {"response": "VGPR"}},
        "ever(only(responses, response >= 'PR'))",
        "pass",
    ),
    Row(
        "a minor response is less than a partial one",
        {"responses": {"response": "MR"}},
        "ever(only(responses, response >= 'PR'))",
        "fail",
    ),
    Row(
        "progression is the worst response",
        {"responses": {"response": "SD"}},
        "ever(only(responses, response > 'PD'))",
        "pass",
    ),
    Row(
        "an allergy is not an intolerance",
        {"allergy_to_boron": {"kind": "allergy"}},
        "ever(only(allergy_to_boron, kind = 'intolerance'))",
        "fail",
    ),
    Row(
        "a cream is not swallowed",
        {"ketoconazole": {"route": "topical"}},
        "ever(only(ketoconazole, route <> 'topical'))",
        "fail",
    ),
    Row(
        "an observational trial gives no treatment",
        {"trial_participation": {"interventional": "no"}},
        "ever(only(trial_participation, interventional))",
        "fail",
    ),
    Row("lines have numbers", {"lines": {"line_number": 2}}, "ever(only(lines, line_number >= 2))", "pass"),
    Row(
        "at least one of two conditions of a row",
        {"other_malignancy": {"residual_disease": "no", "completely_resected": "yes"}},
        "ever(only(other_malignancy, at_least(1, residual_disease, completely_resected)))",
        "pass",
    ),
    Row(
        "two conditions of a tumour, one of them blank",
        {"other_malignancy": {"residual_disease": "yes"}},
        "ever(only(other_malignancy, residual_disease and not completely_resected))",
        "unknown",
        "needs_review",
    ),
    Row(
        "an uncontrolled arrhythmia",
        {"arrhythmia": {"controlled": "no"}},
        "ever(only(arrhythmia, not controlled))",
        "pass",
    ),
)

WITHOUT = (
    Row("what is left counts", stopped(None), "ever(without(proteasome_inhibitor, carfilzomib))", "pass"),
    Row(
        "what is taken away does not",
        {"carfilzomib": {}},
        "ever(without(proteasome_inhibitor, carfilzomib))",
        "fail",
    ),
    Row(
        "several can be taken away",
        stopped(None),
        "ever(without(proteasome_inhibitor, carfilzomib, bortezomib))",
        "fail",
    ),
    Row(
        "a row of another name stays",
        {**stopped(None), "carfilzomib": {}},
        "ever(without(proteasome_inhibitor, carfilzomib))",
        "pass",
    ),
    Row("surely an exception: away", {"surgery": {"major": "no"}}, MAJOR, "fail"),
    Row("surely no exception: stays", {"surgery": {"major": "yes"}}, MAJOR, "pass"),
    Row("a blank neither removes nor clears", {"surgery": {}}, MAJOR, "unknown", "needs_review"),
    Row(
        "a row that may be the exception stays as a may",
        {"carfilzomib": {"certain": False}},
        "ever(without(proteasome_inhibitor, carfilzomib))",
        "unknown",
        "needs_review",
    ),
    Row(
        "taking away what is not there changes nothing",
        {},
        "ever(without(proteasome_inhibitor, carfilzomib))",
        "fail",
    ),
    Row(
        "a missing table of the exceptions proves nothing and needs nothing",
        {**stopped(None), "not_captured": ["conditions"]},
        "ever(without(proteasome_inhibitor, carfilzomib))",
        "pass",
    ),
)

TWO_LINES = lines(["bortezomib"], ["daratumumab"])
SAME_MONTH = lines(["bortezomib"], ["daratumumab"], starts=("2025-05", "2025-05"))
SAME_DAY = lines(["bortezomib"], ["daratumumab"], starts=("-300", "-300"))
FIRST, LAST = ("ever(only({}(lines), includes({})))".replace("{}", which, 1) for which in ("first", "last"))

EDGES = (
    Row("the first of two", TWO_LINES, FIRST.format("bortezomib"), "pass"),
    Row("the second is not the first", TWO_LINES, FIRST.format("daratumumab"), "fail"),
    Row("the last of two", TWO_LINES, LAST.format("daratumumab"), "pass"),
    Row("the first is not the last", TWO_LINES, LAST.format("bortezomib"), "fail"),
    Row("the only one is the first", lines(["bortezomib"]), FIRST.format("bortezomib"), "pass"),
    Row("and the last", lines(["bortezomib"]), LAST.format("bortezomib"), "pass"),
    Row("none has no last", {}, LAST.format("bortezomib"), "fail"),
    Row("of one day, both are the last", SAME_DAY, LAST.format("bortezomib"), "pass"),
    Row("of one day, both are the first", SAME_DAY, FIRST.format("daratumumab"), "pass"),
    Row(
        "of one month, each may be the last", SAME_MONTH, LAST.format("bortezomib"), "unknown", "partial_date"
    ),
    Row(
        "of one month, each may be the first",
        SAME_MONTH,
        FIRST.format("daratumumab"),
        "unknown",
        "partial_date",
    ),
    Row(
        "the last one goes by its start, not by its end",
        {"radiotherapy": [{"start": "-90", "end": "-5"}, {"start": "-60", "end": "-50"}]},
        "within_days(last(radiotherapy), 30, as_of)",
        "fail",
    ),
    Row(
        "a later row that may not belong leaves the last open",
        {"radiotherapy": [{"start": "-90"}, {"start": "-5", "certain": False}]},
        "within_days(last(radiotherapy), 100, as_of)",
        "unknown",
        "partial_date",
    ),
    Row(
        "a table that trails may miss the last",
        {"radiotherapy": {"start": "-90"}, "complete": {"procedures": ("", "-20")}},
        "within_days(last(radiotherapy), 100, as_of)",
        "unknown",
        "source_stale",
    ),
    Row(
        "a table that was not captured may miss the first",
        {"radiotherapy": {"start": "-90"}, "not_captured": ["procedures"]},
        "within_days(first(radiotherapy), 100, as_of)",
        "unknown",
        "not_captured",
    ),
)

INCLUDES = (
    Row(
        "a member of a line",
        lines(["bortezomib", "lenalidomide"]),
        "ever(only(lines, includes(bortezomib)))",
        "pass",
    ),
    Row("not a member", lines(["bortezomib"]), "ever(only(lines, includes(lenalidomide)))", "fail"),
    Row(
        "a class of members",
        lines(["bortezomib"]),
        "ever(only(lines, includes(proteasome_inhibitor)))",
        "pass",
    ),
    Row(
        "two members of one line",
        lines(["bortezomib", "lenalidomide"]),
        "ever(only(lines, includes(proteasome_inhibitor, imid)))",
        "pass",
    ),
    Row(
        "members of two lines are not of one",
        lines(["bortezomib"], ["lenalidomide"]),
        "ever(only(lines, includes(proteasome_inhibitor, imid)))",
        "fail",
    ),
    Row(
        "one or the other",
        lines(["daratumumab"]),
        "ever(only(lines, includes(bortezomib) or includes(daratumumab)))",
        "pass",
    ),
    Row(
        "a line without a drug",
        lines(["bortezomib"], ["daratumumab"]),
        "count(only(lines, not includes(bortezomib))) = 1",
        "pass",
    ),
    Row(
        "a member of a class that a person must judge",
        lines(["iberdomide"]),
        "ever(only(lines, includes(imid)))",
        "unknown",
        "needs_review",
    ),
    Row(
        "lines that include a drug can be counted",
        lines(["bortezomib"], ["bortezomib"], ["daratumumab"]),
        "count(only(lines, includes(bortezomib))) = 2",
        "pass",
    ),
)

COUNTS = (
    Row("no row is 0", {}, "count(radiotherapy) = 0", "pass"),
    Row(
        "two rows are 2",
        {"radiotherapy": [{"start": "-9"}, {"start": "-5"}]},
        "count(radiotherapy) = 2",
        "pass",
    ),
    Row(
        "a row that may not belong may count",
        {"radiotherapy": [{"start": "-9"}, {"start": "-5", "certain": False}]},
        "count(radiotherapy) = 2",
        "unknown",
        "needs_review",
    ),
    Row(
        "certain rows are the least",
        {"radiotherapy": [{"start": "-9"}, {"start": "-5", "certain": False}]},
        "count(radiotherapy) >= 1",
        "pass",
    ),
    Row(
        "all rows are the most",
        {"radiotherapy": [{"start": "-9"}, {"start": "-5", "certain": False}]},
        "count(radiotherapy) <= 2",
        "pass",
    ),
    Row(
        "rows may be missing from a table not captured",
        {"radiotherapy": {}, "not_captured": ["procedures"]},
        "count(radiotherapy) <= 3",
        "unknown",
        "not_captured",
    ),
    Row(
        "but those there are count",
        {"radiotherapy": {}, "not_captured": ["procedures"]},
        "count(radiotherapy) >= 1",
        "pass",
    ),
    Row("prior_lines is the number of lines", {"prior_lines": 3}, "prior_lines = 3", "pass"),
    Row("and the same as counting them", {"prior_lines": 3}, "count(lines) = prior_lines", "pass"),
    Row(
        "three prior lines are between one and three",
        {"prior_lines": 3},
        "prior_lines between 1 and 3",
        "pass",
    ),
    Row("four are not", {"prior_lines": 4}, "prior_lines between 1 and 3", "fail"),
)

STARTED = (
    Row(
        "a course counts on all its days",
        {"radiotherapy": {"start": "-90", "end": "-5"}},
        "within_days(radiotherapy, 30, as_of)",
        "pass",
    ),
    Row(
        "its beginning counts on one",
        {"radiotherapy": {"start": "-90", "end": "-5"}},
        "within_days(started(radiotherapy), 30, as_of)",
        "fail",
    ),
    Row(
        "which may be in the window",
        {"radiotherapy": {"start": "-20", "end": "-5"}},
        "within_days(started(radiotherapy), 30, as_of)",
        "pass",
    ),
    Row(
        "a beginning is not ongoing",
        {"copd": {"start": "-20", "end": "ongoing"}},
        "ongoing(started(copd))",
        "fail",
    ),
    Row(
        "a beginning of today is",
        {"copd": {"start": "0", "end": "ongoing"}},
        "ongoing(started(copd))",
        "pass",
    ),
)


def copd(start: str, end: str, **more: str) -> Patient:
    """A lung disease from one day to another."""
    return {"copd": {"start": start, "end": end}, **more}


ONGOING = (
    Row("what goes on is ongoing", copd("-90", "ongoing"), "ongoing(copd)", "pass"),
    Row("on its last day it still is", copd("-90", "0"), "ongoing(copd)", "pass"),
    Row("on the day after it is not", copd("-90", "-1"), "ongoing(copd)", "fail"),
    Row("on its first day it already is", copd("0", "ongoing"), "ongoing(copd)", "pass"),
    Row("nothing recorded is not ongoing", {}, "ongoing(copd)", "fail"),
    Row("no end recorded may go on", copd("-90", "unknown"), "ongoing(copd)", "unknown", "never_recorded"),
    Row("an end known by its month", copd("-90", "2026-06"), "ongoing(copd)", "unknown", "partial_date"),
    Row("an end in a month that is over", copd("-90", "2026-05"), "ongoing(copd)", "fail"),
    Row(
        "asked of another day", copd("-90", "0", enrollment="2026-07-01"), "ongoing(copd, enrollment)", "fail"
    ),
    Row(
        "what goes on still does then",
        copd("-90", "ongoing", enrollment="2026-07-01"),
        "ongoing(copd, enrollment)",
        "pass",
    ),
    Row(
        "without a date it is asked of the day of the run",
        copd("-90", "0", enrollment="2026-07-01"),
        "ongoing(copd)",
        "pass",
    ),
    Row("asked of a day before it began", copd("-5", "ongoing"), "ongoing(copd, as_of - 6)", "fail"),
)

UNLISTED = (
    Row(
        "a drug that no list has may be any drug",
        {"unlisted": {"treatments": {"start": "-90"}}},
        "ever(bortezomib)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "of any class",
        {"unlisted": {"treatments": {"start": "-90"}}},
        "ever(imid)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "it never proves a class",
        {"unlisted": {"treatments": {"start": "-90"}}},
        "not ever(imid)",
        "unknown",
        "unmapped_code",
    ),
    Row("but is no condition", {"unlisted": {"treatments": {"start": "-90"}}}, "ever(copd)", "fail"),
    Row(
        "a name that is listed decides beside it",
        {"unlisted": {"treatments": {"start": "-90"}}, **stopped(None)},
        "ever(bortezomib)",
        "pass",
    ),
    Row(
        "its days are known",
        {"unlisted": {"treatments": {"start": "-90"}}},
        "within_days(bortezomib, 30, as_of)",
        "fail",
    ),
    Row(
        "and may be in the window",
        {"unlisted": {"treatments": {"start": "-9"}}},
        "within_days(bortezomib, 30, as_of)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "a condition that no list has may be any condition",
        {"unlisted": {"conditions": {"start": "-90"}}},
        "ever(copd)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "a procedure that no list has may be any procedure",
        {"unlisted": {"procedures": {"start": "-90"}}},
        "ever(radiotherapy)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "it may be a further row",
        {"unlisted": {"procedures": {"start": "-90"}}, "radiotherapy": {}},
        "count(radiotherapy) = 1",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "an unlisted medication may be any drug",
        {"unlisted": {"medications": {"start": "-90"}}},
        "ever(omeprazole)",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "taking the class away leaves it open",
        {"unlisted": {"treatments": {"start": "-90"}}},
        "ever(without(imid, lenalidomide))",
        "unknown",
        "unmapped_code",
    ),
    Row(
        "an unlisted member of a line",
        lines(["*"]),
        "ever(only(lines, includes(bortezomib)))",
        "unknown",
        "unmapped_code",
    ),
)


@pytest.mark.parametrize("row", EVER, ids=title)
def test_ever_asks_for_any_row(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", ONLY, ids=title)
def test_only_keeps_the_rows_for_which_the_condition_holds(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", WITHOUT, ids=title)
def test_without_removes_what_is_surely_an_exception(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", EDGES, ids=title)
def test_first_and_last_go_by_the_start(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", INCLUDES, ids=title)
def test_includes_asks_for_members_of_one_line(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", COUNTS, ids=title)
def test_count_counts_rows(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", STARTED, ids=title)
def test_started_cuts_a_row_to_its_start(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", ONGOING, ids=title)
def test_ongoing_asks_whether_a_row_runs_on_a_day(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("row", UNLISTED, ids=title)
def test_a_name_that_no_list_has_may_be_anything_of_its_table(row: Row) -> None:
    check(row)
