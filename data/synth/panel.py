"""What laboratories measure, how it is spread and how they write it.

A value is ``center`` and effects of the patient, the visit, the disease burden (0 none, 1 as at diagnosis),
the number of lines and current treatment: added for ``linear``, as exponents for ``log`` quantities.
A spelling is a unit as written, the factor from the first unit of the list, and the decimal places.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spelling:
    """``unit`` as written, reached by ``factor`` from the conventional unit, with ``places`` decimals."""

    unit: str | None
    factor: float
    places: int
    weight: float = 1.0


@dataclass(frozen=True)
class Quantity:
    """One quantity; ``visits``: at how many of the latest visits it is measured."""

    name: str
    scale: str
    center: float
    by_patient: float
    by_visit: float
    conventional: tuple[Spelling, ...]
    si: tuple[Spelling, ...] = ()
    visits: int = 1
    missing: float = 0.03
    burden: float = 0.0
    line: float = 0.0
    treated: float = 0.0
    male: float = 0.0
    low: float = 0.0
    high: float = 1e9
    upper: float | None = None
    lower: float | None = None
    loinc: str | None = None
    at_diagnosis: float = 0.0


_GRAMS = (Spelling("g/dL", 1, 1, 5), Spelling("gm/dL", 1, 1, 0.3))
_GRAMS_SI = (Spelling("g/L", 10, 0),)
_COUNT = (Spelling("/uL", 1, 0, 3), Spelling("10^3/uL", 0.001, 2, 2), Spelling("x10^3/uL", 0.001, 2, 2))
_COUNT_SI = (Spelling("10^9/L", 0.001, 2, 4), Spelling("x10^9/L", 0.001, 2, 1))
_PLATELETS = (Spelling("/uL", 1, 0, 3), Spelling("10^3/uL", 0.001, 0, 2), Spelling("x10^3/uL", 0.001, 0, 2))
_PLATELETS_SI = (Spelling("10^9/L", 0.001, 0, 4), Spelling("x10^9/L", 0.001, 0, 1))
_ENZYME = (Spelling("U/L", 1, 0, 4), Spelling("IU/L", 1, 0, 1))
_MMHG = (Spelling("mmHg", 1, 0, 6), Spelling("mm[Hg]", 1, 0, 1))
_NONE = (Spelling(None, 1, 0),)
_PERCENT = (Spelling("%", 1, 0),)
_MS = (Spelling("ms", 1, 0),)

# What follows the patient, the burden and the treatment, each in its own way.
QUANTITIES = (
    Quantity(
        "neutrophil_count",
        "log",
        3200,
        0.3,
        0.3,
        _COUNT,
        _COUNT_SI,
        4,
        0.03,
        line=-0.07,
        treated=-0.3,
        low=50,
        high=40_000,
        upper=7500,
        lower=1800,
        loinc="751-8",
        at_diagnosis=0.4,
    ),
    Quantity(
        "platelet_count",
        "log",
        215_000,
        0.28,
        0.18,
        _PLATELETS,
        _PLATELETS_SI,
        4,
        0.03,
        burden=-0.15,
        line=-0.1,
        treated=-0.15,
        low=4000,
        high=900_000,
        upper=400_000,
        lower=150_000,
        loinc="777-3",
        at_diagnosis=0.4,
    ),
    Quantity(
        "white_cell_count",
        "log",
        5600,
        0.25,
        0.2,
        _COUNT,
        _COUNT_SI,
        3,
        0.05,
        line=-0.05,
        treated=-0.2,
        low=300,
        high=60_000,
        upper=10_500,
        lower=4000,
    ),
    Quantity(
        "hemoglobin",
        "linear",
        12.6,
        1.0,
        0.5,
        _GRAMS,
        _GRAMS_SI,
        4,
        0.03,
        burden=-1.6,
        line=-0.3,
        treated=-0.2,
        male=0.9,
        low=4.5,
        high=18.5,
        upper=16.5,
        lower=12.0,
        loinc="718-7",
        at_diagnosis=0.7,
    ),
    Quantity(
        "total_bilirubin",
        "log",
        0.55,
        0.35,
        0.2,
        (Spelling("mg/dL", 1, 1, 1),),
        (Spelling("umol/L", 17.104, 0),),
        3,
        0.06,
        low=0.1,
        high=30,
        upper=1.2,
        loinc="1975-2",
    ),
    Quantity(
        "alt", "log", 21, 0.4, 0.25, _ENZYME, _ENZYME, 3, 0.05, low=3, high=2500, upper=45, loinc="1742-6"
    ),
    Quantity(
        "ast", "log", 22, 0.35, 0.25, _ENZYME, _ENZYME, 3, 0.06, low=5, high=2500, upper=40, loinc="1920-8"
    ),
    Quantity(
        "calcium",
        "linear",
        9.3,
        0.3,
        0.25,
        (Spelling("mg/dL", 1, 1),),
        (Spelling("mmol/L", 0.2495, 2),),
        4,
        0.04,
        burden=0.5,
        low=6.0,
        high=17.5,
        upper=10.4,
        lower=8.5,
        loinc="17861-6",
        at_diagnosis=0.6,
    ),
    Quantity(
        "albumin",
        "linear",
        4.1,
        0.3,
        0.18,
        _GRAMS,
        _GRAMS_SI,
        4,
        0.05,
        burden=-0.5,
        line=-0.05,
        low=1.5,
        high=5.4,
        upper=5.0,
        lower=3.5,
        loinc="1751-7",
        at_diagnosis=0.5,
    ),
    Quantity(
        "corrected_calcium",
        "linear",
        9.4,
        0.3,
        0.25,
        (Spelling("mg/dL", 1, 1),),
        (Spelling("mmol/L", 0.2495, 2),),
        1,
        0.7,
        burden=0.6,
        low=6.0,
        high=17.5,
        upper=10.4,
        lower=8.5,
    ),
    Quantity(
        "creatinine",
        "log",
        0.95,
        0.3,
        0.1,
        (Spelling("mg/dL", 1, 2),),
        (Spelling("umol/L", 88.42, 0, 5), Spelling("µmol/L", 88.42, 0, 1)),
        4,
        0.03,
        burden=0.15,
        line=0.02,
        male=0.12,
        low=0.35,
        high=12,
        upper=1.2,
        lower=0.6,
        loinc="2160-0",
        at_diagnosis=0.6,
    ),
    Quantity(
        "weight",
        "linear",
        70,
        14,
        1.5,
        (Spelling("kg", 1, 1),),
        (Spelling("kg", 1, 1),),
        4,
        0.04,
        line=-0.5,
        male=12,
        low=36,
        high=180,
    ),
    Quantity(
        "height", "linear", 162, 6.5, 0.3, (Spelling("cm", 1, 0),), (Spelling("cm", 1, 0),), 1, 0.05, male=13
    ),
    Quantity(
        "ecog",
        "linear",
        0.35,
        0.6,
        0.35,
        _NONE,
        _NONE,
        4,
        0.06,
        burden=0.3,
        line=0.13,
        high=4,
        loinc="89247-1",
    ),
    Quantity("qtc_fridericia", "linear", 421, 20, 8, _MS, _MS, 1, 0.45, low=330, high=620, upper=450),
    Quantity("qtc_bazett", "linear", 432, 21, 9, _MS, _MS, 1, 0.85, low=330, high=640, upper=450),
    Quantity("qtc", "linear", 426, 21, 9, _MS, _MS, 1, 0.8, low=330, high=640, upper=450, loinc="8636-3"),
    Quantity("systolic_bp", "linear", 131, 12, 10, _MMHG, _MMHG, 3, 0.05, low=75, high=235),
    Quantity("diastolic_bp", "linear", 77, 7, 7, _MMHG, _MMHG, 3, 0.05, low=35, high=140),
    Quantity("fev1_percent_predicted", "linear", 84, 15, 3, _PERCENT, _PERCENT, 1, 0.93, low=18, high=130),
    Quantity(
        "lactate_dehydrogenase", "log", 190, 0.25, 0.2, _ENZYME, _ENZYME, 1, 0.4, burden=0.15, upper=250
    ),
)

# Markers of the myeloma itself: their values follow the burden.
_MG_L = (Spelling("mg/L", 1, 1),)
_MG_DL = (Spelling("mg/dL", 0.1, 2),)
M_PROTEIN = Quantity(
    "serum_m_protein",
    "",
    0,
    0,
    0,
    (Spelling("g/dL", 1, 2),),
    (Spelling("g/L", 10, 1),),
    5,
    0.05,
    loinc="33358-3",
    at_diagnosis=0.85,
)
KAPPA = Quantity(
    "kappa_flc", "", 0, 0, 0, _MG_L, _MG_DL, 4, 0.08, upper=19.4, lower=3.3, loinc="36916-5", at_diagnosis=0.6
)
LAMBDA = Quantity(
    "lambda_flc",
    "",
    0,
    0,
    0,
    _MG_L,
    _MG_DL,
    4,
    0.08,
    upper=26.3,
    lower=5.7,
    loinc="33944-0",
    at_diagnosis=0.6,
)
RATIO = Quantity(
    "flc_ratio",
    "",
    0,
    0,
    0,
    (Spelling(None, 1, 2),),
    (Spelling(None, 1, 2),),
    3,
    0.2,
    upper=1.65,
    lower=0.26,
    loinc="48378-4",
)
URINE = Quantity(
    "urine_m_protein",
    "",
    0,
    0,
    0,
    (Spelling("mg/24h", 1, 0, 5), Spelling("mg/24 h", 1, 0, 1)),
    (Spelling("g/24h", 0.001, 3),),
    2,
    0.35,
    at_diagnosis=0.5,
)
MARROW = Quantity(
    "marrow_plasma_cells", "", 0, 0, 0, (Spelling("%", 1, 0),), (Spelling("%", 1, 0),), loinc="11118-7"
)
SMEAR = Quantity(
    "blood_plasma_cells", "", 0, 0, 0, (Spelling("%", 1, 0),), (Spelling("%", 1, 0),), 1, 0.4, loinc="13047-6"
)

# Serology and pregnancy: share tested, share positive of those tested.
SEROLOGY = (
    ("hbsag", 0.8, 0.008, "5196-1"),
    ("anti_hbc", 0.75, 0.06, "13952-7"),
    ("hbeag", 0.05, 0.03, None),
    ("hbv_dna", 0.12, 0.04, "42595-9"),
    ("hcv_antibody", 0.78, 0.013, None),
    ("hcv_rna", 0.08, 0.08, "11011-4"),
    ("hiv_test", 0.74, 0.005, "56888-1"),
    ("hav_igm", 0.2, 0.003, None),
)
