"""From the text of a criterion to its typed tree, with every name, type and unit of a window checked."""

from dataclasses import replace
from decimal import Decimal

from criteria.language.functions import a_type, function_node, typed
from criteria.language.names import name_node
from criteria.language.scope import Scope, truth_constant
from criteria.language.syntax import (
    CallSyntax,
    NameSyntax,
    NumberSyntax,
    Syntax,
    SyntaxFault,
    WordSyntax,
    read_syntax,
)
from criteria.language.tree import (
    All,
    Among,
    AnyOf,
    Arithmetic,
    Compare,
    Constant,
    If,
    Node,
    Not,
    Type,
)
from schemas.errors import nearest
from schemas.words import DECIMAL_PLACES, UNBOUNDED, WORD_DOMAINS

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
READING_DOMAIN = "reading:"


def parse_expression(text: str, scope: Scope, wanted: Type = Type.TRUTH) -> Node:
    """The typed tree of an expression.

    Raises ``TrialError`` naming the trial file, the criterion, the character and the nearest valid name.
    Readings and definitions are put in their place, and what they settle is settled: a branch that the
    chosen reading rules out leaves no trace, and asks for no facts.
    """
    return typed(_read(text, scope), scope, build, wanted)


def parse_definition(text: str, scope: Scope) -> Node:
    """The typed tree of a definition, which may be of any type; raises as ``parse_expression``."""
    return build(_read(text, scope), scope)


def _read(text: str, scope: Scope) -> Syntax:
    try:
        return read_syntax(text)
    except SyntaxFault as fault:
        raise scope.fault(fault.place, fault.what) from None


def build(syntax: Syntax, scope: Scope) -> Node:
    """The node of one part."""
    if isinstance(syntax, CallSyntax):
        return _call(syntax, scope)
    if isinstance(syntax, NumberSyntax):
        return _number(syntax, scope)
    if isinstance(syntax, NameSyntax):
        if not syntax.prefix and syntax.name in scope.definitions and scope.attributes is None:
            return _definition(syntax, scope)
        return name_node(syntax, scope)
    raise scope.fault(
        syntax.place, f"the word {syntax.text} must be compared with something that holds words."
    )


def _call(call: CallSyntax, scope: Scope) -> Node:
    if call.name in COMPARISONS:
        return _comparison(call.name, call.arguments[0], call.arguments[1], call, scope)
    if call.name in ("+", "-", "*"):
        return _arithmetic(call, scope)
    if call.name in ("and", "or"):
        return _connective(call, scope)
    if call.name == "not":
        return _negation(call, scope)
    if call.name == "between":
        return _between(call, scope)
    if call.name == "in":
        return _among(call, scope)
    if call.name == "if":
        return _choice(call, scope)
    return function_node(call, scope, build)


def _number(syntax: NumberSyntax, scope: Scope) -> Constant:
    places = -int(syntax.value.as_tuple().exponent)
    if abs(syntax.value) >= UNBOUNDED or places > DECIMAL_PLACES:
        raise scope.fault(
            syntax.place, f"a number has at most {DECIMAL_PLACES} decimals and 12 digits before them."
        )
    return Constant(type=Type.NUMBER, text=syntax.text, value=syntax.value)


def _definition(syntax: NameSyntax, scope: Scope) -> Node:
    if syntax.name in scope.open_definitions:
        raise scope.fault(syntax.place, f"the definition '{syntax.name}' is made of itself.")
    inner = replace(
        scope,
        where=f"{scope.where}, definition '{syntax.name}'",
        open_definitions=(*scope.open_definitions, syntax.name),
    )
    return parse_definition(scope.definitions[syntax.name], inner)


def _comparison(operator: str, left: Syntax, right: Syntax, call: CallSyntax, scope: Scope) -> Node:
    if isinstance(left, WordSyntax) and not isinstance(right, WordSyntax):
        second = build(right, scope)
        first: Node = word_constant(left, second, scope)
    else:
        first = build(left, scope)
        second = word_constant(right, first, scope) if isinstance(right, WordSyntax) else build(right, scope)
    comparable = first.type is second.type and first.domain == second.domain
    if not comparable or first.type not in (Type.NUMBER, Type.DATE, Type.WORD):
        what = (
            f"'{first.text}' ({first.type.value}) cannot be compared with "
            f"'{second.text}' ({second.type.value})."
        )
        raise scope.fault(call.place, what)
    if isinstance(first, Constant) and isinstance(second, Constant):
        return truth_constant(_settled(operator, first.value, second.value), call.text)
    return Compare(type=Type.TRUTH, text=call.text, operator=operator, left=first, right=second)


