"""The code lists hold what the registry format names; a fault in them is named by file, row and column."""

import csv
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data.code_lists import (
    CodeListError,
    CodeLists,
    code_key,
    code_key_sql,
    load_code_lists,
    loinc_is_well_formed,
    name_key,
    name_key_sql,
    read_code_lists,
    strip_biologic_suffix,
    unit_key,
    unit_key_sql,
)
from schemas.code_lists import LIST_FILES

Rows = list[dict[str, str]]

CANONICAL_UNITS = {
    "1": ["ecog", "flc_ratio"],
    "g/dL": ["serum_m_protein", "hemoglobin", "albumin"],
    "mg/24h": ["urine_m_protein"],
    "mg/L": ["kappa_flc", "lambda_flc"],
    "/uL": ["neutrophil_count", "platelet_count", "white_cell_count"],
    "%": ["marrow_plasma_cells", "blood_plasma_cells", "fev1_percent_predicted"],
    "mg/dL": ["total_bilirubin", "calcium", "corrected_calcium", "creatinine"],
    "U/L": ["alt", "ast"],
    "kg": ["weight"],
    "cm": ["height"],
    "ms": ["qtc_fridericia", "qtc_bazett", "qtc", "qtc_fridericia_or_unstated"],
    "mmHg": ["systolic_bp", "diastolic_bp"],
}
POSITIVE_NEGATIVE = """
    pregnancy_test hbsag hbeag anti_hbc hbv_dna hcv_antibody hcv_rna hiv_test hav_igm
"""
CONDITIONS = """
    multiple_myeloma smoldering_myeloma mgus plasma_cell_leukemia waldenstrom_macroglobulinemia poems_syndrome
    al_amyloidosis amyloidosis_unspecified cns_myeloma myocardial_ischemia unstable_angina heart_failure
    arrhythmia complete_av_block conduction_disorder hypertension copd other_malignancy
    non_melanoma_skin_cancer
    bacterial_infection fungal_infection hiv hepatitis_a hepatitis_b hepatitis_c gi_malabsorption
    peripheral_neuropathy postmenopausal
"""
PROCEDURES = """
    surgery radiotherapy pacemaker_implant autologous_transplant allogeneic_transplant vertebroplasty
    kyphoplasty biopsy hysterectomy bilateral_oophorectomy
"""
CLASSES = """
    proteasome_inhibitor imid celmod anti_cd38 corticosteroid strong_cyp3a_inhibitor strong_cyp3a_inducer
    proton_pump_inhibitor antibacterial antifungal antiviral anti_slamf7 alkylating_agent chemotherapy
    bcma_directed car_t bispecific_antibody anti_myeloma potassium_competitive_acid_blocker h2_blocker
    antithrombotic surgery
"""


@pytest.fixture(scope="module")
def lists() -> CodeLists:
    return load_code_lists()


def of_kind(lists: CodeLists, kind: str) -> set[str]:
    return set(lists.concepts.filter(pl.col("kind") == kind)["concept"])


def members(lists: CodeLists, name: str, certain: str = "yes") -> set[str]:
    chosen = (pl.col("class") == name) & (pl.col("certain") == certain)
    return set(lists.classes.filter(chosen)["concept"])


def concept_of(lists: CodeLists, system: str, code: str) -> set[str]:
    """The concepts that a code is mapped to, by exact match or by prefix."""
    key = pl.lit(code_key(code))
    hit = (pl.col("code_key") == key) | (
        (pl.col("match") == "prefix") & key.str.starts_with(pl.col("code_key"))
    )
    return set(lists.codes.filter((pl.col("code_system") == system) & hit)["concept"])


def drugs_of(lists: CodeLists, name: str) -> set[str]:
    """The drugs that a name or a regimen means."""
    named = lists.names.filter((pl.col("kind") == "drug") & (pl.col("name") == name_key(name)))
    return set(named["concept"]) | set(lists.regimens.filter(pl.col("regimen") == name_key(name))["concept"])


# ---- what must be there
@pytest.mark.parametrize("unit", CANONICAL_UNITS)
def test_every_measurement_of_the_format_has_its_canonical_unit(lists: CodeLists, unit: str) -> None:
    units = dict(lists.concepts.select("concept", "unit").iter_rows())
    assert {concept: units.get(concept) for concept in CANONICAL_UNITS[unit]} == dict.fromkeys(
        CANONICAL_UNITS[unit], unit
    )


