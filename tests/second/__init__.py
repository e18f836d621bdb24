"""The world's rules a second time, for the tests only: plain Python, one debtor at a time.

Written from what the documentation says (docs/model.md, the descriptions in sim/parameters.py, the docstrings and the comments of
the account record), not from the compiled functions, and without calling them. It reads the scenario's own numbers, not the
kernels' record of them. `tests/reference.py` runs whole portfolios on it; `tests/sim/test_formulas.py` and
`tests/sim/test_debtor_days.py` compare it with the product over random worlds and accounts.

Shared with the product: the names of things (enumerations, fields of the account), and which treatment is allowed (the gate).
"""
