"""What all tests share."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def hang_ups_are_heeded():
    """SIGHUP as a terminal leaves it: a training ignores it where `nohup` began the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
