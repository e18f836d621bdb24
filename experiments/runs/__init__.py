"""Run folders, worker processes and the console: what every other room of experiments stands on."""
