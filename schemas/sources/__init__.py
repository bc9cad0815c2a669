"""Extracts of other shapes: each is a schema of what is delivered and a folder of staging SQL.

To add one: describe its tables here, put its staging SQL into ``sql/sources/<folder>`` and test both.
"""

from schemas.sources import gdc_mmrf
from schemas.sources.source import Source

SOURCES = {source.name: source for source in (gdc_mmrf.SOURCE,)}

__all__ = ["SOURCES", "Source"]
