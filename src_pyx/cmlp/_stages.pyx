"""The table of stages, and the way through it."""

from cython cimport floating

from cmlp._stage_activation cimport (
    activate, activate_backward, activation_belongs, activation_extent, activation_place,
)
from cmlp._stage_dropout cimport drop, drop_backward, dropout_belongs, dropout_extent, dropout_place
from cmlp._stage_norm cimport norm_belongs, norm_extent, norm_place, normalise, normalise_backward
from cmlp._stage_product cimport product_backward, product_belongs, product_extent, product_forward, product_place
from cmlp._stage_residual cimport add_source, add_source_backward, residual_belongs, residual_extent, residual_place
from cmlp._stage_slope cimport (
    activate_with_slopes, activate_with_slopes_backward, slope_belongs, slope_extent, slope_place,
)


cdef int add_stage(Stage stage) except -1:
    global n_stages
    if n_stages == MOST_STAGES:
        raise RuntimeError(f"no room for a stage: the table has {MOST_STAGES} rows")
    STAGES[n_stages] = stage
    n_stages += 1
    return 0


add_stage(Stage(
    product_belongs, product_extent, product_place,
    product_forward[float], product_forward[double], product_backward[float], product_backward[double], True))
add_stage(Stage(
    norm_belongs, norm_extent, norm_place,
    normalise[float], normalise[double], normalise_backward[float], normalise_backward[double], False))
add_stage(Stage(
    activation_belongs, activation_extent, activation_place,
    activate[float], activate[double], activate_backward[float], activate_backward[double], True))
add_stage(Stage(
    slope_belongs, slope_extent, slope_place,
    activate_with_slopes[float], activate_with_slopes[double],
    activate_with_slopes_backward[float], activate_with_slopes_backward[double], False))
add_stage(Stage(
    dropout_belongs, dropout_extent, dropout_place,
    drop[float], drop[double], drop_backward[float], drop_backward[double], False))
add_stage(Stage(
    residual_belongs, residual_extent, residual_place,
    add_source[float], add_source[double], add_source_backward[float], add_source_backward[double], False))


cdef void forward_through(
    const Plan* plan, const Batch* batch, Py_ssize_t l, int first, int end, const Area* area, const floating* variables,
    floating* work,
) noexcept nogil:
    cdef int i
    for i in range(first, end):
        if floating is float:
            STAGES[plan.stages[l].rows[i]].forward32(plan, batch, l, area, variables, work)
        else:
            STAGES[plan.stages[l].rows[i]].forward64(plan, batch, l, area, variables, work)


cdef void backward_through(
    const Plan* plan, const Batch* batch, Py_ssize_t l, int first, int end, const Area* area, const floating* variables,
    floating* work,
) noexcept nogil:
    cdef int i
    for i in range(end - 1, first - 1, -1):
        if floating is float:
            STAGES[plan.stages[l].rows[i]].backward32(plan, batch, l, area, variables, work)
        else:
            STAGES[plan.stages[l].rows[i]].backward64(plan, batch, l, area, variables, work)
