"""Canonical text: what moves, what stays, and that nothing else does."""

from pathlib import Path

import pytest

import fuzz_format
from netdsl.errors import NetError, Source
from netdsl.language.explicit import explicit_text
from netdsl.language.format import format_source
from random_programs import Program

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "architectures").rglob("*.net"))


def formatted(text: str) -> str:
    return format_source(Source("test.net", text))


def statement(text: str) -> str:
    """One statement of a net, formatted."""
    return formatted(f"net A {{\n{text}\n}}\n").removeprefix("net A {\n").removesuffix("}\n")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_file_is_canonical(path):
    assert formatted(path.read_text("utf-8")) == path.read_text("utf-8")


@pytest.mark.parametrize("seed", range(100))
def test_random_program_keeps_its_net_and_settles_at_once(seed):
    assert fuzz_format.fault(seed)[0] is None


def test_most_random_programs_have_nets():
    assert sum(not isinstance(fuzz_format.described(Program(seed).text())[0], str) for seed in range(20)) > 15


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("a:conv( 4,3 ,pad = same )|relu", "  a: conv(4, 3, pad=same) | relu\n"),
        ("x [ i ] : conv(4 *w,2 * 2**i , (a+b) *c, k//2)", "  x[i]: conv(4*w, 2 * 2**i, (a + b) * c, k//2)\n"),
        ("conv(4, stride=1 if i==0 else 2)*( n-1 )", "  conv(4, stride = 1 if i == 0 else 2) * (n - 1)\n"),
        ("conv(- 4, -2 ** - i, a - -b, act=(c if d else e))", "  conv(-4, -2**-i, a - -b, act=(c if d else e))\n"),
        ("input x :{ n }x{2 *m}x3", "  input x: {n}x{2*m}x3\n"),
        ("let  k=[ 1,2, ]", "  let k = [1, 2]\n"),
        ("let k=(1 ,)", "  let k = (1,)\n"),
        ("for [t,c] in [[1,2]] {relu}", "  for [t, c] in [[1, 2]] { relu }\n"),
        ("flatten() ; relu;;", "  flatten\n  relu\n"),
        ("a |\n b\n | c", "  a\n      | b\n      | c\n"),
        ("r . cbr(1)", "  r.cbr(1)\n"),
        ("assert  always not a and b!=3x3,'".replace("'", '"words"'), '  assert always not a and b != 3x3, "words"\n'),
    ],
)
def test_blanks(written, canonical):
    assert statement(written) == canonical


def test_shapes_and_comments_stand_in_one_column():
    text = "a: conv(4, 3) -> 3x3x4\nrelu # why\n\nlonger: conv(4, 3) -> 3x3x4 # seen\n"
    assert (
        statement(text)
        == "  a: conv(4, 3)  -> 3x3x4\n  relu           # why\n\n  longer: conv(4, 3)  -> 3x3x4  # seen\n"
    )


def test_a_line_beyond_column_80_does_not_push_the_column():
    long = " | ".join(["relu"] * 12)
    assert statement(f"{long} -> 4\nrelu -> 4") == f"  {long}  -> 4\n  relu  -> 4\n"


def test_rows_of_numbers_end_below_each_other():
    assert statement("a: b(1, 20, 3)\nb(100, 2, 3)") == "  a: b(  1, 20, 3)\n  b(100,  2, 3)\n"


def test_two_numbers_are_no_row():
    assert statement("conv(8, 3)\nconv(16, 3)") == "  conv(8, 3)\n  conv(16, 3)\n"


def test_settings_stand_in_columns():
    assert formatted("train A {\nepochs 3\ndata a|b\n}") == "train A {\n  epochs  3\n  data    a | b\n}\n"


def test_line_ends_and_empty_lines():
    assert (
        formatted("\ufeff".strip("\ufeff") + "\r\n\r\nlet a = 1  \r\n\r\n\r\nlet b = 2") == "let a = 1\n\nlet b = 2\n"
    )


def test_comments_stay():
    text = "# top\nnet A {  # first\n  # own\n  add(a,  # behind\n    b)\n  # last\n}\n# end\n"
    assert formatted(text) == text


def test_body_beyond_120_columns_is_opened():
    inside = " | ".join(["conv(16, 3x3, pad=same)"] * 4)
    name = "b" * 20
    assert formatted(f"block {name} {{ {inside} }}") == f"block {name} {{\n  {inside}\n}}\n"


def test_chain_beyond_120_columns_is_broken():
    parts = ["conv(16, 3x3, pad=same)"] * 6
    assert formatted("block b {\n" + " | ".join(parts) + "\n}") == "block b {\n  " + "\n      | ".join(parts) + "\n}\n"


def test_deep_nesting_of_long_lines_takes_no_time():
    head = f"if {' and '.join(['abcdefghij'] * 12)} {{\n"
    assert formatted("net A {\n" + head * 60 + "relu\n" + "}\n" * 61).count("\n") == 123


@pytest.mark.parametrize("text", ["net A {", "net A { conv(4,, 3) }", 'net A { a "b }', "net A { x = conv(3) }"])
def test_mistake_of_syntax_is_refused(text):
    with pytest.raises(NetError):
        formatted(text)


def explicit(text: str) -> str:
    return format_source(Source("test.net", explicit_text(fuzz_format.request(text))))


def test_explicit_writes_defaults_and_those_that_follow_another_argument():
    text = explicit("net A { input x: 8x8x3; maxpool(2x2); dropout(0.5) }")
    assert "maxpool(2x2, stride=2x2, pad=valid, ceil=false, act=none); dropout(0.5) }" in text


def test_explicit_leaves_what_a_default_statement_gives():
    text = explicit("net A {\ninput x: 8x8x3\navgpool(2)\ndefault avgpool(stride=1)\navgpool(2)\n}")
    assert text.count("stride=2") == 1 and text.count("avgpool(2, pad=valid") == 1


def test_explicit_leaves_words_that_are_names():
    assert "valid" not in explicit("net A { input x: 8x8x3; let valid = 1; maxpool(2) }").replace("let valid", "")


def test_explicit_writes_the_constant_defaults_of_blocks():
    text = "block b(w, k=3, v=w) { dense(w*k + v) }\nnet A { input x: 8; b(2) }"
    assert "b(2, k=3)" in explicit(text)


def test_explicit_refuses_a_net_with_mistakes():
    with pytest.raises(NetError):
        explicit("net A { input x: 8x8x3; conv(4, 9x9) }")
