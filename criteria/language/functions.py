"""The closed set of functions: one builder each, which checks the arguments and makes the node."""

from collections.abc import Callable
from dataclasses import replace

from criteria.language.scope import KIND_ATTRIBUTES, LIMIT_PARTS, Scope, base_set
from criteria.language.syntax import CallSyntax, NameSyntax, Syntax, WordSyntax
from criteria.language.tree import (
    Age,
    Anchor,
    AtLeast,
    Attested,
    Constant,
    Count,
    Edge,
    EventSet,
    Ever,
    Extreme,
    FollowedWithin,
    Includes,
    Measurement,
    Node,
    Ongoing,
    Only,
    SetDate,
    Since,
    Started,
    Times,
    Type,
    Within,
    Without,
)
from schemas.errors import nearest

Build = Callable[[Syntax, Scope], Node]
Builder = Callable[[CallSyntax, Scope, Build], Node]

# Known to the field, not computable from the tables there are: the error says so instead of "unknown".
NOT_YET = ("total", "lowest", "highest", "best_response", "half_life_days")


def typed(syntax: Syntax, scope: Scope, build: Build, wanted: Type) -> Node:
    """The argument as a node of the wanted type."""
    node = build(syntax, scope)
    if node.type is not wanted:
        raise scope.fault(
            syntax.place, f"'{syntax.text}' is {a_type(node.type)}, {a_type(wanted)} is needed here."
        )
    return node


def a_type(kind: Type) -> str:
    """The type with its article, for messages."""
    return f"an {kind.value}" if kind is Type.SET else f"a {kind.value}"


def _arity(call: CallSyntax, scope: Scope, least: int, most: int | None) -> None:
    given = len(call.arguments)
    if given < least or (most is not None and given > most):
        wanted = f"{least}" if least == most else f"{least} to {most}" if most else f"at least {least}"
        noun = "argument" if wanted in ("1", "at least 1") else "arguments"
        raise scope.fault(call.place, f"{call.name}(...) takes {wanted} {noun}, not {given}.")


def _whole(syntax: Syntax, scope: Scope, build: Build, call: CallSyntax) -> int:
    """A fixed whole number: written out, or a reading."""
    node = typed(syntax, scope, build, Type.NUMBER)
    if not isinstance(node, Constant) or node.value != int(node.value) or node.value < 0:
        what = f"'{syntax.text}' in {call.name}(...) must be a fixed whole number, 0 or more."
        raise scope.fault(syntax.place, what)
    return int(node.value)


def _length(syntax: Syntax, scope: Scope, build: Build, rows: Node, unit: str) -> Node:
    """A window's length: a number; in days or weeks it may use the attributes of the row."""
    kind = scope.catalogue.sets[base_set(rows)].kind
    node = typed(syntax, scope.rows(kind), build, Type.NUMBER)
    if isinstance(node, Constant) and (node.value != int(node.value) or node.value < 0):
        raise scope.fault(
            syntax.place, f"the window's length '{syntax.text}' must be a whole number, 0 or more."
        )
    if not isinstance(node, Constant) and unit in ("months", "years"):
        raise scope.fault(syntax.place, "a window in months or years has one fixed length.")
    return node


