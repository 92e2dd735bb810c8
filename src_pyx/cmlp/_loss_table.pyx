"""Losses: the names by which Python knows the rows of their table."""

from dataclasses import dataclass

from cmlp._table cimport MOST_VALUES, row_for

from cmlp._activation_table import activations

losses = {}            # name -> LossInfo; the order is that of the rows


@dataclass(frozen=True)
class LossInfo:
    row: int
    link: str | None = None
    off: float = 0.0
    hyper: tuple = ()
    outputs_per_target: int = 1          # 0: one for each quantile


def outputs_per_target(str loss, tuple values):
    """How many outputs a loss with these hyperparameters compares with one column of Y."""
    info = losses[loss]
    n_values = len(info.hyper) if info.outputs_per_target else 1 + int(values[0])
    if len(values) != n_values or n_values > MOST_VALUES:
        raise TypeError(f"{loss} takes {n_values} numbers, and no loss more than {MOST_VALUES}; got {len(values)}")
    return info.outputs_per_target or n_values - 1


cdef int register_loss(str name, loss_f32 loss32, loss_f64 loss64, dict traits=None) except -1:
    info = LossInfo(row_for(name, losses), **(traits or {}))
    LOSS[<Py_ssize_t>info.row] = Loss(loss32, loss64, -1 if info.link is None else activations[info.link].row, info.off)
    losses[name] = info
    return 0
