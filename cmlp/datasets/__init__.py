"""
Data sets: read your own files, or start from a small set that is always at hand.

========================  ===================================================================
`idx`                     `read_idx`, `write_idx`: the file format of MNIST, plain or gzip
`csv_files`               `read_csv`: a table of numbers with one target column
`csv_rows`                `read_rows`: a table of anything, as text, block by block
`digits`                  `load_digits`: 1,797 handwritten digits, 8 x 8 pixels, bundled
`planar`                  `flower`, `moons`, `circles`, `spirals`, `xor`, `logic`: points in
                          the plane, made from a seed
``data/``                 the bundled files, with their source and licence
========================  ===================================================================

Nothing here downloads anything. Every function returns fresh arrays that are yours to change: the inputs
``X`` of shape (n_samples, n_features) and the targets ``y`` of shape (n_samples,).
"""

from cmlp.datasets.csv_files import is_number, read_csv
from cmlp.datasets.csv_rows import read_rows
from cmlp.datasets.digits import load_digits
from cmlp.datasets.idx import read_idx, write_idx
from cmlp.datasets.planar import circles, flower, logic, moons, spirals, xor

__all__ = [
    "circles",
    "flower",
    "is_number",
    "load_digits",
    "logic",
    "moons",
    "read_csv",
    "read_idx",
    "read_rows",
    "spirals",
    "write_idx",
    "xor",
]