def test_every_concept_of_the_format_is_listed(lists: CodeLists) -> None:
    words = lists.concepts.filter(pl.col("value_type") == "positive_negative")["concept"]
    assert set(POSITIVE_NEGATIVE.split()) <= set(words)
    assert set(CONDITIONS.split()) <= of_kind(lists, "condition")
    assert set(PROCEDURES.split()) <= of_kind(lists, "procedure")
    assert set(CLASSES.split()) <= set(lists.class_info["class"])


def test_upper_limits_are_assumed_only_where_laboratories_agree_on_a_range(lists: CodeLists) -> None:
    rows = lists.concepts.filter(pl.col("limit_low").is_not_null())
    found = {
        row[0]: tuple(map(float, row[1:])) for row in rows.select("concept", "limit_low", "limit_high").rows()
    }
    assert found == {
        "total_bilirubin": (1.0, 1.5),
        "alt": (30, 65),
        "ast": (30, 65),
        "flc_ratio": (1.65, 1.65),
    }


def test_plausible_ranges_are_the_published_ones(lists: CodeLists) -> None:
    ranges = {
        row[0]: (float(row[1]), float(row[2]))
        for row in lists.concepts.filter(pl.col("plausible_low").is_not_null())
        .select("concept", "plausible_low", "plausible_high")
        .rows()
    }
    assert ranges["hemoglobin"] == (3, 22)
    assert ranges["platelet_count"] == (1_000, 2_000_000)
    assert ranges["neutrophil_count"] == (0, 100_000)
    assert ranges["kappa_flc"] == ranges["lambda_flc"] == (0.1, 100_000)
    assert ranges["qtc_fridericia"] == (300, 700)


# ---- classes
def test_dexamethasone_is_in_no_cyp3a_class(lists: CodeLists) -> None:
    classes = set(lists.classes.filter(pl.col("concept") == "dexamethasone")["class"])
    assert classes == {"anti_myeloma", "corticosteroid"}


def test_elotuzumab_is_not_an_antibody_against_cd38(lists: CodeLists) -> None:
    assert members(lists, "anti_cd38") == {"daratumumab", "isatuximab"}
    assert members(lists, "anti_cd38", "no") == {"felzartamab", "mezagitamab"}
    assert members(lists, "anti_slamf7") == {"elotuzumab"}


def test_doubtful_members_are_left_to_a_person(lists: CodeLists) -> None:
    assert members(lists, "imid") == {"thalidomide", "lenalidomide", "pomalidomide"}
    assert members(lists, "imid", "no") == {"iberdomide"}
    assert members(lists, "proteasome_inhibitor") == {"bortezomib", "carfilzomib", "ixazomib"}
    assert members(lists, "proteasome_inhibitor", "no") == {"oprozomib", "marizomib"}
    assert {"ribociclib", "grapefruit_juice"} <= members(lists, "strong_cyp3a_inhibitor", "no")
    assert {"rifapentine", "st_johns_wort"} <= members(lists, "strong_cyp3a_inducer", "no")


def test_moderate_inhibitors_are_not_called_strong(lists: CodeLists) -> None:
    strong = set(lists.classes.filter(pl.col("class").str.starts_with("strong_cyp3a"))["concept"])
    assert strong.isdisjoint({"fluconazole", "isavuconazole", "erythromycin", "letermovir"})


def test_vonoprazan_is_an_acid_blocker_but_no_proton_pump_inhibitor(lists: CodeLists) -> None:
    classes = set(lists.classes.filter(pl.col("concept") == "vonoprazan")["class"])
    assert classes == {"potassium_competitive_acid_blocker"}


def test_surgery_takes_in_operations_but_no_vertebral_augmentation_or_biopsy(lists: CodeLists) -> None:
    assert members(lists, "surgery") == {"surgery", "hysterectomy", "bilateral_oophorectomy"}


def test_drugs_against_myeloma_are_at_home_in_treatments_and_the_others_in_medications(
    lists: CodeLists,
) -> None:
    homes = dict(lists.concepts.filter(pl.col("kind") == "drug").select("concept", "home_table").iter_rows())
    myeloma = members(lists, "anti_myeloma")
    assert {homes[drug] for drug in myeloma} == {"treatments"}
    assert {home for drug, home in homes.items() if drug not in myeloma} == {"medications"}


