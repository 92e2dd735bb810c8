"""Loops over flat pieces of the parameters: where their table lies."""
