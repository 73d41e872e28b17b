import struct
import time

from jaxcnn.console.events import Event, Events, SessionLog
from jaxcnn.console.log import Log


def read(path):
    """The events of a file as it is on the disk: [length, its checksum, event, its checksum], one after the other."""
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return events


def scalars(event):
    return {value.tag: value.simple_value for value in event.summary.value}


def test_events_are_on_the_disk_when_they_are_written(tmp_path):
    events = Events(tmp_path, 0)
    events.add(7, {"train/loss": 0.5, "train/accuracy": 0.25})
    (file,) = tmp_path.iterdir()
    first, second = read(file)
    assert first.file_version == "brain.Event:2"
    assert (second.step, scalars(second)) == (7, {"train/loss": 0.5, "train/accuracy": 0.25})
    events.close()


def test_a_resumed_session_comes_last_by_name_even_if_the_clock_was_set_back(tmp_path, monkeypatch):
    for step, now in ((0, 2e9), (20, 1e9), (30, 1e9), (40, 3e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        Events(tmp_path, step).close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    begins = [read(file)[-1] for file in files[1:]]
    assert [begin.step for begin in begins] == [21, 31, 41]  # TensorBoard drops these and later steps of before
    assert {begin.session_log.status for begin in begins} == {SessionLog.START}


def test_a_log_writes_the_same_scalars_to_both(tmp_path):
    log = Log(tmp_path, 0, tensorboard=True)
    log.write(3, "train", {"loss": 0.5})
    log.close()
    (file,) = (tmp_path / "events").iterdir()
    assert scalars(read(file)[-1]) == {"train/loss": 0.5}
