"""A lender's records: read, simulated, measured, and the state that they tell."""
