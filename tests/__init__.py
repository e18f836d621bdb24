"""The tests, in folders like those of the code they ask."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the repository
