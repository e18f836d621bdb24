"""A world from a lender's own records: what they say of how debtors behave, and whether the world then fits them."""
