"""The numbers that a criterion compares a measurement with, to mark a value that is exactly at a limit."""

from decimal import Decimal

from criteria.language.tree import Arithmetic, Compare, Constant, If, Measurement, Node, Type
from criteria.usage import nodes_in


def exact_limits(part: object) -> dict[str, frozenset[Decimal]]:
    """Per measurement the numbers that it is compared with; per ``<measurement>_upper_limit`` the factors."""
    limits: dict[str, frozenset[Decimal]] = {}
    for node in nodes_in(part):
        if isinstance(node, Compare):
            for measured, against in ((node.left, node.right), (node.right, node.left)):
                if isinstance(measured, Measurement) and _is_number(measured):
                    for name, numbers in _compared(measured.concept, against).items():
                        limits[name] = limits.get(name, frozenset()) | numbers
    return limits


def _is_number(measured: Measurement) -> bool:
    return measured.part == "value" and measured.type is Type.NUMBER


def _compared(concept: str, against: Node) -> dict[str, frozenset[Decimal]]:
    if isinstance(against, Constant):
        return {concept: frozenset((against.value,))}
    if isinstance(against, If):
        both = (_compared(concept, branch) for branch in (against.then, against.otherwise))
        joined: dict[str, frozenset[Decimal]] = {}
        for branch in both:
            for name, numbers in branch.items():
                joined[name] = joined.get(name, frozenset()) | numbers
        return joined
    if isinstance(against, Measurement) and against.concept == concept and against.part.endswith("_limit"):
        return {f"{concept}_{against.part}": frozenset((Decimal(1),))}
    if isinstance(against, Arithmetic) and against.operator == "*":
        pair = (against.left, against.right)
        factors = [node.value for node in pair if isinstance(node, Constant)]
        parts = [node.part for node in pair if isinstance(node, Measurement) and node.concept == concept]
        if factors and parts and parts[0].endswith("_limit"):
            return {f"{concept}_{parts[0]}": frozenset(factors)}
    return {}
