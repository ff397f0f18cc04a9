import os
import time

import numpy as np
import pytest

from verify import guard
from verify.errors import Crashed, GuardError, TimedOut, Unreadable
from verify.guard import Guard, Limits

HERE = "tests.test_guard"


def echo(value):
    return value


def sleep_for(seconds):
    time.sleep(seconds)


def spin():
    while True:
        pass


def die():
    os._exit(3)


def unreadable():
    raise Unreadable("x.jpg: broken; expected a picture")


def hungry():
    return len(np.ones(2**30, np.float64))


def dial():
    import socket

    with socket.socket() as line:  # by number, so that no name is looked up first
        line.connect(("127.0.0.1", 9))


def shout():
    print("noise on stdout")
    os.system("echo more noise")
    return "quiet"


def call_home(path):
    return os.getpid()


@pytest.fixture
def child():
    with Guard(Limits(seconds=20)) as running:
        yield running


def test_values_and_arrays_cross_unchanged(child):
    value = {"a": [1, 2.5, None, "ə\ud800"], "m": np.arange(6, dtype=np.int16).reshape(2, 3), "b": b"\x00\xff"}
    back = child.call(f"{HERE}:echo", value=value)
    assert back["a"] == value["a"]
    assert back["b"] == value["b"]
    assert back["m"].dtype == np.int16
    assert (back["m"] == value["m"]).all()


def test_one_child_serves_many_jobs(child):
    assert child.call(f"{HERE}:call_home", path="") == child.call(f"{HERE}:call_home", path="")


def test_a_job_that_sleeps_is_timed_out_and_the_next_one_runs():
    with Guard(Limits(seconds=4)) as child:  # a fresh child starts within it also on a busy machine
        with pytest.raises(TimedOut):
            child.call(f"{HERE}:sleep_for", seconds=30)
        assert child.call(f"{HERE}:echo", value=1) == 1


def test_a_job_that_spins_is_stopped_by_its_cpu_time():
    with Guard(Limits(seconds=30, cpu_seconds=1)) as child, pytest.raises(TimedOut, match="CPU"):
        child.call(f"{HERE}:spin")


def test_a_death_is_a_crash_and_the_next_job_runs(child):
    with pytest.raises(Crashed):
        child.call(f"{HERE}:die")
    assert child.call(f"{HERE}:echo", value=2) == 2


def test_the_tools_own_errors_arrive_as_they_are(child):
    with pytest.raises(Unreadable, match="broken"):
        child.call(f"{HERE}:unreadable")


def test_foreign_errors_arrive_with_their_type(child):
    with pytest.raises(GuardError, match=r"^TypeError"):
        child.call(f"{HERE}:echo", nothing=1)


def test_memory_is_limited():
    with Guard(Limits(memory=2**31)) as child, pytest.raises(Unreadable, match="memory"):
        child.call(f"{HERE}:hungry")


def test_there_is_no_network(child):
    with pytest.raises(GuardError, match="no network"):
        child.call(f"{HERE}:dial")


def test_noise_of_a_library_does_not_break_the_frames(child):
    assert child.call(f"{HERE}:shout") == "quiet"


def test_map_gives_every_job_back_with_its_errors():
    jobs = [{"value": 1}, {"wrong": 2}, {"value": 3}]
    back = dict(guard.map(f"{HERE}:echo", jobs, workers=2))
    assert (back[0], back[2]) == (1, 3)
    assert isinstance(back[1], GuardError)


def test_a_map_left_early_ends_its_children():
    for index, _ in guard.map(f"{HERE}:echo", ({"value": n} for n in range(1000)), workers=2):
        if index > 3:
            break


def test_an_error_of_the_callers_own_iterable_is_raised():
    def jobs():
        yield {"value": 1}
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(guard.map(f"{HERE}:echo", jobs(), workers=1))
