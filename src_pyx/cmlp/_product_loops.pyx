"""Products that each instruction set compiles: where their table lies."""