# ---- names and regimens
@pytest.mark.parametrize(
    ("name", "drugs"),
    [
        ("Velcade", "bortezomib"),
        ("  DARATUMUMAB  and hyaluronidase ", "daratumumab"),
        ("CC-92480", "mezigdomide"),
        ("BMS-986348", "mezigdomide"),
        ("CC-220", "iberdomide"),
        ("Cy", "cyclophosphamide"),
        ("belantamab mafodotin", "belantamab_mafodotin"),
        ("VRd", "bortezomib lenalidomide dexamethasone"),
        ("RVD", "bortezomib lenalidomide dexamethasone"),
        ("CyBorD", "bortezomib cyclophosphamide dexamethasone"),
        ("Pd", "pomalidomide dexamethasone"),
        ("DPd", "daratumumab pomalidomide dexamethasone"),
        ("PVd", "pomalidomide bortezomib dexamethasone"),
        ("KCd", "carfilzomib cyclophosphamide dexamethasone"),
        ("BiRd", "clarithromycin lenalidomide dexamethasone"),
        (
            "VDT-PACE",
            "bortezomib dexamethasone thalidomide cisplatin doxorubicin cyclophosphamide etoposide",
        ),
        ("nirmatrelvir/ritonavir", "nirmatrelvir ritonavir"),
        ("Prevpac", "lansoprazole amoxicillin clarithromycin"),
        ("omeprazole/naproxen", "omeprazole naproxen"),
        ("A02BD05", "omeprazole amoxicillin clarithromycin"),
        ("alprazolam", "alprazolam"),
        ("Other", ""),
        ("V", ""),
    ],
)
def test_a_name_means_exactly_these_drugs(lists: CodeLists, name: str, drugs: str) -> None:
    assert drugs_of(lists, name) == set(drugs.split())


def test_every_regimen_of_the_closed_dictionary_is_listed(lists: CodeLists) -> None:
    acronyms = """VRd RVd VCd CyBorD VTd VMP KRd KCd Kd IRd Rd Pd PVd EPd ERd DRd DVd DKd DPd D-VMP D-VTd
        D-VRd Isa-Pd Isa-Kd Isa-VRd SVd VenVd DCEP VDT-PACE BiRd"""
    assert {name_key(acronym) for acronym in acronyms.split()} <= set(lists.regimens["regimen"])


def test_a_suffix_is_taken_off_biologics_only(lists: CodeLists) -> None:
    biologics = frozenset(lists.names.filter("biologic")["name"])
    assert strip_biologic_suffix("daratumumab-fihj", biologics) == "daratumumab"
    assert strip_biologic_suffix("belantamab mafodotin-blmf", biologics) == "belantamab mafodotin"
    assert strip_biologic_suffix("bortezomib-abcd", biologics) == "bortezomib-abcd"


# ---- codes
@pytest.mark.parametrize("code", ["33944-0", "36916-5", "8302-2", "718-7"])
def test_a_right_check_digit_passes(code: str) -> None:
    assert loinc_is_well_formed(code)


@pytest.mark.parametrize("code", ["32730-5", "33944-8", "33945-5", "718-8", "7187", "", "-7"])
def test_a_wrong_check_digit_is_refused(code: str) -> None:
    assert not loinc_is_well_formed(code)


