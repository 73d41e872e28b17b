"""A picture file of any kind and size -> uint8 [height, width, channels]."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps

from jaxcnn.errors import UserError

Fit = Literal["crop", "pad", "stretch"]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
WHITE = (255, 255, 255)


class BrokenPicture(UserError):
    """A file that should be a picture and cannot be read."""


def is_picture(path: Path) -> bool:
    """Whether a file's name says so; hidden files are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read(path: Path, height: int = 0, width: int = 0, fit: Fit = "crop", channels: int = 3) -> np.ndarray:
    """The first frame of a file, upright, on white where it is transparent: [height, width, channels] uint8.

    `fit`, for another shape: `crop` scales the shorter side and cuts out the middle, `pad` scales the longer side and
    fills with black, `stretch` scales both. Without height and width the size stays. Pictures are smoothed before they
    are made smaller.
    Raises: BrokenPicture, naming the file.
    """
    try:
        with Image.open(path) as image:
            return fitted(image, height, width, fit, channels)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise BrokenPicture(f"{path} is not a picture that can be read: {error}") from None


def fitted(image: Image.Image, height: int = 0, width: int = 0, fit: Fit = "crop", channels: int = 3) -> np.ndarray:
    """A picture as `read` gives it."""
    picture = _eight_bits(ImageOps.exif_transpose(image))
    if height and (picture.height, picture.width) != (height, width):
        picture = FITS[fit](picture, (width, height))
    return np.asarray(picture.convert("RGB" if channels == 3 else "L")).reshape(picture.height, picture.width, channels)


def _eight_bits(image: Image.Image) -> Image.Image:
    """RGB, whatever it was: palette, gray, 16 bits, CMYK, or transparent."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        return Image.fromarray(np.clip(values / (257 if values.max(initial=0) > 255 else 1), 0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, (*WHITE, 255)), above).convert("RGB")
    return image.convert("RGB")


def _crop(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(picture, size, Image.Resampling.BICUBIC)


def _pad(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.pad(picture, size, Image.Resampling.BICUBIC)


def _stretch(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture.resize(size, Image.Resampling.BICUBIC)


FITS: dict[str, Any] = {"crop": _crop, "pad": _pad, "stretch": _stretch}
