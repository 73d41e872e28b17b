"""Every task, with a small network that fits it."""

from jaxcnn.tasks.rotation import HEADS

PICTURES = {
    "denoise:sigma=25": "dncnn:depth=3,width=4",
    "denoise:sigma=50,blind=true": "unet:widths=(4,8),residual=true",
    "super_resolve": "espcn:widths=(4,4),skip=true",
    "colorize": "unet:widths=(4,8),upsample=resize",
    "inpaint:hole=8": "unet:widths=(4,8),upsample=subpixel",
    "autoencode": "autoencoder:widths=(4,8),code=5",
}
SPECS = {
    "classification": "softmax",
    "turns": "softmax",
    "multilabel": "softmax",
    "sort:size=5": "softmax",
    "one_against_rest:positive=class 3": "softmax",
    "embed:size=8": "mlp",
    **{f"rotation:head={head}": "softmax" for head in HEADS},
    **PICTURES,
}
