"""Sizes with symbols: their arithmetic, comparisons and text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.errors import Fault
from netdsl.symbolic.decide import always, largest, same, smallest
from netdsl.symbolic.size import Symbolic, at, names_in, symbol, symbols_in
from netdsl.symbolic.symbol import demands_of, watched

STEPS = st.lists(st.tuples(st.sampled_from("+-*/%^r"), st.integers(1, 9)), max_size=7)


def applied(size, n, steps):
    """The same operations on a size and on a number."""
    first, start = size, n
    for step, c in steps:
        match step:
            case "+":
                size, n = size + c, n + c
            case "-":
                size, n = size - c, n - c
            case "r":
                size, n = c - size, c - n
            case "*":
                size, n = size * c, n * c
            case "/":
                size, n = size // c, n // c
            case "%":
                size, n = size % c, n % c
            case "^":
                size, n = size + first, n + start
    return size, n


@settings(deadline=None)
@given(STEPS, st.integers(1, 1000))
def test_a_size_at_a_number_is_what_the_number_gives(steps, n):
    size, expected = applied(symbol("T"), n, steps)
    assert at(size, {"T": n}) == expected


@settings(deadline=None)
@given(STEPS, st.integers(1, 1000))
def test_the_text_of_a_size_is_an_expression_for_it(steps, n):
    size, expected = applied(symbol("T"), n, steps)
    assert eval(str(size), {"T": n}) == expected


@settings(deadline=None)
@given(STEPS, STEPS)
def test_a_comparison_that_always_holds_does_so_at_every_number(left, right):
    size = symbol("T")
    a, b = applied(size, 1, left)[0], applied(size, 1, right)[0]
    if always(a - b, lambda d: d >= 0):
        assert all(at(a, {"T": n}) >= at(b, {"T": n}) for n in range(1, 200))


@settings(deadline=None)
@given(STEPS, STEPS)
def test_a_watched_order_holds_from_the_least_size_on(left, right):
    size = symbol("T")
    a, b = applied(size, 1, left)[0], applied(size, 1, right)[0]
    try:
        with watched("add", None):
            outcome = a < b
    except Fault as fault:
        assert fault.code == "N313"
    else:
        least = symbols_in(size)[0].least
        assert all((at(a, {"T": n}) < at(b, {"T": n})) == outcome for n in range(least, least + 200))


def test_a_watched_equality_keeps_the_sizes_where_it_holds():
    size = symbol("T")
    with watched("add_1", None):
        assert size == 32 * (size // 32)
    assert symbols_in(size)[0].constraints() == ("T divisible by 32",)
    assert demands_of(symbols_in(size)[0]) == ("T divisible by 32 for `add_1`",)


def test_floors_that_the_remainder_makes_exact_are_written_so():
    size = symbol("T")
    with watched("add", None):
        assert size == 2 * ((size - 1) // 2) + 1
    assert str(size // 2 * 2) == "T - 1" and str(size // 2) == "(T - 1)//2"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (lambda t: (t - 5) // 2 + 1, "(T - 3)//2"),
        (lambda t: -(-t // 2), "(T + 1)//2"),
        (lambda t: ((t - 4) // 2 - 4) // 2, "(T - 12)//4"),
        (lambda t: 3 * t * t - t + 1, "3*T*T - T + 1"),
        (lambda t: 2 * (t // 2) + t, "T + 2*(T//2)"),
        (lambda t: t - t + 7, "7"),
        (lambda t: (6 * t + 4) / 2, "3*T + 2"),
    ],
)
def test_text_is_short(size, text):
    assert str(size(symbol("T"))) == text


def test_thousands_are_grouped_on_request():
    assert f"{5120 * symbol('T') + 1000:,}" == "5,120*T + 1,000"


def test_the_largest_of_sizes_is_so_for_every_number():
    size = symbol("T")
    assert str(largest((size, 2 * (size // 2), 1))) == "T" and str(smallest((size, 2 * (size // 2)))) == "2*(T//2)"


def test_symbols_of_one_name_are_not_one_symbol():
    assert symbol("T") != symbol("T") and names_in(symbol("H") * symbol("W")) == "`H` and `W`"


@pytest.mark.parametrize(
    "question",
    [
        lambda t: same(t % 2, 0),
        lambda t: t < 5,
        lambda t: t / 2,
        lambda t: 7 // t,
        lambda t: t**-1,
        lambda t: t // (t - 3),
        lambda t: t < symbol("S"),
    ],
)
def test_what_a_symbol_leaves_open_is_refused(question):
    with pytest.raises(Fault) as fault:
        question(symbol("T"))
    assert fault.value.code == "N313"


def test_a_symbolic_size_is_no_integer_unseen():
    assert not isinstance(symbol("T"), int) and isinstance(symbol("T"), Symbolic)
    with pytest.raises(TypeError):
        range(symbol("T"))
