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


def test_a_bad_schedule_option_is_one_clear_error():
    with pytest.raises(UserError, match="schedule 'cosine' takes no 'factor'"):
        values(ScheduleConfig(name="cosine", factor=0.1))
