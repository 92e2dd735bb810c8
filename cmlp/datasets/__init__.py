"""Data sets: readers for your own files, bundled handwritten digits, and generators of two-dimensional toy data.

===============  ==========================================================================
``table_files``  `read_table`: tables of mixed columns from CSV, Parquet and Arrow IPC
``csv_files``    `read_csv`: a numeric table with one target column
``csv_rows``     `read_rows`: any CSV table, as strings, block by block
``idx``          `read_idx`, `write_idx`: the file format of MNIST
``digits``       `load_digits`: 1,797 handwritten digits, 8 x 8 pixels, bundled
``planar``       `flower`, `moons`, `circles`, `spirals`, `xor`, `logic`: points in the
                 plane, from a seed
``data/``        the bundled files, with their source and license
===============  ==========================================================================

Behind the readers of tables: ``opening`` decompresses, ``csv_lines`` finds records and fields, ``csv_start`` delimiter, header
and decimal point, ``fields`` says what fields spell, ``csv_columns`` what a column is, ``arrow_files`` reads batches.

Nothing is downloaded. Every function returns new arrays that you may change: the inputs ``X`` (n_samples, n_features) and the
targets ``y`` (n_samples,).
"""

from cmlp.datasets.csv_files import read_csv
from cmlp.datasets.csv_rows import read_rows
from cmlp.datasets.digits import load_digits
from cmlp.datasets.fields import is_number
from cmlp.datasets.idx import read_idx, write_idx
from cmlp.datasets.planar import circles, flower, logic, moons, spirals, xor
from cmlp.datasets.table_files import read_table

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
    "read_table",
    "spirals",
    "write_idx",
    "xor",
]
