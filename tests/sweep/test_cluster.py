"""The same sweep as jobs of submitit's local executor."""

import signal

import pytest

from helpers.processes import run_command
from helpers.trial import TRIAL
from jaxcnn.errors import UserError
from jaxcnn.report.scores import from_csv
from jaxcnn.sweep import cluster
from jaxcnn.sweep.cluster import submitter


@pytest.mark.slow
def test_a_sweep_runs_as_jobs_and_reports_their_failures(tmp_path):
    (tmp_path / "trial.py").write_text(TRIAL)
    result = run_command("trial", "--cluster", "local", cwd=tmp_path)
    assert result.returncode == 1
    assert "wrong (seed 0) failed: batch_size 5000 is larger" in result.stderr
    good, huge = from_csv((tmp_path / "runs/sweep-trial/table.csv").read_text()).rows
    assert (good.label, good.diverged) == ("good", None)
    assert huge.diverged is not None


def test_a_bad_cluster_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="cannot submit to slurm"):
        submitter("slurm", tmp_path, {})


def test_a_bad_cluster_option_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"cannot submit to local: .*timeout_minutes"):
        submitter("local", tmp_path, {"timeout_minutes": 3})


def test_a_job_whose_time_ends_saves_and_is_queued_again(monkeypatch):
    """SIGUSR2 reaches submitit's handler after the run has saved, and that finds what to call in the next job."""
    events: list[object] = []
    before = signal.signal(signal.SIGUSR2, lambda *_: events.append("queued again"))
    try:
        monkeypatch.setattr(cluster.worker, "work", lambda task: events.append(task) or 128 + signal.SIGUSR2)
        job = cluster.Requeued()
        assert job({"cpus": 1}) == 128 + signal.SIGUSR2
        monkeypatch.setattr(cluster.worker, "work", lambda task: events.append(task) or 143)
        assert job({"cpus": 2}) == 143
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert events == [{"cpus": 1}, "queued again", {"cpus": 2}]
    following = job.checkpoint({"cpus": 1})
    assert (following.function, following.args) == (job, ({"cpus": 1},))
