"""What models are made of: layers with Flax's own signatures and parameter trees, and functions by name."""

from jaxcnn.layers.activations import ACTIVATIONS, activation
from jaxcnn.layers.conv import Conv
from jaxcnn.layers.conv_norm import ConvNorm
from jaxcnn.layers.drop_path import DropPath
from jaxcnn.layers.head import Head
from jaxcnn.layers.images import check_images, check_stages
from jaxcnn.layers.initializers import INITIALIZERS, initializer
from jaxcnn.layers.inverted_residual import InvertedResidual, round_channels
from jaxcnn.layers.norm import AXIS, BatchNorm, normalization
from jaxcnn.layers.pool import avg_pool, max_pool
from jaxcnn.layers.separable import SeparableConv
from jaxcnn.layers.squeeze_excite import SqueezeExcite
from jaxcnn.layers.whitening import whitening_filters

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
    "whitening_filters",
]
