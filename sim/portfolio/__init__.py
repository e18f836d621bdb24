"""The accounts that a simulation starts from: the table and its fields, generated or read from a user's file."""
