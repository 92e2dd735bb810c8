"""Activations: the names by which Python knows the rows of their table."""

from dataclasses import dataclass

from cmlp._table cimport row_for

activations = {}       # name -> ActivationInfo; the order is that of the rows


@dataclass(frozen=True)
class ActivationInfo:
    row: int
    parameter: float = 0.0
    elementwise: bool = True
    needs_Z: bool = False
    output_only: bool = False
    learned: bool = False                # a slope for each unit, which begins at `parameter`


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
