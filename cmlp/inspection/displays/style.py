"""Axes, and colors that are distinct in grayscale and with color vision deficiency (Okabe and Ito 2008)."""

from typing import Any

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MAP = "cividis"  # monotone in grayscale


def pyplot() -> Any:
    """The module matplotlib.pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("plots need matplotlib: pip install cmlp[plot]") from None
    return plt


def new_axes(ax: Any = None, size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """The given axes, or the axes of a new figure."""
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def new_column(axes: Any, n: int, height: float = 2.4) -> list[Any]:
    """The given n axes, or a new column of them with a shared x axis."""
    if axes is not None:
        given = list(axes) if isinstance(axes, (list, tuple)) or hasattr(axes, "__len__") else [axes]
        if len(given) != n:
            raise ValueError(f"axes must be a list of {n} axes, got {len(given)}")
        return given
    figure = pyplot().figure(figsize=(6.4, height * n), layout="constrained")
    return list(figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])


def line_style(k: int) -> dict[str, Any]:
    """Color and line style of the k-th line."""
    return {"color": COLORS[k % len(COLORS)], "linestyle": DASHES[k % len(DASHES)]}


def point_style(k: int) -> dict[str, Any]:
    """Color and marker of the k-th group of points."""
    return {"color": COLORS[k % len(COLORS)], "marker": MARKERS[k % len(MARKERS)], "linestyle": "none"}
