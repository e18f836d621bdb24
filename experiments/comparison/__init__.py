"""Policies against each other on the same accounts under common random numbers: rollouts, measures, intervals, checks."""
