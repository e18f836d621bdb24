"""Plans: files of ordered rules on named fields, compiled into a table that decides for all accounts at once."""
