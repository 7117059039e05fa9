"""Signals while a training runs."""

import os
import signal

import pytest

from netdsl.training.keeping.interrupt import SIGNALS, Interrupt


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_is_noted_and_the_second_is_raised_with_its_number(number):
    with Interrupt() as interrupt:
        os.kill(os.getpid(), number)
        assert (interrupt.signal, interrupt.exit_code) == (number, 128 + number)
        with pytest.raises(KeyboardInterrupt) as caught:
            os.kill(os.getpid(), number)
    assert caught.value.args == (number,)


def test_a_hang_up_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGHUP)
    signal.signal(signal.SIGHUP, before)
    assert interrupt.signal is None


def test_what_changes_nothing_ends_at_the_first():
    with Interrupt() as interrupt:
        assert interrupt.breaks(lambda: 3) == 3
        assert interrupt.breaks(lambda: (os.kill(os.getpid(), signal.SIGTERM), pytest.fail("it went on"))) is None
        assert interrupt.breaks(lambda: pytest.fail("it began")) is None
    assert interrupt.exit_code == 143
