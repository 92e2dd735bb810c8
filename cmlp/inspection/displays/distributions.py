"""Distributions of activations and gradients, by layer and epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix
from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject, first_rows, inputs_of, samples_of
from cmlp.layers import Array
from cmlp.network import Network
from cmlp.training.hooks import Callback

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles that bound the bands
BINS = 60
MOST_SAMPLES = 1000
NAMES = {"A": "activation A", "Z": "weighted sum Z", "dZ": "gradient dZ"}


@dataclass(eq=False)
class DistributionDisplay:
    """Distributions of activations or gradients in each layer, as histograms or quantile bands.

    Attributes
    ----------
    what : {"A", "Z", "dZ"}
    values : list of ndarray
        All values of each layer, for histograms; empty from a `Recorder`, which keeps quantiles.
    quantiles : ndarray (n_epochs, n_layers, 5)
        5, 25, 50, 75 and 95 %; a single epoch unless from a `Recorder`. Of gradients, quantiles of the absolute values, on a
        logarithmic scale.
    """

    what: str
    values: list[Array]
    quantiles: Array

    def __repr__(self) -> str:
        epochs, layers, _ = self.quantiles.shape
        return f"<DistributionDisplay: {NAMES[self.what]}, {layers} layers, {epochs} epoch{'' if epochs == 1 else 's'}>"

    @classmethod
    def from_network(cls, net: Subject, X: Matrix, y: Labels | None = None, *, what: str = "A") -> "DistributionDisplay":
        """From one pass over the first 1,000 samples; y is required for gradients."""
        validation.check_name("what", what, NAMES)
        values = values_of(net, X, y, what)
        return cls(what, values, quantiles_of(values, what)[None])

    @classmethod
    def from_recorder(cls, recorder: "Recorder", what: str = "A") -> "DistributionDisplay":
        """From the quantiles recorded after each epoch."""
        validation.check_name("what", what, recorder.quantiles)
        return cls(what, [], np.array(recorder.quantiles[what]))

    def plot(self, axes: "Sequence[Axes] | None" = None, *, kind: str = "auto") -> "DistributionDisplay":
        """Draw.

        Parameters
        ----------
        axes : matplotlib axes, or a list of them, optional
            One for each layer; a single one for kind="bands".
        kind : {"auto", "histogram", "bands", "epochs"}
            A histogram for each layer, quantile bands by layer, or quantile bands by epoch for each layer. "auto": by epoch
            from a `Recorder`, else histograms for up to 8 layers, else bands.
        """
        _, n_layers, _ = self.quantiles.shape
        validation.check_name("kind", kind, ("auto", "histogram", "bands", "epochs"))
        if kind == "auto":
            kind = "epochs" if not self.values else "histogram" if n_layers <= 8 else "bands"
        if kind == "histogram" and not self.values:
            raise ValueError("kind must not be 'histogram' for a Recorder, which keeps quantiles only: use kind='epochs'")
        self.axes_ = style.new_column(axes, 1 if kind == "bands" else n_layers, 4 if kind == "bands" else 1.5)
        self.figure_ = self.axes_[0].figure
        {"histogram": self._histograms, "bands": self._bands, "epochs": self._epochs}[kind]()
        return self

    def _histograms(self) -> None:
        low, high = (getattr(np, name)([getattr(each, name)() for each in self.values]) for name in ("min", "max"))
        for l, (ax, values) in enumerate(zip(self.axes_, self.values)):
            ax.hist(values, BINS, range=(low, high if high > low else low + 1), color=style.BLUE)
            ax.set_ylabel(f"layer {l}")
            ax.set_yticks([])
            ax.text(
                0.99, 0.9, f"mean {values.mean():.2g}, std {values.std():.2g}", transform=ax.transAxes, ha="right", va="top"
            )
        self.axes_[-1].set_xlabel(f"{NAMES[self.what]} (counts)")

    def _bands(self) -> None:
        self._band(self.axes_[0], np.arange(self.quantiles.shape[1]), self.quantiles[-1])
        self.axes_[0].set(xlabel="layer", ylabel=self.band_label)
        self.axes_[0].legend()

    def _epochs(self) -> None:
        for l, ax in enumerate(self.axes_):
            self._band(ax, np.arange(len(self.quantiles)) + 1, self.quantiles[:, l])
            ax.set_ylabel(f"layer {l}")
        self.axes_[0].set_title(self.band_label)
        self.axes_[0].legend(loc="upper right")
        self.axes_[-1].set_xlabel("epoch")

    @property
    def band_label(self) -> str:
        return "absolute value of gradient dZ" if self.what == "dZ" else NAMES[self.what]

    def _band(self, ax, x, quantiles) -> None:
        if self.what == "dZ":
            ax.set_yscale("log")
            quantiles = np.maximum(quantiles, np.finfo(np.float32).tiny)
        ax.fill_between(x, quantiles[:, 0], quantiles[:, 4], color=style.SKY, alpha=0.35, linewidth=0, label="5 to 95 %")
        ax.fill_between(x, quantiles[:, 1], quantiles[:, 3], color=style.BLUE, alpha=0.5, linewidth=0, label="25 to 75 %")
        ax.plot(x, quantiles[:, 2], color="black", marker="o" if len(x) <= 30 else "", markersize=3, label="median")


def quantiles_of(values: list[Array], what: str) -> Array:
    """The quantiles of each layer, (n_layers, 5)."""
    return np.array([np.quantile(np.abs(each) if what == "dZ" else each, LEVELS) for each in values])


def values_of(net: Subject, X: Matrix, y: Labels | None, what: str) -> list[Array]:
    """All values of each layer, from a trace; dZ is the gradient of a single sample's loss."""
    if y is None and what == "dZ":
        raise ValueError("y must be given for gradients, got None")
    if y is None:
        network, inputs = inputs_of(net, X)
        rows = first_rows(inputs, MOST_SAMPLES)
        known = _any_targets(network, rows)
    else:
        network, rows, known = samples_of(net, X, y, MOST_SAMPLES)
    trace = network.trace(rows, known)
    factor = len(rows) if what == "dZ" else 1
    return [getattr(layer, what).ravel() * factor for layer in trace.layers]


