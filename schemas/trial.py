"""The shape of a trial file: which tables and keys there are, and of what type, before anything is read."""

import re
from typing import Any

from schemas.errors import TrialError, nearest
from schemas.words import CURABILITIES, KINDS

TRIAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
CRITERION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")
RESERVED_NAMES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)),
}
QUESTION_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")

TEXT, TEXTS, WHOLE, NUMBER_OR_TEXT, TABLE, TABLES = (
    "text",
    "text or list of texts",
    "whole number",
    ("number or text"),
    "table",
    "list of tables",
)
_TOP = {"trial": TABLE, "questions": TABLE, "definitions": TABLE, "inclusion": TABLES, "exclusion": TABLES}
_TRIAL = {
    "id": TEXT,
    "registry_ids": TEXTS,
    "title": TEXT,
    "source": TEXT,
    "max_lag_days": WHOLE,
    "lookback_days": NUMBER_OR_TEXT,
}
_QUESTION = {
    "asks": TEXT,
    "default": NUMBER_OR_TEXT,
    "unit": TEXT,
    "departs_from_text": TEXTS,
    "options": TABLE,
}
_SHARED = {
    "id": TEXT,
    "protocol": TEXTS,
    "review_when": TEXT,
    "review_question": TEXT,
    "curability": "a curability or a list of cases",
    "lookback_days": TABLE,
    "note": TEXT,
}
_CRITERION = {**_SHARED, "manual": TEXT, "applies_when": TEXT, "parts": TABLES, "examples": TABLES}
_MAIN = {"inclusion": "meets_when", "exclusion": "excluded_when"}
_NEXT = "Correct the trial file."


def check_trial_shape(document: dict[str, Any], name: str) -> None:
    """Raises ``TrialError`` for the first key that is unknown, missing or of the wrong type."""
    _keys(document, _TOP, name, required=("trial",))
    head = document["trial"]
    where = f"{name}, [trial]"
    _keys(head, _TRIAL, where, required=("id", "title", "source", "lookback_days"))
    if not TRIAL_ID.fullmatch(head["id"]) or head["id"].casefold() in RESERVED_NAMES:
        raise TrialError(
            where, "the id must be 1 to 64 letters, digits, '-' or '_', and no device name.", _NEXT
        )
    for key, table in document.get("questions", {}).items():
        _question(key, table, name)
    for key, value in document.get("definitions", {}).items():
        if not isinstance(value, str):
            raise TrialError(f"{name}, definition '{key}'", "a definition is an expression in quotes.", _NEXT)
    seen: set[str] = set()
    for kind in KINDS:
        for number, entry in enumerate(document.get(kind, []), start=1):
            _criterion(entry, kind, f"{name}, [[{kind}]] number {number}", name, seen)


def _question(key: str, table: Any, name: str) -> None:
    where = f"{name}, question '{key}'"
    if not isinstance(table, dict) or not QUESTION_ID.fullmatch(key):
        raise TrialError(where, "a question is a table with a lower-case name.", _NEXT)
    _keys(table, _QUESTION, where, required=("asks", "default"))
    if any("|" in option for option in table.get("options", {})):
        raise TrialError(where, "the name of an option must not contain '|'.", _NEXT)


def _criterion(entry: dict[str, Any], kind: str, place: str, name: str, seen: set[str]) -> None:
    _id(entry, place, seen)
    where = f"{name}, criterion {entry['id']}"
    _keys(entry, {**_CRITERION, _MAIN[kind]: TEXT}, where, required=("protocol",))
    ways = [key for key in (_MAIN[kind], "manual", "parts") if key in entry]
    if len(ways) > 1 or not (ways or "review_when" in entry):
        what = f"exactly one of {_MAIN[kind]}, manual or parts is needed (or review_when alone)."
        raise TrialError(where, what, _NEXT)
    _curability(entry, where, required="manual" not in entry and "parts" not in entry)
    for part in entry.get("parts", []):
        _id(part, where, seen)
        inner = f"{name}, criterion {part['id']}"
        _keys(part, {**_SHARED, _MAIN[kind]: TEXT}, inner)
        if _MAIN[kind] not in part and "review_when" not in part:
            raise TrialError(inner, f"{_MAIN[kind]} or review_when is needed.", _NEXT)
        _curability(part, inner, required="curability" not in entry)


def _id(entry: dict[str, Any], where: str, seen: set[str]) -> None:
    given = entry.get("id")
    if not isinstance(given, str) or not CRITERION_ID.fullmatch(given):
        raise TrialError(where, "the id must be a letter followed by letters, digits or '_'.", _NEXT)
    if given.casefold() in seen:
        raise TrialError(where, f"the id {given} is used twice.", _NEXT)
    seen.add(given.casefold())


def _curability(entry: dict[str, Any], where: str, required: bool) -> None:
    given = entry.get("curability")
    if given is None:
        if required:
            raise TrialError(where, f"curability is missing (one of {', '.join(CURABILITIES)}).", _NEXT)
        return
    cases = [{"is": given}] if isinstance(given, str) else given
    for case in cases:
        _keys(case, {"when": TEXT, "is": TEXT}, f"{where}, curability", required=("is",))
        if case["is"] not in CURABILITIES:
            hint = nearest(case["is"], CURABILITIES) or f"The words are: {', '.join(CURABILITIES)}."
            raise TrialError(f"{where}, curability", f"unknown curability '{case['is']}'.", hint)
    if not cases or "when" in cases[-1] or any("when" not in case for case in cases[:-1]):
        what = "every case but the last has a 'when', the last has none."
        raise TrialError(f"{where}, curability", what, _NEXT)


def _keys(table: Any, known: dict[str, str], where: str, required: tuple[str, ...] = ()) -> None:
    if not isinstance(table, dict):
        raise TrialError(where, "a table is needed here.", _NEXT)
    for key, value in table.items():
        if key not in known:
            raise TrialError(where, f"unknown key '{key}'.", nearest(key, known) or _NEXT)
        if not _fits(value, known[key]):
            raise TrialError(where, f"'{key}' must be a {known[key]}.", _NEXT)
    for key in required:
        if key not in table:
            raise TrialError(where, f"'{key}' is missing.", _NEXT)


def _fits(value: Any, kind: str) -> bool:
    texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    tables = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    fits = {
        TEXT: isinstance(value, str) and bool(value.strip()),
        TEXTS: isinstance(value, str) or texts,
        WHOLE: whole,
        NUMBER_OR_TEXT: isinstance(value, str | int | float) and not isinstance(value, bool),
        TABLE: isinstance(value, dict),
        TABLES: tables,
        "a curability or a list of cases": isinstance(value, str) or tables,
    }
    return fits[kind]