def word_constant(syntax: WordSyntax, beside: Node, scope: Scope) -> Constant:
    """A quoted word as its rank in the domain of what it is compared with."""
    if beside.type is not Type.WORD:
        what = f"'{beside.text}' is {a_type(beside.type)} and cannot be compared with a word."
        raise scope.fault(syntax.place, what)
    words = domain_words(beside.domain, scope)
    if syntax.word not in words:
        hint = nearest(syntax.word, words) or f"The words are: {', '.join(words)}."
        raise scope.fault(syntax.place, f"'{beside.text}' never holds the word '{syntax.word}'.", hint)
    rank = Decimal(words.index(syntax.word))
    return Constant(type=Type.WORD, text=syntax.text, domain=beside.domain, value=rank)


def domain_words(domain: str, scope: Scope) -> tuple[str, ...]:
    """The words of a domain, by rank; a reading's domain is its options."""
    if domain.startswith(READING_DOMAIN):
        return tuple(domain.removeprefix(READING_DOMAIN).split("|"))
    return WORD_DOMAINS[domain]


def _settled(operator: str, left: Decimal, right: Decimal) -> bool:
    results = {
        "=": left == right,
        "<>": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return results[operator]


def _arithmetic(call: CallSyntax, scope: Scope) -> Node:
    left, right = (build(argument, scope) for argument in call.arguments)
    types = (left.type, right.type)
    results = {
        (Type.NUMBER, Type.NUMBER): Type.NUMBER,
        (Type.DATE, Type.NUMBER): None if call.name == "*" else Type.DATE,
        (Type.DATE, Type.DATE): Type.NUMBER if call.name == "-" else None,
    }
    result = results.get(types)
    if result is None:
        raise scope.fault(
            call.place,
            f"'{call.text}': {left.type.value} {call.name} {right.type.value} has no meaning here.",
        )
    return Arithmetic(type=result, text=call.text, operator=call.name, left=left, right=right)


def _connective(call: CallSyntax, scope: Scope) -> Node:
    """``and`` / ``or``; chains become one node."""
    kind = All if call.name == "and" else AnyOf
    parts: list[Node] = []
    for argument in call.arguments:
        node = typed(argument, scope, build, Type.TRUTH)
        parts.extend(node.parts if isinstance(node, kind) else (node,))
    return _joined(kind, parts, call.text)


def _joined(kind: type[All] | type[AnyOf], parts: list[Node], text: str) -> Node:
    """``and`` / ``or`` without the constants that settle it or do not matter."""
    settling = kind is AnyOf
    for part in parts:
        if isinstance(part, Constant) and bool(part.value) is settling:
            return truth_constant(settling, text)
    parts = [part for part in parts if not isinstance(part, Constant)]
    if not parts:
        return truth_constant(not settling, text)
    return parts[0] if len(parts) == 1 else kind(type=Type.TRUTH, text=text, parts=tuple(parts))


def _negation(call: CallSyntax, scope: Scope) -> Node:
    part = typed(call.arguments[0], scope, build, Type.TRUTH)
    if isinstance(part, Constant):
        return truth_constant(not part.value, call.text)
    return Not(type=Type.TRUTH, text=call.text, part=part)


def _between(call: CallSyntax, scope: Scope) -> Node:
    item, low, high = call.arguments
    at_least = _comparison(">=", item, low, call, scope)
    at_most = _comparison("<=", item, high, call, scope)
    return _joined(All, [at_least, at_most], call.text)


def _among(call: CallSyntax, scope: Scope) -> Node:
    item = build(call.arguments[0], scope)
    choices = []
    for argument in call.arguments[1:]:
        node = (
            word_constant(argument, item, scope)
            if isinstance(argument, WordSyntax)
            else build(argument, scope)
        )
        if not isinstance(node, Constant) or node.type is not item.type:
            raise scope.fault(
                argument.place, f"'{argument.text}' is not a plain {item.type.value} to choose from."
            )
        choices.append(node)
    if isinstance(item, Constant):
        return truth_constant(item.value in {choice.value for choice in choices}, call.text)
    return Among(type=Type.TRUTH, text=call.text, item=item, choices=tuple(choices))


def _choice(call: CallSyntax, scope: Scope) -> Node:
    if len(call.arguments) != 3:
        raise scope.fault(call.place, "if(...) takes a condition and two branches.")
    condition = typed(call.arguments[0], scope, build, Type.TRUTH)
    then, otherwise = (build(argument, scope) for argument in call.arguments[1:])
    if then.type is not otherwise.type or then.domain != otherwise.domain:
        raise scope.fault(
            call.place, f"the branches of if(...) differ: {then.type.value} and {otherwise.type.value}."
        )
    if isinstance(condition, Constant):
        return then if condition.value else otherwise
    return If(
        type=then.type,
        domain=then.domain,
        text=call.text,
        condition=condition,
        then=then,
        otherwise=otherwise,
    )
