"""Import and export: ONNX, PyTorch, C, NumPy arrays, scikit-learn.

===================  ================================================================================
`to_onnx`            export to ONNX, for onnxruntime and others (extra ``cmlp[export]``)
`to_torch`           export to a PyTorch module
`to_c`               export to one C99 file: no dependency, no allocation
`to_arrays`          export the parameters as NumPy arrays by name
`register_skl2onnx`  converters of cmlp's estimators for skl2onnx
`from_torch`         import an ``nn.Sequential`` of PyTorch
`from_sklearn`       import a fitted MLP of scikit-learn
`from_arrays`        import weights and biases
===================  ================================================================================

What a format cannot express raises an error that gives the reason; nothing is approximated silently.
"""

from cmlp.convert.arrays import from_arrays, to_arrays
from cmlp.convert.c_source import to_c
from cmlp.convert.onnx_graph import to_onnx
from cmlp.convert.scikit_learn import from_sklearn
from cmlp.convert.skl2onnx_converters import register_skl2onnx
from cmlp.convert.torch_import import from_torch
from cmlp.convert.torch_modules import to_torch

__all__ = ["from_arrays", "from_sklearn", "from_torch", "register_skl2onnx", "to_arrays", "to_c", "to_onnx", "to_torch"]
