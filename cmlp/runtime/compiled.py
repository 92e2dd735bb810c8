"""The parts of the compiled core that the package uses."""

from cmlp._core import (
    CLOCK_LENGTH,
    PARTS,
    Cursor,
    Engine,
    aligned_empty,
    compiler,
    instruction_set,
    instruction_sets,
    max_threads,
    openmp,
    own_products,
    ticks,
)
from cmlp._samples import Samples, largest, usable_as_it_is

__all__ = [
    "CLOCK_LENGTH",
    "PARTS",
    "Cursor",
    "Engine",
    "Samples",
    "aligned_empty",
    "compiler",
    "instruction_set",
    "instruction_sets",
    "largest",
    "max_threads",
    "openmp",
    "own_products",
    "ticks",
    "usable_as_it_is",
]
