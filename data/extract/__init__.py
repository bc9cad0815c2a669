"""Reading an extract: structure, grammar, quarantine."""
