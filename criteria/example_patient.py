"""The patient of a worked example, in brief, as facts.

An example says only what matters. Everything else about the patient is: nothing recorded, every table
complete since birth and up to the as-of date. The keys are those of ``docs/trial-files.md``.
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from criteria.engine.batch import Anchors
from criteria.language.scope import ANCHORS, KIND_ATTRIBUTES, LIMIT_PARTS
from data.catalogue import Catalogue, SetInfo, UnknownUnit
from schemas.errors import TrialError, nearest
from schemas.facts import ANY_CONCEPT, ATTRIBUTES, EVERYBODY, SCHEMAS, Facts
from schemas.words import (
    BEGINNING,
    DECIMAL_PLACES,
    FOREVER,
    REASONS,
    RESULT_WORDS,
    SEXES,
    UNBOUNDED,
    WORD_DOMAINS,
    YES_NO,
    reason_bit,
)

DEFAULT_AS_OF = date(2026, 6, 30)
CONTROL_KEYS = ("expect", "reason", "readings", "because", "not_captured", "attested", *ANCHORS)
PATIENT_KEYS = ("sex", "age", "birth", "childbearing_potential", "prior_lines")
GRID = Decimal(1).scaleb(-DECIMAL_PLACES)
_VALUE = re.compile(r"(<=|>=|<|>)?\s*(-?\d+(?:\.\d+)?)\s*(.*)")


class ExamplePatient:
    """Reads one example; every message names the trial file and the criterion."""

    def __init__(self, example: dict[str, Any], catalogue: Catalogue, where: str) -> None:
        self.example = example
        self.catalogue = catalogue
        self.where = f"{where}, example"
        as_of = self._date(example.get("as_of", DEFAULT_AS_OF.isoformat()), "as_of")
        enrollment = self._date(example.get("enrollment", as_of.isoformat()), "enrollment")
        first_dose = self._date(example.get("first_dose", enrollment.isoformat()), "first_dose")
        self.anchors = Anchors(as_of, enrollment, first_dose)
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}

    def facts(self) -> tuple[Facts, Anchors]:
        """The facts and the dates."""
        self.rows["patients"].append(self._patient())
        measured: dict[str, dict[str, Any]] = {}
        for key, value in self.example.items():
            concept, part = self._split(key)
            if key in (*CONTROL_KEYS, *PATIENT_KEYS):
                continue
            if concept in self.catalogue.measurements:
                measured.setdefault(concept, {})[part] = value
            elif key in self.catalogue.sets:
                for row in value if isinstance(value, list) else [value]:
                    self._event(self.catalogue.sets[key], row)
            else:
                known = [*self.catalogue.measurements, *self.catalogue.sets, *CONTROL_KEYS, *PATIENT_KEYS]
                raise TrialError(self.where, f"unknown key '{key}'.", nearest(key, known))
        for concept, parts in measured.items():
            self._measurement(concept, parts)
        for number in range(1, self._whole(self.example.get("prior_lines", 0), "prior_lines", 0, 99) + 1):
            line = {"start": str(-1000 + number), "end": str(-1000 + number)}
            self._event(self.catalogue.sets["lines"], line)
        self._coverage()
        frames = {name: pl.DataFrame(rows, schema=SCHEMAS[name]) for name, rows in self.rows.items()}
        return Facts(self.anchors.as_of, **frames), self.anchors

    def _fault(self, key: str, what: str, next_step: str = "Correct the example.") -> TrialError:
        return TrialError(f"{self.where}, '{key}'", what, next_step)

    def _split(self, key: str) -> tuple[str, str]:
        for part in (*LIMIT_PARTS, "days_ago"):
            if key.endswith(f"_{part}"):
                return key.removesuffix(f"_{part}"), part
        return key, "value"

    def _patient(self) -> dict[str, Any]:
        earliest, latest = self._birth()
        sex = self.example.get("sex")
        if sex is not None and sex not in SEXES:
            raise self._fault("sex", f"is one of {', '.join(SEXES)}.")
        ranks = (SEXES.index(sex),) * 2 if sex else (0, len(SEXES) - 1)
        bearing = self.example.get("childbearing_potential")
        answers = (0, 1) if bearing is None else (self._answer(bearing, "childbearing_potential"),) * 2
        unknown = reason_bit("never_recorded")
        return {
            "patient": 0,
            "patient_id": "example",
            "site": None,
            "birth_earliest": earliest,
            "birth_latest": latest,
            "birth_reasons": self._birth_bits(earliest, latest),
            "sex_low": ranks[0],
            "sex_high": ranks[1],
            "sex_reasons": 0 if sex else unknown,
            "childbearing_potential_low": answers[0],
            "childbearing_potential_high": answers[1],
            "childbearing_potential_reasons": unknown if bearing is None else 0,
            "deceased": False,
            "vital_status": "alive",
            "last_contact_latest": self.anchors.as_of,
            "contact_permitted": None,
        }

    def _birth(self) -> tuple[date, date]:
        if "birth" in self.example and self.example["birth"] != "unknown":
            return self._interval(self.example["birth"], "birth")
        if "age" in self.example:
            as_of = self.anchors.as_of
            age = self._whole(self.example["age"], "age", 0, 120)
            born = as_of.replace(year=as_of.year - age, day=1)
            return born, born
        return BEGINNING, self.anchors.as_of

    def _birth_bits(self, earliest: date, latest: date) -> int:
        if earliest == latest:
            return 0
        return reason_bit("never_recorded" if earliest == BEGINNING else "partial_date")

    def _whole(self, value: Any, key: str, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._fault(key, f"is a whole number from {least} to {most}.")
        return value

    def _answer(self, value: Any, key: str) -> int:
        """The rank of a yes or a no, which may also be written true or false."""
        word = YES_NO[value] if isinstance(value, bool) else value
        if word not in YES_NO:
            raise self._fault(key, f"is one of {', '.join(YES_NO)}.")
        return YES_NO.index(word)

    def _date(self, value: Any, key: str) -> date:
        earliest, latest = self._interval(value, key)
        if earliest != latest:
            raise self._fault(key, "must be a whole date, YYYY-MM-DD.")
        return earliest

    def _interval(self, value: Any, key: str) -> tuple[date, date]:
        """A date: ISO (also YYYY-MM, YYYY), or days relative to the as-of date ("-30")."""
        text = str(value)
        try:
            if re.fullmatch(r"[+-]?\d{1,3}|[+-]\d+", text):
                day = self.anchors.as_of + timedelta(days=int(text))
                return day, day
            if re.fullmatch(r"\d{4}", text):
                return date(int(text), 1, 1), date(int(text), 12, 31)
            if re.fullmatch(r"\d{4}-\d{2}", text):
                first = date.fromisoformat(f"{text}-01")
                following = (first + timedelta(days=31)).replace(day=1)
                return first, following - timedelta(days=1)
            day = date.fromisoformat(text)
        except (ValueError, OverflowError):
            raise self._fault(key, "is a date, or days before (-) or after (+) the as-of date.") from None
        return day, day

    def _measurement(self, concept: str, parts: dict[str, Any]) -> None:
        low, high, bits = self._value(concept, parts.get("value"))
        day = self.anchors.as_of - timedelta(
            days=self._whole(parts.get("days_ago", 0), f"{concept}_days_ago", 0, 36500)
        )
        row: dict[str, Any] = {
            "patient": 0,
            "concept": concept,
            "date_earliest": day,
            "date_latest": day,
            "value_low": low,
            "value_high": high,
            "value_reasons": bits,
            "fact_until": FOREVER,
            "source_table": "observations",
            "source_row": 1,
            "source_rows": [1],
            "recorded_value": str(parts.get("value")),
            "recorded_unit": None,
        }
        for part in LIMIT_PARTS:
            row |= self._limit(concept, part, parts.get(part))
        self.rows["latest"].append(row)
        self.rows["results"].append(row)

    def _value(self, concept: str, value: Any) -> tuple[Decimal, Decimal, int]:
        info = self.catalogue.measurements[concept]
        if info.value_type == "positive_negative":
            if value not in RESULT_WORDS:
                raise self._fault(concept, f"is one of {', '.join(RESULT_WORDS)}.")
            rank = Decimal(RESULT_WORDS.index(value))
            return rank, rank, 0
        if value is None:
            return -UNBOUNDED, UNBOUNDED, reason_bit("never_recorded")
        match = _VALUE.fullmatch(str(value).strip())
        if match is None:
            raise self._fault(concept, 'is a number, or a text such as "5 g/L" or "<0.5".')
        sign, digits, unit = match.groups()
        number = self._canonical(concept, Decimal(digits), unit)
        return _censored(sign, number)

    def _canonical(self, concept: str, number: Decimal, unit: str) -> Decimal:
        if not unit:
            return number
        try:
            return self.catalogue.units.convert(concept, number, unit)
        except UnknownUnit as error:
            raise self._fault(concept, f"unknown unit '{unit}'.", str(error)) from None

    def _limit(self, concept: str, part: str, value: Any) -> dict[str, Any]:
        if value is not None:
            low, high, bits = self._value(concept, value)
        else:
            low, high = self._assumed_limit(concept, part)
            bits = 0 if low == high else reason_bit("no_upper_limit")
        return {f"{part}_low": low, f"{part}_high": high, f"{part}_reasons": bits}

    def _assumed_limit(self, concept: str, part: str) -> tuple[Decimal, Decimal]:
        """The limits of a result that states none: as for any registry row."""
        info = self.catalogue.measurements[concept]
        if part == "upper_limit" and info.upper_limit_range is not None:
            return info.upper_limit_range
        if part == "lower_limit" and info.lower_limit is not None:
            return info.lower_limit, info.lower_limit
        return Decimal(0), UNBOUNDED

    def _event(self, info: SetInfo, row: Any) -> None:
        """One event row. ``start`` defaults to long ago; ``end`` to the start ("ongoing": still runs)."""
        if not isinstance(row, dict):
            raise self._fault(info.name, 'is a row such as { start = "-30", end = "-20" }.')
        self._known_keys(info, row)
        start, end = self._days(row)
        concept = self._concept(info, row)
        number = len(self.rows["events"]) + 1
        # A row that may begin only after the as-of date may not be there yet.
        begun = start[1] <= self.anchors.as_of
        event: dict[str, Any] = {
            "patient": 0,
            "concept": concept,
            "source_table": "lines" if info.kind == "lines" else (info.any_of or info.home_tables)[0],
            "source_row": number,
            "start_earliest": start[0],
            "start_latest": start[1],
            "end_earliest": end[0],
            "end_latest": end[1],
            "certain": self._certain(info, row) and begun,
            "reasons": self._row_bits(info, row, start[0] == start[1] and end[0] == end[1]),
            "fact_until": FOREVER if begun else start[1] - timedelta(days=1),
            "recorded_name": concept,
        }
        for name in ATTRIBUTES:
            event |= self._attribute(name, row.get(name))
        event |= self._recorded_stop_reason(row)
        self.rows["events"].append(event)
        self._members(row.get("includes", []), number)

    def _known_keys(self, info: SetInfo, row: dict[str, Any]) -> None:
        """A row has the keys of its kind; ``recorded_stop_reason`` follows from ``stop_reason``."""
        attributes = set(KIND_ATTRIBUTES[info.kind]) - {"recorded_stop_reason"}
        known = {"start", "end", "certain", "reason", "concept", *attributes}
        known |= {"includes"} if info.kind == "lines" else set()
        for key in sorted(row.keys() - known):
            hint = nearest(key, known) or f"Such a row has {', '.join(sorted(known))}."
            raise self._fault(info.name, f"unknown key '{key}'.", hint)

    def _days(self, row: dict[str, Any]) -> tuple[tuple[date, date], tuple[date, date]]:
        """First and last day of a row, each as an interval; without an end the row is of one day."""
        start = self._interval(row.get("start", "2020-01-01"), "start")
        given = str(row.get("end", "same"))
        ends = {"ongoing": (FOREVER, FOREVER), "unknown": (start[0], FOREVER), "same": start}
        end = ends[given] if given in ends else self._interval(given, "end")
        if start[0] > self.anchors.as_of:
            raise self._fault("start", "is after the as-of date: nobody can know of it yet.")
        if end[1] < start[0]:
            raise self._fault("end", "is before the start.")
        return start, (max(start[0], end[0]), max(start[1], end[1]))

    def _members(self, members: Any, line_row: int) -> None:
        """The drugs of a line; ``*`` is a drug that no list has."""
        drugs = {name for name, info in self.catalogue.sets.items() if info.members == ((name, True),)}
        drugs = {name for name in drugs if self.catalogue.sets[name].kind == "drug"} | {ANY_CONCEPT}
        for member in members:
            if member not in drugs:
                raise self._fault("includes", f"'{member}' is not a drug.", nearest(str(member), drugs))
            row = {"patient": 0, "line_row": line_row, "concept": member, "certain": member != ANY_CONCEPT}
            self.rows["line_members"].append(row)

    def _concept(self, info: SetInfo, row: dict[str, Any]) -> str:
        """The concept of a row; a class is given by a drug of it, or by its first certain member."""
        members = {concept for concept, _ in info.members}
        given = row.get("concept")
        if given is not None and given not in members:
            raise self._fault(info.name, f"'{given}' is not a member of it.", nearest(given, members))
        if given is not None:
            return str(given)
        if info.name in members:
            return info.name
        certain = [name for name, is_certain in info.members if is_certain]
        if not certain:
            raise self._fault(info.name, "has no certain member: name one as 'concept'.")
        return certain[0]

    def _certain(self, info: SetInfo, row: dict[str, Any]) -> bool:
        given = row.get("certain", True)
        if not isinstance(given, bool):
            raise self._fault(info.name, "'certain' is true or false.")
        return given

    def _row_bits(self, info: SetInfo, row: dict[str, Any], exact: bool) -> int:
        if "reason" in row and row["reason"] not in REASONS:
            what = f"unknown reason '{row['reason']}'."
            raise self._fault(info.name, what, nearest(str(row["reason"]), REASONS))
        if "reason" in row:
            return reason_bit(row["reason"])
        if not row.get("certain", True):
            return reason_bit("needs_review")
        if row.get("end") == "unknown":
            return reason_bit("never_recorded")
        return 0 if exact else reason_bit("partial_date")

    def _attribute(self, name: str, value: Any) -> dict[str, int]:
        attribute = ATTRIBUTES[name]
        if value is None:
            return {f"{name}_low": attribute.low, f"{name}_high": attribute.high}
        if attribute.type == "number":
            rank = self._whole(value, name, attribute.low, attribute.high)
        elif attribute.type == "truth":
            rank = self._answer(value, name)
        elif value not in (words := WORD_DOMAINS[name]):
            hint = nearest(str(value), words) or f"The words are: {', '.join(words)}."
            raise self._fault(name, f"unknown word '{value}'.", hint)
        else:
            rank = words.index(value)
        return {f"{name}_low": rank, f"{name}_high": rank}

    def _recorded_stop_reason(self, row: dict[str, Any]) -> dict[str, int]:
        """A stop reason is recorded as it is; a blank one is recorded as not stated."""
        return self._attribute("recorded_stop_reason", row.get("stop_reason", "not_stated"))

    def _coverage(self) -> None:
        given = self.example.get("not_captured", [])
        if not isinstance(given, list):
            raise self._fault("not_captured", "is a list of tables.")
        tables = (
            "conditions",
            "observations",
            "treatments",
            "responses",
            "procedures",
            "medications",
            "allergies",
            "trial_participation",
        )
        absent = {str(table) for table in given}
        for unknown in sorted(absent - set(tables)):
            hint = nearest(unknown, tables) or f"The tables are: {', '.join(tables)}."
            raise self._fault("not_captured", f"unknown table '{unknown}'.", hint)
        for table in tables:
            if table not in absent:
                row = {"table": table, "patient": EVERYBODY, "complete_from": BEGINNING}
                self.rows["coverage"].append({**row, "complete_through": self.anchors.as_of})


def _censored(sign: str | None, number: Decimal) -> tuple[Decimal, Decimal, int]:
    """The interval of a value with a sign before it; an open end is its neighbour on the grid."""
    bit = reason_bit("censored_value")
    ends = {
        "<": (Decimal(0), number - GRID, bit),
        "<=": (Decimal(0), number, bit),
        ">": (number + GRID, UNBOUNDED, bit),
        ">=": (number, UNBOUNDED, bit),
    }
    return ends[sign] if sign else (number, number, 0)
