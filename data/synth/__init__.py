"""A synthetic registry, built from disease courses."""
