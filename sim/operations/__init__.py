"""What is scarce or slow: staff and dialler lines, courts, corrections of conduct, the calendar."""
