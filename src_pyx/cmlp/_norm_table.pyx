"""Norms: the names by which Python knows the rows of their table."""

from dataclasses import dataclass

from cmlp._table cimport row_for

norms = {}             # name -> NormInfo; the order is that of the rows


@dataclass(frozen=True)
class NormInfo:
    row: int
    by_columns: bool


cdef int register_norm(
    str name, norm_forward_f32 forward32, norm_forward_f64 forward64, norm_backward_f32 backward32,
    norm_backward_f64 backward64, dict traits,
) except -1:
    info = NormInfo(row_for(name, norms), **traits)
    NORM[<Py_ssize_t>info.row] = Norm(forward32, forward64, backward32, backward64, info.by_columns)
    norms[name] = info
    return 0
