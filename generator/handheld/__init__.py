"""Handheld: one command from a model to two real apps that run it."""

__version__ = "0.1.0"
