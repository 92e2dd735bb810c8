"""The confusion matrix."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix, Predictor
from cmlp.data.metrics import confusion
from cmlp.inspection.displays import style
from cmlp.layers import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERS = 25  # classes up to which the cells show numbers


@dataclass(eq=False)
class ConfusionDisplay:
    """Confusion matrix: true classes in rows, predicted classes in columns.

    Attributes
    ----------
    counts : ndarray (n_classes, n_classes)
    classes : ndarray (n_classes,)
    normalize : {None, "true", "predicted"}
        Show fractions of each row ("true") or column ("predicted") instead of counts.
    """

    counts: Array
    classes: Array
    normalize: str | None = None

    def __repr__(self) -> str:
        return f"<ConfusionDisplay: {len(self.classes)} classes, {int(self.counts.sum()):,} samples>"

    @classmethod
    def from_predictions(cls, y: Labels, predicted: Labels, *, classes: Labels | None = None, normalize: str | None = None):
        """From true and predicted labels; classes: all labels, in the order of the matrix."""
        y, predicted = np.asarray(y), np.asarray(predicted)
        if y.shape != predicted.shape or y.ndim != 1:
            raise ValueError(f"y and predicted must be vectors of the same length, got {y.shape} and {predicted.shape}")
        if normalize is not None:
            validation.check_name("normalize", normalize, ("true", "predicted"))
        known = np.unique(np.concatenate([y, predicted])) if classes is None else np.asarray(classes)
        places = {label: k for k, label in enumerate(known.tolist())}
        try:
            codes = [np.array([places[label] for label in each.tolist()], dtype=np.intp) for each in (y, predicted)]
        except KeyError as error:
            raise ValueError(f"label {error} is not one of the classes {known[:10].tolist()}") from None
        return cls(confusion(codes[0], codes[1], len(known)), known, normalize)

    @classmethod
    def from_estimator(cls, model: Predictor, X: Matrix, y: Labels, *, normalize: str | None = None) -> "ConfusionDisplay":
        """From a network, an estimator or a model, and labeled samples."""
        known = getattr(model, "classes_", getattr(model, "classes", None))
        predicted = model.predict(X)
        classes = None if known is None else np.unique(np.concatenate([np.asarray(known), np.unique(np.asarray(y))]))
        return cls.from_predictions(y, predicted, classes=classes, normalize=normalize)

    @property
    def values(self) -> Array:
        """The numbers in the cells."""
        if self.normalize is None:
            return self.counts
        total = self.counts.sum(axis=1 if self.normalize == "true" else 0, keepdims=True)
        return self.counts / np.maximum(total, 1)

    def plot(self, ax: "Axes | None" = None) -> "ConfusionDisplay":
        """Draw the matrix; the color of a cell is its fraction of the row, or of the column with normalize="predicted"."""
        n = len(self.classes)
        self.ax_ = style.new_axes(ax, (1.5 + 0.5 * min(n, 20),) * 2)
        self.figure_ = self.ax_.figure
        fractions = self.values if self.normalize else self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        self.ax_.imshow(fractions, cmap=style.MAP, vmin=0, vmax=1)
        for i in range(n) if n <= MOST_NUMBERS else ():
            for j in range(n):
                value = self.values[i, j]
                if value:
                    shown = f"{value:.2f}".removeprefix("0") if self.normalize else f"{value:,}"
                    self.ax_.text(
                        j, i, shown, ha="center", va="center", color="black" if fractions[i, j] > 0.5 else "white", size=8
                    )
        names = [str(label) for label in self.classes]
        turned = max(map(len, names)) > 3
        self.ax_.set_xticks(range(n), names, rotation=90 if turned else 0)
        self.ax_.set_yticks(range(n), names)
        self.ax_.set(xlabel="predicted", ylabel="true")
        return self


def plot_confusion(
    model: Predictor, X: Matrix, y: Labels, ax: "Axes | None" = None, *, normalize: str | None = None
) -> ConfusionDisplay:
    """Plot the confusion matrix of a classifier.

    Parameters
    ----------
    model : cmlp.Network, estimator or cmlp.Model
    X : array_like (n_samples, n_features)
    y : array_like (n_samples,)
        The true labels.
    ax : matplotlib axes, optional
    normalize : {"true", "predicted"}, optional
        Show fractions of each row ("true") or column ("predicted") instead of counts.

    Returns
    -------
    ConfusionDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 10], input_scale=1 / 16)
    >>> _ = net.fit(X, y)
    >>> int(inspection.plot_confusion(net, X, y).counts.sum())
    1797
    """
    return ConfusionDisplay.from_estimator(model, X, y, normalize=normalize).plot(ax)
