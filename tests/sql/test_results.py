"""Which result is the latest, what it is, and when it is open."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from data.code_lists import load_code_lists
from schemas.words import BEGINNING, FOREVER, UNBOUNDED
from sql.runner import Wanted, quarantine_rows, read_facts, stage_extract
from tests.sql.small import AS_OF, Built, build, everything, load, reasons

Row = Mapping[str, object]


def _hemoglobin(day: str, value: str, **more: str) -> Row:
    return {"observation": "hemoglobin", "unit": "g/dL", "date": day, "value": value, **more}


def _latest(*rows: Row, concept: str = "hemoglobin", **options: Any) -> dict[str, Any]:
    return build({"observations": rows}, **options).one("latest", concept=concept)


def _values(row: dict[str, Any]) -> tuple[Decimal, Decimal, set[str]]:
    return row["value_low"], row["value_high"], reasons(row["value_reasons"])


def _rules(built: Built) -> list[tuple[str, int, str]]:
    return quarantine_rows(built.connection).select("rule", "source_row", "column").rows()


OPEN = (-UNBOUNDED, UNBOUNDED)


def test_the_latest_day_wins_and_the_rest_is_passed_over() -> None:
    latest = _latest(_hemoglobin("2025-04-01", "9"), _hemoglobin("2025-05-01", "10"))
    assert _values(latest) == (10, 10, set())
    assert (latest["date_earliest"], latest["date_latest"]) == (date(2025, 5, 1), date(2025, 5, 1))
    assert (latest["source_row"], latest["source_rows"], latest["fact_until"]) == (2, [2], FOREVER)


def test_a_result_after_the_as_of_date_does_not_exist() -> None:
    latest = _latest(_hemoglobin("2025-06-01", "9"), _hemoglobin("2025-06-02", "10"))
    assert _values(latest) == (9, 9, set())


def test_different_values_of_one_day_are_open_between_them() -> None:
    latest = _latest(_hemoglobin("2025-05-01", "10"), _hemoglobin("2025-05-01", "9"))
    assert _values(latest) == (9, 10, {"conflicting_values"})
    assert latest["source_rows"] == [1, 2]


def test_one_value_in_two_units_on_one_day_is_no_conflict() -> None:
    latest = _latest(_hemoglobin("2025-05-01", "10"), _hemoglobin("2025-05-01", "100", unit="g/L"))
    assert _values(latest) == (10, 10, set())


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("preliminary", "final"), 2),
        (("final", "corrected"), 2),
        (("preliminary", ""), 2),
        (("corrected", "preliminary"), 1),
    ],
)
def test_of_one_day_the_result_of_best_standing_counts(statuses: tuple[str, str], expected: int) -> None:
    latest = _latest(
        _hemoglobin("2025-05-01", "1" + "1", status=statuses[0]),
        _hemoglobin("2025-05-01", "12", status=statuses[1]),
    )
    assert latest["source_rows"] == [expected]


def test_a_delivered_row_may_hold_several_results() -> None:
    rows = [_hemoglobin("2025-05-01", "11"), {**_hemoglobin("2025-05-01", "3.5"), "observation": "albumin"}]
    connection = load({"observations": rows})
    connection.execute("update raw_observations set source_row = 1")
    stage_extract(connection, AS_OF, everything(), lambda text: None)
    found = Built(connection, read_facts(connection, 0, 0))
    assert [found.one("latest", concept=name)["value_low"] for name in ("hemoglobin", "albumin")] == [
        11,
        Decimal("3.5"),
    ]


def test_standing_does_not_bring_an_older_day_back() -> None:
    latest = _latest(
        _hemoglobin("2025-05-01", "10", status="corrected"),
        _hemoglobin("2025-05-02", "9", status="preliminary"),
    )
    assert _values(latest) == (9, 9, set())


def test_a_cancelled_result_does_not_exist() -> None:
    built = build({"observations": [_hemoglobin("2025-05-01", "10", status="cancelled")]})
    assert built.frame("latest") == []


def test_a_partial_date_that_may_be_the_latest_opens_value_and_date() -> None:
    latest = _latest(_hemoglobin("2025-05-10", "10"), _hemoglobin("2025-05", "8"))
    assert _values(latest) == (8, 10, {"partial_date"})
    assert (latest["date_earliest"], latest["date_latest"]) == (date(2025, 5, 1), date(2025, 5, 31))


def test_a_partial_date_that_is_surely_older_is_passed_over() -> None:
    latest = _latest(_hemoglobin("2025-05-10", "10"), _hemoglobin("2025-04", "8"))
    assert _values(latest) == (10, 10, set())


def test_a_partial_date_that_surely_is_the_latest_keeps_its_exact_value() -> None:
    latest = _latest(_hemoglobin("2025-04-10", "10"), _hemoglobin("2025-05", "8"))
    assert _values(latest) == (8, 8, set())
    assert (latest["date_earliest"], latest["date_latest"]) == (date(2025, 5, 1), date(2025, 5, 31))


def test_candidates_that_agree_leave_the_value_exact() -> None:
    latest = _latest(_hemoglobin("2025-05-10", "10"), _hemoglobin("2025-05", "10"))
    assert _values(latest) == (10, 10, set())


def test_a_partial_date_that_may_lie_after_the_as_of_date_does_not_hide_the_result_before() -> None:
    latest = _latest(_hemoglobin("2025-05-10", "10"), _hemoglobin("2025-06", "8"))
    assert _values(latest) == (8, 10, {"partial_date"})
    assert latest["fact_until"] == date(2025, 6, 29)


def test_where_the_only_result_may_lie_after_the_as_of_date_there_may_be_none() -> None:
    assert _values(_latest(_hemoglobin("2025-06", "8"))) == (*OPEN, {"partial_date"})


def test_an_unreadable_date_may_be_the_latest() -> None:
    latest = _latest(_hemoglobin("2025-05-10", "10"), _hemoglobin("31.05.2025", "8"))
    assert _values(latest) == (8, 10, {"quarantined"})
    assert (latest["date_earliest"], latest["date_latest"]) == (BEGINNING, FOREVER)


def test_an_unreadable_value_is_everything_on_its_day() -> None:
    built = build({"observations": [_hemoglobin("2025-05-01", "10"), _hemoglobin("2025-05-02", "see note")]})
    latest = built.one("latest", concept="hemoglobin")
    assert _values(latest) == (*OPEN, {"quarantined"})
    assert latest["recorded_value"] == "see note"


def test_an_unreadable_value_of_an_older_day_does_not_matter() -> None:
    latest = _latest(_hemoglobin("2025-05-01", "see note"), _hemoglobin("2025-05-02", "10"))
    assert _values(latest) == (10, 10, set())


def test_a_row_without_an_observation_may_be_any_of_them() -> None:
    latest = _latest(_hemoglobin("2025-05-01", "10"), _hemoglobin("2025-05-02", "9", observation=""))
    assert _values(latest) == (*OPEN, {"quarantined"})


@pytest.mark.parametrize("unit", ["", "furlong"])
def test_a_missing_or_unknown_unit_leaves_the_value_open_and_is_quarantined(unit: str) -> None:
    built = build({"observations": [_hemoglobin("2025-05-01", "10", unit=unit)]})
    assert _values(built.one("latest", concept="hemoglobin")) == (*OPEN, {"unit_unclear"})
    assert _rules(built) == [("unknown_unit", 1, "unit")]


@pytest.mark.parametrize("observation", ["hemoglobin", "718-7"])
def test_the_extracts_default_unit_fills_a_blank_one(observation: str) -> None:
    row = {"observation": "718-7", "code_system": "loinc", "date": "2025-05-01", "value": "100"}
    latest = _latest(row, toml=f'[default_units]\n{observation} = "g/L"\n')
    assert _values(latest) == (10, 10, set())


@pytest.mark.parametrize("observation", ["ecog", "flc_ratio"])
def test_a_pure_number_needs_no_unit(observation: str) -> None:
    row = {"observation": observation, "date": "2025-05-01", "value": "1"}
    assert _values(_latest(row, concept=observation)) == (1, 1, set())


@pytest.mark.parametrize(("value", "low"), [("2.9", None), ("3", 3), ("22", 22), ("22.1", None)])
def test_an_implausible_value_is_open_and_quarantined(value: str, low: int | None) -> None:
    built = build({"observations": [_hemoglobin("2025-05-01", value)]})
    found = _values(built.one("latest", concept="hemoglobin"))
    if low is None:
        assert found == (*OPEN, {"implausible_value"})
        assert _rules(built) == [("implausible_value", 1, "value")]
    else:
        assert found == (low, low, set())
        assert _rules(built) == []


def test_a_limit_is_implausible_only_if_no_value_within_it_is_plausible() -> None:
    fine = _latest(_hemoglobin("2025-05-01", "<4"))
    assert _values(fine) == (0, Decimal("3.999999999"), {"censored_value"})
    assert _values(_latest(_hemoglobin("2025-05-01", "<1"))) == (*OPEN, {"implausible_value"})


def test_positive_and_negative_are_one_and_zero_without_a_unit() -> None:
    rows = [
        {"observation": "hbsag", "date": "2025-05-01", "value": "negative"},
        {"observation": "hiv_test", "date": "2025-05-01", "value": "positive"},
        {"observation": "hcv_rna", "date": "2025-05-01", "value": "12"},
    ]
    built = build({"observations": rows})
    assert _values(built.one("latest", concept="hbsag")) == (0, 0, set())
    assert _values(built.one("latest", concept="hiv_test")) == (1, 1, set())
    assert _values(built.one("latest", concept="hcv_rna")) == (0, 1, {"quarantined"})
    assert _rules(built) == [("wrong_kind_of_value", 3, "value")]


def test_a_slip_of_a_listed_name_opens_that_concept_and_an_unlisted_name_is_only_counted() -> None:
    slip = _hemoglobin("2025-05-02", "9", observation="hemoglobbin")
    other = _hemoglobin("2025-05-03", "9", observation="serum rhubarb")
    latest = _latest(_hemoglobin("2025-05-01", "10"), slip, other)
    assert _values(latest) == (*OPEN, {"unmapped_code"})
    assert latest["date_latest"] == date(2025, 5, 2)


def test_an_unlisted_loinc_code_is_something_else() -> None:
    row = {
        "observation": "2345-7",
        "code_system": "loinc",
        "date": "2025-05-01",
        "value": "100",
        "unit": "mg/dL",
    }
    assert build({"observations": [row]}).frame("latest") == []


def _bilirubin(**more: str) -> Row:
    return {"observation": "total_bilirubin", "date": "2025-05-01", "value": "1", "unit": "mg/dL", **more}


def _limit(row: dict[str, Any], which: str = "upper") -> tuple[Decimal, Decimal, set[str]]:
    low, high = row[f"{which}_limit_low"], row[f"{which}_limit_high"]
    return low, high, reasons(row[f"{which}_limit_reasons"])


def test_a_stated_limit_is_converted_with_its_result() -> None:
    row = _bilirubin(value="17.1", unit="umol/L", upper_limit="20.52", lower_limit="1.71")
    latest = _latest(row, concept="total_bilirubin")
    assert _limit(latest) == (Decimal("1.2"), Decimal("1.2"), set())
    assert _limit(latest, "lower") == (Decimal("0.1"), Decimal("0.1"), set())


@pytest.mark.parametrize("limits", [{}, {"upper_limit": "5000"}])
def test_without_a_usable_limit_the_range_of_laboratories_stands(limits: dict[str, str]) -> None:
    latest = _latest(_bilirubin(**limits), concept="total_bilirubin")
    assert _limit(latest) == (1, Decimal("1.5"), {"no_upper_limit"})
    assert _values(latest) == (1, 1, set())


def test_a_limit_counts_up_to_the_highest_plausible_value() -> None:
    concepts = load_code_lists().concepts
    highest = concepts.row(by_predicate=pl.col("concept") == "total_bilirubin", named=True)["plausible_high"]
    beyond = highest + Decimal("0.000000001")
    latest = _latest(_bilirubin(upper_limit=str(highest)), concept="total_bilirubin")
    assert _limit(latest) == (highest, highest, set())
    latest = _latest(_bilirubin(upper_limit=str(beyond)), concept="total_bilirubin")
    assert _limit(latest) == (1, Decimal("1.5"), {"no_upper_limit"})
    latest = _latest(_bilirubin(lower_limit=str(highest)), concept="total_bilirubin")
    assert _limit(latest, "lower") == (highest, highest, set())
    latest = _latest(_bilirubin(lower_limit=str(beyond)), concept="total_bilirubin")
    assert _limit(latest, "lower") != (beyond, beyond, set())


def test_a_limit_that_is_not_above_zero_is_quarantined_and_only_opens_the_limit() -> None:
    latest = _latest(_bilirubin(upper_limit="0"), concept="total_bilirubin")
    assert _limit(latest) == (1, Decimal("1.5"), {"no_upper_limit", "quarantined"})
    assert _values(latest) == (1, 1, set())


def test_a_light_chain_ratio_has_default_limits_that_are_exact() -> None:
    latest = _latest({"observation": "flc_ratio", "date": "2025-05-01", "value": "2"}, concept="flc_ratio")
    assert _limit(latest) == (Decimal("1.65"), Decimal("1.65"), set())
    assert _limit(latest, "lower") == (Decimal("0.26"), Decimal("0.26"), set())


def test_only_what_is_wanted_is_made() -> None:
    rows = [_hemoglobin("2025-05-01", "10"), _bilirubin()]
    built = build({"observations": rows}, wanted=Wanted(frozenset({"hemoglobin"})))
    assert [row["concept"] for row in built.frame("latest")] == ["hemoglobin"]
    assert built.frame("results") == []


def test_every_day_of_a_counted_concept_is_kept() -> None:
    rows = [_hemoglobin("2025-05-01", "10"), _hemoglobin("2025-05-01", "11"), _hemoglobin("2024", "9")]
    built = build({"observations": rows}, wanted=Wanted(counted=frozenset({"hemoglobin"})))
    days = [(row["date_earliest"], row["value_low"], row["value_high"]) for row in built.frame("results")]
    assert days == [(date(2025, 5, 1), 10, 11), (date(2024, 1, 1), 9, 9)]


def _measured(observation: str, value: str, unit: str, day: str = "2025-05-01") -> Row:
    return {"observation": observation, "date": day, "value": value, "unit": unit}


def test_corrected_calcium_follows_from_calcium_and_albumin_of_one_day() -> None:
    rows = [_measured("calcium", "2.5", "mmol/L"), _measured("albumin", "30", "g/L")]
    latest = _latest(*rows, concept="corrected_calcium")
    assert _values(latest) == (Decimal("10.82"), Decimal("10.82"), set())
    assert latest["source_rows"] == [1, 2]


def test_a_recorded_corrected_calcium_of_the_day_takes_the_place_of_the_derived_one() -> None:
    rows = [_measured("calcium", "10", "mg/dL"), _measured("albumin", "3", "g/dL")]
    latest = _latest(*rows, _measured("corrected_calcium", "11", "mg/dL"), concept="corrected_calcium")
    assert (_values(latest), latest["source_rows"]) == ((11, 11, set()), [3])


def test_corrected_calcium_reaches_back_to_the_last_day_with_both() -> None:
    rows = [
        _measured("calcium", "10", "mg/dL", "2025-04-01"),
        _measured("albumin", "3", "g/dL", "2025-04-01"),
        _measured("calcium", "12", "mg/dL", "2025-05-01"),
    ]
    built = build({"observations": rows})
    corrected = built.one("latest", concept="corrected_calcium")
    assert _values(corrected) == (Decimal("10.8"), Decimal("10.8"), set())
    assert corrected["date_latest"] == date(2025, 4, 1)
    assert _values(built.one("latest", concept="calcium")) == (12, 12, set())


def test_inputs_that_only_may_be_of_one_day_leave_the_derived_result_open() -> None:
    rows = [_measured("calcium", "10", "mg/dL", "2025-05"), _measured("albumin", "3", "g/dL")]
    assert _values(_latest(*rows, concept="corrected_calcium")) == (*OPEN, {"partial_date"})


def test_corrected_calcium_of_censored_inputs_spans_all_that_they_allow() -> None:
    rows = [_measured("calcium", "10", "mg/dL"), _measured("albumin", "<=3", "g/dL")]
    low, high, why = _values(_latest(*rows, concept="corrected_calcium"))
    assert (low, high, why) == (Decimal("10.8"), Decimal("13.2"), {"censored_value"})


def test_the_light_chain_ratio_follows_from_kappa_and_lambda_of_one_day_with_default_limits() -> None:
    rows = [_measured("kappa_flc", "10", "mg/dL"), _measured("lambda_flc", "30", "mg/L")]
    latest = _latest(*rows, concept="flc_ratio")
    third = Decimal("3.333333333")
    assert _values(latest) == (third, third, set())
    assert _limit(latest) == (Decimal("1.65"), Decimal("1.65"), set())


def test_a_ratio_to_a_lambda_that_may_be_nothing_has_no_upper_end() -> None:
    rows = [_measured("kappa_flc", "10", "mg/L"), _measured("lambda_flc", "<5", "mg/L")]
    assert _values(_latest(*rows, concept="flc_ratio")) == (2, UNBOUNDED, {"censored_value"})


@pytest.mark.parametrize(
    ("days", "expected"), [(("2025-05-01", "2025-05-01"), 410), (("2025-05-01", "2025-05-02"), 430)]
)
def test_qtc_by_fridericia_takes_the_place_of_an_unstated_one_of_the_same_day(
    days: tuple[str, str], expected: int
) -> None:
    rows = [_measured("qtc_fridericia", "410", "ms", days[0]), _measured("qtc", "430", "ms", days[1])]
    latest = _latest(*rows, concept="qtc_fridericia_or_unstated")
    assert _values(latest) == (expected, expected, set())


def test_as_of_decides_which_result_is_the_latest() -> None:
    rows = [_hemoglobin("2025-04-01", "9"), _hemoglobin("2025-05-01", "10")]
    assert _values(_latest(*rows, as_of=date(2025, 4, 30))) == (9, 9, set())
    assert _values(_latest(*rows, as_of=AS_OF)) == (10, 10, set())
