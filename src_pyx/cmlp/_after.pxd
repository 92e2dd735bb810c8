"""What comes after a layer's product, and before the next one on the way back."""

from cython cimport floating

from cmlp._activation_table cimport activation_backward, activation_forward
from cmlp._plan cimport Layer, Plan, meets_its_batch
from cmlp._propagation cimport Batch

# Layer l, from Z of one tile: hat, N, A, out. `variables` is theta and what lies behind it.
cdef void after_product(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work) noexcept nogil

# Back again, from dout: dN, and dZ unless that takes panels.
cdef void before_product(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work) noexcept nogil

# The same for all rows of some columns, by whose own mean and variance they are normalised.
cdef void after_panel(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t column, Py_ssize_t n_columns, const floating* variables,
    floating* work) noexcept nogil
cdef void before_panel(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t column, Py_ssize_t n_columns, const floating* variables,
    floating* work) noexcept nogil

# Where dout of a tile of layer l starts from: what the layers that add its output send back; NULL if none does.
cdef const floating* start_of_gradient(
    const Plan* plan, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column, Py_ssize_t n_columns,
    const floating* variables, floating* work) noexcept nogil


cdef inline bint takes_panels(const Layer* layer, const Batch* batch) noexcept nogil:
    """Whether it is normalised by the mean and variance of this batch."""
    return meets_its_batch(layer) and batch.training and batch.n_rows > 1


cdef inline void activate(
    const Layer* layer, const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t n_columns,
) noexcept nogil:
    """A = f(Z) for a tile, whose rows are fan_out apart."""
    cdef Py_ssize_t i
    if n_columns == layer.fan_out:
        activation_forward(layer.activation, Z, A, n_rows, n_columns, layer.parameter)
    else:
        for i in range(n_rows):
            activation_forward(layer.activation, Z + i * layer.fan_out, A + i * layer.fan_out, 1, n_columns, layer.parameter)


cdef inline void activate_backward(
    const Layer* layer, const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t n_columns,
) noexcept nogil:
    """dZ = dA * f'(Z) for a tile; dZ holds dA on entry."""
    cdef Py_ssize_t i, offset
    if n_columns == layer.fan_out:
        activation_backward(layer.activation, Z, A, dZ, n_rows, n_columns, layer.parameter)
    else:
        for i in range(n_rows):
            offset = i * layer.fan_out
            activation_backward(layer.activation, Z + offset, A + offset, dZ + offset, 1, n_columns, layer.parameter)
