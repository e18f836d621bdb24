"""The public Python face, and the package that is installed."""
