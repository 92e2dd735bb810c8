"""What a network is made from, and what it must be like to compute."""

import itertools
import numbers

import numpy as np

from cmlp import registry
from cmlp.validation.numbers import check_integer, check_name, check_number, check_one_each, check_share

LARGEST_SIZE = 2**31 - 1  # BLAS takes its sizes as int


def check_sizes(sizes) -> list[int]:
    """Widths of the input and of every layer; their products must fit what addresses memory."""
    if not isinstance(sizes, (list, tuple, np.ndarray)) or len(sizes) < 2:
        raise ValueError(f"layer sizes must be [inputs, ..., outputs], at least two numbers; got {sizes!r}")
    checked = [check_integer(f"layer size {l}", size, 1, LARGEST_SIZE) for l, size in enumerate(sizes)]
    total = sum(fan_in * fan_out + fan_out for fan_in, fan_out in itertools.pairwise(checked))
    if total > 2**48:
        raise ValueError(f"layers of sizes {checked} have {total:,} parameters, more than any memory holds")
    return checked


def check_dtype(dtype) -> np.dtype:
    try:
        found = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}")
    return found


def check_activation(given, kind: str = "activation") -> tuple[str, float]:
    """(name, parameter) from a name, or from such a pair; the parameter is the registered one unless given."""
    if not isinstance(given, tuple):
        name = check_name(kind, given, registry.activations)
        return name, registry.activations[name].parameter
    if len(given) != 2:
        raise ValueError(f"an activation is a name, or (name, parameter); got {given!r}")
    info = registry.activations[check_name(kind, given[0], registry.activations)]
    if info.parameter == 0:
        having = [name for name, other in registry.activations.items() if other.parameter]
        raise ValueError(f"activation {given[0]!r} has no parameter, got {given!r}; those of {', '.join(having)} can be set")
    parameter = check_number(f"the parameter of {given[0]!r}", given[1])
    if parameter <= 0:
        raise ValueError(f"the parameter of {given[0]!r} must be above 0; got {given[1]!r}")
    return given[0], parameter


def check_rates(name: str, given, n_hidden: int) -> list[float]:
    """Rates of dropout, in [0, 1): one for all hidden layers or one for each."""
    rates = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given] * n_hidden
    check_one_each(name, rates, n_hidden, "hidden layer")
    return [check_share(name, rate) for rate in rates]


def check_residual(given, n_hidden: int) -> list[int | None]:
    """For each hidden layer, the layer whose output it adds, -1 for X, or None.

    One number k makes blocks of k layers behind the first hidden one; a list says for each how many layers back.
    """
    if not isinstance(given, (list, tuple)):
        k = check_integer("residual", given, 0, 2)
        return [l - k if k and l and l % k == 0 else None for l in range(n_hidden)]
    check_one_each("residual", list(given), n_hidden, "hidden layer")
    spans = [check_integer(f"residual of layer {l}", k, 0, l + 1) for l, k in enumerate(given)]
    return [l - k if k else None for l, k in enumerate(spans)]


def check_activations(activation, n_hidden: int) -> list[tuple[str, float]]:
    """(name, parameter) of each hidden layer."""
    pair = isinstance(activation, tuple) and len(activation) == 2 and isinstance(activation[1], numbers.Real)
    each = isinstance(activation, (list, tuple)) and not pair
    given = list(activation) if each else [activation] * n_hidden
    check_one_each("activation", given, n_hidden, "hidden layer")
    checked = [check_activation(item) for item in (given if each else [activation])]
    for name, _ in checked:
        if registry.activations[name].output_only:
            raise ValueError(f"activation {name!r} cannot stand in a hidden layer: it is an output function; use 'tanh' there")
    return checked if each else checked * n_hidden


