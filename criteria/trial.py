"""A trial file: the protocol's words, what each asks of the registry, and the readings it is read with."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from criteria.language.parse import READING_DOMAIN, parse_definition, parse_expression
from criteria.language.scope import Scope
from criteria.language.tree import Constant, Node, Type
from data.catalogue import Catalogue
from schemas.errors import TrialError, nearest
from schemas.facts import ATTRIBUTES
from schemas.trial import check_trial_shape
from schemas.words import KINDS

MAIN_FIELDS = {"inclusion": "meets_when", "exclusion": "excluded_when"}


@dataclass(frozen=True)
class Question:
    """An ambiguous reading: what is asked, the options in words, the default, and what was chosen.

    ``options`` is empty where the answer is a number in ``unit``. ``departs`` lists the options that depart
    from the letter of the protocol.
    """

    id: str
    asks: str
    options: dict[str, str]
    default: str
    chosen: str
    departs: tuple[str, ...]
    unit: str


@dataclass(frozen=True)
class Curability:
    """Whether a fail can lift, where ``when`` surely holds; without ``when``, in every other case."""

    when: Node | None
    word: str


@dataclass(frozen=True)
class Part:
    """One of the alternatives of a criterion, reported inside it."""

    id: str
    protocol: tuple[str, ...]
    main: Node | None
    review: Node | None
    review_question: str
    curability: tuple[Curability, ...]
    note: str


@dataclass(frozen=True)
class Criterion:
    """One criterion of the protocol.

    ``main`` is what must hold to meet an inclusion or to be excluded; ``manual`` is the question to ask where
    a registry cannot answer. ``applies`` surely false makes it not applicable; ``review`` true leaves the
    verdict to a person.
    """

    id: str
    kind: str
    protocol: tuple[str, ...]
    main: Node | None
    manual: str | None
    applies: Node | None
    review: Node | None
    review_question: str
    curability: tuple[Curability, ...]
    parts: tuple[Part, ...]
    note: str
    examples: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Trial:
    """A trial as read, with its readings chosen. ``raw`` is the file as it was."""

    id: str
    registry_ids: tuple[str, ...]
    title: str
    source: str
    max_lag_days: int
    questions: tuple[Question, ...]
    criteria: tuple[Criterion, ...]
    path: Path
    raw: bytes

    @property
    def file_name(self) -> str:
        """The file's name, for messages and the manifest."""
        return self.path.name

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def readings(self) -> dict[str, str]:
        """Question to the option in force."""
        return {question.id: question.chosen for question in self.questions}

    @property
    def departures(self) -> dict[str, str]:
        """The readings in force that depart from the letter of the protocol."""
        return {q.id: q.chosen for q in self.questions if q.chosen in q.departs}

    def criterion(self, criterion_id: str) -> Criterion:
        """A criterion by its id; ``KeyError`` if there is none."""
        return {criterion.id: criterion for criterion in self.criteria}[criterion_id]


