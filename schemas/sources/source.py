"""What a source of another shape is."""

from dataclasses import dataclass

from schemas.extract import Table


@dataclass(frozen=True)
class Source:
    """A source: the tables as delivered, and the SQL files that make the contract's tables of them.

    ``name`` is the word of ``--format``; ``folder`` is the folder of ``sql/sources`` that holds ``models``,
    in the order in which they are run. A model named like a table that the reader makes (``raw_treatments``,
    ``quarantine``, ``delivered``) fills that table, any other makes a table of its own name.
    """

    name: str
    folder: str
    tables: tuple[Table, ...]
    models: tuple[str, ...]

    @property
    def by_name(self) -> dict[str, Table]:
        """The delivered tables by their name, which is that of their files."""
        return {table.name: table for table in self.tables}