def test_every_loinc_code_has_a_right_check_digit(lists: CodeLists) -> None:
    codes = lists.codes.filter(pl.col("code_system") == "loinc")["code"].to_list()
    assert len(codes) > 50
    assert [code for code in codes if not loinc_is_well_formed(code)] == []


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        ("icd10cm", "C90.00", "multiple_myeloma"),
        ("icd10cm", "C9001", "multiple_myeloma"),
        ("icd10cm", "C90.12", "plasma_cell_leukemia"),
        ("icd10cm", "C88.00", "waldenstrom_macroglobulinemia"),
        ("icd10cm", "C88.0", "waldenstrom_macroglobulinemia"),
        ("icd10cm", "E85.81", "al_amyloidosis"),
        ("icd10cm", "E85.9", "amyloidosis_unspecified"),
        ("icd10cm", "E85.82", None),
        ("icd10cm", "D47.2", "mgus"),
        ("icd10cm", "C79.31", None),
        ("icd10cm", "C79.51", None),
        ("icd10cm", "C43.9", "other_malignancy"),
        ("icd10cm", "C4A.9", "other_malignancy"),
        ("icd10cm", "D46.9", "other_malignancy"),
        ("icd10cm", "C44.91", "non_melanoma_skin_cancer"),
        ("icd10cm", "I21.4", "myocardial_ischemia"),
        ("icd10cm", "I25.2", "myocardial_ischemia"),
        ("icd10cm", "I25.10", None),
        ("icd10cm", "I44.2", "complete_av_block"),
        ("icd10cm", "I44.0", None),
        ("icd10cm", "I11.0", "heart_failure"),
        ("icd10cm", "B18.1", "hepatitis_b"),
        ("icd10cm", "B18.2", "hepatitis_c"),
        ("loinc", "33647-9", None),
        ("loinc", "11050-2", None),
        ("loinc", "20150-9", None),
        ("rxnorm", "1723735", "ixazomib"),
        ("rxnorm", "1723734", "ixazomib"),
        ("atc", "L01XX32", "bortezomib"),
        ("cpt", "22513", "kyphoplasty"),
        ("cpt", "77263", None),
        ("cpt", "38241", "autologous_transplant"),
        ("cpt", "27447", "surgery"),
        ("cpt", "36415", None),
        ("cpt", "58150", "hysterectomy"),
    ],
)
def test_a_code_means_exactly_this_concept(
    lists: CodeLists, system: str, code: str, concept: str | None
) -> None:
    assert concept_of(lists, system, code) == ({concept} if concept else set())


# ---- units
def test_a_blank_unit_is_known_for_pure_numbers_only(lists: CodeLists) -> None:
    blank = set(lists.unit_rules.filter(pl.col("unit_key") == "")["concept"])
    assert blank == {"ecog", "karnofsky", "flc_ratio"}


def test_a_spelling_has_one_meaning_for_a_concept(lists: CodeLists) -> None:
    assert lists.unit_rules.select("concept", "unit_key").is_duplicated().any() is False
    assert lists.units.select("unit", "concept", "unit_key").is_duplicated().any() is False


def test_factors_are_above_zero(lists: CodeLists) -> None:
    assert lists.units.filter((pl.col("multiply") <= 0) | (pl.col("divide") <= 0)).height == 0


# ---- keys
SPELLINGS = [
    "",
    " x10^9 / L ",
    "10\u00a0000",
    "\u00b5mol/L",
    "\u03bcMOL/l",
    "MG\t/ dL",
    "Waldenstr\u00f6m",
    "e\u0301",
    "\u212b",
]


def test_keys_are_the_same_in_the_database(lists: CodeLists) -> None:
    texts = [*SPELLINGS, *lists.units["spelling"], *lists.names["name"], *lists.codes["code"]]
    pairs = {name_key: name_key_sql, unit_key: unit_key_sql, code_key: code_key_sql}
    with duckdb.connect() as connection:
        for in_python, in_sql in pairs.items():
            query = f"select {in_sql('texts.text')} from (select unnest($1) as text) as texts"
            found = [row[0] for row in connection.execute(query, [texts]).fetchall()]
            assert found == [in_python(text) for text in texts]


def test_keys_do_no_more_than_they_say() -> None:
    assert unit_key("  \u00b5mol /\t L ") == "umol / l"
    assert unit_key("x10^9/L") != unit_key("10^9/L")
    assert name_key(" Waldenstro\u0308m  Disease") == "waldenstr\u00f6m disease"
    assert code_key(" c90.00 ") == "C9000"


# ---- faults
Change = Callable[[Rows], object]


def changed(folder: Path, file: str, change: Change) -> Path:
    """A copy of the lists in which one file is changed."""
    shutil.copytree(Path(str(files("data") / "codelists")), folder, dirs_exist_ok=True)
    path = folder / file
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    columns = [column.name for column in LIST_FILES[file].columns]
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def put(column: str, cell: str, row: int = 0) -> Change:
    return lambda rows: rows[row].update({column: cell})


def where(column: str, value: str, **cells: str) -> Change:
    """Changes the first row that has the value."""
    return lambda rows: next(row for row in rows if row[column] == value).update(cells)


