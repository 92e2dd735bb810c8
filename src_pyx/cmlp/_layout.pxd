from cmlp._plan cimport Plan

# The work space, the stages of each layer and the tiles that it is worked in, from what the plan holds of shapes.
cdef int lay_out(Plan* plan) except -1

# [(block, row, n_rows, column, n_columns), ...]: what plan.tiles shall hold
cdef list list_tiles(const Plan* plan)
