"""The sections of the report, one a file. `build(run, say)` gives its blocks, or none where the run has no data for it."""
