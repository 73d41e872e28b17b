import json

import pytest

from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.config_json import differences, from_dict, to_dict
from jaxcnn.durations import steps
from jaxcnn.errors import UserError


def test_json_round_trip_restores_every_field():
    config = Config(
        name="a",
        augment=("crop:padding=4",),
        data=DataConfig(classes=("cat", "dog")),
        optimizer=OptimizerConfig(name="adam", eps=1e-3, lr_multipliers=(("*bias", 64.0),)),
        schedule=ScheduleConfig(name="piecewise_linear", points=(("0%", 0.2), ("100%", 0.0))),
    )
    assert from_dict(Config, json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimisr": {}}, "did you mean 'optimizer'"),
        ({"optimizer": {"learning_rat": 1}}, "config.optimizer.learning_rat.*did you mean 'learning_rate'"),
        ({"batch_size": "many"}, "config.batch_size has a wrong value"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"ema": 1.0}, "ema is a decay"),
        ({"dtype": "float16"}, "config.dtype has a wrong value"),
        ({"duration": "ten epochs"}, "write it as 10epochs"),
        ({"log_every": "5"}, "write it as 10epochs"),
    ],
)
def test_a_bad_config_is_one_clear_error(change, message):
    with pytest.raises(UserError, match=message):
        from_dict(Config, {"name": "a", **change})


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("10epochs", 3510), ("1epoch", 351), ("0.5epochs", 176), ("2000steps", 2000), ("1 step", 1), ("50%", 500)],
)
def test_durations(duration, expected):
    assert steps(duration, steps_per_epoch=351, total=1000) == expected


def test_a_bad_duration_is_one_clear_error():
    with pytest.raises(UserError, match="10epochs or 2000steps"):
        steps("50%", steps_per_epoch=10)


def test_differences_name_what_is_computed_and_not_where():
    a = Config(name="a", seed=1, folder="x", devices=1)
    b = Config(name="a", seed=2, folder="y", devices=8)
    assert differences(a, b) == ["seed: 2 there, 1 here"]


def test_a_dtype_left_to_the_machine_is_no_difference_and_another_is():
    left, decided = Config(name="a", dtype="auto"), Config(name="a", dtype="bfloat16")
    assert differences(left, decided) == []
    assert differences(decided, left) == ["dtype: auto there, bfloat16 here"]
