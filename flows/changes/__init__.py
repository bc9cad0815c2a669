"""What changed between two runs of one output folder, and why."""
