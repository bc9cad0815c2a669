"""Trial files are offered every measurement and set once, and units are converted exactly or not at all."""

import re
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.catalogue import RESERVED_NAMES, Catalogue, UnknownUnit, build_catalogue, load_catalogue
from data.code_lists import CodeListError, CodeLists, load_code_lists

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


# ---- names
def test_every_name_is_an_identifier_that_the_language_does_not_keep(catalogue: Catalogue) -> None:
    names = [*catalogue.measurements, *catalogue.sets]
    assert [name for name in names if not IDENTIFIER.fullmatch(name)] == []
    assert [name for name in names if name in RESERVED_NAMES] == []
    assert {"as_of", "enrollment", "first_dose", "sex", "age", "reading", "grade", "major"} <= RESERVED_NAMES


def test_no_name_is_both_a_measurement_and_a_set(catalogue: Catalogue) -> None:
    assert set(catalogue.measurements).isdisjoint(catalogue.sets)


def test_upper_and_lower_limits_leave_no_name_with_two_meanings(catalogue: Catalogue) -> None:
    limits = {f"{name}_{end}_limit" for name in catalogue.measurements for end in ("upper", "lower")}
    assert limits.isdisjoint({*catalogue.measurements, *catalogue.sets})


def test_every_concept_and_class_can_be_named(catalogue: Catalogue) -> None:
    lists = load_code_lists()
    concepts = dict(lists.concepts.select("concept", "kind").iter_rows())
    events = {name for name, kind in concepts.items() if kind in ("drug", "condition", "procedure")}
    allergens = {f"allergy_to_{name}" for name, kind in concepts.items() if kind in ("drug", "substance")}
    registry = {"lines", "progression", "responses", "trial_participation"}
    assert set(catalogue.sets) == events | allergens | registry | set(lists.class_info["class"])
    assert set(catalogue.measurements) == {name for name, kind in concepts.items() if kind == "observation"}


def renamed(lists: CodeLists, old: str, new: str) -> CodeLists:
    frame = lists.concepts.with_columns(pl.col("concept").replace(old, new))
    return replace(lists, concepts=frame)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("naproxen", "major", "keeps this name"),
        ("naproxen", "within_days", "keeps this name"),
        ("naproxen", "lines", "two sets"),
        ("alt", "copd", "a measurement and a set"),
        ("naproxen", "imid", "must hold that concept"),
    ],
)
def test_a_name_that_is_taken_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(CodeListError, match=why):
        build_catalogue(renamed(load_code_lists(), old, new))


# ---- sets
def test_every_member_of_a_class_is_a_concept_of_its_kind(catalogue: Catalogue) -> None:
    kinds = dict(load_code_lists().concepts.select("concept", "kind").iter_rows())
    for one in catalogue.sets.values():
        if one.kind in ("drug", "condition", "procedure"):
            assert {kinds.get(member) for member, _ in one.members} == {one.kind}


@pytest.mark.parametrize(
    ("name", "home", "any_of"),
    [
        ("bortezomib", "treatments", ("treatments", "medications")),
        ("omeprazole", "medications", ("treatments", "medications")),
        ("corticosteroid", "treatments", ("treatments", "medications")),
        ("strong_cyp3a_inhibitor", "medications", ("treatments", "medications")),
        ("copd", "conditions", ("conditions",)),
        ("surgery", "procedures", ("procedures",)),
        ("lines", "treatments", ()),
        ("progression", "responses", ()),
        ("responses", "responses", ()),
        ("trial_participation", "trial_participation", ()),
        ("allergy_to_ixazomib", "allergies", ("allergies",)),
        ("allergy_to_boron", "allergies", ("allergies",)),
    ],
)
def test_a_set_knows_which_table_proves_absence_and_which_rows_may_be_anything(
    catalogue: Catalogue, name: str, home: str, any_of: tuple[str, ...]
) -> None:
    assert catalogue.sets[name].home_tables == (home,)
    assert catalogue.sets[name].any_of == any_of


def test_a_class_replaces_the_concept_of_its_name(catalogue: Catalogue) -> None:
    surgery = catalogue.sets["surgery"]
    assert surgery.members == (("bilateral_oophorectomy", True), ("hysterectomy", True), ("surgery", True))


def test_a_doubtful_member_is_marked(catalogue: Catalogue) -> None:
    assert ("iberdomide", False) in catalogue.sets["imid"].members
    assert ("lenalidomide", True) in catalogue.sets["imid"].members
    assert catalogue.sets["allergy_to_ixazomib"].members == (("allergy_to_ixazomib", True),)


