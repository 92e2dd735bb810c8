"""A network as a table."""


def table(network) -> str:
    """One line a layer: shape, function, bias, numbers of parameters; then the loss and the dtype."""
    rows = [("layer", "shape", "activation", "bias", "parameters")]
    for l, layer in enumerate(network.layers):
        n_biases = 0 if layer.b is None else layer.fan_out
        shape = f"{layer.fan_in} x {layer.fan_out}"
        rows.append((str(l), shape, layer.activation, "yes" if n_biases else "no", f"{layer.W.size + n_biases:,}"))
    rows.append(("", "", "", "", f"{network.n_params:,}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join([*map(str.ljust, row[:4], widths), row[4].rjust(widths[4])]) for row in rows]
    scale = "" if network.input_scale == 1 else f", inputs times {network.input_scale:.6g}"
    return "\n".join([*lines, f"loss {network.loss}, {network.dtype}{scale}"])
