"""Random well-typed expressions over the small universe, every kind of node, as deep as asked."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from criteria.language import tree
from criteria.language.tree import Node, Type
from schemas.facts import ATTRIBUTES
from schemas.words import WORD_DOMAINS
from tests.differential.universe import (
    DRUG_SETS,
    LENGTHS,
    MONTHS,
    NUMBER_MEASUREMENTS,
    SETS,
    TABLE_ATTRIBUTES,
    VALUES,
    WORD_MEASUREMENTS,
)

MAX_DEPTH = 6
_ANCHORS = ("as_of", "enrollment", "first_dose")
_PARTS = ("value", "upper_limit", "lower_limit")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_THRESHOLDS: tuple[Decimal, ...] = (*VALUES, *(Decimal(length) for length in LENGTHS))
_FACTORS = tuple(Decimal(text) for text in ("1.25", "0.5", "0", "1", "2", "3", "5", "-1"))
_TYPES = {"truth": Type.TRUTH, "word": Type.WORD, "number": Type.NUMBER}


def random_tree(rng: Random, kind: Type, depth: int = MAX_DEPTH) -> Node:
    """A random expression of the type, at most so deep and often less, so that many are decided."""
    depth = rng.randint(1, depth)
    makers = _Patient(rng)
    if kind is Type.SET:
        return makers.set(depth)[0]
    if kind is Type.WORD:
        return makers.word(rng.choice(makers.domains), depth)
    return {Type.TRUTH: makers.truth, Type.NUMBER: makers.number, Type.DATE: makers.date}[kind](depth)


def constant(value: Decimal | int) -> tree.Constant:
    """A number as written."""
    return tree.Constant(type=Type.NUMBER, text=str(value), value=Decimal(value))


def word_constant(domain: str, rank: int) -> tree.Constant:
    """A word as written."""
    text = f"'{WORD_DOMAINS[domain][rank]}'"
    return tree.Constant(type=Type.WORD, text=text, domain=domain, value=Decimal(rank))


def anchor(name: str) -> Node:
    """One of the days that expressions may name."""
    return tree.Anchor(type=Type.DATE, text=name, name=name)


def _texts(parts: tuple[Node, ...]) -> str:
    return ", ".join(part.text for part in parts)


@dataclass
class _Common:
    """Operators: what may stand about the patient, about one row and about one result alike."""

    rng: Random

    # The word domains that something in this place can hold.
    domains: tuple[str, ...] = ()

    def number_leaf(self) -> Node:
        return constant(self.rng.choice(_THRESHOLDS))

    def word_leaf(self, domain: str) -> Node:
        return word_constant(domain, self.rng.randrange(len(WORD_DOMAINS[domain])))

    def truth_leaf(self) -> Node:
        value = self.rng.randint(0, 1)
        return tree.Constant(type=Type.TRUTH, text=("false", "true")[value], value=Decimal(value))

    def number_makers(self) -> list[Callable[[int], Node]]:
        return [self._sum, self._product, self._extreme, self._number_choice]

    def truth_makers(self) -> list[Callable[[int], Node]]:
        makers: list[Callable[[int], Node]] = [
            self._compare_numbers,
            self._among_numbers,
            self._connective,
            self._connective,
            self._negation,
        ]
        makers += [self._at_least, self._truth_choice]
        return makers + ([self._compare_words, self._among_words] if self.domains else [])

    def number(self, depth: int) -> Node:
        if depth <= 1 or self.rng.random() < 0.3:
            return self.number_leaf()
        return self.rng.choice(self.number_makers())(depth - 1)

    def truth(self, depth: int) -> Node:
        if depth <= 1:
            return self.truth_leaf()
        return self.rng.choice(self.truth_makers())(depth - 1)

    def word(self, domain: str, depth: int) -> Node:
        if depth <= 1 or self.rng.random() < 0.7:
            return self.word_leaf(domain)
        condition = self.truth(depth - 1)
        then, otherwise = self.word(domain, depth - 1), self.word(domain, depth - 1)
        return self._if(condition, then, otherwise)

    def _if(self, condition: Node, then: Node, otherwise: Node) -> Node:
        text = f"if({condition.text}, {then.text}, {otherwise.text})"
        return tree.If(
            type=then.type, domain=then.domain, text=text, condition=condition, then=then, otherwise=otherwise
        )

    def _number_choice(self, depth: int) -> Node:
        return self._if(self.truth(depth), self.number(depth), self.number(depth))

    def _truth_choice(self, depth: int) -> Node:
        return self._if(self.truth(depth), self.truth(depth), self.truth(depth))

    def arithmetic(self, kind: Type, operator: str, left: Node, right: Node) -> Node:
        text = f"({left.text} {operator} {right.text})"
        return tree.Arithmetic(type=kind, text=text, operator=operator, left=left, right=right)

    def _sum(self, depth: int) -> Node:
        return self.arithmetic(Type.NUMBER, self.rng.choice("+-"), self.number(depth), self.number(depth))

    def _product(self, depth: int) -> Node:
        """Mostly by a small constant, so that products stay exact and seldom reach the unbounded ends."""
        factor = self.number(depth)
        if self.rng.random() < 0.8:
            factor = constant(self.rng.choice(_FACTORS))
        return self.arithmetic(Type.NUMBER, "*", factor, self.number(depth))

    def _extreme(self, depth: int) -> Node:
        which = self.rng.choice(("greatest", "least"))
        parts = tuple(self.number(depth) for _ in range(self.rng.choice((2, 2, 3))))
        return tree.Extreme(type=Type.NUMBER, text=f"{which}({_texts(parts)})", which=which, parts=parts)

    def compare(self, left: Node, right: Node) -> Node:
        operator = self.rng.choice(_COMPARISONS)
        text = f"({left.text} {operator} {right.text})"
        return tree.Compare(type=Type.TRUTH, text=text, operator=operator, left=left, right=right)

    def _compare_numbers(self, depth: int) -> Node:
        right = self.number(depth) if self.rng.random() < 0.4 else constant(self.rng.choice(_THRESHOLDS))
        return self.compare(self.number(depth), right)

    def _compare_words(self, depth: int) -> Node:
        domain = self.rng.choice(self.domains)
        return self.compare(self.word(domain, depth), self.word(domain, depth))

    def _among(self, item: Node, choices: tuple[tree.Constant, ...]) -> Node:
        return tree.Among(
            type=Type.TRUTH, text=f"({item.text} in ({_texts(choices)}))", item=item, choices=choices
        )

    def _among_numbers(self, depth: int) -> Node:
        choices = tuple(constant(value) for value in self.rng.sample(_THRESHOLDS, 3))
        return self._among(self.number(depth), choices)

    def _among_words(self, depth: int) -> Node:
        domain = self.rng.choice(self.domains)
        ranks = self.rng.sample(range(len(WORD_DOMAINS[domain])), 2)
        return self._among(self.word(domain, depth), tuple(word_constant(domain, rank) for rank in ranks))

    def _parts(self, depth: int) -> tuple[Node, ...]:
        return tuple(self.truth(depth) for _ in range(self.rng.choice((2, 2, 3))))

    def _connective(self, depth: int) -> Node:
        parts = self._parts(depth)
        if self.rng.random() < 0.5:
            return tree.All(type=Type.TRUTH, text=f"({' and '.join(p.text for p in parts)})", parts=parts)
        return tree.AnyOf(type=Type.TRUTH, text=f"({' or '.join(p.text for p in parts)})", parts=parts)

    def _negation(self, depth: int) -> Node:
        part = self.truth(depth)
        return tree.Not(type=Type.TRUTH, text=f"not {part.text}", part=part)

    def _at_least(self, depth: int) -> Node:
        parts, minimum = self._parts(depth), self.rng.randint(0, 3)
        text = f"at_least({minimum}, {_texts(parts)})"
        return tree.AtLeast(type=Type.TRUTH, text=text, minimum=minimum, parts=parts)


class _Row(_Common):
    """Inside ``only`` or a window's length: attributes of the rows of one table, members of lines."""

    def __init__(self, rng: Random, table: str) -> None:
        names = TABLE_ATTRIBUTES.get(table, ())
        words = tuple(name for name in names if ATTRIBUTES[name].type == "word")
        super().__init__(rng, words)
        self._names, self._of_lines = names, table == "lines"

    def _attribute(self, name: str) -> Node:
        kind = _TYPES[ATTRIBUTES[name].type]
        return tree.RowAttribute(type=kind, domain=name if kind is Type.WORD else "", text=name, name=name)

    def _named(self, kind: str) -> list[str]:
        return [name for name in self._names if ATTRIBUTES[name].type == kind]

    def number_leaf(self) -> Node:
        names = self._named("number")
        return (
            self._attribute(self.rng.choice(names))
            if names and self.rng.random() < 0.6
            else constant(self.rng.choice((0, 1, 2, 3, 4, 5, 7, 14, 28)))
        )

    def word_leaf(self, domain: str) -> Node:
        return self._attribute(domain) if self.rng.random() < 0.6 else super().word_leaf(domain)

    def truth_leaf(self) -> Node:
        names = self._named("truth")
        if self._of_lines and self.rng.random() < 0.8:
            return self._includes()
        return self._attribute(self.rng.choice(names)) if names else super().truth_leaf()

    def truth(self, depth: int) -> Node:
        """A row condition is mostly a plain one."""
        return self.truth_leaf() if depth > 1 and self.rng.random() < 0.3 else super().truth(depth)

    def _includes(self) -> Node:
        sets = self.rng.sample(DRUG_SETS, self.rng.randint(1, 2))
        groups = tuple(node.members for node in sets)
        return tree.Includes(type=Type.TRUTH, text=f"includes({_texts(tuple(sets))})", groups=groups)


