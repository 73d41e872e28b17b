"""Filters that whiten the patches of a set of images."""

import jax
import jax.numpy as jnp

from jaxcnn.errors import UserError


def whitening_filters(images: jax.Array, size: int = 2, eps: float = 5e-4) -> jax.Array:
    """The filters under which the patches of `images` have the identity as second moment, and their negatives.

    Images [B, H, W, C], normalized -> a convolution kernel [size, size, C, 2 * size^2 * C] in float32. The filters
    are the eigenvectors of the patches' second moments (the mean is not subtracted), largest eigenvalue first, each
    divided by sqrt(eigenvalue + eps). UserError for images smaller than a patch.
    Source: Jordan 2024, arXiv:2404.00498, section 3.1; hlb-CIFAR10 and cifar10-fast before it.
    """
    if images.ndim != 4 or min(images.shape[1:3]) < size:
        raise UserError(f"whitening needs images [batch, height, width, channel] of at least {size}x{size} pixels")
    channels = images.shape[-1]
    patches = image_patches(images.astype(jnp.float32), size)
    moments = patches.T @ patches / patches.shape[0]
    values, vectors = jnp.linalg.eigh(moments)
    filters = (vectors / jnp.sqrt(values + eps))[:, ::-1].reshape(size, size, channels, -1)
    return jnp.concatenate([filters, -filters], axis=-1)


def image_patches(images: jax.Array, size: int) -> jax.Array:
    """Every `size` x `size` patch, overlapping, as a row: [B, H, W, C] -> [patches, size * size * C]."""
    _, height, width, channels = images.shape
    high, wide = height - size + 1, width - size + 1
    shifted = [images[:, top : top + high, left : left + wide] for top in range(size) for left in range(size)]
    return jnp.stack(shifted, axis=3).reshape(-1, size * size * channels)
