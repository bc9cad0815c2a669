"""No small count can be worked out: shown by listing every registry that would look the same."""

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pseudonymous.counts import TrialCounts, linked_counts, shown_tables
from flows.pseudonymous.suppression import Linked, Relation, shown_counts

# Small worlds need a small limit: 1 and 2 are small here.
LEAST = 3
VERDICTS = ("pass", "fail", "unknown")
World = tuple[int, ...]
# The verdicts on two criteria, the tier of one who fails, and whether the patient is listed.
Kind = tuple[str, str, str, bool]


def order(name: str) -> bytes:
    """Any order that depends on the name alone."""
    return hashlib.sha256(name.encode()).digest()


def whole(*counts: int) -> Linked:
    """Parts of a whole that is known."""
    names = [f"part {place}" for place in range(len(counts))]
    return Linked(dict(zip(names, counts, strict=True)), {}, [Relation(tuple(names), total=sum(counts))])


def test_a_count_that_is_large_or_zero_is_shown() -> None:
    assert shown_counts(whole(0, 11, 200), order) == {"part 0", "part 1", "part 2"}


def test_beside_one_small_part_of_a_whole_another_part_is_left_out() -> None:
    shown = shown_counts(whole(0, 4, 50, 200), order)
    assert shown is not None
    assert "part 0" in shown
    assert "part 1" not in shown
    assert len(shown) == 2


def test_two_small_parts_that_their_sum_fixes_need_a_third() -> None:
    """Two that are both 1, or both 10, are known from their sum."""
    for small in (1, 10):
        shown = shown_counts(whole(small, small, 50, 200), order)
        assert shown is not None
        assert len(shown) == 1
    assert shown_counts(whole(3, 4, 50, 200), order) == {"part 2", "part 3"}


def test_where_nothing_can_stand_beside_a_small_count_nothing_is_shown() -> None:
    assert shown_counts(whole(4, 0, 0), order) is None


def test_what_two_equations_fix_together_is_found() -> None:
    """x + y = 40 and x - y = 20 leave no room, though neither alone fixes anything."""
    linked = Linked(
        {"z": 20}, {"x": 30, "y": 10}, [Relation(("x", "y"), total=40), Relation(("x",), ("y", "z"))]
    )
    assert shown_counts(linked, order) == set()


def test_counts_that_do_not_keep_their_relation_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="do not keep"):
        Linked({"x": 1}, {}, [Relation(("x",), total=2)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=8))
def test_each_part_left_out_of_a_whole_may_be_something_else(counts: list[int]) -> None:
    """Parts of the same sizes as seen, small or not, that add up to the same."""
    linked = whole(*counts)
    shown = shown_counts(linked, order)
    if shown is None:
        return
    hidden = [count for name, count in linked.counts.items() if name not in shown]
    ranges = [range(1, 11) if count < 11 else range(11, 321) for count in hidden]
    least, most = sum(r[0] for r in ranges), sum(r[-1] for r in ranges)
    for own in ranges:
        left = (sum(hidden) - (most - own[-1]), sum(hidden) - (least - own[0]))
        assert min(own[-1], left[1]) - max(own[0], left[0]) >= 1


def counts_of(world: World, types: list[Kind]) -> TrialCounts:
    """What a run would count of a world of two criteria: how many patients of each type."""
    standing: Counter[str] = Counter()
    alone, only, unknown, waiting, last = ([0, 0] for _ in range(5))
    left = [sum(world), sum(world)]
    for count, (*verdicts, failing, listed) in zip(world, types, strict=True):
        fails = [place for place, verdict in enumerate(verdicts) if verdict == "fail"]
        opens = [place for place, verdict in enumerate(verdicts) if verdict == "unknown"]
        tier = "eligible" if not opens else "possible"
        standing["declined" if not listed else failing if fails else tier] += count
        for place in fails:
            alone[place] += count
            only[place] += count * (len(fails) == 1)
        for place in range(fails[0], 2) if fails else ():
            left[place] -= count
        for place in opens:
            unknown[place] += count
            if listed and not fails:
                waiting[place] += count
                last[place] += count * (len(opens) == 1)
    attrition = [
        {
            "criterion_id": f"C{place}",
            "excluded_alone": alone[place],
            "remaining_in_order": left[place],
            "excluded_only_by_this": only[place],
            "unknown": unknown[place],
            "kind": "inclusion",
            "protocol": "words",
        }
        for place in range(2)
    ]
    worklist = [
        {
            "criterion_id": f"C{place}",
            "reason": "stale",
            "patients": waiting[place],
            "would_become_eligible": last[place],
            "what_to_look_up": "words",
        }
        for place in range(2)
        if waiting[place]
    ]
    columns = ["criterion_id", "reason", "patients", "would_become_eligible", "what_to_look_up"]
    return TrialCounts(
        sum(world),
        standing,
        pl.DataFrame(attrition),
        pl.DataFrame(worklist, schema=columns) if not worklist else pl.DataFrame(worklist),
        {},
    )


