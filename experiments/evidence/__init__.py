"""What records say of treatments: the value of a policy from logged decisions, and a score's threshold."""
