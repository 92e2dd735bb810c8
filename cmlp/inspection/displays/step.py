"""The computational graph of one step of backpropagation, with values and gradients."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix
from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject, samples_of
from cmlp.layers import Array
from cmlp.runtime import kernels
from cmlp.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_UNITS = 6  # per layer
APART = 2.4  # distance between columns


@dataclass(eq=False)
class StepDisplay:
    """Computational graph of one sample: X, then Z and A of each layer, then the loss, with values and gradients.

    Attributes
    ----------
    columns : list of (str, ndarray, ndarray or None)
        Name, values, and gradient of the loss with respect to them; None for X, and for the last A where the loss is a function
        of the logits Z (softmax with cross-entropy).
    weights : list of ndarray (fan_in, fan_out)
    loss : float
    loss_name : str
    y : ndarray
        The target.
    """

    columns: list[tuple[str, Array, Array | None]]
    weights: list[Array]
    loss: float
    loss_name: str
    y: Array

    def __repr__(self) -> str:
        names = " ".join(name for name, *_ in self.columns)
        return f"<StepDisplay: {names}, {self.loss_name} {self.loss:.4g}>"

    @classmethod
    def from_trace(cls, trace: Trace, dA: Array | None = None) -> "StepDisplay":
        """From a trace of one sample, ``net.trace(X[:1], y[:1])``.

        dA: the gradient of the loss with respect to the last A, if known.

        Raises
        ------
        ValueError
            If the trace has several samples, or the network more than 6 units in a layer, norms, dropout or residual
            connections.
        """
        if len(trace.X) != 1:
            raise ValueError(f"the trace must have one sample, got {len(trace.X)}: use net.trace(X[:1], y[:1])")
        widest = max(trace.X.shape[1], *(layer.Z.shape[1] for layer in trace.layers))
        if widest > MOST_UNITS:
            raise ValueError(f"a layer must have at most {MOST_UNITS} units to be plotted, got {widest}")
        columns: list[tuple[str, Array, Array | None]] = [("X", trace.X[0], None)]
        for l, layer in enumerate(trace.layers):
            if layer.hat is not None or layer.mask is not None or layer.out is not None:
                raise ValueError(f"layers must have no norm, dropout or residual connection to be plotted, layer {l} has")
            columns.append((f"Z{l}", layer.Z[0], layer.dZ[0]))
            later = trace.layers[l + 1 : l + 2]
            back = (later[0].dZ @ later[0].W.T)[0] if later else dA
            columns.append((f"A{l}", layer.A[0], back))
        return cls(columns, [layer.W for layer in trace.layers], trace.cost, trace.loss, trace.Y[0])

    @classmethod
    def from_network(cls, net: Subject, X: Matrix, y: Labels) -> "StepDisplay":
        """From a network, a fitted estimator or a model, and one sample: X (1, n_features), y (1,)."""
        network, X, y = samples_of(net, X, y)
        trace, dA = network.trace(X, y), None
        if not network.loss_function.takes_logits and len(trace.X) == 1:
            dA = np.empty_like(trace.layers[-1].A)
            kernels.loss_gradient(network.loss, trace.layers[-1].A, trace.Y, dA, hyper=network.loss_function.values)
            dA = dA[0]
        return cls.from_trace(trace, dA)

    def plot(self, ax: "Axes | None" = None, *, decimals: int = 3) -> "StepDisplay":
        """Draw the graph: values of the forward pass in black, gradients of the backward pass in brackets and vermilion."""
        validation.check_integer("decimals", decimals, 0, 9)
        tallest = max(len(values) for _, values, _ in self.columns)
        self.ax_ = style.new_axes(ax, (1.5 + 1.5 * (len(self.columns) + 1), 1.6 + 1.05 * tallest))
        self.figure_ = self.ax_.figure
        places = [self._places(k, len(values)) for k, (_, values, _) in enumerate(self.columns)]
        for l, W in enumerate(self.weights):
            self._edges(places[2 * l], places[2 * l + 1], W, decimals)
            for start, end in zip(places[2 * l + 1], places[2 * l + 2]):
                self._arrow(start, end)
        for column, where in zip(self.columns, places):
            self._column(column, where, decimals, tallest)
        loss_at = (APART * len(self.columns), 0.0)
        for start in places[-1]:
            self._arrow(start, loss_at)
        self._box(loss_at, f"{self.loss:.{decimals}f}", None)
        self.ax_.text(loss_at[0], (tallest + 1) / 2, self.loss_name, ha="center", weight="bold")
        target = ", ".join(f"{value:.{decimals}g}" for value in self.y)
        self.ax_.text(loss_at[0], -0.62, f"Y = {target}", ha="center")
        self.ax_.set(xlim=(-1, loss_at[0] + 1), ylim=(-(tallest + 1) / 2, (tallest + 1) / 2 + 0.6))
        self.ax_.set_axis_off()
        return self

    @staticmethod
    def _places(column: int, n: int) -> list[tuple[float, float]]:
        return [(APART * column, (n - 1) / 2 - j) for j in range(n)]

    def _column(self, column, where, decimals: int, tallest: int) -> None:
        name, values, gradients = column
        self.ax_.text(where[0][0], (tallest + 1) / 2, name, ha="center", weight="bold")
        for j, place in enumerate(where):
            gradient = None if gradients is None else f"[{gradients[j]:.{decimals}f}]"
            self._box(place, f"{values[j]:.{decimals}f}", gradient)

    def _box(self, place, value: str, gradient: str | None) -> None:
        frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "black"}
        settings = {"ha": "center", "va": "center", "textcoords": "offset points"}
        both = value if gradient is None else f"{value}\n{gradient}"
        self.ax_.text(*place, both, ha="center", va="center", size=9, bbox=frame, zorder=3, color="white")
        self.ax_.annotate(value, place, (0, 0 if gradient is None else 6), size=9, zorder=4, **settings)
        if gradient is not None:
            self.ax_.annotate(gradient, place, (0, -6), size=9, zorder=4, color=style.VERMILION, **settings)

    def _edges(self, starts, ends, W: Array, decimals: int) -> None:
        for i, start in enumerate(starts):
            for j, end in enumerate(ends):
                self._arrow(start, end)
                part = 0.3 + 0.4 * (i % 2)  # so that labels of crossing lines do not overlap
                x, y = (a + part * (b - a) for a, b in zip(start, end))
                settings = {
                    "size": 7,
                    "color": "0.35",
                    "zorder": 2,
                    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                }
                self.ax_.text(x, y, f"{W[i, j]:.{decimals}f}", ha="center", va="center", **settings)

    def _arrow(self, start, end) -> None:
        settings = {"arrowstyle": "->", "color": "0.6", "shrinkA": 18, "shrinkB": 18}
        self.ax_.annotate("", end, start, arrowprops=settings, zorder=1)


def plot_step(net: Subject, X: Matrix, y: Labels, ax: "Axes | None" = None, *, decimals: int = 3) -> StepDisplay:
    """Plot the computational graph of one step for one sample.

    Values of the forward pass are black, gradients of the backward pass vermilion and in brackets.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
        With at most 6 units per layer, without norms, dropout and residual connections. X and y are prepared as an estimator or
        a model does.
    X : array_like (1, n_features)
    y : array_like (1,) or (1, n_outputs)
    ax : matplotlib axes, optional
    decimals : int, default 3
        Of the numbers shown.

    Returns
    -------
    StepDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> net = cmlp.Network([2, 2, 1], "sigmoid", "squared_error", dtype="float64")
    >>> display = inspection.plot_step(net, [[0.5, -1.0]], [1.0])
    >>> [name for name, *_ in display.columns]
    ['X', 'Z0', 'A0', 'Z1', 'A1']
    """
    return StepDisplay.from_network(net, X, y).plot(ax, decimals=decimals)
