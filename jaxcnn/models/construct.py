"""A model from its name and options, and whether a checkpoint's variables are its own."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn import rules, specs
from jaxcnn.errors import UserError
from jaxcnn.models import FOR_PICTURES, MODELS


def build(spec: str, num_classes: int, dtype: DTypeLike) -> nn.Module:
    """The linen module of a spec such as `vgg16_bn:dropout=0.5`.

    Raises: UserError for an unknown model or option.
    """
    name, options = specs.parse(spec)
    return specs.bind({**MODELS, **FOR_PICTURES}, name, options, "model")(num_classes=num_classes, dtype=dtype)


def check_variables(
    model: nn.Module, variables: Any, image_shape: tuple[int, ...], where: Path, only: str = "*"
) -> None:
    """Compares the names and shapes of `variables` with what `model` would have under paths that match `only`.

    Raises: UserError that names the first difference.
    """
    image = jax.ShapeDtypeStruct((1, *image_shape), jnp.float32)
    wanted = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), image)
    ours, theirs = _shapes(wanted, only), _shapes(variables, only)
    different = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if different:
        name = different[0]
        raise UserError(
            f"the checkpoint in {where} does not fit its model: {name} is {theirs.get(name, 'absent')} there and "
            f"{ours.get(name, 'absent')} in the model ({len(different)} differences); is config.json its own?"
        )


def _shapes(tree: Any, only: str) -> dict[str, tuple[int, ...]]:
    shapes = zip(rules.paths(tree), (leaf.shape for leaf in jax.tree.leaves(tree)), strict=True)
    return {name: shape for name, shape in shapes if rules.matches(only, name.partition("/")[2])}
