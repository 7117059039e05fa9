"""`--save-every`: steps or a time."""

import pytest

from netdsl.errors import NetError
from netdsl.training.keeping.save_every import SaveEvery, parse_save_every


@pytest.mark.parametrize(
    ("text", "steps", "seconds"), [("500", 500, None), ("90s", None, 90), ("10m", None, 600), ("2h", None, 7200)]
)
def test_a_number_is_steps_and_a_unit_makes_it_a_time(text, steps, seconds):
    assert parse_save_every(text) == SaveEvery(steps, seconds)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "10 m", "1d", "never", "9" * 20])
def test_anything_else_is_refused(text):
    with pytest.raises(NetError) as caught:
        parse_save_every(text)
    assert caught.value.code == "N537"


def test_by_default_ten_minutes_pass():
    assert [SaveEvery().due(10**9, seconds) for seconds in (599, 600)] == [False, True]


def test_steps_do_not_look_at_the_clock():
    assert [SaveEvery(5, None).due(steps, 1e9) for steps in (4, 5)] == [False, True]
