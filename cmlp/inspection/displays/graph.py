"""A diagram of a network: layers, units and weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import validation
from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject, network_of
from cmlp.layers import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THICKEST = 3.0  # line width of the largest weight, in points


@dataclass(eq=False)
class NetworkDisplay:
    """Diagram of a network: units in columns, weights as lines between them.

    Attributes
    ----------
    sizes : list of int (n_layers + 1,)
    weights : list of ndarray (fan_in, fan_out)
    labels : list of str (n_layers + 1,)
        Under each column.
    shown : list of list of int
        The units of each column that are drawn; of wide layers, the first and the last ones.
    """

    sizes: list[int]
    weights: list[Array]
    labels: list[str]
    shown: list[list[int]]

    def __repr__(self) -> str:
        return f"<NetworkDisplay: {'-'.join(map(str, self.sizes))}>"

    @classmethod
    def from_network(cls, net: Subject, *, most_units: int = 10) -> "NetworkDisplay":
        """From a network, a fitted estimator or a model; of wide layers the first and last most_units / 2 units are drawn."""
        network = network_of(net)
        validation.check_integer("most_units", most_units, 2)
        half = most_units // 2
        shown = [list(range(n)) if n <= most_units else [*range(half), *range(n - half, n)] for n in network.sizes]
        labels = [f"{network.sizes[0]} inputs"]
        for layer in network.layers:
            parts = [layer.norm.name + " norm"] if layer.norm is not None else []
            parts += [layer.activation] + ([f"dropout {layer.dropout:g}"] if layer.dropout else [])
            labels.append("\n".join([f"{layer.fan_out} units", *parts]))
        return cls(list(network.sizes), [layer.W.copy() for layer in network.layers], labels, shown)

    def positions(self, column: int) -> list[tuple[float, float]]:
        """Coordinates of the units of a column, with a gap of one unit where some are omitted."""
        units, n = self.shown[column], self.sizes[column]
        gap = len(units) < n
        height = len(units) + gap
        rows = [k + (gap and k >= len(units) // 2) for k in range(len(units))]
        return [(float(column), (height - 1) / 2 - row) for row in rows]

    def lines(self) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
        """(start, end, weight) of every line."""
        made = []
        for l, W in enumerate(self.weights):
            for i, start in zip(self.shown[l], self.positions(l)):
                for j, end in zip(self.shown[l + 1], self.positions(l + 1)):
                    made.append((start, end, float(W[i, j])))
        return made

    def plot(self, ax: "Axes | None" = None) -> "NetworkDisplay":
        """Draw: line width is the absolute weight; positive weights are blue, negative ones vermilion and dashed."""
        tallest = max(len(units) for units in self.shown)
        self.ax_ = style.new_axes(ax, (1.5 + 1.6 * len(self.sizes), 1.2 + 0.42 * max(tallest, 4)))
        self.figure_ = self.ax_.figure
        from matplotlib.collections import LineCollection

        lines = self.lines()
        largest = max((abs(weight) for *_, weight in lines), default=0) or 1.0
        for positive, color, dash in ((True, style.BLUE, "solid"), (False, style.VERMILION, "dashed")):
            chosen = [(start, end, weight) for start, end, weight in lines if (weight >= 0) == positive]
            widths = [THICKEST * abs(weight) / largest for *_, weight in chosen]
            pairs = [(start, end) for start, end, _ in chosen]
            self.ax_.add_collection(
                LineCollection(pairs, linewidths=widths, colors=color, linestyles=dash, alpha=0.8, zorder=1)
            )
        for column, label in enumerate(self.labels):
            places = np.array(self.positions(column))
            settings = {"s": 160, "facecolors": "white", "edgecolors": "black", "zorder": 2}
            self.ax_.scatter(*places.T, **settings)
            if len(self.shown[column]) < self.sizes[column]:
                self.ax_.text(column, 0, "⋮", ha="center", va="center", size=16)
            self.ax_.text(column, -(tallest + 1) / 2 - 0.2, label, ha="center", va="top")
        self.ax_.set(xlim=(-0.5, len(self.sizes) - 0.5), ylim=(-(tallest + 1) / 2 - 2.2, (tallest + 1) / 2))
        self.ax_.set_axis_off()
        title = f"thickest line: |weight| = {largest:.3g}; solid: positive, dashed: negative"
        self.ax_.set_title(title, size=9)
        return self

    def save_svg(self, path: Any) -> None:
        """Save the diagram as SVG."""
        if not hasattr(self, "figure_"):
            self.plot()
        self.figure_.savefig(path, format="svg")


def plot_network(net: Subject, ax: "Axes | None" = None, *, most_units: int = 10) -> NetworkDisplay:
    """Plot a diagram of a network: units in columns, weights as lines.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
    ax : matplotlib axes, optional
    most_units : int, default 10
        Of wider layers, the first and the last units are drawn, with dots between.

    Returns
    -------
    NetworkDisplay
        ``save_svg(path)`` saves it as SVG.

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> display = inspection.plot_network(cmlp.Network([784, 30, 10]))
    >>> [len(units) for units in display.shown]
    [10, 10, 10]
    """
    return NetworkDisplay.from_network(net, most_units=most_units).plot(ax)
