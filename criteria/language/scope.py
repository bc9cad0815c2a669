"""What the names in an expression stand for: the catalogue, the readings, the definitions, the lookbacks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

from criteria.language.tree import Constant, Edge, EventSet, Node, Only, Started, Type, Without
from data.catalogue import Catalogue, SetInfo
from schemas.errors import TrialError, nearest

ANCHORS = ("as_of", "enrollment", "first_dose")
PATIENT_FACTS = ("sex", "childbearing_potential")
LIMIT_PARTS = ("upper_limit", "lower_limit")
# Which attributes the rows of a kind of set carry.
KIND_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "drug": ("stop_reason", "recorded_stop_reason", "route", "line_number"),
    "condition": ("grade", "confirmed", "controlled", "residual_disease", "completely_resected"),
    "procedure": ("major",),
    "lines": ("line_number",),
    "progression": (),
    "responses": ("response",),
    "trial_participation": ("interventional",),
    "allergy": ("kind",),
}


@dataclass(frozen=True)
class Scope:
    """Where an expression stands and what it may name.

    ``where`` names the trial file, the criterion and the field, for messages. ``attributes`` is filled only
    inside ``only(...)`` and a window's length; ``counted`` only inside ``times(...)``.
    """

    where: str
    catalogue: Catalogue
    readings: Mapping[str, Constant]
    definitions: Mapping[str, str]
    lookback_days: Callable[[str], int]
    attributes: tuple[str, ...] | None = None
    members_of_lines: bool = False
    counted: str | None = None
    open_definitions: tuple[str, ...] = field(default=())

    def rows(self, kind: str) -> "Scope":
        """The scope inside ``only(...)`` over rows of this kind of set."""
        return replace(self, attributes=KIND_ATTRIBUTES[kind], members_of_lines=kind == "lines")

    def fault(self, place: int, what: str, next_step: str = "Correct the trial file.") -> TrialError:
        """An error at a place of the expression."""
        at = f", character {place}" if place else ""
        return TrialError(f"{self.where}{at}", what, next_step)

    def unknown(self, place: int, what: str, name: str, known: Iterable[str]) -> TrialError:
        """An error for a name that nobody knows, with the nearest that somebody does."""
        known = list(known)
        hint = nearest(name, known) or nearest(name.lower(), known)
        hint = hint or "'prescreen trial show' and the data dictionary list the names."
        return self.fault(place, f"unknown {what} '{name}'.", hint)

    def names(self) -> list[str]:
        """Every name that may stand alone here, for the nearest-name hint."""
        names = [*ANCHORS, *PATIENT_FACTS, "prior_lines", *self.definitions]
        names += [f"reading.{question}" for question in self.readings]
        names += self.catalogue.measurements
        names += [f"{name}_{part}" for name in self.catalogue.measurements for part in LIMIT_PARTS]
        return names + list(self.catalogue.sets)


def set_node(info: SetInfo, text: str) -> EventSet:
    """The node of a named event set."""
    return EventSet(
        type=Type.SET,
        text=text,
        name=info.name,
        members=info.members,
        home_tables=info.home_tables,
        any_of=info.any_of,
    )


def truth_constant(value: bool, text: str) -> Constant:
    """A truth that is settled when the file is read (a reading compared with one of its options)."""
    return Constant(type=Type.TRUTH, text=text, value=Decimal(int(value)))


def base_set(node: Node) -> str:
    """The name of the set at the bottom of only, without, first, last and started."""
    while not isinstance(node, EventSet):
        node = cast(Only | Without | Edge | Started, node).rows
    return node.name
