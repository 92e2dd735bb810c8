"""The weights of a layer, as images or as a matrix."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import validation
from cmlp.inspection.displays import style
from cmlp.inspection.subjects import Subject, network_of
from cmlp.layers import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_IMAGES = 100


@dataclass(eq=False)
class WeightsDisplay:
    """Weights W of a layer: an image for each unit, or one matrix.

    Attributes
    ----------
    W : ndarray (fan_in, fan_out)
    layer : int
    shape : (int, int) or None
        Height and width of the images; None for a matrix of inputs (rows) and units (columns).
    """

    W: Array
    layer: int = 0
    shape: tuple[int, int] | None = None

    def __repr__(self) -> str:
        shown = "" if self.shape is None else f", images of {self.shape[0]} x {self.shape[1]}"
        return f"<WeightsDisplay: W{self.layer} of {self.W.shape[0]} inputs and {self.W.shape[1]} units{shown}>"

    @classmethod
    def from_network(cls, net: Subject, layer: int = 0, *, shape: Any = "auto", units: Any = None) -> "WeightsDisplay":
        """From a layer of a network, a fitted estimator or a model; see `plot_weights`."""
        network = network_of(net)
        (chosen,) = validation.check_layers("layer", [layer], len(network.layers))
        W = network.layers[chosen].W.copy()
        W = W if units is None else W[:, np.asarray(units)]
        side = math.isqrt(len(W))
        if isinstance(shape, str):
            validation.check_name("shape", shape, ("auto",))
            shape = (side, side) if chosen == 0 and side * side == len(W) and side >= 4 else None
        if shape is not None and math.prod(shape) != len(W):
            raise ValueError(
                f"shape {tuple(shape)} has {math.prod(shape)} pixels, must have one for each of {len(W)} inputs of the layer"
            )
        return cls(W, chosen, None if shape is None else (int(shape[0]), int(shape[1])))

    @property
    def limit(self) -> float:
        """The largest absolute weight: the limit of the color scale."""
        return float(np.abs(self.W).max()) or 1.0

    def plot(self, ax: "Axes | None" = None) -> "WeightsDisplay":
        """Draw the weights; dark is negative, bright positive."""
        n_images = min(self.W.shape[1], MOST_IMAGES)
        columns = math.ceil(math.sqrt(n_images))
        self.ax_ = style.new_axes(ax, (6.0, 6.4 if self.shape is None else 6.2 * math.ceil(n_images / columns) / columns + 0.4))
        self.figure_ = self.ax_.figure
        values = self.W if self.shape is None else self.tiled(n_images, columns)
        settings = {"cmap": style.MAP, "vmin": -self.limit, "vmax": self.limit}
        aspect = "auto" if self.shape is None else "equal"
        self.image_ = self.ax_.imshow(values, aspect=aspect, interpolation="nearest", **settings)
        if self.shape is None:
            self.ax_.set(xlabel=f"unit of layer {self.layer}", ylabel="input of the layer")
        else:
            self.ax_.set(xticks=[], yticks=[])
            more = f" of {self.W.shape[1]}" if n_images < self.W.shape[1] else ""
            self.ax_.set_title(f"weights into {n_images}{more} units of layer {self.layer}")
        self.figure_.colorbar(self.image_, ax=self.ax_, label="weight", shrink=0.8)
        return self

    def tiled(self, n_images: int, columns: int) -> Array:
        """The images in a grid, with a gap of one pixel (nan)."""
        assert self.shape is not None
        height, width = self.shape
        rows = math.ceil(n_images / columns)
        tiles = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
        for k in range(n_images):
            i, j = divmod(k, columns)
            tiles[i * (height + 1) :, j * (width + 1) :][:height, :width] = self.W[:, k].reshape(self.shape)
        return tiles


def plot_weights(
    net: Subject, layer: int = 0, ax: "Axes | None" = None, *, shape: Any = "auto", units: Any = None
) -> WeightsDisplay:
    """Plot the weights of a layer.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
    layer : int, default 0
    ax : matplotlib axes, optional
    shape : (int, int), None or "auto"
        Height and width of the images; None for a matrix; "auto" for square images if layer is 0 and its inputs fill them,
        else a matrix.
    units : sequence of int, optional
        Units to plot; default: all, but at most 100 images.

    Returns
    -------
    WeightsDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> inspection.plot_weights(cmlp.Network([64, 9, 10])).shape
    (8, 8)
    """
    return WeightsDisplay.from_network(net, layer, shape=shape, units=units).plot(ax)
