"""The vectorised engine: a tree over a batch of patients."""
