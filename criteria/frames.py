"""Frames and the memory behind them."""

from io import BytesIO

import polars as pl


def apart(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame in memory of its own: rows taken out of a larger frame hold on to all of that one, and
    its texts to those of every frame that they came through."""
    buffer = BytesIO()
    frame.write_ipc(buffer, compat_level=pl.CompatLevel.oldest())
    buffer.seek(0)
    return pl.read_ipc(buffer)
