"""The page that says what goes in and out is the one that the schemas make."""

from pathlib import Path

from schemas.dictionary import dictionary


def test_the_committed_data_dictionary_is_what_the_schemas_say() -> None:
    """Whoever changes a column makes the page again."""
    page = Path(__file__).parents[2] / "docs" / "extract.md"
    assert page.read_text("utf-8") == dictionary()
