"""What is worth looking up, and in what order."""

from criteria.ranking import summarise_patients
from criteria.worklist import add_questions, count_open_questions, what_to_look_up, worklist_table
from schemas.outputs import pandera_schema
from schemas.words import REASONS
from tests.criteria.frames import facts_about, fails, passes, unknown, verdict_frame

CRITERIA = ["C1", "C2", "C3"]
STALE, ATTEST, MISSING = unknown("stale"), unknown("needs_attestation"), unknown("never_recorded")
PATIENTS = [
    [STALE, passes(), ATTEST],  # only C1 stands between this patient and tier 1
    [STALE, MISSING, ATTEST],
    [MISSING, passes(), ATTEST],
    [passes(), MISSING, passes()],
    [STALE, fails("time"), ATTEST],  # a missing value is not what keeps this patient out
    [passes(), passes(), ATTEST],
]
ABOUT = [{} for _ in PATIENTS]


def counted(about: list[dict[str, object]] | None = None):
    verdicts = verdict_frame(*PATIENTS)
    return count_open_questions(verdicts, summarise_patients(verdicts, facts_about(*(about or ABOUT)), ["t"]))


def test_the_most_useful_question_comes_first() -> None:
    table = worklist_table("t", CRITERIA, counted(), lambda criterion, reason: f"{criterion} {reason}")
    pandera_schema("worklist").validate(table)
    found = table.select("position", "criterion_id", "reason", "patients", "would_become_eligible").rows()
    assert found == [
        (1, "C1", "stale", 2, 1),
        (2, "C2", "never_recorded", 2, 1),
        (3, "C1", "never_recorded", 1, 1),
        (4, "C3", "needs_attestation", 4, 0),
    ]
    assert table["what_to_look_up"][0] == "C1 stale"


def test_patients_who_are_not_listed_are_not_worked_for() -> None:
    about: list[dict[str, object]] = [{"deceased": place == 0} for place in range(len(PATIENTS))]
    rows = counted(about).filter(
        (counted(about)["criterion_id"] == "C1") & (counted(about)["reason"] == "stale")
    )
    assert rows["patients"].to_list() == [1]
    assert rows["would_become_eligible"].to_list() == [0]


def test_batches_add_up_to_the_whole() -> None:
    whole = counted()
    doubled = add_questions([whole, whole])
    assert doubled["patients"].to_list() == [2 * n for n in whole["patients"].to_list()]
    assert add_questions([whole]).equals(whole)


def test_nothing_open_gives_an_empty_list() -> None:
    assert worklist_table("t", [], add_questions([]), lambda criterion, reason: "").height == 0


def test_every_reason_has_a_sentence_that_names_what_is_read() -> None:
    for reason in REASONS:
        assert "platelet count" in what_to_look_up(reason, "platelet count", "")


def test_a_question_for_a_person_is_asked_in_its_own_words() -> None:
    assert what_to_look_up("needs_attestation", "x", "Is it so?") == "Ask and attest: Is it so?"
