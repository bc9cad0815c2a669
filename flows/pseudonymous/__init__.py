"""A copy of a run that can be shown outside: keyed ids, no dates, no small counts."""
