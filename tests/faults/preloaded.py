"""Everything that a child needs, imported once in the server that children are forked from.

Nothing of polars or DuckDB is called here: the threads that they would start are missing after a fork.
"""

import flows.steps
import flows.summary
from flows.identity import code_sha256

assert flows.steps and flows.summary
code_sha256()
