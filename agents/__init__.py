"""Who decides: plans from files, models and learned policies."""
