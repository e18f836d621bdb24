"""What records say: the value of a policy from logged decisions."""
