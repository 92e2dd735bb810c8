"""What the tables of kernels have in common: their length, and the row of a name."""

cdef enum:
    TABLE_SIZE = 64                  # rows of each table
    MOST_VALUES = 16                 # hyperparameters of a loss; those of an optimizer, and what it prepares from them


cdef inline Py_ssize_t row_for(str name, dict table) except -1:
    """A name that is registered again, from another build of the kernels, keeps its row."""
    if name in table:
        return table[name].row
    if len(table) == TABLE_SIZE:
        raise RuntimeError(f"no room to register {name!r}: a table of kernels has {TABLE_SIZE} rows")
    return len(table)
