from pathlib import Path

SHORT = str(Path(__file__).with_name("short.yaml"))  # a scenario of 40 days
