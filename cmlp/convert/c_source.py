"""Export to C99: constant tables and the code that uses them. The templates are in ``c_parts``."""

from typing import Any

import numpy as np

from cmlp._typing import Path
from cmlp.convert import c_columns, c_parts, c_program
from cmlp.convert.c_tables import comment, number, numbers, text
from cmlp.convert.lookup import check_columns, entry
from cmlp.model import HasModel, HasSteps, Model
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm
from cmlp.persistence import files
from cmlp.version import __version__

NORMS = {BatchNorm: "normalise_batch", LayerNorm: "normalise_layer"}  # the functions of c_parts


def to_c(model: Network | Model | HasModel | HasSteps, path: Path | None = None, *, prefix: str = "") -> str:
    """Export a model to one C99 file that needs only ``<math.h>``, allocates no memory and has no state.

    It defines ``void predict(const input *x, output *y)``, which computes `Model.forward` of one row. ``input`` is the dtype of
    the network, or double with preprocessing: a missing value is NAN, a string its index in ``categories_J`` of column J, a
    date its days since 1970-01-01. Classifiers also have ``int predict_class(const input *x)`` and ``class_names``. Compiled
    with ``-DCMLP_MAIN`` the file is a program that reads CSV from standard input and writes predictions.

    Parameters
    ----------
    model : cmlp.Network, cmlp.Model, fitted estimator or pipeline of scikit-learn that ends in one
        For the EMA of the weights, pass `Network.ema_network()`.
    path : str or Path, optional
        Where to write the file.
    prefix : str, default ""
        Prefix of all external names, so that one program can link several models.

    Returns
    -------
    source : str

    Raises
    ------
    ValueError
        If prefix is not a valid C identifier, or a label or category has more than 1,000 characters.

    Examples
    --------
    >>> import cmlp
    >>> source = cmlp.convert.to_c(cmlp.Network([4, 8, 3]))
    >>> "void predict(const input *x, output *y)" in source
    True
    """
    if (prefix and not prefix.isidentifier()) or not prefix.isascii():
        raise ValueError(f"prefix must be empty or a valid C identifier, got {prefix!r}")
    model = Model.of(model)
    if model.prepared is not None:
        check_columns(model.prepared, "C")
    parts = [head(model), *helpers(model), *tables(model), c_columns.prepare(model.prepared), function(model, prefix)]
    if model.meaning.task == "classification":
        parts.append(class_function(model, prefix))
    parts.append(c_program.main(model, prefix))
    source = "\n".join(part for part in parts if part)
    if path is not None:
        files.write_whole(path, [source.encode()])
    return source


# --- the parts ---------------------------------------------------------------------------------------------------------
def head(model: Model) -> str:
    net, columns = model.network, model.prepared
    names = model.columns.names if model.columns is not None else None
    real = "float" if net.dtype == np.float32 else "double"
    sizes = "-".join(map(str, net.sizes))
    return c_parts.HEAD.format(
        title=f"A network {sizes}, made by cmlp {__version__}",
        real=real,
        input="real" if columns is None else "double",
        output="real" if model.scale is None else "double",
        n_inputs=model.n_inputs,
        n_outputs=net.sizes[-1],
        names="\n   Inputs: " + ", ".join(map(comment, names)) if names else "",
    )


def helpers(model: Model) -> list[str]:
    """The functions that this network calls; unused ones would cause compiler warnings."""
    layers = model.network.layers
    names = [layer.activation for layer in layers]
    used = ["product"]
    used += ["add"] if any(layer.source is not None and layer.P is None for layer in layers) else []
    kinds = {type(layer.norm) for layer in layers if layer.norm is not None}
    used += [NORMS[kind] for kind in NORMS if kind in kinds]
    if model.prepared is not None and model.prepared.quantiles is not None:
        used += ["interpolate", "normal_score"]
    if model.prepared is not None and any(feature.part for feature in model.prepared.features):
        used.append("calendar")
    functions = [c_parts.HELPERS[name] for name in used]
    return functions + [c_parts.activation(name) for name in dict.fromkeys(names) if name != "identity"]


