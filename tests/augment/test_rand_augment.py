"""RandAugment's operations against Pillow's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from helpers.draws import draw, images
from jaxcnn.augment import rand_augment

SIZE = 16
OPERATE = jax.jit(rand_augment.operate, static_argnums=3)
PILLOW = {
    "posterize": lambda image, share, _: ImageOps.posterize(image, 8 - round(4 * share)),
    "solarize": lambda image, share, _: ImageOps.solarize(image, 255 * (1 - share)),
    "autocontrast": lambda image, *_: ImageOps.autocontrast(image),
    "equalize": lambda image, *_: ImageOps.equalize(image),
    "identity": lambda image, *_: image,
    "brightness": lambda image, share, sign: ImageEnhance.Brightness(image).enhance(1 + 0.9 * share * sign),
    "color": lambda image, share, sign: ImageEnhance.Color(image).enhance(1 + 0.9 * share * sign),
    "contrast": lambda image, share, sign: ImageEnhance.Contrast(image).enhance(1 + 0.9 * share * sign),
    "sharpness": lambda image, share, sign: ImageEnhance.Sharpness(image).enhance(1 + 0.9 * share * sign),
    "rotate": lambda image, share, sign: image.rotate(-30 * share * sign, Image.Resampling.BILINEAR),
}


def operated(batch, name, share, sign):
    choice = jnp.full((len(batch), 1, 1, 1), rand_augment.OPERATIONS.index(name))
    return np.asarray(
        OPERATE(jnp.asarray(batch, jnp.float32), choice, jnp.full((len(batch), 1, 1, 1), float(sign)), share)
    )


def photographs(count):
    """Smooth random images: Pillow and we may round a value up or down, which noise would enlarge."""
    coarse = np.asarray(images(count, size=4))
    enlarged = [Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for image in coarse]
    return np.stack([np.asarray(image) for image in enlarged])


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("name", PILLOW)
def test_an_operation_is_that_of_pillow(name, sign):
    batch, share = photographs(6), 0.5
    ours = operated(batch, name, share, sign)
    theirs = np.stack([np.asarray(PILLOW[name](Image.fromarray(image), share, sign)) for image in batch])
    inner = slice(4, -4) if name == "rotate" else slice(None)  # Pillow blends the border in its own way
    difference = abs(ours - theirs.astype(float))[:, inner, inner]
    assert difference.max() <= 2
    if name != "identity":
        assert abs(ours - batch.astype(float)).max() > 2


@pytest.mark.parametrize(("name", "axis"), [("translate_y", 1), ("translate_x", 2)])
def test_translation_brings_black_in(name, axis):
    rows_columns = np.broadcast_to(np.arange(1.0, SIZE + 1), (6, 3, SIZE, SIZE))
    batch = np.moveaxis(np.swapaxes(rows_columns, 2, 3) if axis == 1 else rows_columns, 1, -1)
    ours = np.moveaxis(operated(batch, name, 0.5, 1), axis, 0)
    moved = 150 / 331 * SIZE / 2
    kept = int(SIZE - 1 - moved)
    np.testing.assert_allclose(ours[: kept + 1, 0, 0, 0], np.arange(1, kept + 2) + moved, atol=1e-3)
    assert (ours[kept + 2 :] == 0).all()


@pytest.mark.parametrize(("name", "fixed", "moved"), [("shear_x", 1, 2), ("shear_y", 2, 1)])
def test_shear_keeps_the_lines_through_the_middle(name, fixed, moved):
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    picture = np.broadcast_to(np.stack([rows, columns, rows], -1) + 100, (6, SIZE, SIZE, 3))
    source = np.moveaxis(operated(picture, name, 0.5, 1)[0, 4:-4, 4:-4, :2] - 100, -1, 0)
    inner = np.stack([rows, columns])[:, 4:-4, 4:-4]
    np.testing.assert_allclose(source[fixed - 1], inner[fixed - 1], atol=1e-3)
    np.testing.assert_allclose(source[moved - 1], inner[moved - 1] + 0.15 * inner[fixed - 1], atol=1e-3)


def test_magnitude_zero_leaves_all_but_the_parameterless_operations_alone():
    batch = photographs(6).clip(0, 254)  # solarize inverts what is 255 even then
    for name in rand_augment.OPERATIONS:
        changes = abs(operated(batch, name, 0.0, 1) - batch).max() > 1
        assert changes == (name in ("autocontrast", "equalize")), name


def test_every_operation_is_drawn_equally_often():
    count = 2000
    batch = jnp.broadcast_to(photographs(1), (count, SIZE, SIZE, 3))
    once = jax.jit(lambda images: rand_augment.randaugment(draw(count), images, operations=1, magnitude=15.0))
    changed = np.asarray(once(batch))
    kinds, counts = np.unique(changed.round().reshape(count, -1), axis=0, return_counts=True)
    # Nine have two directions, three have one, and identity is what is left; a pair may round to the same image.
    assert 20 <= len(kinds) <= 9 * 2 + 5
    assert sorted(counts)[-1] < count / 14 * 1.3
    assert sorted(counts)[0] > count / 28 * 0.6
