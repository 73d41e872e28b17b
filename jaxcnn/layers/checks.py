"""Whether a model can take these images at all, said before a shape error deep inside it."""

import jax

from jaxcnn.errors import UserError


def check_images(images: jax.Array, model: str, side: int) -> None:
    """Raise UserError unless `images` is [batch, height, width, channel] with both sides at least `side` pixels."""
    if images.ndim != 4:
        raise UserError(
            f"{model} takes images [batch, height, width, channel], not an array of shape {list(images.shape)}; "
            "flat data suits the models neuron, softmax and mlp"
        )
    _, height, width, _ = images.shape
    if min(height, width) < side:
        raise UserError(
            f"{model} needs images of at least {side}x{side} pixels, not {height}x{width}: its pooling would leave "
            "nothing; pad or enlarge the images, or take a model that pools less (convnet, resnet20)"
        )


def check_stages(model: str, **lengths: tuple[int, ...]) -> None:
    """Raise UserError unless the options that say something of each stage are of one length."""
    sizes = {name: len(values) for name, values in lengths.items()}
    if len(set(sizes.values())) > 1:
        said = " and ".join(f"{size} {name}" for name, size in sizes.items())
        raise UserError(f"{model}: {said} were given; each stage needs one of each")
