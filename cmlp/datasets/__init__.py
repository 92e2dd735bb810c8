"""Data sets: readers for your own files, bundled handwritten digits, and generators of two-dimensional toy data.

==============  ===========================================================================
``opening``     files as they are, or decompressed: gzip, Zstandard
``idx``         `read_idx`, `write_idx`: the file format of MNIST
``fields``      what a field of a CSV file spells
``csv_lines``   records of UTF-8, and their fields
``csv_start``   delimiter, header and decimal point
``csv_files``   `read_csv`: a numeric table with one target column
``csv_rows``    `read_rows`: any CSV table, as strings, block by block
``digits``      `load_digits`: 1,797 handwritten digits, 8 x 8 pixels, bundled
``planar``      `flower`, `moons`, `circles`, `spirals`, `xor`, `logic`: points in the
                plane, from a seed
``data/``       the bundled files, with their source and license
==============  ===========================================================================

Nothing is downloaded. Every function returns new arrays that you may change: the inputs ``X`` (n_samples, n_features) and the
targets ``y`` (n_samples,).
"""

from cmlp.datasets.csv_files import read_csv
from cmlp.datasets.csv_rows import read_rows
from cmlp.datasets.digits import load_digits
from cmlp.datasets.fields import is_number
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
