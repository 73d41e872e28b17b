"""NASNet-A."""

from collections.abc import Sequence

from jaxcnn.weights.names.tables import Rules, product, renamed, units

CELLS = [
    ("stem_cell{c}", "cell_stem_{c-1}"),
    ("reduction_cell{c}", "reduction_cell_{c-1}"),
    ("cell{c}", "cell_{c-1}"),
]
PARTS = [
    *units([("current", "conv_1x1"), ("previous", "conv_prev_1x1")]),
    ("previous/even", "path_1.conv"),
    ("previous/odd", "path_2.conv"),
    ("pair{p}_*_separable{n}/depthwise", "comb_iter_{p-1}_*.separable_{n}.depthwise_conv2d"),
    ("pair{p}_*_separable{n}/pointwise", "comb_iter_{p-1}_*.separable_{n}.pointwise_conv2d"),
    ("pair{p}_*_norm{n}", "comb_iter_{p-1}_*.bn_sep_{n}"),
]
EVEN = "/previous/even"


def nasnet(modules: Sequence[str]) -> Rules:
    """Where a cell halves the map before it, the normalization of that map has another name."""
    halving = [module.removesuffix(EVEN) for module in modules if module.endswith(EVEN)]
    return [
        *units([("stem", "conv0")]),
        *((f"{cell}/previous/norm", f"{renamed(CELLS, cell)}.final_path_bn") for cell in halving),
        *product(CELLS, PARTS),
        ("head", "last_linear"),
    ]
