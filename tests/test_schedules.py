import numpy as np
import pytest

from jaxcnn import schedules
from jaxcnn.config import ScheduleConfig
from jaxcnn.errors import UserError


def values(config, total=100, per_epoch=10):
    schedule = schedules.build(config, total, per_epoch)
    return np.array([np.asarray(schedule(step)).item() for step in range(total)])


def test_constant():
    assert (values(ScheduleConfig(name="constant")) == 1).all()


def test_step_divides_by_ten_at_each_boundary():
    seen = values(ScheduleConfig(name="step", boundaries=("50%", "7.5epochs"), factor=0.1))
    np.testing.assert_allclose(seen[[0, 49, 50, 74, 75, 99]], [1, 1, 0.1, 0.1, 0.01, 0.01], rtol=1e-5)


def test_piecewise_linear_passes_through_its_points():
    seen = values(ScheduleConfig(name="piecewise_linear", points=(("0%", 0.2), ("20steps", 1.0), ("100%", 0.0))))
    np.testing.assert_allclose(seen[[0, 10, 20, 60]], [0.2, 0.6, 1.0, 0.5], rtol=1e-5)


def test_cosine_falls_from_one_to_its_final_value():
    seen = values(ScheduleConfig(name="cosine", final=0.1))
    np.testing.assert_allclose(seen[[0, 50]], [1.0, 0.55], rtol=1e-5)
    assert 0.1 <= seen[-1] < 0.101


def test_one_cycle_peaks_where_it_is_told():
    seen = values(ScheduleConfig(name="one_cycle", peak="40%"))
    assert seen.argmax() == 40
    np.testing.assert_allclose([seen[0], seen[40]], [1 / 25, 1.0], rtol=1e-5)


@pytest.mark.parametrize("name", ["constant", "step", "cosine"])
def test_warm_up_is_a_line_that_ends_at_the_peak(name):
    seen = values(ScheduleConfig(name=name, warmup="1epochs"))
    np.testing.assert_allclose(seen[:11], [*np.arange(1, 11) / 10, 1.0], rtol=1e-5)


def test_boundaries_count_from_the_beginning_of_training_despite_warm_up():
    seen = values(ScheduleConfig(name="step", warmup="10steps", boundaries=("50%",), factor=0.1))
    np.testing.assert_allclose(seen[[49, 50]], [1.0, 0.1], rtol=1e-5)


def test_boundaries_on_one_step_of_a_short_run_multiply_twice_and_one_after_the_end_is_not_reached():
    config = ScheduleConfig(name="step", boundaries=("50%", "60%", "900steps"), factor=0.1)
    np.testing.assert_allclose(values(config, total=3), [1, 1, 0.01], rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ScheduleConfig(name="step", boundaries=("75%", "50%")), "rising order of time, but 75% comes before 50%"),
        (ScheduleConfig(name="piecewise_linear", points=(("100%", 0.0), ("0%", 1.0))), "points must be in rising"),
        (ScheduleConfig(name="piecewise_linear", points=(("9epochs", 1.0), ("20steps", 0.0))), "points must be in"),
        (ScheduleConfig(name="piecewise_linear", points=()), "at least one point"),
        (ScheduleConfig(name="piecewise_linear", points=(("0%", -1.0),)), "no multiplier below 0"),
        (ScheduleConfig(name="piecewise_linear", points=(("120%", 0.0),)), "'120%' is after the end"),
        (ScheduleConfig(name="cosine", warmup="100steps"), "is 100 steps, and the whole training has 100"),
        (ScheduleConfig(name="constant", warmup="20epochs"), "is 200 steps, and the whole training has 100"),
        (ScheduleConfig(name="one_cycle", peak="100%"), "schedule.peak 100% must be after the warm-up and before"),
        (ScheduleConfig(name="one_cycle", peak="10%", warmup="20%"), "schedule.peak 10% must be after the warm-up"),
        (ScheduleConfig(name="exponential", final=0.0), "never reaches 0"),
    ],
)
def test_times_and_values_that_cannot_be_meant_are_one_clear_error(config, message):
    with pytest.raises(UserError, match=message):
        values(config)


@pytest.mark.parametrize("name", schedules.SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 10])
def test_every_schedule_suits_every_short_run(name, total):
    seen = values(ScheduleConfig(name=name), total=total)
    assert np.isfinite(seen).all()
    assert (seen >= 0).all()


def test_a_bad_schedule_option_is_one_clear_error():
    with pytest.raises(UserError, match="schedule 'cosine' takes no 'factor'"):
        values(ScheduleConfig(name="cosine", factor=0.1))
