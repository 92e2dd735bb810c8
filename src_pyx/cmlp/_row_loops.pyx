"""Loops over rows of the work space: where their table lies."""
