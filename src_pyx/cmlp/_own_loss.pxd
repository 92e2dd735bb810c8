"""A loss that is a Python function: asked for a whole batch at once, by thread 0 while the others wait."""

from cmlp._team cimport Team

# function(n_rows, scale) looks at Z and Y in the work space, writes dZ times scale beside them and returns the sum of the
# losses, which becomes that of block 0. Its exception, if it raises one, ends the run as a signal does.
cdef void ask(
    void* function, Py_ssize_t n_rows, double scale, double* block_loss, Py_ssize_t n_blocks, Team* team) noexcept nogil
