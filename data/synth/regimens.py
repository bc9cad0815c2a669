"""What patients are treated with: regimens by era and line, and how drugs are spelled.

Facts of practice, stated roughly: a weight is how often a regimen is chosen among those of its years and
line, not a measured rate.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from data.synth.columns import BLANK, Array, text


@dataclass(frozen=True)
class Regimen:
    """Drugs given together; ``weights``: in line 1, lines 2-3 and later lines; in use from year to year."""

    acronym: str | None
    drugs: tuple[str, ...]
    weights: tuple[float, float, float]
    first_year: int = 2000
    last_year: int = 2100


_V, _K, _I = "bortezomib", "carfilzomib", "ixazomib"
_R, _P, _T = "lenalidomide", "pomalidomide", "thalidomide"
_D, _ISA, _E = "daratumumab", "isatuximab", "elotuzumab"
_DEX, _C, _M = "dexamethasone", "cyclophosphamide", "melphalan"

REGIMENS = (
    Regimen("VRd", (_V, _R, _DEX), (30, 6, 1)),
    Regimen("VCd", (_V, _C, _DEX), (10, 4, 2)),
    Regimen("VTd", (_V, _T, _DEX), (5, 1, 0.5), 2000, 2021),
    Regimen("VMP", (_V, _M, "prednisone"), (4, 1, 0.5), 2000, 2022),
    Regimen("Vd", (_V, _DEX), (5, 5, 3)),
    Regimen("Rd", (_R, _DEX), (10, 9, 3)),
    Regimen("IRd", (_I, _R, _DEX), (2, 6, 2), 2016),
    Regimen("KRd", (_K, _R, _DEX), (5, 10, 4), 2015),
    Regimen("Kd", (_K, _DEX), (0.2, 6, 7), 2016),
    Regimen("DRd", (_D, _R, _DEX), (14, 16, 4), 2017),
    Regimen("DVd", (_D, _V, _DEX), (1, 9, 4), 2017),
    Regimen("D-VRd", (_D, _V, _R, _DEX), (22, 1, 0.3), 2020),
    Regimen("D-VTd", (_D, _V, _T, _DEX), (4, 0.2, 0.1), 2020),
    Regimen("D-VMP", (_D, _V, _M, "prednisone"), (3, 0.2, 0.1), 2019),
    Regimen("DKd", (_D, _K, _DEX), (0.3, 8, 6), 2020),
    Regimen("DPd", (_D, _P, _DEX), (0.2, 9, 8), 2018),
    Regimen("Isa-Pd", (_ISA, _P, _DEX), (0.1, 4, 5), 2020),
    Regimen("Isa-Kd", (_ISA, _K, _DEX), (0.1, 4, 3), 2021),
    Regimen("Isa-VRd", (_ISA, _V, _R, _DEX), (3, 0.2, 0.1), 2023),
    Regimen("Pd", (_P, _DEX), (0.1, 4, 9), 2014),
    Regimen("PVd", (_P, _V, _DEX), (0.1, 5, 5), 2018),
    Regimen("EPd", (_E, _P, _DEX), (0.0, 2, 5), 2018),
    Regimen("ERd", (_E, _R, _DEX), (0.3, 3, 1), 2016, 2023),
    Regimen("SVd", ("selinexor", _V, _DEX), (0.0, 1, 5), 2020),
    Regimen("VenVd", ("venetoclax", _V, _DEX), (0.0, 1, 3), 2018),
    Regimen("VDT-PACE", (_V, _DEX, _T, "cisplatin", "doxorubicin", _C, "etoposide"), (0.4, 1, 3)),
    Regimen("DCEP", (_DEX, _C, "etoposide", "cisplatin"), (0.1, 1, 3)),
    Regimen(None, ("belantamab_mafodotin", _DEX), (0.0, 0.3, 4), 2020),
    Regimen(None, ("bendamustine", _DEX), (0.1, 0.7, 2)),
    Regimen(None, ("ciltacabtagene_autoleucel",), (0.0, 3, 8), 2022),
    Regimen(None, ("idecabtagene_vicleucel",), (0.0, 1.5, 6), 2021),
    Regimen(None, ("teclistamab",), (0.0, 0.4, 10), 2022),
    Regimen(None, ("talquetamab",), (0.0, 0.2, 6), 2023),
    Regimen(None, ("elranatamab",), (0.0, 0.2, 6), 2023),
    Regimen(None, ("linvoseltamab",), (0.0, 0.2, 3), 2025),
    Regimen(None, ("iberdomide", _DEX), (0.0, 0.4, 1.5), 2021),
    Regimen(None, ("mezigdomide", _DEX), (0.0, 0.2, 1.2), 2021),
)
FIRST_YEAR, LAST_YEAR = 2000, 2035
SLOTS = max(len(regimen.drugs) for regimen in REGIMENS)

PROTEASOME_INHIBITORS = (_V, _K, _I)
SINGLE_DOSE = ("ciltacabtagene_autoleucel", "idecabtagene_vicleucel")

OTHER_SPELLINGS: dict[str, tuple[str, ...]] = {
    _V: ("Velcade", "Bortezomib", "BORTEZOMIB"),
    _K: ("Kyprolis", "Carfilzomib"),
    _I: ("Ninlaro", "Ixazomib"),
    _R: ("Revlimid", "Lenalidomide", "LENALIDOMIDE"),
    _P: ("Pomalyst", "Imnovid", "Pomalidomide"),
    _T: ("Thalomid", "Thalidomide"),
    _D: ("Darzalex", "Darzalex Faspro", "daratumumab-fihj"),
    _ISA: ("Sarclisa", "isatuximab-irfc"),
    _E: ("Empliciti", "Elotuzumab"),
    _DEX: ("Dexamethasone", "Dex", "DEXAMETHASONE"),
    _C: ("Cyclophosphamide", "Cytoxan"),
    _M: ("Alkeran", "Melphalan"),
    "selinexor": ("Xpovio",),
    "venetoclax": ("Venclexta",),
    "teclistamab": ("Tecvayli",),
    "talquetamab": ("Talvey",),
    "elranatamab": ("Elrexfio",),
    "ciltacabtagene_autoleucel": ("Carvykti",),
    "idecabtagene_vicleucel": ("Abecma",),
    "belantamab_mafodotin": ("Blenrep",),
    "mezigdomide": ("CC-92480",),
    "iberdomide": ("CC-220",),
}
UNMAPPED_DRUGS = ("Other", "OTHER", "Study drug (blinded)", "XMM-4471", "Investigational agent", "see chart")


@cache
def drug_matrix() -> Array:
    """Drug text codes by regimen and slot; BLANK where a regimen has fewer drugs."""
    matrix = np.full((len(REGIMENS), SLOTS), BLANK, dtype=np.int64)
    for row, regimen in enumerate(REGIMENS):
        matrix[row, : len(regimen.drugs)] = [text(drug) for drug in regimen.drugs]
    return matrix


@cache
def acronyms() -> Array:
    """The acronym's text code by regimen; BLANK where it has none."""
    return np.array([text(r.acronym) if r.acronym else BLANK for r in REGIMENS], dtype=np.int64)


