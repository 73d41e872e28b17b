"""What models are made of: layers with Flax's own signatures and parameter trees, and functions by name."""

from jaxcnn.layers.activations import ACTIVATIONS, activation, unit_activation
from jaxcnn.layers.checks import check_images, check_stages
from jaxcnn.layers.conv_norm import ConvNorm
from jaxcnn.layers.drop_path import DropPath
from jaxcnn.layers.head import Head
from jaxcnn.layers.initializers import INITIALIZERS, initializer
from jaxcnn.layers.inverted_residual import InvertedResidual, round_channels
from jaxcnn.layers.norm import AXIS, BatchNorm, normalization
from jaxcnn.layers.separable import SeparableConv
from jaxcnn.layers.squeeze_excite import SqueezeExcite
from jaxcnn.layers.whitening import whitening_filters
from jaxcnn.ops.conv import Conv
from jaxcnn.ops.pool import avg_pool, max_pool

__all__ = [
    "ACTIVATIONS",
    "AXIS",
    "INITIALIZERS",
    "BatchNorm",
    "Conv",
    "ConvNorm",
    "DropPath",
    "Head",
    "InvertedResidual",
    "SeparableConv",
    "SqueezeExcite",
    "activation",
    "avg_pool",
    "check_images",
    "check_stages",
    "initializer",
    "max_pool",
    "normalization",
    "round_channels",
    "unit_activation",
    "whitening_filters",
]
