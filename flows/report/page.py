"""The report as one file: a page that needs no server, no network and nothing beside it.

The page's policy lets a browser run the one script and use the one style that are in it, by their hashes, and
load nothing else; what comes from the registry is text of the page or data that is no script.
"""

import hashlib
import unicodedata
from base64 import b64encode
from dataclasses import asdict
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from flows.report.changes import patient_changes
from flows.report.patients import PatientLines
from flows.report.reopened import came_of_it
from flows.report.run_data import ReportedRun
from flows.report.shared import dense
from flows.report.view import View, list_rows, view_of
from flows.report.words import LIFT_WORDS
from flows.wording import REASON_WORDS

_SCRIPTS = ("data.js", "list.js", "timeline.js", "patient.js")
_COLUMNS = (
    ("rank", "Rank"),
    ("patient", "Patient"),
    ("tier", "Tier"),
    ("fails", "Stands in the way"),
    ("unknown", "Unknown"),
    ("date", "Opens, or holds to"),
    ("site", "Site"),
)
# Characters that a reader cannot see or that turn the direction of what follows.
_HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")


def report_name(trial_id: str) -> str:
    """The report's file name in the folder of a run."""
    return f"report-{trial_id}.html"


def write_report(run: ReportedRun) -> Path:
    """Write the report of one trial into the folder of its run: the same run gives the same bytes."""
    path = run.folder / report_name(run.trial.id)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(page(run))
    return path


def page(run: ReportedRun) -> str:
    """The whole page."""
    view = view_of(run)
    patients = PatientLines(run)
    lines = "\n".join(patients.lines())
    style, script = _asset("page.css"), "\n".join(_asset(name) for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            view=view,
            columns=_COLUMNS,
            sites=sorted(set(run.shown["site"])),
            policy=policy,
            style=Markup(style),  # noqa: S704 - the project's own files, and JSON without a '<'
            script=Markup(script),  # noqa: S704
            data=Markup(dense(_data(run, view, patients))),  # noqa: S704
            lines=Markup(lines),  # noqa: S704
        )
    )


def _data(run: ReportedRun, view: View, patients: PatientLines) -> dict[str, Any]:
    """What the script needs at once; days are counted from the as-of date."""
    anchors = run.anchors
    places = {criterion.id: place for place, criterion in enumerate(view.criteria)}

    def day(value: date) -> int:
        return (value - anchors.as_of).days

    return {
        "asOf": str(anchors.as_of),
        "enrollment": day(anchors.enrollment),
        "firstDose": day(anchors.first_dose),
        "words": {**REASON_WORDS, **LIFT_WORDS, "": ""},
        "tiers": [asdict(tier) for tier in view.tiers],
        "criteria": [
            {
                "id": one.id,
                "kind": one.kind,
                "short": one.short,
                "protocol": one.protocol,
                "asks": one.asks,
                "readings": one.readings,
                "windows": [[label, day(first), day(last)] for label, first, last in one.windows],
            }
            for one in view.criteria
        ],
        "list": list_rows(run, places),
        "changes": patient_changes(run.changes),
        "statuses": came_of_it(run.answers, run.shown["patient_id"].to_list()),
        "texts": list(patients.shared.texts),
        "verdicts": list(patients.shared.verdicts),
        "notes": list(patients.shared.notes),
    }


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def plain(text: str) -> str:
    """A text of the registry without what would reorder or hide it."""
    return "".join("\ufffd" if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def _asset(name: str) -> str:
    return (files("flows.report") / "assets" / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    return environment
