"""Where in the image is the evidence? Class maps of a layer: (activations, gradients) [B, h, w, C] -> [B, h, w].

`activations` are a layer's output and `gradients` those of a class's logit by it. To add a map, write a function and
one line of CLASS_MAPS.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn.errors import lookup
from jaxcnn.inspect.network import Network


def grad_cam_before_relu(activations: Array, gradients: Array) -> Array:
    """Channels weighted by their mean gradient."""
    return (gradients.mean((1, 2), keepdims=True) * activations).sum(-1)


def grad_cam(activations: Array, gradients: Array) -> Array:
    """Selvaraju et al. 2017, arXiv:1610.02391: after an average over the image and one dense layer it is CAM."""
    return jax.nn.relu(grad_cam_before_relu(activations, gradients))


def hires_cam(activations: Array, gradients: Array) -> Array:
    """Draelos and Carin 2020, arXiv:2011.08891: no average, so that it shows only places that were used.

    Where all that follows is linear, its sum is the logit without its bias.
    """
    return (gradients * activations).sum(-1)


def layer_cam(activations: Array, gradients: Array) -> Array:
    """Jiang et al. 2021, "LayerCAM": only gradients that speak for the class, place by place; also for early layers."""
    return jax.nn.relu((jax.nn.relu(gradients) * activations).sum(-1))


CLASS_MAPS: dict[str, Callable[[Array, Array], Array]] = {
    "grad_cam": grad_cam,
    "hires_cam": hires_cam,
    "layer_cam": layer_cam,
}


def class_maps(network: Network, images: Array, classes: Array, name: str = "hires_cam", layer: str = "") -> Array:
    """Maps [B, h, w] of `layer` (default: the last with a side of at least 8) for one class of each image.

    Raises: UserError for an unknown map, or a layer that is not there or has one place only.
    """
    function = lookup(CLASS_MAPS, name, "class map")
    chosen = network.check_layer(layer or network.default_layer())
    return jax.jit(lambda x, c: function(*network.at_layer(chosen, x, c)))(images, classes)


def joined(network: Network, images: Array, classes: Array, layers: Sequence[str] = ()) -> Array:
    """LayerCAM of several layers (default: one of each reduction), each scaled to 1, the greatest: [B, H, W]."""
    height, width = images.shape[1:3]
    found = []
    for layer in layers or network.stages().values():
        maps = enlarge(class_maps(network, images, classes, "layer_cam", layer), height, width)
        found.append(maps / jnp.maximum(maps.max((1, 2), keepdims=True), 1e-12))
    return jnp.stack(found).max(0)


def enlarge(maps: Array, height: int, width: int) -> Array:
    """Maps [B, h, w] at another size, bilinear."""
    if maps.shape[1:] == (height, width):
        return maps
    return jax.image.resize(maps, (len(maps), height, width), "bilinear")


def cam(activations: Array, kernel: Array, classes: Array) -> Array:
    """Zhou et al. 2016, arXiv:1512.04150: channels weighted by the dense layer's kernel [C, K]; [B, h, w].

    Only for networks that end in an average over the image and one dense layer.
    """
    return jnp.einsum("bhwc,cb->bhw", activations, kernel[:, classes])
