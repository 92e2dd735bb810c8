"""Optimizers: the names by which Python knows the rows of their table."""

from dataclasses import dataclass

from cmlp._table cimport row_for

optimizers = {}        # name -> OptimizerInfo; the order is that of the rows


@dataclass(frozen=True)
class OptimizerInfo:
    row: int
    hyper: tuple
    n_slots: int


cdef int register_optimizer(
    str name, optimizer_f32 change32, optimizer_f64 change64, tuple hyper, int n_slots, prepare_values prepare=NULL,
) except -1:
    info = OptimizerInfo(row_for(name, optimizers), hyper, n_slots)
    OPTIMIZER[<Py_ssize_t>info.row] = Optimizer(change32, change64, prepare, <int>len(hyper))
    optimizers[name] = info
    return 0
