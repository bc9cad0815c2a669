"""Staging and clinical facts, as SQL files in DuckDB, and the runner that knows their order."""
