import pytest

from jaxcnn import specs
from jaxcnn.errors import UserError


def crop(images, *, padding=4, mode="zero", sizes=()):
    return images, padding, mode, sizes


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("crop", ("crop", {})),
        ("crop:padding=2", ("crop", {"padding": 2})),
        ("crop:mode=reflect,sizes=(1, 2),padding=3", ("crop", {"mode": "reflect", "sizes": (1, 2), "padding": 3})),
        ("net:on=true,rate=1e-3", ("net", {"on": True, "rate": 0.001})),
    ],
)
def test_parse(spec, expected):
    assert specs.parse(spec) == expected


def test_bind_fills_options_in():
    assert specs.bind({"crop": crop}, *specs.parse("crop:padding=2"), "augmentation")(7) == (7, 2, "zero", ())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("crpo", "unknown augmentation 'crpo': did you mean 'crop'"),
        ("crop:pading=2", "takes no 'pading': did you mean 'padding'"),
        ("crop:images=2", "takes no 'images'"),
        ("crop:2", "options are written name:key=value"),
    ],
)
def test_a_bad_spec_is_one_clear_error(spec, message):
    with pytest.raises(UserError, match=message):
        specs.bind({"crop": crop}, *specs.parse(spec), "augmentation")
