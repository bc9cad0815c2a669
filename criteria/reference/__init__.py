"""The slow reference: one patient at a time, possible worlds written out."""