def everywhere(column: str, value: str, **cells: str) -> Change:
    """Changes every row that has the value."""
    return lambda rows: [row.update(cells) for row in rows if row[column] == value]


@pytest.mark.parametrize(
    ("file", "change", "place", "what"),
    [
        ("concepts.csv", put("kind", "drugs"), "concepts.csv, row 1, column kind", "none of"),
        ("concepts.csv", put("label", ""), "concepts.csv, row 1, column label", "blank"),
        ("concepts.csv", where("concept", "alt", plausible_high="1e3"), "column plausible_high", "decimal"),
        (
            "concepts.csv",
            where("concept", "alt", plausible_low="99999"),
            "column plausible_high",
            "not a range",
        ),
        ("concepts.csv", where("concept", "alt", unit=""), "column unit", "A number has a unit"),
        ("concepts.csv", where("concept", "alt", value_type=""), "column value_type", "value type"),
        ("concepts.csv", lambda rows: rows.reverse(), "column kind, concept", "not in order"),
        ("concepts.csv", lambda rows: rows.insert(0, rows[0]), "row 2, column kind, concept", "twice"),
        ("names.csv", put("name", "Velcade"), "names.csv, row 1, column name", "lower case"),
        ("names.csv", put("concept", "bortezomob"), "names.csv, row 1, column concept", "is no concept"),
        (
            "names.csv",
            put("concept", "bortezomib"),
            "names.csv, row 1, column concept",
            "is a drug, not a condition",
        ),
        ("names.csv", where("name", "tween 80", name="velcade"), "names.csv, column name", "both a drug and"),
        ("regimens.csv", put("regimen", "a"), "regimens.csv, row 1, column regimen", "single letter"),
        ("regimens.csv", put("concept", "hemoglobin"), "regimens.csv, row 1, column concept", "not a drug"),
        (
            "regimens.csv",
            put("regimen", "a02bc01"),
            "regimens.csv, row 1, column regimen",
            "code of one drug",
        ),
        ("codes.csv", where("code", "33944-0", code="33944-8"), "column code", "check digit"),
        ("codes.csv", where("code", "C90.0", code="C90"), "column code", "another row"),
        ("codes.csv", where("code", "1723735", code="1723734"), "codes.csv", "twice"),
        ("classes.csv", put("class", "aaa"), "class_info.csv, column class", "'aaa'"),
        ("class_info.csv", lambda rows: rows.pop(), "class_info.csv, column class", "missing"),
        ("units.csv", put("divide", "0.0"), "units.csv, row 1, column divide", "above zero"),
        ("units.csv", put("unit", " %"), "units.csv, row 1, column unit", "white space"),
        ("units.csv", where("spelling", "percent", spelling="%  "), "column spelling", "white space"),
        ("units.csv", lambda rows: rows.insert(0, rows[0]), "row 2, column unit, concept, spelling", "twice"),
        ("units.csv", where("spelling", "mm(Hg)", spelling="mm hg"), "column spelling", "already"),
        ("units.csv", where("spelling", "mmHg", spelling="mmHg0"), "column spelling", "its own unit"),
        (
            "units.csv",
            everywhere("concept", "albumin", concept="alt"),
            "column unit",
            "another canonical unit",
        ),
    ],
)
def test_a_fault_is_named_by_file_row_and_column(
    tmp_path: Path, file: str, change: Change, place: str, what: str
) -> None:
    with pytest.raises(CodeListError) as caught:
        read_code_lists(changed(tmp_path, file, change))
    assert place in caught.value.where
    assert what in caught.value.what


def test_a_missing_list_and_a_wrong_header_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "units.csv", lambda rows: None)
    (folder / "units.csv").write_text("unit,spelling\n")
    with pytest.raises(CodeListError, match="header"):
        read_code_lists(folder)
    (folder / "units.csv").unlink()
    with pytest.raises(CodeListError, match="missing"):
        read_code_lists(folder)


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "names.csv", lambda rows: None)
    lines = (folder / "names.csv").read_text().splitlines()
    lines[3] += ",surplus"
    (folder / "names.csv").write_text("\n".join(lines))
    with pytest.raises(CodeListError, match=r"names.csv, row 3, .*5 cells"):
        read_code_lists(folder)