def tables(model: Model) -> list[str]:
    """The parameters; batch normalization as a factor and a summand for each unit."""
    made, dtype = [], model.network.dtype
    for l, layer in enumerate(model.network.layers):
        blocks: dict[str, Any] = {name: block for name, block in layer.parameters().items() if name in ("W", "b", "P", "slope")}
        if layer.mean is not None and layer.variance is not None:
            gain = layer.scale / np.sqrt(layer.variance.astype(np.float64) + layer.norm.eps)
            blocks |= {"gain": gain.astype(dtype), "offset": (layer.shift - layer.mean * gain).astype(dtype)}
        elif layer.norm is not None:
            blocks |= {"scale": layer.scale, "shift": layer.shift}
        made += [numbers(f"{name}{l}", block) for name, block in blocks.items()]
    if model.scale is not None:
        made += [numbers(name, part, "double") for name, part in zip(("factor", "summand"), model.units)]
    return made


def function(model: Model, prefix: str) -> str:
    """``run`` and ``predict``: one buffer for the output of each layer; the logits are copied if asked for."""
    net = model.network
    body = [f"real x0[{net.sizes[0]}];"] + [f"real a{l}[{layer.fan_out}];" for l, layer in enumerate(net.layers)] + ["int i;"]
    body += ["for (i = 0; i < N_INPUTS; i++)", "    x0[i] = x[i];"] if model.prepared is None else ["prepare(x, x0);"]
    if net.input_scale != 1:
        body += [f"for (i = 0; i < {net.sizes[0]}; i++)", f"    x0[i] *= {number(net.input_scale)};"]
    before = "x0"
    for l, layer in enumerate(net.layers):
        n = layer.fan_out
        body.append(f"product({before}, {layer.fan_in}, W{l}, {'0' if layer.b is None else f'b{l}'}, {n}, a{l}, 0);")
        if layer.norm is not None:
            tables = f"gain{l}, offset{l}" if layer.mean is not None else f"scale{l}, shift{l}, {number(layer.norm.eps)}"
            body.append(f"{entry(NORMS, type(layer.norm), 'C')}(a{l}, {n}, {tables});")
        if l == len(net.layers) - 1:
            body += ["if (scores)", "    for (i = 0; i < N_OUTPUTS; i++)", f"        scores[i] = a{l}[i];"]
        if layer.activation != "identity":
            more = f", slope{l}" if layer.slope is not None else f", {number(layer.parameter)}" if layer.parameter else ""
            body.append(f"f_{layer.activation}(a{l}, {n}{more});")
        if layer.source is not None:
            source = "x0" if layer.source < 0 else f"a{layer.source}"
            width = net.sizes[layer.source + 1]
            projected = f"product({source}, {width}, P{l}, 0, {n}, a{l}, 1);"
            body.append(f"add({source}, {n}, a{l});" if layer.P is None else projected)
        before = f"a{l}"
    y = before + "[i]" if model.scale is None else f"{before}[i] * factor[i] + summand[i]"
    body += ["for (i = 0; i < N_OUTPUTS; i++)", f"    y[i] = {y};"]
    return c_parts.PREDICT.format(body="\n    ".join(body), prefix=prefix)


def class_function(model: Model, prefix: str) -> str:
    classes, net = model.meaning.classes, model.network
    assert classes is not None
    names = ",\n    ".join(text(label) for label in classes.tolist())
    declared = f"const char *const {prefix}class_names[{len(classes)}] = {{\n    {names}}};\n"
    scored = net.loss_function.takes_logits
    array, least = ("scores", "0") if scored else ("y", "(output)0.5")
    if len(classes) == 1:
        decision = "return 0;"
    else:
        decision = f"return {array}[0] >= {least};" if net.sizes[-1] == 1 else c_parts.LARGEST.format(array=array)
    return declared + c_parts.CLASS.format(prefix=prefix, decision=decision)
