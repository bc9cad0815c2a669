"""Faults: what a run leaves behind when it is killed, runs out of disk or memory, or is fed garbage.

The quick tests of this folder and ``python -m tests.faults``, which does the same many more times, share
their code: ``world`` makes a tiny registry and looks at it as a reader does, ``children`` runs things in
processes that may die, and each other module is one kind of fault.
"""
