import json
import math

import pytest

from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.config_json import changed, differences, from_dict, to_dict
from jaxcnn.durations import every, steps
from jaxcnn.errors import UserError
from jaxcnn.limits import LIMITS


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
        ({"ema": 1.0}, "ema must be at least 0 and below 1, not 1.0"),
        ({"optimizer": {"learning_rate": float("nan")}}, "optimizer.learning_rate must be a finite number, not nan"),
        ({"loss": {"l2": float("inf")}}, "loss.l2 must be a finite number, not inf"),
        ({"optimizer": {"lr_multipliers": [["*", float("nan")]]}}, "optimizer.lr_multipliers must be a finite number"),
        ({"seed": -1}, r"seed must be from 0 to 4294967295 \(32 bits\), not -1"),
        ({"seed": 2**32}, "seed must be from 0 to 4294967295"),
        ({"seed": 10**400}, "seed must be from 0 to 4294967295"),
        ({"duration": "0.0epochs"}, "would train for no step"),
        ({"select": "best", "data": {"validation": 0}}, "select best needs validation images"),
        ({"dtype": "float16"}, "config.dtype has a wrong value"),
        ({"duration": "ten epochs"}, "write it as 10epochs"),
        ({"log_every": "5"}, "write it as 10epochs"),
    ],
)
def test_a_bad_config_is_one_clear_error(change, message):
    with pytest.raises(UserError, match=message):
        from_dict(Config, {"name": "a", **change})


def numbers(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
        elif type(value) in (int, float):
            yield prefix + name


def test_every_number_of_a_config_has_a_limit_and_refuses_what_is_beyond():
    given = {"optimizer": dict.fromkeys(("weight_decay", "momentum", "b1", "b2", "decay", "eps", "clip_norm"), 0.5)}
    given["loss"] = {"temperature": 2.0, "teacher_weight": 0.5}
    full = from_dict(Config, {"name": "a", **given, "schedule": {"factor": 0.5, "final": 0.5}})
    names = {name for name in numbers(to_dict(full)) if not name.startswith("distributed.")}
    assert names == set(LIMITS)
    for name, limit in LIMITS.items():
        for beyond in (limit.low - 1, limit.high + 1):
            if math.isfinite(beyond):
                with pytest.raises(UserError, match=name):
                    changed(full, {name: beyond})


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("10epochs", 3510), ("1epoch", 351), ("0.5epochs", 176), ("2000steps", 2000), ("1 step", 1), ("50%", 500)],
)
def test_durations(duration, expected):
    assert steps(duration, steps_per_epoch=351, total=1000) == expected


def test_a_bad_duration_is_one_clear_error():
    with pytest.raises(UserError, match="10epochs or 2000steps"):
        steps("50%", steps_per_epoch=10)
    with pytest.raises(UserError, match="'101%' is after the end of the training"):
        steps("101%", steps_per_epoch=10, total=100)


@pytest.mark.parametrize(("duration", "expected"), [("0steps", 0), ("0epochs", 0), ("0%", 0), ("0.001epochs", 1)])
def test_a_frequency_of_zero_means_never_and_a_small_one_every_step(duration, expected):
    assert every(duration, steps_per_epoch=10, total=100) == expected


def test_differences_name_what_is_computed_and_not_where():
    a = Config(name="a", seed=1, folder="x", devices=1)
    b = Config(name="a", seed=2, folder="y", devices=8)
    assert differences(a, b) == ["seed: 2 there, 1 here"]


def test_a_dtype_left_to_the_machine_is_no_difference_and_another_is():
    left, decided = Config(name="a", dtype="auto"), Config(name="a", dtype="bfloat16")
    assert differences(left, decided) == []
    assert differences(decided, left) == ["dtype: auto there, bfloat16 here"]
