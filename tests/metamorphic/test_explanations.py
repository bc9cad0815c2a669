"""What is cited for a verdict carries it: the cited facts and the coverage alone give the same verdict."""

from dataclasses import replace

import polars as pl
import pytest

from criteria.engine.batch import Anchors
from criteria.engine.screen import evaluate_trial
from criteria.evidence import Evidence, evidence_for
from criteria.trial import Criterion
from criteria.usage import usage_of
from schemas.facts import ANY_CONCEPT, Facts
from schemas.words import SEXES
from tests.metamorphic.pipeline import AS_OF, assert_same_verdicts, facts_as_of, loaded, shipped
from tests.metamorphic.registries import crowded, synthetic

TODAY = Anchors(AS_OF, AS_OF, AS_OF)
_OPEN = {"sex": len(SEXES) - 1, "childbearing_potential": 1}


def _of_one(facts: Facts, patient: int) -> Facts:
    frames = {
        name: getattr(facts, name).filter(pl.col("patient").is_in([patient, -1]))
        for name in ("patients", "results", "latest", "events", "line_members", "coverage", "attestations")
    }
    return replace(facts, **frames)


def _cited_rows(pieces: list[Evidence]) -> pl.DataFrame:
    rows = [(piece.table, row) for piece in pieces if piece.found for row in piece.rows]
    schema = {"source_table": pl.String, "source_row": pl.Int32}
    return pl.DataFrame(rows, schema, orient="row").unique()


def _only_cited(one: Facts, criterion: Criterion) -> Facts:
    """The facts about one patient that the explanation of a criterion names, and coverage."""
    pieces = evidence_for(criterion, one)
    usage = usage_of(criterion)
    cited = _cited_rows(pieces)
    concepts = [*usage.set_concepts, ANY_CONCEPT]
    events = one.events.filter(pl.col("concept").is_in(concepts)).join(
        cited, on=["source_table", "source_row"], how="semi", maintain_order="left"
    )
    lines = events.filter(pl.col("source_table") == "lines").select("patient", line_row="source_row")
    named = {piece.name for piece in pieces if piece.found}
    blanked = [name for name in _OPEN if name not in usage.people]
    people = one.patients.with_columns(
        *(pl.lit(0, pl.Int32).alias(f"{name}_low") for name in blanked),
        *(pl.lit(_OPEN[name], pl.Int32).alias(f"{name}_high") for name in blanked),
    )
    return replace(
        one,
        patients=people,
        latest=_results(one.latest, named & set(usage.measurements), cited),
        results=_results(one.results, named & set(usage.counted), cited),
        events=events,
        line_members=one.line_members.join(
            lines, on=["patient", "line_row"], how="semi", maintain_order="left"
        ),
        attestations=one.attestations.filter(
            pl.col("criterion_id").str.to_lowercase() == criterion.id.lower()
        ),
    )


def _results(frame: pl.DataFrame, named: set[str], cited: pl.DataFrame) -> pl.DataFrame:
    own = frame.filter(pl.col("concept").is_in(sorted(named)))
    return own.join(cited, on=["source_table", "source_row"], how="semi", maintain_order="left")


def _joined(parts: list[Facts]) -> Facts:
    """The facts of several patients; coverage for everybody comes once."""
    names = ("patients", "results", "latest", "events", "line_members", "coverage", "attestations")
    frames = {name: pl.concat([getattr(part, name) for part in parts]) for name in names}
    frames["coverage"] = frames["coverage"].unique(maintain_order=True)
    return replace(parts[0], **frames)


@pytest.mark.parametrize(
    ("which", "seed"),
    [
        ("crowded", 71),
        ("synthetic", 71),
        pytest.param("crowded", 72, marks=pytest.mark.long),
        pytest.param("synthetic", 72, marks=pytest.mark.long),
    ],
)
def test_the_facts_cited_for_a_verdict_give_that_verdict(which: str, seed: int) -> None:
    """Per criterion: the facts not cited are taken away from every patient, and nothing changes."""
    count = 15 if seed == 71 else 60
    with loaded(crowded(count, seed) if which == "crowded" else synthetic(count, seed)) as connection:
        facts = facts_as_of(connection)
    whole = _joined([facts])
    single = [_of_one(facts, patient) for patient in facts.patients["patient"]]
    for criterion in shipped().criteria:
        trial = replace(shipped(), criteria=(criterion,))
        cited = _joined([_only_cited(one, criterion) for one in single])
        expected, found = (
            evaluate_trial(trial, given, TODAY).rename({"patient": "patient_id"}) for given in (whole, cited)
        )
        assert_same_verdicts(expected, found)
