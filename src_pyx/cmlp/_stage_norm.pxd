"""Normalisation: N = scale hat(Z) + shift, of whole columns (batch norm) or whole rows (layer norm)."""

from cython cimport floating

from cmlp._batch cimport Batch, has_statistics
from cmlp._norm_table cimport NORM, norm_backward, norm_forward
from cmlp._plan cimport NONE, Area, Layer, Plan, meets_its_batch, place, place_units, set_delta
from cmlp._stages cimport WHOLE_COLUMNS, WHOLE_ROWS, Extent


cdef inline bint norm_belongs(const Layer* layer) noexcept nogil:
    return layer.norm != NONE


cdef inline Extent norm_extent(const Layer* layer) noexcept nogil:
    return WHOLE_COLUMNS if NORM[layer.norm].by_columns else WHOLE_ROWS


cdef inline void norm_place(Plan* plan, Layer* layer) noexcept nogil:
    layer.hat = place_units(plan, layer) if plan.keep_Z else layer.Z
    layer.N = layer.A = layer.out = place_units(plan, layer)
    layer.statistics = place(plan, 4 * max(layer.fan_out, plan.capacity))
    layer.dN = layer.dout = place_units(plan, layer)
    layer.dscale = place_units(plan, layer)
    set_delta(plan, layer, layer.scale, layer.dscale)
    set_delta(plan, layer, layer.shift, layer.dN)


cdef inline floating* statistics_of(
    const Plan* plan, const Layer* layer, bint given, const Area* area, const floating* variables, floating* work,
    Py_ssize_t* n,
) noexcept nogil:
    """The means that an area is normalised by, or room for them; the variances lie n numbers further on."""
    n[0] = layer.fan_out if meets_its_batch(layer) else plan.capacity
    if given:
        return <floating*>(variables + layer.running + area.column)         # which is then read only
    return work + layer.statistics + (area.column if meets_its_batch(layer) else area.row)


cdef inline void normalise(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    """hat and N, by the means and variances of the area or by the running ones."""
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t offset = area.row * layer.fan_out + area.column, n
    cdef bint given = meets_its_batch(layer) and not has_statistics(batch)
    cdef floating* mean = statistics_of(plan, layer, given, area, variables, work, &n)
    norm_forward(
        layer.norm, <const floating*>(work + layer.Z + offset), layer.fan_out, area.n_rows, area.n_columns,
        variables + layer.scale + area.column, variables + layer.shift + area.column, layer.eps, given, mean, mean + n,
        work + layer.hat + offset, work + layer.N + offset)
    if meets_its_batch(layer) and not given:
        move_running(batch, layer, area, variables, work)


cdef inline void move_running(
    const Batch* batch, const Layer* layer, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    """Where the running mean and variance are to go, once the update is made: each running + momentum (batch's - running)."""
    cdef Py_ssize_t j, n = layer.fan_out
    cdef const floating* statistics = work + layer.statistics
    cdef floating* target = work + layer.statistics + 2 * n
    cdef const floating* running = <const floating*>target if batch.continues else variables + layer.running
    cdef floating momentum = <floating>layer.momentum, unbiased = <floating>(<double>batch.n_rows / (batch.n_rows - 1))
    for j in range(area.column, area.column + area.n_columns):
        target[j] = running[j] + momentum * (statistics[j] - running[j])
        target[n + j] = running[n + j] + momentum * (unbiased * statistics[n + j] - running[n + j])


cdef inline void normalise_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    """dZ and dscale, from dN."""
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t offset = area.row * layer.fan_out + area.column, n
    cdef bint given = meets_its_batch(layer) and not has_statistics(batch)
    cdef floating* mean = statistics_of(plan, layer, given, area, variables, work, &n)
    norm_backward(
        layer.norm, <const floating*>(work + layer.dN + offset), <const floating*>(work + layer.hat + offset), layer.fan_out,
        area.n_rows, area.n_columns, variables + layer.scale + area.column, layer.eps, given, <const floating*>(mean + n),
        work + layer.dscale + offset, work + layer.dZ + offset)
