"""The calendar of patients with a few hand-made rows, and of those of whom later days are not known."""

from datetime import date, timedelta

from criteria.calendar import HORIZON_DAYS, calendar, with_calendar
from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.ranking import DAYS, summarise_patients
from criteria.trial import Trial
from tests.flows.extracts import TRIAL
from tests.metamorphic.pipeline import AS_OF, Registry, facts_as_of, loaded, trial_of
from tests.metamorphic.registries import table_of

# Hemoglobin counts for 28 days, radiotherapy excludes for 14.
TINY: Trial = trial_of(TRIAL)
COMPLETE = [
    {"table": table, "complete_through": "2060-01-01"}
    for table in ("observations", "procedures", "conditions", "attestations")
]


def ago(days: int) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


def days_of(*rows: tuple[str, dict[str, str]], horizon: int = HORIZON_DAYS) -> tuple[date | None, ...]:
    """The calendar of one living patient with these rows."""
    person = {"patient_id": "1", "birth_date": "1960-01-01", "sex": "male", "vital_status": "alive"}
    tables = {
        "patients": [person],
        "coverage": COMPLETE,
        "observations": [],
        "procedures": [],
        "conditions": [],
    }
    for table, row in rows:
        tables[table] = [*tables[table], {"patient_id": "1", **row}]
    with loaded(Registry({name: table_of(name, given) for name, given in tables.items()})) as connection:
        facts = facts_as_of(connection, AS_OF, TINY)
    anchors = Anchors(AS_OF, AS_OF, AS_OF)
    verdicts = evaluate_trial(TINY, facts, anchors)
    summary = summarise_patients(verdicts, facts, (TINY.id,))
    if horizon != HORIZON_DAYS:
        return calendar(TINY, facts, anchors, verdicts, summary, horizon).select(list(DAYS)).row(0)
    days = calendar(TINY, facts, anchors, verdicts, summary)
    return with_calendar(summary, days).select(list(DAYS)).row(0)


def hemoglobin(days: int) -> tuple[str, dict[str, str]]:
    return "observations", {"observation": "hemoglobin", "date": ago(days), "value": "12", "unit": "g/dL"}


def radiotherapy(start: str) -> tuple[str, dict[str, str]]:
    return "procedures", {"procedure": "radiotherapy", "start_date": start, "stop_date": start}


def in_days(days: int) -> date:
    return AS_OF + timedelta(days=days)


def test_a_result_that_gets_too_old_costs_the_pass_on_the_day_after_its_last() -> None:
    assert days_of(hemoglobin(20)) == (None, in_days(9), in_days(9), ["I1"])


def test_a_window_that_passes_opens_on_the_day_after_its_last() -> None:
    assert days_of(hemoglobin(0), radiotherapy(ago(10))) == (in_days(5), None, in_days(29), ["I1"])


def test_a_patient_of_whom_nothing_is_recorded_has_no_day() -> None:
    assert days_of() == (None, None, None, [])


def test_a_patient_who_never_opens_has_no_day_and_is_not_asked_about() -> None:
    found = days_of(("conditions", {"condition": "hiv", "onset_date": ago(900), "status": "active"}))
    assert found == (None, None, None, None)


def test_where_a_date_may_still_come_nothing_is_known_of_later_days() -> None:
    """Radiotherapy some day of this year: from the last of them on the record says that it was given."""
    last = date(AS_OF.year, 12, 31)
    found = days_of(radiotherapy(str(AS_OF.year)), horizon=400)
    assert found == (None, last, None, [])
    assert days_of(radiotherapy(str(AS_OF.year))) == (None, None, None, []), "beyond the horizon"
