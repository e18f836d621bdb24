"""Portfolios larger than a machine: one scenario as several sites, each with its own accounts, staff and courts, and one lender."""