def worlds(patients: int, types: int) -> Iterator[World]:
    """Every way of giving each patient a type."""
    for bars in itertools.combinations(range(patients + types - 1), types - 1):
        edges = (-1, *bars, patients + types - 1)
        yield tuple(right - left - 1 for left, right in itertools.pairwise(edges))


def check_all_worlds(patients: int, types: list[Kind]) -> int:
    """In each world every count left out has another value in a world that looks the same; how many looked
    at."""
    values: list[dict[str, int]] = []
    groups: dict[frozenset[str], list[int]] = defaultdict(list)
    for place, world in enumerate(worlds(patients, len(types))):
        linked = linked_counts(counts_of(world, types))
        values.append(dict(linked.counts))
        shown = shown_counts(linked, order, LEAST)
        if shown is not None:
            groups[frozenset(shown)].append(place)
    names = sorted({name for known in values for name in known})
    checked = 0
    for shown_names, members in groups.items():
        # The reader knows what is shown, and that what is not shown is not zero.
        def seen(known: dict[str, int], shown_names: frozenset[str] = shown_names) -> tuple[object, ...]:
            told = (known.get(name, 0) if name in shown_names else None for name in names)
            return (*told, tuple(name for name in names if name in known and known[name] == 0))

        alike: dict[tuple[object, ...], list[dict[str, int]]] = defaultdict(list)
        for known in values:
            alike[seen(known)].append(known)
        for member in members:
            own = values[member]
            for name in own.keys() - shown_names:
                found = {known.get(name, 0) for known in alike[seen(own)]}
                assert len(found) > 1, (name, own, sorted(shown_names))
                checked += 1
    return checked


def kinds(listed: bool, *tiers: str) -> list[Kind]:
    """Every pair of verdicts, and for a pair with a fail every tier."""
    pairs = itertools.product(VERDICTS, VERDICTS)
    return [(*pair, tier, listed) for pair in pairs for tier in (tiers if "fail" in pair else tiers[:1])]


LISTED = kinds(True, "opens_later", "excluded")
ONE_TIER = kinds(True, "near_miss")


def test_in_every_small_registry_what_is_not_shown_may_be_something_else() -> None:
    """All registries of five patients by two criteria."""
    assert check_all_worlds(5, ONE_TIER) > 0


@pytest.mark.long
@pytest.mark.parametrize(("patients", "types"), [(5, LISTED), (7, ONE_TIER), (8, ONE_TIER)])
def test_in_every_registry_of_a_few_more_patients_too(patients: int, types: list[Kind]) -> None:
    """All registries of so many patients by two criteria."""
    assert check_all_worlds(patients, types) > 0


@pytest.mark.long
def test_in_every_registry_with_patients_not_listed_too() -> None:
    """All registries of five patients by two criteria, listed or not."""
    assert check_all_worlds(5, [*ONE_TIER, *kinds(False, "near_miss")]) > 0


def test_the_tables_show_stars_zeros_and_large_counts() -> None:
    """A registry of 100: three fail the first criterion alone."""
    world = (60, 20, 17, 3, 0, 0, 0, 0, 0)
    tables = shown_tables(counts_of(world, ONE_TIER), order)
    cells = [row for rows in tables.values() for row in rows]
    assert all(
        cell == "*" or not cell.isdecimal() or cell == "0" or int(cell) >= 11
        for row in cells
        for cell in row.values()
    )
    assert tables["standing"][0] == {"standing": "everybody", "patients": "100"}
    assert {row["standing"]: row["patients"] for row in tables["standing"]}["deceased"] == "0"
    first, second = tables["attrition"]
    assert (first["excluded_alone"], first["remaining_in_order"]) == ("*", "*"), "97 of 100 would tell of 3"
    assert second["unknown"] == "17"
    assert "shapley_share" not in tables["attrition"][0]


def test_a_registry_too_small_to_show_anything_is_all_stars() -> None:
    tables = shown_tables(counts_of((4, 0, 0, 0, 0, 0, 0, 0, 0), ONE_TIER), order)
    assert {row["patients"] for row in tables["standing"]} == {"*"}
    assert {row["remaining_in_order"] for row in tables["attrition"]} == {"*"}
