"""Decision boundary: the predictions of a model with two inputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix
from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject
from cmlp.layers import Array
from cmlp.model import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 0.1  # around the samples, as a fraction of their range


@dataclass(eq=False)
class DecisionBoundaryDisplay:
    """Decision boundary: predictions on a grid, and the samples.

    Attributes
    ----------
    xs, ys : ndarray (n_grid,)
    values : ndarray (n_grid, n_grid)
        Predictions at the grid points; rows are ys.
    kind : {"probability", "class", "value"}
        What they are: the probability of the second of two classes, the index of the predicted class, or the prediction of a
        regression.
    classes : ndarray or None
    X, y : ndarray (n_samples, 2), (n_samples,) or None
    """

    xs: Array
    ys: Array
    values: Array
    kind: str
    classes: Array | None = None
    X: Array | None = None
    y: Array | None = None

    def __repr__(self) -> str:
        samples = "" if self.X is None else f", {len(self.X):,} samples"
        return f"<DecisionBoundaryDisplay: {self.kind} at {len(self.ys)} x {len(self.xs)} points{samples}>"

    @classmethod
    def from_estimator(
        cls, model: Subject, X: Matrix, y: Labels | None = None, *, n_grid: int = 200
    ) -> "DecisionBoundaryDisplay":
        """From a network, an estimator or a model with two inputs; the range is that of the samples.

        Raises
        ------
        ValueError
            If X does not have two columns, or the model several outputs that are not classes.
        """
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != 2:
            raise ValueError(f"X must have shape (n_samples, 2), got {X.shape}")
        validation.check_integer("n_grid", n_grid, 2)
        low, high = X.min(axis=0), X.max(axis=0)
        margin = MARGIN * np.where(high > low, high - low, 1)
        xs, ys = (np.linspace(a, b, n_grid) for a, b in zip(low - margin, high + margin))
        points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        plain = Model.of(model)
        meaning = plain.meaning
        if meaning.task == "regression":
            kind, values = "value", plain.predict(points)
        elif meaning.classes is not None and len(meaning.classes) == 2 and plain.has_probabilities:
            kind, values = "probability", plain.predict_proba(points)[:, 1]
        else:
            assert meaning.classes is not None
            kind, values = "class", np.searchsorted(meaning.classes, plain.predict(points))
        if values.ndim != 1:
            raise ValueError(f"model must have one output, or classes, got {values.shape[1]} outputs")
        shaped = values.reshape(n_grid, n_grid)
        return cls(xs, ys, shaped, kind, meaning.classes, X, None if y is None else np.asarray(y))

    def plot(self, ax: "Axes | None" = None, *, colorbar: bool = True) -> "DecisionBoundaryDisplay":
        """Draw the predictions, the decision boundary in black, and the samples, with a marker and a color for each class."""
        self.ax_ = style.new_axes(ax, (6.0, 5.0))
        self.figure_ = self.ax_.figure
        if self.kind == "class":
            n = len(self.classes) if self.classes is not None else 2
            levels = np.arange(n + 1) - 0.5
            self.surface_ = self.ax_.contourf(self.xs, self.ys, self.values, levels, cmap=style.MAP, alpha=0.6)
            self.ax_.contour(self.xs, self.ys, self.values, levels[1:-1], colors="black", linewidths=1)
        else:
            steps = np.linspace(0, 1, 21) if self.kind == "probability" else 20
            self.surface_ = self.ax_.contourf(self.xs, self.ys, self.values, steps, cmap=style.MAP, alpha=0.8)
            if self.kind == "probability" and self.values.min() < 0.5 < self.values.max():
                self.ax_.contour(self.xs, self.ys, self.values, [0.5], colors="black", linewidths=1.5)
        self._points()
        if colorbar and self.kind != "class":
            label = "value" if self.classes is None else f"probability of {self.classes[1]}"
            ticks = (0, 0.25, 0.5, 0.75, 1) if self.kind == "probability" else None
            self.figure_.colorbar(self.surface_, ax=self.ax_, label=label, ticks=ticks)
        self.ax_.set(xlabel="x0", ylabel="x1", xlim=self.xs[[0, -1]], ylim=self.ys[[0, -1]])
        return self

    def _points(self) -> None:
        if self.X is None or self.y is None:
            return
        if self.kind == "value":
            lowest, highest = self.surface_.get_clim()
            settings = {"cmap": style.MAP, "vmin": lowest, "vmax": highest, "edgecolors": "white", "s": 20}
            self.ax_.scatter(*self.X.T, c=self.y, **settings)
            return
        for k, label in enumerate(np.unique(self.y)):
            points = self.X[self.y == label]
            settings = style.point_style(k) | {"markeredgecolor": "white", "markersize": 5, "markeredgewidth": 0.6}
            self.ax_.plot(*points.T, label=str(label), **settings)
        self.ax_.legend(title="class", loc="upper right")


def plot_decision_boundary(
    model: Subject,
    X: Matrix,
    y: Labels | None = None,
    ax: "Axes | None" = None,
    *,
    n_grid: int = 200,
    colorbar: bool = True,
) -> DecisionBoundaryDisplay:
    """Plot the decision boundary of a classifier with two inputs, or the predictions of a regressor.

    Parameters
    ----------
    model : cmlp.Network, estimator or cmlp.Model
    X : array_like (n_samples, 2)
        Samples that determine the range.
    y : array_like (n_samples,), optional
        Labels or targets of the samples; with y the samples are plotted.
    ax : matplotlib axes, optional
    n_grid : int, default 200
        Grid points in each direction.
    colorbar : bool, default True

    Returns
    -------
    DecisionBoundaryDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.moons(100)
    >>> net = cmlp.Network([2, 8, 1], "tanh", "log_loss")
    >>> _ = net.fit(X, y, epochs=50)
    >>> inspection.plot_decision_boundary(net, X, y).values.shape
    (200, 200)
    """
    return DecisionBoundaryDisplay.from_estimator(model, X, y, n_grid=n_grid).plot(ax, colorbar=colorbar)
