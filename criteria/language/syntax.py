"""From text to a plain syntax tree: what sqlglot reads, reduced to what the language allows."""

import logging
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

# sqlglot logs what it cannot read; our own error says it better.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

MAX_EXPRESSION_CHARACTERS = 4000
MAX_NESTING = 100
_TOO_DEEP = "the expression is nested too deeply; make parts of it definitions."
# Text in single quotes, in which anything may stand; and what hides text or ends a statement elsewhere.
_QUOTED = re.compile(r"'[^']*'")
_NOT_HERE = {
    "--": "comments",
    "/*": "comments",
    "{#": "comments",
    "{%": "templates",
    "{{": "templates",
    ";": "a ';'",
}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_CONNECTIVES: dict[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}
# Functions that sqlglot knows by a node type of its own.
_NAMED_NODES: dict[type[exp.Expr], str] = {
    exp.First: "first",
    exp.Last: "last",
    exp.Count: "count",
    exp.Greatest: "greatest",
    exp.Least: "least",
}


class SyntaxFault(Exception):
    """The text is not in the language; ``place`` is the 1-based character, 0 if unknown."""

    def __init__(self, what: str, place: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.place = place


@dataclass(frozen=True, kw_only=True)
class Syntax:
    """A part of the text; ``place`` is its 1-based character."""

    text: str
    place: int


@dataclass(frozen=True, kw_only=True)
class NumberSyntax(Syntax):
    """A number as written."""

    value: Decimal


@dataclass(frozen=True, kw_only=True)
class WordSyntax(Syntax):
    """A word in single quotes."""

    word: str


@dataclass(frozen=True, kw_only=True)
class NameSyntax(Syntax):
    """A bare name, or ``reading.name`` with ``prefix`` reading."""

    name: str
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class CallSyntax(Syntax):
    """An operator or a function with its arguments, in order."""

    name: str
    arguments: tuple[Syntax, ...]


# A trial's definitions are read wherever they are named, and a run reads its trials more than once.
@lru_cache(maxsize=4096)
def read_syntax(text: str) -> Syntax:
    """The syntax tree of one expression.

    Raises ``SyntaxFault`` for anything that is not an expression of the closed language: statements,
    subqueries, casts, comments that hide text, quoted names, unknown operators.
    """
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise SyntaxFault(f"the expression is longer than {MAX_EXPRESSION_CHARACTERS} characters.")
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted.group()), text)
    for mark, what in _NOT_HERE.items():
        if mark in bare:
            raise SyntaxFault(f"{what} cannot stand inside an expression.", bare.find(mark) + 1)
    try:
        trees = sqlglot.parse(text)
        if len(trees) != 1 or trees[0] is None:
            raise SyntaxFault("exactly one expression is needed.")
        return _convert(trees[0], text, MAX_NESTING)
    except SqlglotError:
        raise SyntaxFault("the expression cannot be read; look for a missing bracket or operator.") from None
    except RecursionError:
        raise SyntaxFault(_TOO_DEEP) from None


def _convert(node: exp.Expr, text: str, levels: int) -> Syntax:
    kind = type(node)
    if levels == 0:
        raise SyntaxFault(_TOO_DEEP)
    if kind is exp.Paren:
        return _convert(node.this, text, levels)
    if kind is exp.Literal and node.is_string:
        return WordSyntax(text=f"'{node.name}'", place=_place(node, text), word=node.name)
    if kind is exp.Literal:
        return _number(node, text)
    if kind is exp.Column:
        return _name(node, text)
    if kind is exp.Neg and isinstance(node.this, exp.Literal) and not node.this.is_string:
        number = _number(node.this, text)
        return NumberSyntax(text=f"-{number.text}", place=number.place, value=-number.value)
    call = _call_parts(node)
    if call is None:
        raise SyntaxFault(f"'{_shown(node)}' is not part of the criterion language.", _place(node, text))
    name, arguments = call
    return CallSyntax(
        text=_shown(node),
        place=_place(node, text),
        name=name,
        arguments=tuple(_convert(argument, text, levels - 1) for argument in arguments),
    )


def _call_parts(node: exp.Expr) -> tuple[str, list[exp.Expr]] | None:
    """The name and the arguments of an operator or function, or nothing if it is not allowed."""
    kind = type(node)
    if kind is exp.Anonymous:
        return node.name.lower(), list(node.expressions)
    if kind is exp.If:
        parts = [node.this, node.args.get("true"), node.args.get("false")]
        return "if", [part for part in parts if part is not None]
    if kind is exp.Not:
        return "not", [node.this]
    if kind is exp.Between and not node.args.get("symmetric"):
        return "between", [node.this, node.args["low"], node.args["high"]]
    if kind is exp.In and node.expressions and not node.args.get("query"):
        return "in", [node.this, *node.expressions]
    for table in (_COMPARISONS, _ARITHMETIC, _CONNECTIVES):
        if kind in table:
            return table[kind], [node.this, node.expression]
    if kind in _NAMED_NODES and not isinstance(node.this, exp.Distinct | exp.Star):
        second = node.args.get("expression")
        return _NAMED_NODES[kind], [node.this, *([second] if second else []), *node.expressions]
    if isinstance(node, exp.Func) and kind not in _NAMED_NODES:
        return node.sql_name().lower(), []
    return None


def _number(node: exp.Expr, text: str) -> NumberSyntax:
    if "e" in node.name.lower():
        raise SyntaxFault("numbers are written without an exponent.", _place(node, text))
    return NumberSyntax(text=node.name, place=_place(node, text), value=Decimal(node.name))


def _name(node: exp.Expr, text: str) -> NameSyntax:
    identifier = node.this
    if not isinstance(identifier, exp.Identifier) or identifier.quoted or node.args.get("db"):
        raise SyntaxFault(f"'{_shown(node)}' is not a name of the language.", _place(node, text))
    prefix = node.args.get("table")
    return NameSyntax(
        text=_shown(node), place=_place(node, text), name=node.name, prefix=prefix.name if prefix else ""
    )


def _shown(node: exp.Expr) -> str:
    """The part as text, for messages; long parts are cut."""
    shown = node.sql(normalize_functions="lower")
    if isinstance(node, exp.Anonymous | exp.Column):
        return shown
    return shown if len(shown) <= 120 else shown[:117] + "..."


def _place(node: exp.Expr, text: str) -> int:
    """The 1-based character at which the part begins, as near as the parser remembers."""
    starts: list[int] = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    if starts:
        return min(starts) + 1
    return text.lower().find((node.name or node.sql()).lower()) + 1
