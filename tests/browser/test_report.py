"""The report in a real browser: what a coordinator does with it, and what its page must never do."""

import re
from pathlib import Path

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from flows.steps import RunResult
from schemas.words import TIERS
from tests.browser.conftest import HOSTILE_IDS, Watched, report_of

LETTERS = {"p": "pass", "f": "fail", "u": "unknown", "n": "not_applicable"}
OPEN_ALL = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def listed(result: RunResult) -> pl.DataFrame:
    return pl.read_parquet(result.folder / "candidates.parquet")


def ids_in(page: Page) -> list[str]:
    return page.locator("#list-body th button").all_inner_texts()


def open_patient(page: Page, patient_id: str) -> None:
    page.evaluate("id => openPatient(patients.find((p) => p.id === id))", patient_id)
    expect(page.locator("#patient")).to_be_visible()


def test_the_page_shows_the_list_in_its_order_and_asks_for_nothing_else(
    watched: Watched, run: RunResult
) -> None:
    page = watched.open(report_of(run))
    assert ids_in(page) == listed(run)["patient_id"].head(100).to_list()
    expect(page.get_by_role("status")).to_contain_text(f"of {listed(run).height} patients")
    expect(page.get_by_text("There was no run before this one")).to_be_visible()
    assert watched.requests == [report_of(run).as_uri()]
    assert watched.complaints == []


def test_a_script_that_is_not_the_pages_own_does_not_run(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.harmed=1'}))"
    )
    assert page.evaluate("window.harmed") is None
    assert any("Content Security Policy" in text for text in watched.complaints)


