"""From a bare name to a node: anchors, patient facts, measurements and their limits, sets, readings."""

from dataclasses import replace

from criteria.language.scope import ANCHORS, LIMIT_PARTS, PATIENT_FACTS, Scope, set_node
from criteria.language.syntax import NameSyntax
from criteria.language.tree import (
    Anchor,
    Count,
    Measurement,
    Node,
    PatientFact,
    ResultPart,
    RowAttribute,
    Type,
)
from schemas.facts import ATTRIBUTES

_ATTRIBUTE_TYPES = {"truth": Type.TRUTH, "word": Type.WORD, "number": Type.NUMBER}


def name_node(syntax: NameSyntax, scope: Scope) -> Node:
    """The node that a name stands for in this scope; a ``TrialError`` with the nearest name otherwise."""
    name = syntax.name
    if syntax.prefix:
        return _reading(syntax, scope)
    if scope.attributes is not None:
        return _row_attribute(syntax, scope)
    if scope.counted is not None:
        return _result_part(syntax, scope)
    if name in ANCHORS:
        return Anchor(type=Type.DATE, text=name, name=name)
    if name in PATIENT_FACTS:
        kind = Type.WORD if name == "sex" else Type.TRUTH
        return PatientFact(type=kind, text=name, name=name, domain="sex" if kind is Type.WORD else "")
    if name == "prior_lines":
        return Count(type=Type.NUMBER, text=name, rows=set_node(scope.catalogue.sets["lines"], "lines"))
    measurement = measurement_node(name, scope)
    if measurement is not None:
        return measurement
    if name in scope.catalogue.sets:
        return set_node(scope.catalogue.sets[name], name)
    raise scope.unknown(syntax.place, "name", name, scope.names())


def measurement_node(name: str, scope: Scope) -> Measurement | None:
    """The latest result of a concept, or a limit of that result; nothing if no measurement is named so."""
    concept, part = _split_limit(name)
    info = scope.catalogue.measurements.get(concept)
    if info is None:
        return None
    is_word = info.value_type == "positive_negative"
    if is_word and part != "value":
        return None
    return Measurement(
        type=Type.WORD if is_word else Type.NUMBER,
        domain="result" if is_word else "",
        text=name,
        concept=concept,
        part=part,
        lookback_days=scope.lookback_days(concept),
    )


def _split_limit(name: str) -> tuple[str, str]:
    for part in LIMIT_PARTS:
        if name.endswith(f"_{part}"):
            return name.removesuffix(f"_{part}"), part
    return name, "value"


def _reading(syntax: NameSyntax, scope: Scope) -> Node:
    if syntax.prefix != "reading":
        raise scope.fault(syntax.place, f"'{syntax.text}': only 'reading.' may stand before a name.")
    if syntax.name not in scope.readings:
        raise scope.unknown(syntax.place, "question", syntax.name, scope.readings)
    return replace(scope.readings[syntax.name], text=syntax.text)


def _row_attribute(syntax: NameSyntax, scope: Scope) -> Node:
    known = scope.attributes or ()
    if syntax.name not in known:
        if syntax.name in ATTRIBUTES:
            listed = ", ".join(known) or "none"
            raise scope.fault(
                syntax.place, f"these rows have no attribute '{syntax.name}' (they have: {listed})."
            )
        raise scope.unknown(syntax.place, "attribute", syntax.name, known)
    attribute = ATTRIBUTES[syntax.name]
    return RowAttribute(
        type=_ATTRIBUTE_TYPES[attribute.type],
        domain=syntax.name if attribute.type == "word" else "",
        text=syntax.name,
        name=syntax.name,
    )


def _result_part(syntax: NameSyntax, scope: Scope) -> Node:
    concept, part = _split_limit(syntax.name)
    node = measurement_node(syntax.name, scope)
    if concept != scope.counted or node is None:
        raise scope.fault(
            syntax.place, f"inside times(...) only results of '{scope.counted}' can be asked about."
        )
    return ResultPart(type=node.type, domain=node.domain, text=syntax.name, part=part)
