"""The dashboard: finished and running comparisons in a browser, read from their folders and never written to."""
