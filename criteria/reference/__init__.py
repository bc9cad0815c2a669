"""The slow reference that checks the engine: one patient at a time, worlds enumerated one by one."""
