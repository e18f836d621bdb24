"""Gymnasium environments on the simulation, their wrappers, and what one account went through."""