class _Result(_Common):
    """Inside ``times``: the parts of the result that is being counted."""

    def __init__(self, rng: Random, is_word: bool) -> None:
        super().__init__(rng, ("result",) if is_word else ())
        self._is_word = is_word

    def number_leaf(self) -> Node:
        if self._is_word or self.rng.random() < 0.4:
            return super().number_leaf()
        part = self.rng.choice(_PARTS)
        return tree.ResultPart(type=Type.NUMBER, text=f"result_{part}", part=part)

    def word_leaf(self, domain: str) -> Node:
        if self.rng.random() < 0.3:
            return super().word_leaf(domain)
        return tree.ResultPart(type=Type.WORD, domain=domain, text="result", part="value")

    def truth_makers(self) -> list[Callable[[int], Node]]:
        return [self._compare_words] * 8 + super().truth_makers() if self._is_word else super().truth_makers()


class _Patient(_Common):
    """Everything that can be asked about a patient."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng, ("sex", "result"))

    def number_leaf(self) -> Node:
        kind = self.rng.random()
        if kind < 0.25:
            return super().number_leaf()
        if kind < 0.7:
            return self._measurement(Type.NUMBER, self.rng.choice(_PARTS))
        return self._age(1) if kind < 0.85 else self._count(1)

    def word_leaf(self, domain: str) -> Node:
        if self.rng.random() < 0.4:
            return super().word_leaf(domain)
        if domain == "sex":
            return tree.PatientFact(type=Type.WORD, domain="sex", text="sex", name="sex")
        return self._measurement(Type.WORD, "value")

    def truth_leaf(self) -> Node:
        kind = self.rng.random()
        if kind < 0.1:
            return super().truth_leaf()
        if kind < 0.3:
            name = "childbearing_potential"
            return tree.PatientFact(type=Type.TRUTH, text=name, name=name)
        if kind < 0.5:
            return tree.Attested(type=Type.TRUTH, text="attested('asked')", question="asked")
        return self._ever(1)

    def number_makers(self) -> list[Callable[[int], Node]]:
        own = [
            self._age,
            self._count,
            self._since,
            self._since,
            self._times,
            self._times,
            self._day_difference,
        ]
        return super().number_makers() + own

    def truth_makers(self) -> list[Callable[[int], Node]]:
        own = [self._ever, self._within, self._within, self._within, self._followed, self._followed]
        own += [self._ongoing, self._ongoing, self._compare_dates]
        return super().truth_makers() + own

    def _measurement(self, kind: Type, part: str) -> Node:
        word = kind is Type.WORD or (part == "date" and self.rng.random() < 0.3)
        concept = self.rng.choice(WORD_MEASUREMENTS if word else NUMBER_MEASUREMENTS)
        return tree.Measurement(
            type=kind,
            domain="result" if kind is Type.WORD else "",
            text=concept if part == "value" else f"{concept}_{part}",
            concept=concept,
            part=part,
            lookback_days=self.rng.choice(LENGTHS),
        )

    def date(self, depth: int) -> Node:
        kind = self.rng.random()
        if depth <= 1 or kind < 0.6:
            return self._measurement(Type.DATE, "date") if kind < 0.1 else anchor(self.rng.choice(_ANCHORS))
        if kind < 0.8:
            days = self.number(depth - 1) if self.rng.random() < 0.3 else constant(self.rng.choice(LENGTHS))
            return self.arithmetic(Type.DATE, self.rng.choice("+-"), self.date(depth - 1), days)
        if kind < 0.9:
            rows, which = self.set(depth - 1)[0], self.rng.choice(("start", "end"))
            return tree.SetDate(type=Type.DATE, text=f"{which}_date({rows.text})", rows=rows, which=which)
        return self._if(self.truth(depth - 1), self.date(depth - 1), self.date(depth - 1))

    def set(self, depth: int, base: tuple[tree.EventSet, str] | None = None) -> tuple[Node, str]:
        """A set of events, and the table whose attributes its rows carry."""
        if depth <= 1 or self.rng.random() < 0.35:
            return base or self.rng.choice(SETS)
        rows, table = self.set(depth - 1, base)
        return self.rng.choice((self._only, self._only, self._without, self._edge, self._started))(
            rows, table, depth
        )

    def _only(self, rows: Node, table: str, depth: int) -> tuple[Node, str]:
        condition = _Row(self.rng, table).truth(min(depth - 1, 3))
        text = f"only({rows.text}, {condition.text})"
        return tree.Only(type=Type.SET, text=text, rows=rows, condition=condition), table

    def _without(self, rows: Node, table: str, depth: int) -> tuple[Node, str]:
        """Mostly without some of the same rows."""
        base = rows
        while not isinstance(base, tree.EventSet):
            base = base.rows
        same = (base, table) if self.rng.random() < 0.7 else None
        removed = tuple(self.set(depth - 1, same)[0] for _ in range(self.rng.choice((1, 1, 2))))
        text = f"without({rows.text}, {_texts(removed)})"
        return tree.Without(type=Type.SET, text=text, rows=rows, removed=removed), table

    def _edge(self, rows: Node, table: str, depth: int) -> tuple[Node, str]:
        which = self.rng.choice(("first", "last"))
        return tree.Edge(type=Type.SET, text=f"{which}({rows.text})", rows=rows, which=which), table

    def _started(self, rows: Node, table: str, depth: int) -> tuple[Node, str]:
        return tree.Started(type=Type.SET, text=f"started({rows.text})", rows=rows), table

    def _length(self, table: str, unit: str, depth: int) -> Node:
        if unit in ("months", "years"):
            return constant(self.rng.choice(MONTHS if unit == "months" else (0, 1, 2, 5)))
        if self.rng.random() < 0.75:
            return constant(self.rng.choice(LENGTHS))
        return _Row(self.rng, table).number(min(depth, 3))

    def _age(self, depth: int) -> Node:
        day = self.date(depth)
        return tree.Age(type=Type.NUMBER, text=f"age({day.text})", anchor=day)

    def _ever(self, depth: int) -> Node:
        rows, _ = self.set(depth)
        return tree.Ever(type=Type.TRUTH, text=f"ever({rows.text})", rows=rows)

    def _within(self, depth: int) -> Node:
        rows, table = self.set(depth)
        unit = self.rng.choice(("days", "days", "weeks", "months", "years"))
        length, day = self._length(table, unit, depth), self.date(depth)
        text = f"within_{unit}({rows.text}, {length.text}, {day.text})"
        return tree.Within(type=Type.TRUTH, text=text, rows=rows, length=length, unit=unit, anchor=day)

    def _followed(self, depth: int) -> Node:
        rows, table = self.set(depth)
        later, _ = self.set(depth)
        unit = self.rng.choice(("days", "months"))
        length = None if self.rng.random() < 0.2 else self._length(table, unit, depth)
        text = f"followed_within_{unit}({rows.text}, {later.text}{f', {length.text}' if length else ''})"
        return tree.FollowedWithin(
            type=Type.TRUTH, text=text, rows=rows, later=later, length=length, unit=unit
        )

    def _ongoing(self, depth: int) -> Node:
        (rows, _), day = self.set(depth), self.date(depth)
        return tree.Ongoing(type=Type.TRUTH, text=f"ongoing({rows.text}, {day.text})", rows=rows, anchor=day)

    def _count(self, depth: int) -> Node:
        rows, _ = self.set(depth)
        return tree.Count(type=Type.NUMBER, text=f"count({rows.text})", rows=rows)

    def _since(self, depth: int) -> Node:
        (rows, _), day = self.set(depth), self.date(depth)
        unit = self.rng.choice(("days", "months"))
        text = f"{unit}_since({rows.text}, {day.text})"
        return tree.Since(type=Type.NUMBER, text=text, rows=rows, anchor=day, unit=unit)

    def _times(self, depth: int) -> Node:
        is_word = self.rng.random() < 0.3
        concept = self.rng.choice(WORD_MEASUREMENTS if is_word else NUMBER_MEASUREMENTS)
        condition = _Result(self.rng, is_word).truth(max(2, min(depth, 3)))
        days, apart, day = self.rng.choice(LENGTHS), self.rng.choice((1, 1, 1, 7, 28, 30)), self.date(depth)
        return tree.Times(
            type=Type.NUMBER,
            text=f"times({condition.text}, {days}, {day.text}, {apart})",
            concept=concept,
            condition=condition,
            days=days,
            anchor=day,
            apart=apart,
        )

    def _day_difference(self, depth: int) -> Node:
        return self.arithmetic(Type.NUMBER, "-", self.date(depth), self.date(depth))

    def _compare_dates(self, depth: int) -> Node:
        return self.compare(self.date(depth), self.date(depth))
