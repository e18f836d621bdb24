"""The report read back: every figure, verdict and sentence that a reader sees, against the run's files, by code of its own."""
