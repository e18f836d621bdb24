"""What world: scenario files, rule packs, plans and portfolios shipped with Recoup."""
