"""The world: what happens to debtors, and what every decision in it costs."""
