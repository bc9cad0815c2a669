"""A real browser and published reports for it: the sample registry, and one whose names mean harm."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from data.catalogue import load_catalogue
from data.synth.generate import generate
from flows.publish import read_manifest
from flows.report import ReportedRun, report_name, write_report
from flows.request import RunRequest
from flows.steps import RunResult, run_screening
from flows.table_files import write_parquet
from schemas.outputs import output_dtypes
from tests.flows import extracts

AS_OF = date(2026, 6, 30)
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
HOSTILE_IDS = (
    "<script>window.harmed=1</script>",
    "</script><img src=x onerror=window.harmed=1>",
    '"><svg onload=window.harmed=1>',
    "=HYPERLINK(1)",
    "{{ 7 * 7 }}",
    "\u202egnp.exe",
    "x" * 300,
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one these tests are left out, but never in the project's own checks."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("PRESCREEN_CI"):
            pytest.fail("no Chromium: the checks of the project need one.")
        pytest.skip("no Chromium on this machine.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A published run of 300 invented patients."""
    folder = tmp_path_factory.mktemp("synthetic")
    generate(300, 5, folder / "extract")
    return screened(folder / "extract", folder)


def screened(extract: Path, folder: Path) -> RunResult:
    """A published run of an extract, with dates that differ from one another."""
    return run_screening(
        RunRequest(
            extract=extract,
            trials=("NCT06050512",),
            out=folder / "out",
            as_of=AS_OF,
            enrollment=date(2026, 7, 10),
            first_dose=date(2026, 7, 12),
        ),
        lambda _: None,
    )


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A published run of patients whose ids mean harm."""
    folder = tmp_path_factory.mktemp("hostile")
    sites = ("<b>site</b>", "=1+1", "\u202eetis", "plain", "", "'", "&amp;")
    head = "patient_id,birth_date,sex,vital_status,last_contact_date,contact_permitted,site"
    lines = [
        f"{_cell(patient)},1960-05-01,female,alive,2026-03-01,yes,{_cell(site)}"
        for patient, site in zip(HOSTILE_IDS, sites, strict=True)
    ]
    others = {"screening_log": extracts.TABLES["screening_log"][:1]}
    extract = extracts.write_extract(folder / "extract", {"patients": [head, *lines], **others})
    harm = '"HIV </script><script>window.harmed=1</script>"'
    trial = extracts.write_trial(folder, text=extracts.TRIAL.replace('"HIV"', harm))
    return run_screening(extracts.request(extract, folder / "out", trial), lambda _: None)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture(scope="session")
def changed_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample registry's report as if there had been a run the night before, with a banner."""
    run = screened(SAMPLE, tmp_path_factory.mktemp("sample"))
    folder = tmp_path_factory.mktemp("changed") / "run"
    shutil.copytree(run.folder, folder)
    report_of(run, folder).unlink()
    best, second, *_ = pl.read_parquet(folder / "candidates.parquet")["patient_id"]
    trial_id = run.trials[0].id
    rows = [
        (trial_id, "new_on_list", best, None, None, "possible", ["new_data"]),
        (trial_id, "moved_tier", second, None, "near_miss", "possible", ["clock"]),
        (trial_id, "criterion", second, "I09", "fail", "pass", ["new_data", "clock"]),
        (trial_id, "left_list", "gone", None, "possible", "deceased", ["new_data"]),
    ]
    given = ("N. Surname", None)
    answers = [
        (trial_id, best, None, "contacted", AS_OF, *given, "counts", [], "r"),
        (trial_id, second, None, "declined", AS_OF, *given, "evidence_changed", ["I09"], "r"),
        (trial_id, second, "E04", "pass", AS_OF, *given, "evidence_changed", ["E04"], "r"),
    ]
    write_parquet(
        folder / "answers.parquet", pl.DataFrame(answers, schema=output_dtypes("answers"), orient="row")
    )
    write_parquet(
        folder / "changes.parquet", pl.DataFrame(rows, schema=output_dtypes("changes"), orient="row")
    )
    manifest = {**read_manifest(folder), "compared_with": "2026-06-29-0123456789ab"}
    banner = "Last night's extract was refused."
    return write_report(ReportedRun(folder, manifest, run.trials[0], load_catalogue(), banner=banner))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser window without a network."""
    with browser.new_context(offline=True) as fresh:
        yield fresh


class Watched:
    """A page, and what it asked for or complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> Page:
        """The report, as somebody opens it from a file share."""
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    """A page that is watched."""
    return Watched(context.new_page())


def report_of(result: RunResult, folder: Path | None = None) -> Path:
    """The report of a run's only trial, in its folder or a copy of it."""
    return (folder or result.folder) / report_name(result.trials[0].id)
