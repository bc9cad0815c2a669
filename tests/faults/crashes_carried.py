"""A crash on the second night of a pair that carries over: besides the runs there is ``OUT/state`` to lose.

The state may be gone, then everybody is judged; what is there must be whole and of a published run.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows import steps
from flows.files import sha256_of
from flows.publish import MANIFEST, OutputFolder, is_whole
from flows.request import RunRequest
from flows.state import ABOUT, read_state
from tests.faults.children import Child
from tests.faults.crashes import Crashes
from tests.faults.world import IDS, PATIENTS, World, fresh_copy, hashes, screened, tables
from tests.flows.extracts import AS_OF, write_extract, write_trial

# Of these patients a row is another on the second night, and again on the third; of nobody else. No verdict
# turns: looking for causes is no other here than in a run that judges everybody.
CHANGED = ("P007", "P009", IDS[6])


class CarryingWorld(World):
    """The first night's registry, then a few changed rows a day later each; every run carries over."""

    def request(self, night: int, out: Path | None = None) -> RunRequest:
        day = AS_OF + timedelta(days=night - 1)
        asked = super().request(night, out)
        return replace(asked, as_of=day, enrollment=day, first_dose=day, carry_over=True)


def make_carrying_world(folder: Path) -> World:
    """Write the world; nothing is published yet."""
    for night in (1, 2, 3):
        registry = tables(1)
        registry["observations"] = [_on(night, row) for row in registry["observations"]]
        extract = write_extract(folder / f"night{night}", registry)
        day = AS_OF + timedelta(days=night - 1)
        (extract / "extract.toml").write_text(f'extracted_on = "{day}"\n', encoding="utf-8")
    write_trial(folder)
    return CarryingWorld(folder)


def _on(night: int, row: str) -> str:
    """A hemoglobin of some is another on the second night, and on the third."""
    patient, concept, day, *_ = row.split(",")
    if night > 1 and patient in CHANGED and day == "2026-03-12":
        return f"{patient},{concept},{day},{8 + night}.25,g/dL"
    return row


def carried(asked: RunRequest) -> int:
    """The run; returns how many patients were taken over."""
    told: list[int] = []
    carried_over = steps.carried_over

    def counting(*arguments: Any) -> Any:
        found = carried_over(*arguments)
        told.append(found.patients.height if found else 0)
        return found

    steps.carried_over = counting  # type: ignore[attr-defined]
    screened(asked)
    return sum(told)


@dataclass(frozen=True)
class Left:
    """``OUT/state`` as somebody finds it who trusts nothing: what it is, and of which run."""

    kind: str
    run_id: str = ""


def left_in(out: Path) -> Left:
    """Absent, or whole and of a published run; anything else is torn."""
    folder = OutputFolder(out)
    if not folder.state.exists():
        return Left("absent")
    about = json.loads((folder.state / ABOUT).read_text(encoding="utf-8"))
    found = hashes(folder.state)
    del found[ABOUT]
    assert found == about["files"], "each file of the state is there and what was written"
    run = folder.run(about["run_id"])
    assert is_whole(run), "the state is of a run that is published"
    assert sha256_of(run / MANIFEST) == about["manifest_sha256"]
    assert read_state(folder) is not None, "what is whole is used"
    return Left("whole", about["run_id"])


class CarriedCrashes(Crashes):
    """Crashes on the second night, and what must hold of the state as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__("next", folder, world=make_carrying_world(folder))
        self.states: Counter[str] = Counter()
        # What was seen in each copy, by its number: has publishing begun, what is published, the state.
        self.views: dict[str, tuple[bool, bool, str, str]] = {}
        # By what a crash and the night's second attempt left: what the third night makes of it.
        self.third: dict[Left, dict[str, str]] = {}
        whole = folder / "whole"
        assert left_in(self.start) == Left("whole", self.old)
        assert left_in(whole) == Left("whole", self.new)
        assert self.third_night(whole) == PATIENTS - len(CHANGED)
        self.wanted_third = hashes(whole / "latest")
        assert self.judged_in_full() == self.wanted, "everybody judged is the same"

    def judged_in_full(self) -> dict[str, str]:
        """The second night where nothing is carried over."""
        out = fresh_copy(self.start, self.folder / "full")
        asked = replace(self.world.request(self.night, out), carry_over=False)
        assert Child(self.said, screened, asked).end() == 0
        return hashes(out / "latest")

    def third_night(self, out: Path) -> int:
        """The night after; returns how many patients it takes over."""
        return Child(self.said, carried, self.world.request(self.night + 1, out)).end()

    def look(self, out: Path) -> None:
        super().look(out)
        left = left_in(out)
        assert left.run_id in ("", self.old, self.new)
        self.states[self.name_of(left)] += 1
        if out.parent == self.folder / "copies":
            is_there = (out / "runs" / self.new).exists()
            has_begun = is_there or bool(list(out.glob(".staging-*/candidates.xlsx")))
            latest = (out / "latest").readlink().name
            self.views[out.name] = (has_begun, is_there, latest, self.name_of(left))

    def name_of(self, left: Left) -> str:
        """What a state is, in a word."""
        return {self.old: "old", self.new: "new"}.get(left.run_id, left.kind)

    def rerun(self, out: Path) -> None:
        """As ever; the state is the new one then, unless the run was published before the crash."""
        was_there, before = is_whole(OutputFolder(out).run(self.new)), left_in(out)
        super().rerun(out)
        after = left_in(out)
        assert after == (before if was_there else Left("whole", self.new))
        if after not in self.third:
            self.third_night(out)
            self.third[after] = hashes(out / "latest")
            assert self.third[after] == self.wanted_third, "the third night is none the wiser"
            assert left_in(out).kind == "whole"

    def chosen(self, seed: int, count: int | None = None) -> list[int]:
        """The operations to be killed for real, after ``copy_before_each``: all, or so many of the first ones
        after each step of publishing and one from before it began."""
        lines = (self.folder / "copies" / "operations.txt").read_text().splitlines()
        views = [self.views[line.split()[0]] for line in lines]
        every = range(len(views))
        if count is None:
            return list(every)
        after = [number for number in every[1:] if views[number] != views[number - 1]]
        # Begun, in its place, seen by the reader; the last state gone, and the new one there.
        assert len(after) >= 5
        draw = random.Random(seed)  # noqa: S311 - no secret
        return [draw.choice(every[: after[0]]), *sorted(draw.sample(after, count))]