def trial_files() -> dict[str, Path]:
    """The trials that come with Prescreen, by id."""
    folder = Path(str(files("criteria") / "trials"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_trial(name_or_path: str, catalogue: Catalogue, readings: Mapping[str, str] | None = None) -> Trial:
    """A trial by id, registry id or file, with these readings instead of the defaults.

    Raises ``TrialError`` naming the file, the criterion, the place and the nearest valid name.
    """
    path = _find(name_or_path)
    try:
        raw = path.read_bytes()
        document = tomllib.loads(raw.decode("utf-8"))
    except OSError:
        raise TrialError(
            path.name, "the trial file cannot be read.", "Check the path and its permissions."
        ) from None
    except UnicodeDecodeError:
        raise TrialError(path.name, "the trial file is not UTF-8.", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise TrialError(path.name, f"not valid TOML: {error}.", "Correct the file there.") from None
    check_trial_shape(document, path.name)
    return _Reader(document, path, raw, catalogue, dict(readings or {})).trial()


def _find(name_or_path: str) -> Path:
    known = trial_files()
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return path
    for candidate in known.values():
        document = tomllib.loads(candidate.read_text("utf-8"))
        listed = document.get("trial", {}).get("registry_ids", [])
        if name_or_path.casefold() in {str(registry_id).casefold() for registry_id in listed}:
            return candidate
    hint = nearest(name_or_path, known) or f"The trials are: {', '.join(known)}."
    raise TrialError(f"trial '{name_or_path}'", "there is no such trial and no such file.", hint)


class _Reader:
    """Reads one document; holds what every expression in it shares."""

    def __init__(
        self, document: dict[str, Any], path: Path, raw: bytes, catalogue: Catalogue, chosen: dict[str, str]
    ) -> None:
        self.document = document
        self.path = path
        self.name = name = path.name
        self.raw = raw
        self.catalogue = catalogue
        self.questions = tuple(self._question(key, value, chosen) for key, value in self._tables("questions"))
        for unknown in chosen.keys() - {question.id for question in self.questions}:
            hint = nearest(unknown, [question.id for question in self.questions])
            raise TrialError(
                name, f"there is no question '{unknown}'.", hint or "'prescreen trial show' lists them."
            )
        self.readings = {question.id: _constant(question) for question in self.questions}
        self.definitions = {key: str(value) for key, value in self._tables("definitions")}
        self._refuse_taken_names()
        self.default_lookback = self._lookback(document["trial"]["lookback_days"], f"{name}, lookback_days")

    def _refuse_taken_names(self) -> None:
        """A definition must not stand in for a name that means something else everywhere."""
        scope = self._scope(self.name, {})
        taken = {*replace(scope, definitions={}).names(), *ATTRIBUTES}
        for name in self.definitions:
            if name in taken:
                where = f"{self.name}, definition '{name}'"
                raise TrialError(where, "the name already means something else.", "Choose another name.")

    def _tables(self, key: str) -> list[tuple[str, Any]]:
        return list(self.document.get(key, {}).items())

    def trial(self) -> Trial:
        """The whole trial."""
        head = self.document["trial"]
        criteria = tuple(
            self._criterion(entry, kind) for kind in KINDS for entry in self.document.get(kind, [])
        )
        self._read_definitions()
        return Trial(
            id=head["id"],
            registry_ids=_lines(head.get("registry_ids", [])),
            title=head["title"],
            source=head["source"],
            max_lag_days=head.get("max_lag_days", 7),
            questions=self.questions,
            criteria=criteria,
            path=self.path,
            raw=self.raw,
        )

    def _read_definitions(self) -> None:
        """Every definition must be an expression, also one that no criterion uses."""
        for name, text in self.definitions.items():
            parse_definition(text, self._scope(f"{self.name}, definition '{name}'", {}))

    def _question(self, key: str, table: dict[str, Any], chosen: dict[str, str]) -> Question:
        default = str(table["default"])
        options = {str(option): str(text) for option, text in table.get("options", {}).items()}
        choice = str(chosen.get(key, default))
        where = f"{self.name}, question '{key}'"
        departs = _lines(table.get("departs_from_text", []))
        for option in (default, choice, *departs):
            if options and option not in options:
                hint = nearest(option, options) or f"The options are: {', '.join(options)}."
                raise TrialError(where, f"there is no option '{option}'.", hint)
        if not options:
            _number(choice, where)
        return Question(key, table["asks"], options, default, choice, departs, table.get("unit", ""))

    def _lookback(self, value: Any, where: str) -> int:
        """A whole number of days, written out or taken from a question whose answer is a number."""
        prefix, _, question = str(value).partition(".")
        known = [key for key, reading in self.readings.items() if reading.type is Type.NUMBER]
        if prefix == "reading" and question in known:
            value = self.readings[question].value
        if (
            isinstance(value, bool)
            or not isinstance(value, int | Decimal)
            or value != int(value)
            or value < 0
        ):
            hint = nearest(question, known) or "Write a whole number of days or 'reading.<question>'."
            raise TrialError(where, f"'{value}' is not a number of days.", hint)
        return int(value)

    def _parse(self, entry: dict[str, Any], field: str, where: str, lookbacks: dict[str, int]) -> Node | None:
        if field not in entry:
            return None
        return parse_expression(entry[field], self._scope(f"{where}, {field}", lookbacks))

    def _scope(self, where: str, lookbacks: dict[str, int]) -> Scope:
        return Scope(
            where=where,
            catalogue=self.catalogue,
            readings=self.readings,
            definitions=self.definitions,
            lookback_days=lambda concept: lookbacks.get(concept, self.default_lookback),
        )

    def _lookbacks(self, entry: dict[str, Any], where: str) -> dict[str, int]:
        own = entry.get("lookback_days", {})
        for concept in own:
            if concept not in self.catalogue.measurements:
                hint = nearest(concept, self.catalogue.measurements)
                raise TrialError(f"{where}, lookback_days", f"unknown measurement '{concept}'.", hint)
        return {concept: self._lookback(value, f"{where}, lookback_days") for concept, value in own.items()}

    def _criterion(self, entry: dict[str, Any], kind: str) -> Criterion:
        where = f"{self.name}, criterion {entry['id']}"
        lookbacks = self._lookbacks(entry, where)
        parse = partial(self._parse, where=where, lookbacks=lookbacks)
        return Criterion(
            id=entry["id"],
            kind=kind,
            protocol=_lines(entry["protocol"]),
            main=parse(entry, MAIN_FIELDS[kind]),
            manual=entry.get("manual"),
            applies=parse(entry, "applies_when"),
            review=parse(entry, "review_when"),
            review_question=entry.get("review_question", ""),
            curability=self._curability(entry, where, lookbacks),
            parts=tuple(self._part(part, kind, lookbacks) for part in entry.get("parts", [])),
            note=entry.get("note", ""),
            examples=tuple(entry.get("examples", [])),
        )

    def _part(self, entry: dict[str, Any], kind: str, inherited: dict[str, int]) -> Part:
        where = f"{self.name}, criterion {entry['id']}"
        lookbacks = {**inherited, **self._lookbacks(entry, where)}
        parse = partial(self._parse, where=where, lookbacks=lookbacks)
        return Part(
            id=entry["id"],
            protocol=_lines(entry.get("protocol", [])),
            main=parse(entry, MAIN_FIELDS[kind]),
            review=parse(entry, "review_when"),
            review_question=entry.get("review_question", ""),
            curability=self._curability(entry, where, lookbacks),
            note=entry.get("note", ""),
        )

    def _curability(
        self, entry: dict[str, Any], where: str, lookbacks: dict[str, int]
    ) -> tuple[Curability, ...]:
        given = entry.get("curability", [])
        if isinstance(given, str):
            return (Curability(None, given),)
        return tuple(
            Curability(self._parse(case, "when", f"{where}, curability", lookbacks), case["is"])
            for case in given
        )


def _lines(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _number(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise TrialError(where, f"'{text}' is not a number.", "Give a number.") from None
    if not value.is_finite():
        raise TrialError(where, f"'{text}' is not a number.", "Give a number.")
    return value


def _constant(question: Question) -> Constant:
    """The reading in force as a constant of the language."""
    text = f"reading.{question.id}"
    if not question.options:
        return Constant(type=Type.NUMBER, text=text, value=Decimal(question.chosen))
    domain = READING_DOMAIN + "|".join(question.options)
    rank = list(question.options).index(question.chosen)
    return Constant(type=Type.WORD, text=text, domain=domain, value=Decimal(rank))
