"""Whatever happens to a file on its way, each row is accounted for or the extract is refused."""

from pathlib import Path

from tests.faults.mutations import mutate


def test_two_hundred_accidents_are_refused_or_quarantined_and_lose_no_row(tmp_path: Path) -> None:
    outcomes = mutate(tmp_path, 200, seed=11)
    assert all(count >= 10 for count in outcomes.values()), outcomes
