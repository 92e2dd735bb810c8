"""Export to ONNX, node by node (opset 17, IR version 8, ai.onnx.ml 3 for strings)."""

import math
from typing import Any

import numpy as np

from cmlp._typing import Path
from cmlp.convert import onnx_columns
from cmlp.convert.lookup import entry
from cmlp.data.columns import Columns
from cmlp.data.kinds import IGNORED
from cmlp.data.targets import central
from cmlp.layers import Array, Layer
from cmlp.model import HasModel, HasSteps, Model
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm, Norm
from cmlp.persistence import files
from cmlp.version import __version__

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
MOST_BYTES = 2**31 - 1  # limit of a protobuf file
OUTPUTS = ("prediction", "probabilities", "outputs")
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


class Graph:
    """A graph under construction; its methods take and return the names of values."""

    def __init__(self, onnx, dtype: Any) -> None:
        self.onnx, self.dtype = onnx, np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, op: str, *inputs: str, name: str | None = None, domain: str = "", **attributes: Any) -> str:
        output = name or f"/{op.lower()}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [output], domain=domain, **attributes))
        return output

    def constant(self, values: Any, dtype: Any = None, name: str | None = None) -> str:
        name = f"/{name or f'constant{len(self.constants)}'}"
        array = np.array(values) if dtype is str else np.asarray(values, dtype=dtype or self.dtype)
        if array.dtype.kind in "UO":
            array = array.astype(object)
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def cast(self, value: str, dtype: Any) -> str:
        return self.add("Cast", value, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    # --- arithmetic with a constant --------------------------------------------------------------------------
    def times(self, value: str, number: float) -> str:
        return self.add("Mul", value, self.constant(number))

    def plus(self, value: str, number: float) -> str:
        return self.add("Add", value, self.constant(number))

    def at_most(self, value: str, number: float) -> str:
        return self.add("Min", value, self.constant(number))

    def at_least(self, value: str, number: float) -> str:
        return self.add("Max", value, self.constant(number))

    def above_zero(self, value: str) -> str:
        return self.add("Greater", value, self.constant(0))


# --- activations: Z -> A, by operators that onnxruntime implements for float64 too ------------------------------------------
def elu(g: Graph, Z: str, alpha: float, scale: float = 1.0) -> str:
    below = g.times(g.plus(g.add("Exp", g.at_most(Z, 0)), -1), scale * alpha)
    return g.add("Where", g.above_zero(Z), Z if scale == 1 else g.times(Z, scale), below)


def softplus(g: Graph, Z: str) -> str:
    tail = g.add("Log", g.plus(g.add("Exp", g.add("Neg", g.add("Abs", Z))), 1))
    return g.add("Add", g.at_least(Z, 0), tail)


def sign(g: Graph, Z: str) -> str:
    return g.add("Where", g.add("GreaterOrEqual", Z, g.constant(0)), g.constant(1), g.constant(-1))


def gelu(g: Graph, Z: str) -> str:
    """With float64, erf is computed in float32, for which alone onnxruntime implements it."""
    scaled = g.times(Z, math.sqrt(0.5))
    erf = g.add("Erf", scaled) if g.dtype == np.float32 else g.cast(g.add("Erf", g.cast(scaled, np.float32)), g.dtype)
    return g.add("Mul", g.times(Z, 0.5), g.plus(erf, 1))


def gelu_tanh(g: Graph, Z: str) -> str:
    cube = g.add("Mul", Z, g.add("Mul", Z, Z))
    u = g.times(g.add("Add", Z, g.times(cube, 0.044715)), math.sqrt(2 / math.pi))
    return g.add("Mul", g.times(Z, 0.5), g.plus(g.add("Tanh", u), 1))


def mean_variance(g: Graph, Z: str, width: int) -> str:
    return g.add("Where", g.constant(np.arange(width) % 2 == 0, bool), Z, g.add("Exp", Z))


ACTIVATIONS = {
    "identity": lambda g, Z, layer: Z,
    "sign": lambda g, Z, layer: sign(g, Z),
    "sigmoid": lambda g, Z, layer: g.add("Sigmoid", Z),
    "tanh": lambda g, Z, layer: g.add("Tanh", Z),
    "relu": lambda g, Z, layer: g.add("Relu", Z),
    "leaky_relu": lambda g, Z, layer: g.add("Where", g.above_zero(Z), Z, g.times(Z, layer.parameter)),
    "prelu": lambda g, Z, layer: g.add("PRelu", Z, g.constant(layer.slope)),
    "elu": lambda g, Z, layer: elu(g, Z, layer.parameter),
    "selu": lambda g, Z, layer: elu(g, Z, SELU_ALPHA, SELU_SCALE),
    "softplus": lambda g, Z, layer: softplus(g, Z),
    "softsign": lambda g, Z, layer: g.add("Div", Z, g.plus(g.add("Abs", Z), 1)),
    "hard_sigmoid": lambda g, Z, layer: g.at_most(g.at_least(g.plus(g.times(Z, 1 / 6), 0.5), 0), 1),
    "hard_tanh": lambda g, Z, layer: g.at_most(g.at_least(Z, -1), 1),
    "relu6": lambda g, Z, layer: g.at_most(g.at_least(Z, 0), 6),
    "exponential": lambda g, Z, layer: g.add("Exp", Z),
    "gelu": lambda g, Z, layer: gelu(g, Z),
    "gelu_tanh": lambda g, Z, layer: gelu_tanh(g, Z),
    "silu": lambda g, Z, layer: g.add("Mul", Z, g.add("Sigmoid", Z)),
    "mish": lambda g, Z, layer: g.add("Mul", Z, g.add("Tanh", softplus(g, Z))),
    "sine": lambda g, Z, layer: g.add("Sin", g.times(Z, layer.parameter)),
    "mean_variance": lambda g, Z, layer: mean_variance(g, Z, layer.fan_out),
    "softmax": lambda g, Z, layer: g.add("Softmax", Z, axis=-1),
}


# --- norms in float32: Z, scale, shift, [running mean, running variance] -> N ----------------------------------------------
NORMS: dict[type[Norm], Any] = {
    BatchNorm: lambda g, Z, scale, shift, moments, eps: g.add("BatchNormalization", Z, scale, shift, *moments, epsilon=eps),
    LayerNorm: lambda g, Z, scale, shift, moments, eps: g.add("LayerNormalization", Z, scale, shift, axis=-1, epsilon=eps),
}


# --- layers ------------------------------------------------------------------------------------------------------------
def propagate(g: Graph, network, value: str) -> tuple[str, str]:
    """(Z, A) of the last layer."""
    value = value if network.input_scale == 1 else g.times(value, network.input_scale)
    outputs, Z = [value], value
    for l, layer in enumerate(network.layers):
        Z = g.add("MatMul", value, g.constant(layer.W, name=f"W{l}"))
        if layer.b is not None:
            Z = g.add("Add", Z, g.constant(layer.b, name=f"b{l}"))
        if layer.norm is not None:
            Z = normalize(g, Z, layer, l)
        value = entry(ACTIVATIONS, layer.activation, "ONNX")(g, Z, layer)
        if layer.source is not None:
            source = outputs[layer.source + 1]
            added = source if layer.P is None else g.add("MatMul", source, g.constant(layer.P, name=f"P{l}"))
            value = g.add("Add", value, added)
        outputs.append(value)
    return Z, value


def normalize(g: Graph, Z: str, layer: Layer, l: int) -> str:
    """By the operators of ONNX in float32; in float64 by the equation, since the operators round epsilon to float32."""
    names = ("scale", "shift") if layer.mean is None else ("scale", "shift", "mean", "variance")
    scale, shift, *moments = (g.constant(getattr(layer, name), name=f"{name}{l}") for name in names)
    if g.dtype == np.float32:
        return entry(NORMS, type(layer.norm), "ONNX")(g, Z, scale, shift, moments, layer.norm.eps)
    E = g.add("Sub", Z, moments[0] if moments else g.add("ReduceMean", Z, axes=[1]))
    variance = moments[1] if moments else g.add("ReduceMean", g.add("Mul", E, E), axes=[1])
    hat = g.add("Div", E, g.add("Sqrt", g.plus(variance, layer.norm.eps)))
    return g.add("Add", g.add("Mul", hat, scale), shift)


# --- after the network -------------------------------------------------------------------------------------------------
def decide(g: Graph, model: Model, Z: str, A: str) -> None:
    """The two outputs: prediction, and probabilities or outputs."""
    meaning, net = model.meaning, model.network
    if meaning.task == "regression":
        values = in_units(g, model, A)
        n_outputs = net.sizes[-1]
        places: Array = central(net.loss_function.predicted(np.arange(n_outputs)[None]), net.loss_function).reshape(-1)
        one = len(places) == 1
        g.add("Gather", values, g.constant(int(places[0]) if one else places, np.int64), axis=1, name="prediction")
        g.add("Identity", values, name="outputs")
        return
    compared, threshold = (Z, 0.0) if net.loss_function.takes_logits else (A, 0.5)
    positive = g.add("GreaterOrEqual", compared, g.constant(threshold))
    if meaning.task == "multilabel":
        g.add("Where", positive, g.constant(1, np.int64), g.constant(net.loss_function.off, np.int64), name="prediction")
    else:
        assert meaning.classes is not None
        if len(meaning.classes) > 1 and net.sizes[-1] == 1:
            code = g.add("Squeeze", g.cast(positive, np.int64), g.constant([1], np.int64))
        else:
            code = g.add("ArgMax", compared, axis=1, keepdims=0)
        g.add("Gather", labels(g, meaning.classes), code, axis=0, name="prediction")
    if not model.has_probabilities:
        g.add("Identity", A, name="outputs")
    elif meaning.classes is not None and len(meaning.classes) == 1:
        g.add("Concat", g.cast(g.add("Equal", positive, positive), g.dtype), axis=1, name="probabilities")
    elif meaning.task == "classification" and net.sizes[-1] == 1:
        both = g.add("Concat", Z, g.add("Neg", Z), axis=1)
        g.add("Div", g.constant(1), g.plus(g.add("Exp", both), 1), name="probabilities")  # runtimes round small sigmoids to 0
    elif meaning.task == "classification" and not net.loss_function.exclusive:
        total = g.add("ReduceSum", A, g.constant([1], np.int64), keepdims=1)
        g.add("Div", A, total, name="probabilities")
    else:
        g.add("Identity", A, name="probabilities")


def in_units(g: Graph, model: Model, A: str) -> str:
    if model.scale is None:
        return A
    factor, summand = (g.constant(part, np.float64) for part in model.units)
    return g.add("Add", g.add("Mul", g.cast(A, np.float64), factor), summand)


def labels(g: Graph, classes: Array) -> str:
    if classes.dtype.kind in "UO":
        if not all(isinstance(label, str) for label in classes.tolist()):
            raise ValueError(f"classes must be all strings or all numbers for ONNX, got {classes.tolist()[:5]}")
        return g.constant(classes, str)
    largest = np.iinfo(np.int64).max
    if classes.dtype.kind not in "biuf" or (classes.dtype.kind == "u" and classes.max() > largest):
        raise ValueError(f"classes must be integers or strings for ONNX, got dtype {classes.dtype}")
    return g.constant(classes, {"b": bool, "f": np.float64}.get(classes.dtype.kind, np.int64))


# --- the model ---------------------------------------------------------------------------------------------------------
def to_onnx(model: Network | Model | HasModel | HasSteps, path: Path | None = None) -> Any:
    """Export a model to ONNX, with its preprocessing and the units of the target.

    The input is ``X`` (n_samples, n_features), in the dtype of the network, or float64 with preprocessing. With categories that
    are strings, each column is an input (n_samples, 1) with its name (default ``column_0``, ...), float64 or string; a missing
    string is the empty string, a date its days since 1970-01-01. The outputs are ``prediction``, as of `Model.predict`, and
    ``probabilities`` (n_samples, n_classes) or, without probabilities, ``outputs``, as of `Model.forward`.

    Parameters
    ----------
    model : cmlp.Network, cmlp.Model, fitted estimator or pipeline of scikit-learn that ends in one
        For the EMA of the weights, pass `Network.ema_network()`.
    path : str or Path, optional
        Where to write the file.

    Returns
    -------
    proto : onnx.ModelProto
        Opset 17, IR version 8.

    Raises
    ------
    ImportError
        If onnx is not installed.
    ValueError
        If ONNX cannot express the model: categories or labels that mix strings and numbers, more than 2 GiB.

    Examples
    --------
    >>> import cmlp, onnxruntime
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 32, 10], input_scale=1 / 16)
    >>> _ = net.fit(X, y)
    >>> session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(net).SerializeToString())
    >>> prediction, probabilities = session.run(None, {"X": X.astype("float32")})
    >>> (prediction == net.predict(X)).all()
    np.True_
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("to_onnx needs onnx: pip install cmlp[export]") from None
    model = Model.of(model)
    if model.network.variables.nbytes > MOST_BYTES:
        raise ValueError(f"the parameters must take at most 2 GiB for ONNX, got {model.network.variables.nbytes:,} bytes")
    g = Graph(onnx, model.network.dtype)
    inputs = declared_inputs(onnx, model)
    value = "X"
    if model.prepared is not None:
        names = input_names(model.prepared) if model.prepared.have_text else ["X"]
        value = g.cast(onnx_columns.prepare(g, model.prepared, names), g.dtype)
    decide(g, model, *propagate(g, model.network, value))
    second = "probabilities" if model.has_probabilities else "outputs"
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in ("prediction", second)]
    graph = onnx.helper.make_graph(g.nodes, "cmlp", inputs, outputs, g.constants)
    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    proto = onnx.helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="cmlp", producer_version=__version__
    )
    try:
        proto = onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError) as error:
        raise ValueError(f"onnx rejects the model: {error}") from None
    if path is not None:
        files.write_whole(path, [proto.SerializeToString()])
    return proto


def declared_inputs(onnx, model: Model) -> list[Any]:
    columns, types = model.prepared, onnx.TensorProto
    if columns is None:
        dtype = types.FLOAT if model.network.dtype == np.float32 else types.DOUBLE
        return [onnx.helper.make_tensor_value_info("X", dtype, ["n_samples", model.n_inputs])]
    if not columns.have_text:
        return [onnx.helper.make_tensor_value_info("X", types.DOUBLE, ["n_samples", columns.n_columns])]
    strings = {place for place, known in zip(columns.categorical, columns.categories) if known.are_text}
    names = input_names(columns)
    taken = [name for name in names if name in OUTPUTS or name.startswith("/")]
    if taken:
        raise ValueError(
            f"column names must not be {', '.join(OUTPUTS)} or begin with / for ONNX, got {taken[0]!r}: rename the column"
        )
    return [
        onnx.helper.make_tensor_value_info(name, types.STRING if place in strings else types.DOUBLE, ["n_samples", 1])
        for place, name in enumerate(names)
        if columns.kinds[place] != IGNORED
    ]


def input_names(columns: Columns) -> list[str]:
    """Of the inputs of a graph with an input for each column."""
    return columns.names or [f"column_{place}" for place in range(columns.n_columns)]
