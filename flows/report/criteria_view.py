"""The criteria of a trial as the report tells them: words, what is asked, windows, readings."""

from dataclasses import dataclass
from datetime import date

from criteria.engine.batch import Anchors
from criteria.evidence import readings_used
from criteria.trial import Criterion, Trial
from criteria.windows import Window, windows_of
from criteria.worklist import label_of
from data.catalogue import Catalogue

# The words of the protocol that tell a criterion apart in a list.
_SHORT = 70


@dataclass(frozen=True)
class CriterionView:
    """One criterion; ``windows`` are (what is looked at, first day, last day)."""

    id: str
    kind: str
    short: str
    protocol: tuple[str, ...]
    asks: str
    note: str
    readings: tuple[str, ...]
    windows: tuple[tuple[str, date, date], ...]


def criteria_view(trial: Trial, anchors: Anchors, catalogue: Catalogue) -> list[CriterionView]:
    """Every criterion of the trial, in protocol order."""
    return [_criterion(trial, criterion, anchors, catalogue) for criterion in trial.criteria]


def _criterion(trial: Trial, criterion: Criterion, anchors: Anchors, catalogue: Catalogue) -> CriterionView:
    windows = [
        (_plain(window, catalogue), window.first, window.last) for window in windows_of(criterion, anchors)
    ]
    return CriterionView(
        id=criterion.id,
        kind=criterion.kind,
        short=shortened(" ".join(criterion.protocol), _SHORT),
        protocol=criterion.protocol,
        asks=criterion.manual or "",
        note=criterion.note,
        readings=tuple(_reading(trial, question) for question in readings_used(trial, criterion.id)),
        windows=tuple(windows),
    )


def _plain(window: Window, catalogue: Catalogue) -> str:
    """The window's text with the plain names of what it looks at."""
    words = window.text.replace(",", " ,").split(" ")
    return " ".join(label_of(word, catalogue) for word in words).replace(" ,", ",")


def _reading(trial: Trial, question: str) -> str:
    departs = " (departs from the text)" if question in trial.departures else ""
    return f"{question.replace('_', ' ')}: {trial.readings[question].replace('_', ' ')}{departs}"


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is too long for its place."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