def _ever(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    return Ever(type=Type.TRUTH, text=call.text, rows=typed(call.arguments[0], scope, build, Type.SET))


def _within(unit: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 3, 3)
        rows = typed(call.arguments[0], scope, build, Type.SET)
        return Within(
            type=Type.TRUTH,
            text=call.text,
            rows=rows,
            length=_length(call.arguments[1], scope, build, rows, unit),
            unit=unit,
            anchor=typed(call.arguments[2], scope, build, Type.DATE),
        )

    return make


def _followed(unit: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 2, 3)
        rows = typed(call.arguments[0], scope, build, Type.SET)
        given = call.arguments[2:]
        return FollowedWithin(
            type=Type.TRUTH,
            text=call.text,
            rows=rows,
            later=typed(call.arguments[1], scope, build, Type.SET),
            length=_length(given[0], scope, build, rows, unit) if given else None,
            unit=unit,
        )

    return make


def _ongoing(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 2)
    anchor: Node = Anchor(type=Type.DATE, text="as_of", name="as_of")
    if len(call.arguments) > 1:
        anchor = typed(call.arguments[1], scope, build, Type.DATE)
    rows = typed(call.arguments[0], scope, build, Type.SET)
    return Ongoing(type=Type.TRUTH, text=call.text, rows=rows, anchor=anchor)


def _only(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 2, 2)
    rows = typed(call.arguments[0], scope, build, Type.SET)
    kind = scope.catalogue.sets[base_set(rows)].kind
    if not KIND_ATTRIBUTES[kind] and kind != "lines":
        raise scope.fault(call.place, f"the rows of '{base_set(rows)}' have no attributes to ask about.")
    condition = typed(call.arguments[1], scope.rows(kind), build, Type.TRUTH)
    return Only(type=Type.SET, text=call.text, rows=rows, condition=condition)


def _includes(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, None)
    if not scope.members_of_lines:
        raise scope.fault(
            call.place, "includes(...) asks about the members of a line: write only(lines, includes(...))."
        )
    outside = replace(scope, attributes=None, members_of_lines=False)
    groups = []
    for argument in call.arguments:
        node = typed(argument, outside, build, Type.SET)
        if not isinstance(node, EventSet) or scope.catalogue.sets[node.name].kind != "drug":
            raise scope.fault(argument.place, f"'{argument.text}' is not a drug or a drug class.")
        groups.append(node.members)
    return Includes(type=Type.TRUTH, text=call.text, groups=tuple(groups))


def _without(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 2, None)
    sets = [typed(argument, scope, build, Type.SET) for argument in call.arguments]
    return Without(type=Type.SET, text=call.text, rows=sets[0], removed=tuple(sets[1:]))


def _edge(which: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 1, 1)
        return Edge(
            type=Type.SET, text=call.text, rows=typed(call.arguments[0], scope, build, Type.SET), which=which
        )

    return make


def _started(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    return Started(type=Type.SET, text=call.text, rows=typed(call.arguments[0], scope, build, Type.SET))


def _count(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    return Count(type=Type.NUMBER, text=call.text, rows=typed(call.arguments[0], scope, build, Type.SET))


def _since(unit: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 2, 2)
        return Since(
            type=Type.NUMBER,
            text=call.text,
            rows=typed(call.arguments[0], scope, build, Type.SET),
            anchor=typed(call.arguments[1], scope, build, Type.DATE),
            unit=unit,
        )

    return make


def _set_date(which: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 1, 1)
        rows = typed(call.arguments[0], scope, build, Type.SET)
        return SetDate(type=Type.DATE, text=call.text, rows=rows, which=which)

    return make


def _date_of(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    node = build(call.arguments[0], scope)
    if not isinstance(node, Measurement) or node.part != "value":
        raise scope.fault(call.place, f"date_of(...) takes a measurement, not '{call.arguments[0].text}'.")
    return replace(node, type=Type.DATE, domain="", text=call.text, part="date")


def _age(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    return Age(type=Type.NUMBER, text=call.text, anchor=typed(call.arguments[0], scope, build, Type.DATE))


def _times(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 3, 4)
    concept = _counted_concept(call.arguments[0], scope)
    condition = typed(call.arguments[0], replace(scope, counted=concept), build, Type.TRUTH)
    return Times(
        type=Type.NUMBER,
        text=call.text,
        concept=concept,
        condition=condition,
        days=_whole(call.arguments[1], scope, build, call),
        anchor=typed(call.arguments[2], scope, build, Type.DATE),
        apart=max(1, _whole(call.arguments[3], scope, build, call)) if len(call.arguments) > 3 else 1,
    )


def _counted_concept(syntax: Syntax, scope: Scope) -> str:
    """The one measurement whose results a ``times`` condition is about."""
    pending, found = [syntax], set()
    while pending:
        part = pending.pop()
        if isinstance(part, CallSyntax):
            pending.extend(part.arguments)
        elif isinstance(part, NameSyntax) and not part.prefix:
            concept = part.name
            for limit in LIMIT_PARTS:
                concept = concept.removesuffix(f"_{limit}")
            if concept not in scope.catalogue.measurements:
                raise scope.unknown(part.place, "measurement", part.name, scope.catalogue.measurements)
            found.add(concept)
    if len(found) != 1:
        raise scope.fault(syntax.place, "the condition of times(...) must be about exactly one measurement.")
    return found.pop()


def _extreme(which: str) -> Builder:
    def make(call: CallSyntax, scope: Scope, build: Build) -> Node:
        _arity(call, scope, 2, None)
        parts = tuple(typed(argument, scope, build, Type.NUMBER) for argument in call.arguments)
        return Extreme(type=Type.NUMBER, text=call.text, which=which, parts=parts)

    return make


def _at_least(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 2, None)
    parts = tuple(typed(argument, scope, build, Type.TRUTH) for argument in call.arguments[1:])
    return AtLeast(
        type=Type.TRUTH, text=call.text, minimum=_whole(call.arguments[0], scope, build, call), parts=parts
    )


def _attested(call: CallSyntax, scope: Scope, build: Build) -> Node:
    _arity(call, scope, 1, 1)
    question = call.arguments[0]
    if not isinstance(question, WordSyntax) or not question.word.strip():
        raise scope.fault(call.place, "attested(...) takes the question to ask, in single quotes.")
    return Attested(type=Type.TRUTH, text=call.text, question=question.word)


FUNCTIONS: dict[str, Builder] = {
    "ever": _ever,
    "within_days": _within("days"),
    "within_weeks": _within("weeks"),
    "within_months": _within("months"),
    "within_years": _within("years"),
    "followed_within_days": _followed("days"),
    "followed_within_months": _followed("months"),
    "ongoing": _ongoing,
    "only": _only,
    "includes": _includes,
    "without": _without,
    "first": _edge("first"),
    "last": _edge("last"),
    "started": _started,
    "count": _count,
    "days_since": _since("days"),
    "months_since": _since("months"),
    "start_date": _set_date("start"),
    "end_date": _set_date("end"),
    "date_of": _date_of,
    "age": _age,
    "times": _times,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "at_least": _at_least,
    "attested": _attested,
}


def function_node(call: CallSyntax, scope: Scope, build: Build) -> Node:
    """The node of a function call; a ``TrialError`` naming the nearest function if nobody knows it."""
    if call.name in NOT_YET:
        raise scope.fault(
            call.place,
            f"{call.name}(...) is not available yet: the registry tables do not carry the columns it needs.",
            "Make the criterion manual, or express it without this function.",
        )
    if call.name not in FUNCTIONS:
        hint = nearest(call.name, FUNCTIONS) or f"The functions are: {', '.join(sorted(FUNCTIONS))}."
        raise scope.fault(call.place, f"unknown function '{call.name}'.", hint)
    if scope.attributes is not None and call.name not in ("includes", "greatest", "least", "at_least"):
        raise scope.fault(call.place, f"{call.name}(...) cannot be asked about a single row.")
    if scope.counted is not None and call.name not in ("greatest", "least", "at_least"):
        raise scope.fault(call.place, f"{call.name}(...) cannot be asked about a single result.")
    return FUNCTIONS[call.name](call, scope, build)
