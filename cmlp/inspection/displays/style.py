"""What all pictures share: axes, and colours that differ in grey and for the colour-blind (Okabe and Ito 2008)."""

from typing import Any

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MAP = "cividis"  # from dark to bright in grey too


def pyplot() -> Any:
    """
    Raises
    ------
    ImportError
        Without matplotlib.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install cmlp[plot]") from None
    return plt


def new_axes(ax: Any = None, size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """The given axes, or those of a new figure."""
    return pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def new_column(axes: Any, n: int, height: float = 2.4) -> list[Any]:
    """n axes above each other, with one x; or those given."""
    if axes is not None:
        given = list(axes) if isinstance(axes, (list, tuple)) or hasattr(axes, "__len__") else [axes]
        if len(given) != n:
            raise ValueError(f"this picture needs {n} axes, got {len(given)}")
        return given
    figure = pyplot().figure(figsize=(6.4, height * n), layout="constrained")
    return list(figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])


def line_style(k: int) -> dict[str, Any]:
    """Of the k-th of several lines: a colour and a dash."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[k % len(DASHES)]}


def point_style(k: int) -> dict[str, Any]:
    """Of the k-th kind of points: a colour and a marker."""
    return {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "linestyle": "none"}