def check_output(output, objective, n_outputs: int) -> tuple[str, float]:
    """(name, parameter) of the output function: the loss's link, or the user's choice where the loss leaves it free."""
    loss, each, link = objective.name, objective.outputs_per_target, objective.link
    if loss == "cross_entropy" and n_outputs == 1:
        raise ValueError(
            "loss 'cross_entropy' needs an output for each class; got a last layer of 1, whose softmax is always 1: use "
            "loss='log_loss' for two classes, 'squared_error' for values, or a wider last layer"
        )
    if n_outputs % each:
        raise ValueError(f"loss {loss!r} needs {each} outputs for each target; got a last layer of {n_outputs}")
    if output is None:
        return check_activation(link or "identity")
    if isinstance(output, (str, tuple)) and "prelu" in (output, output[0]):
        raise ValueError("output 'prelu' is not possible: learned slopes belong to hidden layers; use 'leaky_relu'")
    if output == "mean_variance" != link:
        raise ValueError("output 'mean_variance' belongs to loss='gaussian', which sets it itself; leave it out")
    name, parameter = check_activation(output, "output")
    if link is not None and name != link:
        free = [name for name, info in registry.losses.items() if info.link is None]
        raise ValueError(
            f"loss {loss!r} sets the output function itself ({link!r}); output={output!r} is left free only by "
            f"{', '.join(free)}"
        )
    return name, parameter


def check_biases(bias, n_layers: int) -> list[bool]:
    given = list(bias) if isinstance(bias, (list, tuple)) else [bias] * n_layers
    check_one_each("bias", given, n_layers, "layer")
    for value in given:
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"bias must be True, False, or one of these for each layer; got {value!r}")
    return [bool(value) for value in given]


def check_layers(name: str, given, n_layers: int) -> list[int]:
    """Numbers of layers, counted from 0; negative ones from the end."""
    if not isinstance(given, (list, tuple, range, np.ndarray)):
        raise ValueError(f"{name} must be a list of numbers of layers; got {given!r}")
    layers = [check_integer(name, l, -n_layers, n_layers - 1) for l in given]
    return [l % n_layers for l in layers]


def check_given(array, shape, name: str):
    """Given weights or biases."""
    if array.dtype.kind not in "biuf" or array.shape != shape:
        raise ValueError(f"given {name} must be numbers of shape {shape}; got {array.dtype} of shape {array.shape}")
    return array


def check_initial(array, name: str) -> None:
    """What an initialiser, or a given array, has filled."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite in {array.dtype}: give smaller ones, without nan")


def check_theta(theta) -> None:
    """What training starts from."""
    wrong = np.flatnonzero(~np.isfinite(theta))
    if len(wrong):
        raise ValueError(f"theta[{wrong[0]}] is {theta[wrong[0]]}: nothing can be learned from there; net.reset() begins again")


def check_outputs(outputs) -> None:
    """What a prediction is read from."""
    wrong = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
    if len(wrong):
        raise FloatingPointError(f"the outputs for X[{wrong[0]}] are {outputs[wrong[0]]}: look at theta, and at the scale of X")


def check_batches_for_norm(layers, batch_size: int) -> None:
    """Batch normalisation of one sample alone would make every unit 0."""
    if batch_size == 1 and any(layer.mean is not None for layer in layers):
        raise ValueError("norm='batch' needs batches of at least two samples; got batch_size 1: take more, or norm='layer'")


def check_learns(output: str) -> None:
    """A network whose output function has derivative 0 can be evaluated, not trained, with a loss on outputs."""
    if registry.activations[output].output_only:
        raise ValueError(
            f"with output {output!r} and a loss on outputs every gradient is 0 and nothing would be learned; use "
            "loss='perceptron', whose output function is sign"
        )


def check_rows_fit(n_rows: int, widths: list[int], bytes_each: int) -> None:
    """A work space of this many rows must be addressable; whether there is memory for it is asked when it is taken."""
    if n_rows * sum(widths) * bytes_each > 2**62:
        raise ValueError(f"a work space for {n_rows:,} rows of {sum(widths):,} numbers overflows; use a smaller batch_size")


def check_traceable(n_samples: int, most: int) -> None:
    if n_samples > most:
        raise ValueError(f"a trace keeps every number of every sample, of {most:,} at most here; got {n_samples:,}")