def _any_targets(network: Network, X: Array) -> Array:
    """Targets that the network takes, for A and Z, which do not depend on them."""
    classifies = network._targets is not None and network._targets.task != "regression"
    return network.predict(X) if classifies or network.loss_function.classifies else np.ones((len(X), network.n_targets))


class Recorder(Callback):
    """Record quantiles of activations and gradients after every epoch, for `DistributionDisplay.from_recorder`.

    Parameters
    ----------
    X, y : array_like
        Samples as the network takes them, after the preprocessing of an estimator; the first 1,000 are used.
    what : sequence of {"A", "Z", "dZ"}, default ("A", "dZ")

    Attributes
    ----------
    quantiles : dict of str to list of ndarray (n_layers, 5)

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> recorder = inspection.Recorder(X[:100], y[:100])
    >>> _ = cmlp.Network([64, 16, 10], "tanh", input_scale=1 / 16).fit(X, y, epochs=5, callbacks=[recorder])
    >>> inspection.DistributionDisplay.from_recorder(recorder, "dZ").quantiles.shape
    (5, 2, 5)
    """

    def __init__(self, X: Matrix, y: Labels, what=("A", "dZ")) -> None:
        self.X, self.y = X, y
        self.what = [validation.check_name("what", each, NAMES) for each in what]

    def on_fit_begin(self, training) -> None:
        self.quantiles: dict[str, list[Array]] = {name: [] for name in self.what}

    def on_epoch_end(self, training) -> None:
        for name in self.what:
            self.quantiles[name].append(quantiles_of(values_of(training.network, self.X, self.y, name), name))


def plot_activations(
    net: "Subject | Recorder", X: Matrix | None = None, axes: "Sequence[Axes] | None" = None, *, kind: str = "auto"
) -> DistributionDisplay:
    """Plot the distribution of the activations of each layer over samples.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator, cmlp.Model or `Recorder`
        With a `Recorder`, by epoch; X is ignored then.
    X : array_like (n_samples, n_features)
        The first 1,000 samples are used.
    axes : matplotlib axes, or a list of them, optional
    kind : {"auto", "histogram", "bands", "epochs"}
        See `DistributionDisplay.plot`.

    Returns
    -------
    DistributionDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> display = inspection.plot_activations(cmlp.Network([64, 32, 10], "tanh", input_scale=1 / 16), X)
    >>> [len(values) for values in display.values]
    [32000, 10000]
    """
    return of(net, X, None, "A").plot(axes, kind=kind)


def plot_gradients(
    net: "Subject | Recorder",
    X: Matrix | None = None,
    y: Labels | None = None,
    axes: "Sequence[Axes] | None" = None,
    *,
    kind: str = "auto",
) -> DistributionDisplay:
    """Plot the distribution of the gradients dZ of each layer over samples.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator, cmlp.Model or `Recorder`
        With a `Recorder`, by epoch; X and y are ignored then.
    X, y : array_like
        The first 1,000 samples are used.
    axes : matplotlib axes, or a list of them, optional
    kind : {"auto", "histogram", "bands", "epochs"}
        See `DistributionDisplay.plot`.

    Returns
    -------
    DistributionDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> display = inspection.plot_gradients(cmlp.Network([64, 32, 10], input_scale=1 / 16), X, y, kind="bands")
    """
    return of(net, X, y, "dZ").plot(axes, kind=kind)


def of(net: "Subject | Recorder", X: Matrix | None, y: Labels | None, what: str) -> DistributionDisplay:
    if isinstance(net, Recorder):
        return DistributionDisplay.from_recorder(net, what)
    if X is None:
        raise TypeError("X must be samples, unless net is a Recorder, got None")
    return DistributionDisplay.from_network(net, X, y, what=what)