@cache
def _choice_edges() -> Array:
    """Cumulative shares by line group (1, 2-3, later), year and regimen."""
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    used = np.array([[r.first_year <= year <= r.last_year for r in REGIMENS] for year in years])
    weights = np.array([r.weights for r in REGIMENS]).T[:, None, :] * used[None, :, :]
    edges = np.cumsum(weights, axis=2)
    return np.asarray(edges / edges[:, :, -1:])


def choose(rng: np.random.Generator, line: int, years: Array) -> Array:
    """A regimen for each patient who starts a line (from 0) in a year."""
    group = 0 if line == 0 else 1 if line <= 2 else 2
    edges = _choice_edges()[group][np.clip(years, FIRST_YEAR, LAST_YEAR) - FIRST_YEAR]
    chosen: Array = (edges <= rng.random(len(years))[:, None]).sum(axis=1)
    return np.asarray(np.minimum(chosen, len(REGIMENS) - 1))


def spelled_otherwise(drugs: Array, draws: Array) -> Array:
    """Another spelling of each drug (a draw in [0, 1) says which); a drug without one stays as it is."""
    result = drugs.copy()
    for name, spellings in OTHER_SPELLINGS.items():
        here = drugs == text(name)
        codes = np.array([text(spelling) for spelling in spellings])
        result[here] = codes[(draws[here] * len(codes)).astype(np.int64)]
    return result
