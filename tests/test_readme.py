"""The README shows what the command prints, to the letter."""

from tests.readme import README, blocks, with_blocks


def test_the_readme_shows_the_summary_and_the_explanation_that_the_demo_prints() -> None:
    """Whoever changes an output makes the README again: ``python -m tests.readme``."""
    text = README.read_text("utf-8")
    assert text == with_blocks(text, blocks())
    assert "eligible" in text.split("<!-- summary -->")[1].split("<!-- /summary -->")[0]
