"""The summary of a network as a table."""


def table(network) -> str:
    """A row per layer: shape, activation, bias, number of parameters; then the loss and the dtype."""
    rows = [("layer", "shape", "activation", "bias", "parameters")]
    for l, layer in enumerate(network.layers):
        shape = f"{layer.fan_in} x {layer.fan_out}"
        n_params = sum(block.size for block in layer.parameters().values())
        rows.append((str(l), shape, function(layer), "no" if layer.b is None else "yes", f"{n_params:,}"))
    rows.append(("", "", "", "", f"{network.n_params:,}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join([*map(str.ljust, row[:4], widths), row[4].rjust(widths[4])]) for row in rows]
    shown = {
        "inputs times": network.input_scale if network.input_scale != 1 else 0,
        "input dropout": network._architecture.input_dropout,
        "input noise": network._architecture.input_noise,
    }
    inputs = "".join(f", {name} {value:.6g}" for name, value in shown.items() if value)
    return "\n".join([*lines, f"loss {network.loss}, {network.dtype}{inputs}"])


def function(layer) -> str:
    """The functions applied to Z, in order: norm, activation, dropout, residual connection."""
    parts = [f"{layer.norm.name} norm"] if layer.norm else []
    parts += [layer.activation]
    parts += [f"dropout {layer.dropout:g}"] if layer.dropout else []
    if layer.source is not None:
        parts += [f"+ {'X' if layer.source < 0 else f'layer {layer.source}'}{'' if layer.P is None else ' . P'}"]
    return ", ".join(parts)
