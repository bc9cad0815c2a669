"""What a trial file may name: measurements, sets of events, and the units of a measurement.

Source: the code lists (``data.code_lists``) and the sets that every extract has (lines, progressions,
responses, other trials, allergies).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import polars as pl

from data.code_lists import CodeListError, CodeLists, load_code_lists, unit_key
from schemas.errors import nearest
from schemas.facts import ATTRIBUTES
from schemas.words import DECIMAL_PLACES, WORD_DOMAINS

# Words that the criterion language keeps for itself; no measurement or set may be named so.
_LANGUAGE = """
    and or not between in if case when then else end is null true false
    as_of enrollment first_dose reading sex age prior_lines can_bear_children childbearing_potential
    ever started ongoing only without first last count includes
    within_days within_weeks within_months within_years followed_within_days followed_within_months
    days_since months_since date_of start_date end_date times at_least greatest least attested
    total lowest highest best_response half_life_days interval_days cycles
"""
RESERVED_NAMES = frozenset((*re.findall(r"\w+", _LANGUAGE), *ATTRIBUTES, *WORD_DOMAINS))

# An unlisted or unreadable name in these tables may be any concept of the kind.
ANY_OF = {
    "drug": ("treatments", "medications"),
    "condition": ("conditions",),
    "procedure": ("procedures",),
}


class UnknownUnit(KeyError):
    """A unit that cannot be converted for this concept, or a concept without a unit."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class MeasurementInfo:
    """A measurement: its canonical unit, and whether it is a ``number`` or ``positive_negative``.

    ``upper_limit_range`` and ``lower_limit`` are the laboratory's limits where a result states none.
    """

    concept: str
    label: str
    unit: str
    value_type: str
    upper_limit_range: tuple[Decimal, Decimal] | None = None
    lower_limit: Decimal | None = None


@dataclass(frozen=True)
class SetInfo:
    """A set of events.

    ``members``: (concept of the event, whether it surely belongs). ``home_tables``: absence is proven where
    these are complete. ``any_of``: a row of these tables whose concept is open may belong.
    """

    name: str
    label: str
    kind: str
    members: tuple[tuple[str, bool], ...]
    home_tables: tuple[str, ...]
    any_of: tuple[str, ...]


@dataclass(frozen=True)
class UnitTable:
    """Converts values to the canonical unit. ``rules``: concept -> unit key -> (multiply, divide)."""

    rules: dict[str, dict[str, tuple[Decimal, Decimal]]]

    def convert(self, concept: str, value: Decimal, spelling: str) -> Decimal:
        """The value in the concept's canonical unit, rounded once, half to even, to nine places.

        Raises UnknownUnit where the concept has no unit or the spelling is not listed for it.
        """
        rules = self.rules.get(concept)
        if rules is None:
            raise UnknownUnit(f"'{concept}' has no unit. {nearest(concept, self.rules)}".strip())
        factors = rules.get(unit_key(spelling))
        if factors is None:
            hint = nearest(unit_key(spelling), rules)
            raise UnknownUnit(f"'{spelling}' is no unit of {concept}. {hint}".strip())
        multiply, divide = factors
        exact = Fraction(value) * Fraction(multiply) / Fraction(divide)
        # round() of a fraction is exact and half to even; a quotient of decimals would be rounded twice.
        return Decimal(round(exact * 10**DECIMAL_PLACES)).scaleb(-DECIMAL_PLACES)


@dataclass(frozen=True)
class Catalogue:
    """Every name that a trial file may use, and the unit table."""

    measurements: dict[str, MeasurementInfo]
    sets: dict[str, SetInfo]
    units: UnitTable


@cache
def load_catalogue() -> Catalogue:
    """The catalogue of the project's own code lists. Raises CodeListError."""
    return build_catalogue(load_code_lists())


def build_catalogue(lists: CodeLists) -> Catalogue:
    """The catalogue of these code lists. Raises CodeListError where a name is taken or has two meanings."""
    measurements = {
        row["concept"]: _measurement(row)
        for row in lists.concepts.filter(pl.col("kind") == "observation").iter_rows(named=True)
    }
    sets: dict[str, SetInfo] = {}
    # A class replaces the concept of the same name, of which it is the wider reading (surgery).
    for one in [*_concept_sets(lists), *_class_sets(lists)]:
        sets[one.name] = one
    for one in [*_registry_sets(), *_allergy_sets(lists)]:
        if one.name in sets:
            _refuse(one.name, "two sets have this name")
        sets[one.name] = one
    for name in [*measurements, *sets]:
        if name in RESERVED_NAMES:
            _refuse(name, "the criterion language keeps this name for itself")
    for name in sorted(set(measurements) & set(sets)):
        _refuse(name, "a measurement and a set have this name")
    return Catalogue(measurements, dict(sorted(sets.items())), _unit_table(lists))


def _measurement(row: dict[str, Any]) -> MeasurementInfo:
    limits = (row["limit_low"], row["limit_high"])
    return MeasurementInfo(
        row["concept"],
        row["label"],
        row["unit"] or "",
        row["value_type"],
        limits if None not in limits else None,
        row["lower_limit_default"],
    )


def _refuse(name: str, why: str) -> None:
    raise CodeListError(f"code lists, name '{name}'", f"It cannot be used: {why}.", "Choose another name.")


def _concept_sets(lists: CodeLists) -> Iterable[SetInfo]:
    for row in lists.concepts.filter(pl.col("kind").is_in(list(ANY_OF))).iter_rows(named=True):
        name, kind = row["concept"], row["kind"]
        yield SetInfo(name, row["label"], kind, ((name, True),), (row["home_table"],), ANY_OF[kind])


def _class_sets(lists: CodeLists) -> Iterable[SetInfo]:
    members: dict[str, list[tuple[str, bool]]] = {}
    for row in lists.classes.iter_rows(named=True):
        members.setdefault(row["class"], []).append((row["concept"], row["certain"] == "yes"))
    kinds = dict(lists.concepts.select("concept", "kind").iter_rows())
    for row in lists.class_info.iter_rows(named=True):
        name, kind = row["class"], row["kind"]
        if name in kinds and (name, True) not in members[name]:
            _refuse(name, "a class named like a concept must hold that concept")
        home = (row["home_table"],)
        yield SetInfo(name, row["label"], kind, tuple(sorted(members[name])), home, ANY_OF.get(kind, ()))


def _registry_sets() -> Iterable[SetInfo]:
    for name, label, table in (
        ("lines", "lines of therapy", "treatments"),
        ("progression", "documented progressions", "responses"),
        ("responses", "response assessments", "responses"),
        ("trial_participation", "participation in other trials", "trial_participation"),
    ):
        yield SetInfo(name, label, name, ((name, True),), (table,), ())


def _allergy_sets(lists: CodeLists) -> Iterable[SetInfo]:
    for row in lists.concepts.filter(pl.col("kind").is_in(["drug", "substance"])).iter_rows(named=True):
        name = f"allergy_to_{row['concept']}"
        label = f"allergy to or intolerance of {row['label']}"
        yield SetInfo(name, label, "allergy", ((name, True),), ("allergies",), ("allergies",))


def _unit_table(lists: CodeLists) -> UnitTable:
    rules: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
    for concept, key, multiply, divide in lists.unit_rules.iter_rows():
        rules.setdefault(concept, {})[key] = (multiply, divide)
    return UnitTable(rules)