# ---- units
@pytest.mark.parametrize(
    ("concept", "value", "unit", "canonical"),
    [
        ("hemoglobin", "6.52", "mmol/L", "10.50372"),
        ("hemoglobin", "81", "g/L", "8.1"),
        ("hemoglobin", "8", "G/DL", "8"),
        ("creatinine", "88.4", "umol/L", "1"),
        ("creatinine", "88.4", "\u00b5mol/L", "1"),
        ("creatinine", "0.0884", "mmol/L", "1"),
        ("creatinine", "100", "\u03bcmol/L", "1.131221719"),
        ("total_bilirubin", "17.1", "umol/L", "1"),
        ("calcium", "2.5", "mmol/L", "10.02"),
        ("calcium", "5", "mEq/L", "10.02"),
        ("kappa_flc", "10", "mg/dL", "100"),
        ("kappa_flc", "45", "mg/L", "45"),
        ("serum_m_protein", "5", "g/L", "0.5"),
        ("urine_m_protein", "0.2", "g/24 h", "200"),
        ("urine_m_protein", "200", "mg/24hr", "200"),
        ("neutrophil_count", "1.001", "10^9/L", "1001"),
        ("neutrophil_count", "1.001", "x10^9/L", "1001"),
        ("platelet_count", "75", "GI/L", "75000"),
        ("platelet_count", "75", "THOU/uL", "75000"),
        ("platelet_count", "75", "K/\u00b5L", "75000"),
        ("platelet_count", "75000", "/mm3", "75000"),
        ("albumin", "600", "umol/L", "3.99"),
        ("alt", "0.5", "\u00b5kat/L", "30"),
        ("weight", "22.046", "LB", "10"),
        ("height", "58", "IN", "147.32"),
        ("height", "1.7", "m", "170"),
        ("qtc", "0.47", "s", "470"),
        ("ecog", "1", "", "1"),
        ("flc_ratio", "1.65", "{ratio}", "1.65"),
        ("marrow_plasma_cells", "50", "percent", "50"),
    ],
)
def test_a_value_is_converted_exactly(
    catalogue: Catalogue, concept: str, value: str, unit: str, canonical: str
) -> None:
    assert catalogue.units.convert(concept, Decimal(value), unit) == Decimal(canonical)


def test_a_value_is_rounded_once_half_to_even(catalogue: Catalogue) -> None:
    # One tenth of the value ends in a five at the tenth place.
    assert catalogue.units.convert("hemoglobin", Decimal("0.000000005"), "g/L") == Decimal(0)
    assert catalogue.units.convert("hemoglobin", Decimal("0.000000015"), "g/L") == Decimal("0.000000002")
    # Rounded at 28 digits first, this would become a tie and go down.
    value = Decimal("0.00000000500000000000000000000000000001")
    assert catalogue.units.convert("hemoglobin", value, "g/L") == Decimal("0.000000001")


@pytest.mark.parametrize(
    ("concept", "unit"),
    [
        ("hemoglobin", ""),
        ("kappa_flc", ""),
        ("weight", ""),
        ("serum_m_protein", "%"),
        ("serum_m_protein", "mmol/L"),
        ("albumin", "mmol/L"),
        ("urine_m_protein", "mg/dL"),
        ("urine_m_protein", "mg/g"),
        ("marrow_plasma_cells", ""),
        ("qtc", "mmHg"),
        ("fev1_percent_predicted", "L"),
        ("hbsag", ""),
        ("no_such_thing", "mg/L"),
    ],
)
def test_a_unit_is_never_guessed(catalogue: Catalogue, concept: str, unit: str) -> None:
    with pytest.raises(
        UnknownUnit, match=re.escape(f"'{unit}'" if concept in catalogue.units.rules else concept)
    ):
        catalogue.units.convert(concept, Decimal(1), unit)


def test_an_unknown_unit_names_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownUnit, match="Did you mean 'mmol/l'"):
        catalogue.units.convert("calcium", Decimal(1), "mmmol/L")


@given(value=st.decimals(min_value=0, max_value=10**9, places=9), data=st.data())
def test_a_greater_value_never_becomes_smaller(value: Decimal, data: st.DataObject) -> None:
    units = load_catalogue().units
    concept = data.draw(st.sampled_from(sorted(units.rules)))
    spelling = data.draw(st.sampled_from(sorted(units.rules[concept])))
    step = Decimal("0.000000001")
    assert units.convert(concept, value, spelling) <= units.convert(concept, value + step, spelling)
