"""Worked examples: a few debtors and days each, with the arithmetic written out beside the test.

Expected values are computed by hand from the documented rule, never by the product's own function.
"""
