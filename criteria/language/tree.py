"""The typed tree of a criterion expression: what both engines read, and all that they share.

Every node knows its type and the text it was written as. Readings and definitions are already put in place.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Type(Enum):
    """The types of the language. A word belongs to one closed domain (``schemas.words.WORD_DOMAINS``)."""

    NUMBER = "number"
    DATE = "date"
    TRUTH = "truth"
    WORD = "word"
    SET = "event set"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A part of an expression. ``domain`` is the word domain of a word, else empty."""

    type: Type
    text: str
    domain: str = ""


@dataclass(frozen=True, kw_only=True)
class Constant(Node):
    """A number, a word (its rank in its domain) or a truth (0 or 1)."""

    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Anchor(Node):
    """``as_of``, ``enrollment`` or ``first_dose``."""

    name: str


@dataclass(frozen=True, kw_only=True)
class PatientFact(Node):
    """``sex`` (word) or ``childbearing_potential`` (truth)."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Age(Node):
    """Completed years at a date."""

    anchor: Node


@dataclass(frozen=True, kw_only=True)
class Measurement(Node):
    """The latest result of a concept in the lookback; ``part`` is value, upper_limit, lower_limit or date."""

    concept: str
    part: str
    lookback_days: int


@dataclass(frozen=True, kw_only=True)
class ResultPart(Node):
    """Inside ``times``: the result being counted; ``part`` is value, upper_limit or lower_limit."""

    part: str


@dataclass(frozen=True, kw_only=True)
class RowAttribute(Node):
    """Inside ``only`` or a window's length: an attribute of the row."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Includes(Node):
    """Inside ``only(lines, ...)``: the line has a member of each group of (concept, certain) pairs."""

    groups: tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True, kw_only=True)
class EventSet(Node):
    """The rows of the named concepts; a pair's second part is false where membership needs a person.

    ``home_tables`` are the tables whose completeness proves absence; ``any_of`` are the source tables whose
    rows of unknown concept may belong.
    """

    name: str
    members: tuple[tuple[str, bool], ...]
    home_tables: tuple[str, ...]
    any_of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Only(Node):
    """The rows of a set for which the condition holds."""

    rows: Node
    condition: Node


@dataclass(frozen=True, kw_only=True)
class Without(Node):
    """The rows of a set that are in none of the others."""

    rows: Node
    removed: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Edge(Node):
    """The first or the last row of a set, by start; ``which`` is first or last."""

    rows: Node
    which: str


@dataclass(frozen=True, kw_only=True)
class Started(Node):
    """The rows of a set, each cut to its start: when something began, not how long it lasted."""

    rows: Node


@dataclass(frozen=True, kw_only=True)
class Ever(Node):
    """Any row at all."""

    rows: Node


@dataclass(frozen=True, kw_only=True)
class Within(Node):
    """A row shares a day with [anchor - length, anchor]; ``unit`` is days, weeks, months or years."""

    rows: Node
    length: Node
    unit: str
    anchor: Node


@dataclass(frozen=True, kw_only=True)
class FollowedWithin(Node):
    """Another row of ``later`` starts in [a row's start, its end + length]; ``unit`` is days or months."""

    rows: Node
    later: Node
    length: Node | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class Ongoing(Node):
    """A row runs on the anchor day."""

    rows: Node
    anchor: Node


@dataclass(frozen=True, kw_only=True)
class Count(Node):
    """How many rows."""

    rows: Node


@dataclass(frozen=True, kw_only=True)
class Since(Node):
    """Anchor minus the last day of the last row, in ``unit`` days or completed months."""

    rows: Node
    anchor: Node
    unit: str


@dataclass(frozen=True, kw_only=True)
class SetDate(Node):
    """The first start (``start``) or the last end (``end``) of a set."""

    rows: Node
    which: str


@dataclass(frozen=True, kw_only=True)
class Times(Node):
    """On how many days in [anchor - days, anchor], ``apart`` days apart, a result met the condition."""

    concept: str
    condition: Node
    days: int
    anchor: Node
    apart: int


@dataclass(frozen=True, kw_only=True)
class Attested(Node):
    """What a person has attested for this criterion."""

    question: str


@dataclass(frozen=True, kw_only=True)
class Arithmetic(Node):
    """``+``, ``-`` or ``*`` on numbers; date plus or minus days; date minus date is days."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, kw_only=True)
class Extreme(Node):
    """``greatest`` or ``least`` of numbers."""

    which: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Compare(Node):
    """``=``, ``<>``, ``<``, ``<=``, ``>`` or ``>=`` of two numbers, dates or words of one domain."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, kw_only=True)
class Among(Node):
    """``in``: the item is one of the constants."""

    item: Node
    choices: tuple[Constant, ...]


@dataclass(frozen=True, kw_only=True)
class All(Node):
    """``and``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class AnyOf(Node):
    """``or``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Not(Node):
    """``not``."""

    part: Node


@dataclass(frozen=True, kw_only=True)
class AtLeast(Node):
    """At least ``minimum`` of the truths hold."""

    minimum: int
    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class If(Node):
    """The first branch where the condition holds, the second where it does not."""

    condition: Node
    then: Node
    otherwise: Node
