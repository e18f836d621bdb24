"""The success-probability model, and the greedy policy on it."""
