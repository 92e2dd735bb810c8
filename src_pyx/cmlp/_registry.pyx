"""The tables of kernels, and the names by which Python knows their rows.

The kernel modules (_activations, _losses, _optimizers) are built once for each instruction set; the best build that the
processor can run is imported by _core and registers itself here. Registering a name again replaces its row, so a test
can load another build.
"""

from dataclasses import dataclass

TABLE_SIZE = 64        # of each table in _registry.pxd

activations = {}       # name -> ActivationInfo, NormInfo, LossInfo, OptimizerInfo; the order is that of the rows
norms = {}
losses = {}
optimizers = {}


@dataclass(frozen=True)
class ActivationInfo:
    row: int
    parameter: float = 0.0
    elementwise: bool = True
    needs_Z: bool = False
    output_only: bool = False
    learned: bool = False                # a slope for each unit, which begins at `parameter`


@dataclass(frozen=True)
class NormInfo:
    row: int
    by_columns: bool


@dataclass(frozen=True)
class LossInfo:
    row: int
    link: str | None = None
    off: float = 0.0
    hyper: tuple = ()
    outputs_per_target: int = 1          # 0: one for each quantile


@dataclass(frozen=True)
class OptimizerInfo:
    row: int
    hyper: tuple
    n_slots: int


def outputs_per_target(str loss, tuple values):
    """How many outputs a loss with these hyper-parameters compares with one column of Y."""
    info = losses[loss]
    n_values = len(info.hyper) if info.outputs_per_target else 1 + int(values[0])
    if len(values) != n_values or n_values > MOST_VALUES:
        raise TypeError(f"{loss} takes {n_values} numbers, and no loss more than {MOST_VALUES}; got {len(values)}")
    return info.outputs_per_target or n_values - 1


cdef Py_ssize_t row_for(str name, dict table) except -1:
    if name in table:
        return table[name].row
    if len(table) == TABLE_SIZE:
        raise RuntimeError(f"no room to register {name!r}: a table of kernels has {TABLE_SIZE} rows")
    return len(table)


cdef int register_activation(
    str name, forward_f32 forward32, forward_f64 forward64, backward_f32 backward32, backward_f64 backward64,
    dict traits=None,
) except -1:
    info = ActivationInfo(row_for(name, activations), **(traits or {}))
    ACTIVATION[<Py_ssize_t>info.row] = Activation(
        forward32, forward64, backward32, backward64, info.elementwise, info.needs_Z, False, NULL, NULL, NULL, NULL)
    activations[name] = info
    return 0


cdef int register_learned(
    str name, learned_forward_f32 forward32, learned_forward_f64 forward64, learned_backward_f32 backward32,
    learned_backward_f64 backward64, dict traits,
) except -1:
    info = ActivationInfo(row_for(name, activations), needs_Z=True, learned=True, **traits)
    ACTIVATION[<Py_ssize_t>info.row] = Activation(
        NULL, NULL, NULL, NULL, True, True, True, forward32, forward64, backward32, backward64)
    activations[name] = info
    return 0


cdef int register_norm(
    str name, norm_forward_f32 forward32, norm_forward_f64 forward64, norm_backward_f32 backward32,
    norm_backward_f64 backward64, dict traits,
) except -1:
    info = NormInfo(row_for(name, norms), **traits)
    NORM[<Py_ssize_t>info.row] = Norm(forward32, forward64, backward32, backward64, info.by_columns)
    norms[name] = info
    return 0


cdef int register_loss(str name, loss_f32 loss32, loss_f64 loss64, dict traits=None) except -1:
    info = LossInfo(row_for(name, losses), **(traits or {}))
    LOSS[<Py_ssize_t>info.row] = Loss(loss32, loss64, -1 if info.link is None else activations[info.link].row, info.off)
    losses[name] = info
    return 0


cdef int register_optimizer(
    str name, optimizer_f32 change32, optimizer_f64 change64, tuple hyper, int n_slots, prepare_values prepare=NULL,
) except -1:
    info = OptimizerInfo(row_for(name, optimizers), hyper, n_slots)
    OPTIMIZER[<Py_ssize_t>info.row] = Optimizer(change32, change64, prepare, <int>len(hyper))
    optimizers[name] = info
    return 0
