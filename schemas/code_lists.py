"""What the code lists hold: each CSV of ``data/codelists`` with its columns, in order.

A blank is an empty text. Numbers are plain decimals with at most nine places, the precision of every number
in the facts.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "word", "name", "number"]

CONCEPT_KINDS = ("observation", "condition", "procedure", "drug", "substance")
CODE_SYSTEMS = ("loinc", "icd10cm", "snomed", "cpt", "rxnorm", "atc", "omop")
# A drug may be written in any of these, without its system: they share one space of codes.
DRUG_SYSTEMS = ("rxnorm", "atc", "omop")
VALUE_TYPES = ("number", "positive_negative")
HOME_TABLES = ("observations", "conditions", "procedures", "treatments", "medications", "allergies")
YES_NO = ("yes", "no")


@dataclass(frozen=True)
class ListColumn:
    """One column of a code list.

    ``name`` columns hold names of the criterion language: lower case, digits, underscore. ``words`` is the
    closed set of a word column. ``optional``: may be blank.
    """

    name: str
    meaning: str
    kind: Kind = "text"
    words: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class ListFile:
    """One CSV: its columns in order, and the columns that name and order its rows."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[ListColumn, ...]


def _source() -> ListColumn:
    return ListColumn("source", "where the row was read, or general knowledge")


def _verified() -> ListColumn:
    return ListColumn("verified", "yes: seen in the named source; no: to be checked first", "word", YES_NO)


def _version() -> ListColumn:
    return ListColumn("version", "release or date of the source")


def _concept() -> ListColumn:
    return ListColumn("concept", "the concept meant", "name")


def _number(name: str, meaning: str, optional: bool = True) -> ListColumn:
    return ListColumn(name, meaning, "number", optional=optional)


CONCEPTS = ListFile(
    "concepts.csv",
    "one row per concept",
    ("kind", "concept"),
    (
        ListColumn("concept", "the name that tables, facts and trial files use", "name"),
        ListColumn("kind", "what it is", "word", CONCEPT_KINDS),
        ListColumn("label", "plain words"),
        ListColumn("unit", "canonical unit; 1 is a pure number", optional=True),
        ListColumn("value_type", "of an observation", "word", VALUE_TYPES, optional=True),
        _number("plausible_low", "least value that a body can have, in the canonical unit"),
        _number("plausible_high", "greatest value that a body can have, in the canonical unit"),
        _number("limit_low", "lowest upper limit of normal that a laboratory uses"),
        _number("limit_high", "highest upper limit of normal that a laboratory uses"),
        _number("lower_limit_default", "lower limit of normal where the row states none"),
        ListColumn("home_table", "the table whose completeness proves absence", "word", HOME_TABLES),
        _source(),
        _verified(),
    ),
)
CODES = ListFile(
    "codes.csv",
    "one row per code; no code matches two rows",
    ("code_system", "code", "match"),
    (
        _concept(),
        ListColumn("code_system", "terminology", "word", CODE_SYSTEMS),
        ListColumn("code", "the code, or its first characters"),
        ListColumn("match", "exact, or prefix: every code that begins so", "word", ("exact", "prefix")),
        ListColumn("term", "what the code says, in short"),
        _source(),
        _version(),
        _verified(),
    ),
)
NAMES = ListFile(
    "names.csv",
    "one row per kind and spelling: brands, abbreviations, synonyms",
    ("kind", "name"),
    (
        ListColumn("name", "the spelling, as name_key gives it"),
        ListColumn("kind", "kind of the concept", "word", CONCEPT_KINDS),
        _concept(),
        _source(),
    ),
)
REGIMENS = ListFile(
    "regimens.csv",
    "one row per combination and drug in it: acronyms, fixed combinations, codes of such",
    ("regimen", "concept"),
    (
        ListColumn("regimen", "the combination, as name_key gives it"),
        ListColumn("concept", "one drug of it", "name"),
        _source(),
    ),
)
CLASSES = ListFile(
    "classes.csv",
    "one row per class and member",
    ("class", "concept"),
    (
        ListColumn("class", "name of the class", "name"),
        ListColumn("kind", "kind of its members", "word", CONCEPT_KINDS),
        ListColumn("concept", "a member", "name"),
        ListColumn("certain", "no: whether it belongs is for a person to judge", "word", YES_NO),
        _source(),
        _version(),
        _verified(),
        ListColumn("note", "why", optional=True),
    ),
)
CLASS_INFO = ListFile(
    "class_info.csv",
    "one row per class",
    ("class",),
    (
        ListColumn("class", "name of the class", "name"),
        ListColumn("kind", "kind of its members", "word", CONCEPT_KINDS),
        ListColumn("label", "plain words"),
        ListColumn("home_table", "the table whose completeness proves absence", "word", HOME_TABLES),
        _source(),
    ),
)
UNITS = ListFile(
    "units.csv",
    "one row per canonical unit, concept (blank: every concept of that unit) and spelling",
    ("unit", "concept", "spelling"),
    (
        ListColumn("unit", "canonical unit"),
        ListColumn("concept", "the only concept that the row is for", "name", optional=True),
        ListColumn("spelling", "as seen; compared by unit_key", optional=True),
        _number("multiply", "canonical = value * multiply / divide", optional=False),
        _number("divide", "canonical = value * multiply / divide", optional=False),
        _source(),
        _verified(),
    ),
)
LIST_FILES = {file.name: file for file in (CONCEPTS, CODES, NAMES, REGIMENS, CLASSES, CLASS_INFO, UNITS)}
