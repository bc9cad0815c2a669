"""What is kept of a frame does not keep the frame."""

import polars as pl

from criteria.frames import apart


def held_bytes(frame: pl.DataFrame) -> int:
    """All memory that a frame holds on to, whether its rows stand there or not."""
    return frame.to_arrow(compat_level=pl.CompatLevel.newest()).get_total_buffer_size()


def test_a_few_rows_of_a_large_frame_hold_memory_of_their_own() -> None:
    large = pl.DataFrame(
        {
            "number": range(100_000),
            "text": [f"a text of more than twelve signs: {place}" for place in range(100_000)],
            "words": pl.Series([["one"], []] * 50_000, dtype=pl.List(pl.Enum(["one", "two"]))),
        }
    )
    few = large.tail(10)
    assert held_bytes(few) > 1_000_000, "otherwise there is nothing to show here"
    own = apart(few)
    assert own.equals(few)
    assert own.schema == few.schema
    assert held_bytes(own) < 10_000
