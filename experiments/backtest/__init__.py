"""Recorded months beside the same months simulated."""
