"""The subcommands of `recoup`, one file a group; `experiments/cli.py` puts them together."""
