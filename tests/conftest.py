"""What all tests share."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def signals_are_heeded():
    """SIGHUP and SIGINT as a terminal leaves them: `nohup`, or a shell's `&`, may have begun the tests without them."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
