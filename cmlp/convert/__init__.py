"""Networks for other programs, and from them: ONNX, PyTorch, C, NumPy arrays, scikit-learn.

==================  =================================================================================
`to_onnx`           a graph that onnxruntime and others run (extra ``cmlp[export]``)
`to_torch`          a module of PyTorch with the same outputs
`to_c`              one file of C99: no dependency, no allocation
`to_arrays`         the parameters by name
`from_torch`        a network of the layers of an ``nn.Sequential``
`from_sklearn`      a network of a fitted MLP of scikit-learn
`from_arrays`       a network of weights and biases
==================  =================================================================================

What a format cannot express is refused with the reason, never silently approximated.
"""

from cmlp.convert.arrays import from_arrays, to_arrays
from cmlp.convert.c_source import to_c
from cmlp.convert.onnx_graph import to_onnx
from cmlp.convert.scikit_learn import from_sklearn
from cmlp.convert.torch_import import from_torch
from cmlp.convert.torch_modules import to_torch

__all__ = ["from_arrays", "from_sklearn", "from_torch", "to_arrays", "to_c", "to_onnx", "to_torch"]