def test_a_column_sorts_up_and_down_by_keyboard(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    page.get_by_role("button", name="All on one page").click()
    header = page.locator("#list").get_by_role("columnheader", name="Patient", exact=True)
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert ids_in(page) == sorted(listed(run)["patient_id"])
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert ids_in(page) == sorted(listed(run)["patient_id"], reverse=True)


@pytest.mark.parametrize("tier", TIERS[1:])
def test_the_tiles_filter_by_tier(watched: Watched, run: RunResult, tier: str) -> None:
    page = watched.open(report_of(run))
    page.locator(f"[data-tier='{TIERS.index(tier)}']").click()
    assert ids_in(page) == listed(run).filter(pl.col("tier") == tier)["patient_id"].head(100).to_list()


def test_the_list_filters_by_site_criterion_and_text(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    frame = listed(run).join(
        pl.read_parquet(run.folder / "facts" / "patients.parquet"), on="patient_id", maintain_order="left"
    )
    places = [criterion.id for criterion in run.trials[0].criteria]
    page.locator("select[name=criterion]").select_option(str(places.index("I06")))
    page.locator("select[name=how]").select_option("fails")
    failing = frame.filter(pl.col("failing_criteria").list.contains("I06"))
    assert ids_in(page) == failing["patient_id"].head(100).to_list()
    site = failing["site"][0]
    page.locator("select[name=site]").select_option(f"={site}")
    there = failing.filter(pl.col("site") == site)
    assert ids_in(page) == there["patient_id"].to_list()
    page.get_by_label("Find").fill(there["patient_id"][-1].upper())
    assert ids_in(page) == [there["patient_id"][-1]]
    page.get_by_role("button", name="Show all").click()
    # The form is reset before the list is filled anew.
    expect(page.get_by_role("status")).to_contain_text(f"of {listed(run).height} patients")
    assert ids_in(page) == listed(run)["patient_id"].head(100).to_list()


def test_every_patient_shows_the_verdicts_of_the_table(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    shown = page.evaluate(
        "Object.fromEntries(patients.map((p) => "
        "[p.id, judged(p).map((one) => [one.criterion.id, one.verdict])]))"
    )
    told = [
        (patient, criterion, LETTERS[letter]) for patient, own in shown.items() for criterion, letter in own
    ]
    verdicts = pl.read_parquet(run.folder / "verdicts.parquet").join(listed(run), on="patient_id", how="semi")
    assert sorted(told) == sorted(verdicts.select("patient_id", "criterion_id", "verdict").rows())


def test_an_opened_patient_shows_each_criterion_with_its_sentence_and_evidence(
    watched: Watched, run: RunResult
) -> None:
    page = watched.open(report_of(run))
    patient = listed(run).row(0, named=True)
    page.locator("#list-body").get_by_role("button", name=patient["patient_id"]).click()
    dialog = page.get_by_role("dialog", name=f"Patient {patient['patient_id']}")
    expect(dialog).to_be_visible()
    own = pl.read_parquet(run.folder / "verdicts.parquet").filter(
        pl.col("patient_id") == patient["patient_id"]
    )
    articles = {one.get_attribute("data-criterion"): one for one in dialog.locator("article").all()}
    assert {name: LETTERS[one.get_attribute("data-verdict") or ""] for name, one in articles.items()} == dict(
        own.select("criterion_id", "verdict").iter_rows()
    )
    page.evaluate(OPEN_ALL)
    for criterion in run.trials[0].criteria:
        expect(articles[criterion.id]).to_contain_text(criterion.protocol[0])
    expect(articles["I09"].get_by_role("table")).to_contain_text(
        re.compile(r"hemoglobin.*(g/dL|not recorded)")
    )
    expect(articles["I09"].get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("window 2026-06-02 to 2026-06-30")
    )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#list-body").get_by_role("button", name=patient["patient_id"])).to_be_focused()


# Of every time line shown: how many names of days there are, and those that meet another or are cut off.
CROWDED_NAMES = """() => {
  let names = 0;
  const crowded = [];
  for (const line of document.querySelectorAll("svg.timeline")) {
    const frame = line.getBoundingClientRect();
    let end = frame.left;
    for (const name of line.querySelectorAll("text[text-anchor=middle]")) {
      const box = name.getBoundingClientRect();
      if (box.left < end - 0.5 || box.right > frame.right + 0.5) crowded.push(name.textContent);
      end = box.right;
      names += 1;
    }
  }
  return [names, crowded];
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_days_named_on_a_time_line_do_not_run_into_one_another(
    watched: Watched, run: RunResult, width: int
) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open(report_of(run))
    names = 0
    for patient in listed(run)["patient_id"][:8]:
        page.locator("#list-body").get_by_role("button", name=patient).click()
        page.evaluate(OPEN_ALL)
        shown, crowded = page.evaluate(CROWDED_NAMES)
        assert crowded == []
        names += shown
        page.keyboard.press("Escape")
    assert names > 20


def test_the_panel_steps_through_the_filtered_list(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    near = listed(run).filter(pl.col("tier") == "near_miss")["patient_id"].to_list()
    page.locator(f"[data-tier='{TIERS.index('near_miss')}']").click()
    page.locator("#list-body").get_by_role("button", name=near[0]).click()
    expect(page.get_by_role("button", name="Previous", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("heading", name=f"Patient {near[1]}")).to_be_visible()


def test_the_night_before_and_the_banner_are_told(watched: Watched, changed_report: Path) -> None:
    page = watched.open(changed_report)
    expect(page.get_by_text("Last night's extract was refused.")).to_be_visible()
    moves = page.get_by_role("table", name="Patients who came, went or moved")
    expect(moves.get_by_role("row")).to_have_count(4)
    expect(moves).to_contain_text("near miss")
    expect(moves.get_by_role("button", name="gone")).to_have_count(0)
    page.get_by_label("changed since the last run").check()
    expect(page.locator("#list-body tr")).to_have_count(2)
    page.locator("#list-body button").nth(1).click()
    expect(page.get_by_role("dialog")).to_contain_text("I09: fail → pass (new data, time passed)")


def test_what_came_of_a_patient_and_open_answers_are_told(watched: Watched, changed_report: Path) -> None:
    page = watched.open(changed_report)
    first, second = page.locator("#list-body tr").first, page.locator("#list-body tr").nth(1)
    expect(first.get_by_text("contacted", exact=True)).to_be_visible()
    expect(second.get_by_text("back on the list", exact=True)).to_be_visible()
    open_again = page.locator("#worklist details.note")
    expect(open_again).to_contain_text("Answers that count no longer, since the evidence changed (2)")
    expect(open_again).to_contain_text("E04: pass; 2026-06-30; by N. Surname; counts no longer")
    first.get_by_role("button").click()
    expect(page.locator("#patient")).to_contain_text("contacted; 2026-06-30; by N. Surname")


def test_the_days_before_which_labs_have_to_be_repeated_are_told(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    page.get_by_role("button", name="All on one page").click()
    waiting = listed(run).drop_nulls("repeat_labs_before")
    assert waiting.height
    row = waiting.row(0, named=True)
    shown = page.locator("#list-body tr").nth(row["rank"] - 1)
    expect(shown).to_contain_text(f"repeat labs before {row['repeat_labs_before']}")
    expect(page.locator("#list").get_by_text("repeat labs before")).to_have_count(waiting.height)
    shown.get_by_role("button").click()
    told = f"before {row['repeat_labs_before']} ({', '.join(row['repeat_labs_criteria'])})"
    expect(page.locator("#patient")).to_contain_text(told)


def test_names_that_mean_harm_are_only_text(watched: Watched, hostile_run: RunResult) -> None:
    page = watched.open(report_of(hostile_run))
    plain = {patient.replace("\u202e", "\ufffd") for patient in HOSTILE_IDS}
    assert set(ids_in(page)) == plain
    for patient in HOSTILE_IDS:
        open_patient(page, patient)
        assert page.locator("#patient-title").inner_text() == f"Patient {patient}".replace("\u202e", "\ufffd")
        page.keyboard.press("Escape")
    assert page.evaluate("window.harmed") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert watched.complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_wrong(watched: Watched, changed_report: Path, scheme: str, width: int) -> None:
    watched.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open(changed_report)
    page.evaluate(OPEN_ALL)
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, found.generate_report()
    open_patient(page, page.evaluate("patients[0].id"))
    page.evaluate(OPEN_ALL)
    found = Axe().run(page, context="#patient", options=WCAG)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_is_wider_than_a_small_screen(watched: Watched, changed_report: Path) -> None:
    watched.page.set_viewport_size({"width": 320, "height": 700})
    page = watched.open(changed_report)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    open_patient(page, page.evaluate("patients[0].id"))
    assert page.evaluate("dialog.scrollWidth <= dialog.clientWidth")


def test_the_list_and_a_patient_print_on_pages_of_their_own(watched: Watched, run: RunResult) -> None:
    page = watched.open(report_of(run))
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    open_patient(page, page.evaluate("patients[0].id"))
    page.evaluate(OPEN_ALL)
    patient = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", patient)) > 3, "a long patient goes on on the next page"
    expect(page.locator("#patient")).to_be_visible()
    expect(page.locator("#patient article").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Candidates")).to_be_hidden()


def test_five_thousand_patients_are_sorted_and_filtered_a_page_at_a_time(
    watched: Watched, run: RunResult
) -> None:
    page = watched.open(report_of(run))
    page.evaluate(
        """() => { const some = patients.slice();
        while (patients.length < 5000) { const p = some[patients.length % some.length];
          patients.push({ ...p, rank: patients.length + 1, id: `${p.id}-${patients.length}`, text: "" }); }
        apply(); }"""
    )
    expect(page.get_by_role("status")).to_have_text("1 to 100 of 5000 patients")
    page.locator("#list th[data-key=patient] button").click()
    page.get_by_label("Find").fill("-4999")
    expect(page.locator("#list-body tr")).to_have_count(1)


def test_without_scripts_the_reader_is_told_where_the_list_is(
    context: BrowserContext, run: RunResult
) -> None:
    assert context.browser is not None
    with context.browser.new_context(java_script_enabled=False) as bare:
        page = bare.new_page()
        page.goto(report_of(run).as_uri())
        expect(page.get_by_text("open candidates.xlsx beside this file")).to_be_visible()
        expect(page.get_by_role("heading", name="What each criterion costs")).to_be_visible()
