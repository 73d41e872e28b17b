"""metrics.jsonl: what a damaged line costs."""

import json
import math
from pathlib import Path

import pytest

from jaxcnn.console.log import Log, read_rows
from jaxcnn.errors import UserError

ROWS = [{"step": step, "split": "train", "loss": 1 / step} for step in (10, 20, 30, 40)]
LINES = [json.dumps(row).encode() + b"\n" for row in ROWS]


def opened(folder, step):
    Log(folder, step, tensorboard=False).close()
    return read_rows(folder / "metrics.jsonl")


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b"3\n",
        b"{}\n",
        b'{"step": "20", "split": "train"}\n',
        b'{"step": 20, "split": "train", "seconds": "9"}\n',
        b"\xff\xfe\n",
        b'{"step": 2',
    ],
)
def test_a_damaged_line_costs_no_other_and_the_old_file_is_kept(tmp_path, damage, capfd):
    damage = damage if damage.endswith(b"\n") else damage + b"\n"
    content = LINES[0] + damage + LINES[2] + LINES[3]
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(content)
    assert read_rows(path) == [ROWS[0], ROWS[2], ROWS[3]]
    assert opened(tmp_path, 30) == [ROWS[0], ROWS[2]]
    assert (tmp_path / "metrics.jsonl.damaged").read_bytes() == content
    said = " ".join(capfd.readouterr().err.split())
    assert "1 damaged lines" in said
    assert "(line 2); the old file is" in said
    path.write_bytes(damage)
    assert opened(tmp_path, 30) == []
    assert (tmp_path / "metrics.jsonl.damaged-2").read_bytes() == damage


def test_a_last_line_that_a_killed_process_cut_off_is_nothing_to_report(tmp_path, capfd):
    for cut in range(1, len(LINES[3]) - 1):
        (tmp_path / "metrics.jsonl").write_bytes(b"".join(LINES[:3]) + LINES[3][:cut])
        assert opened(tmp_path, 40) == ROWS[:3]
    assert capfd.readouterr().err == ""
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_number_that_is_not_finite_is_null_in_the_file_and_nan_in_a_row(tmp_path):
    log = Log(tmp_path, 0, tensorboard=False)
    log.write(10, "train", {"loss": 1.5, "gradient_norm": math.inf})
    log.close()
    line = (tmp_path / "metrics.jsonl").read_text()
    assert json.loads(line, parse_constant=pytest.fail)["gradient_norm"] is None
    (row,) = read_rows(tmp_path / "metrics.jsonl")
    assert math.isnan(row["gradient_norm"])
    assert opened(tmp_path, 10)[0]["loss"] == 1.5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_one_clear_error(tmp_path):
    log = Log(tmp_path, 0, tensorboard=False)
    log._file.close()
    log._file = Path("/dev/full").open("a", buffering=1)  # noqa: SIM115, the log closes it
    for again in (lambda: log.write(10, "train", {"loss": 1.0}), log.close):
        with pytest.raises(UserError, match=r"cannot write .*metrics.jsonl: No space left"):
            again()
