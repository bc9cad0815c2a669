"""The criterion language, the trial files, the verdicts and their ranking."""
