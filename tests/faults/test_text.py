"""Faults of text and shapes, a test for each row of the list: an input ends in a net or a `NetError`."""

import os
import random
import re
import subprocess
import sys
import time
from importlib.resources import files

import pytest

from netdsl.errors import NetError, render
from netdsl.language.check import check_file
from netdsl.language.load import parse

NAMES = ("lenet5", "googlenet", "resnet50", "unet")
TEXTS = {name: files("netdsl.architectures").joinpath(f"{name}.net").read_text("utf-8") for name in NAMES}


def net(body, head="net A"):
    return f"{head} {{\n  input image: 28x28x3\n  {body}\n}}\n"


def found(text):
    with pytest.raises(NetError) as error:
        parse(text)
    return error.value.diagnostics


def code(text):
    return found(text)[0].code


def place(text):
    span = found(text)[0].span
    return span.line, span.column


def write(tmp_path, data, name="a.net"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def codes_of(path):
    return [d.code for d in check_file(path)[1]]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only\n# comments"])
def test_row_1_an_empty_file(tmp_path, data):
    assert codes_of(write(tmp_path, data)) == ["N216"]


def test_row_1_blocks_alone_are_fine(tmp_path):
    assert codes_of(write(tmp_path, b"block b { relu }")) == []


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1a", "§", "\x7f"])
def test_row_2_odd_characters(char):
    assert place(net(f"relu{char}")) == (3, 7)


@pytest.mark.parametrize("data", [b"net A {\n \xff }", "net A {}".encode("utf-16"), "net Ä {}".encode("latin-1")])
def test_row_3_other_encodings(tmp_path, data):
    diagnostics = check_file(write(tmp_path, data))[1]
    assert diagnostics[0].code == "N003" and diagnostics[0].span


def test_row_4_mark_line_ends_and_blanks(tmp_path):
    text = net("relu | tanh")
    variants = (text, "\ufeff" + text, text.replace("\n", "\r\n"), text.rstrip("\n"), text.replace("\n", "  \t\n"))
    nets = [check_file(write(tmp_path, v.encode()))[0][0] for v in variants]
    assert len({tuple((n.path, n.shape) for n in made) for made in nets}) == 1


@pytest.mark.parametrize("char", ["\r", "\u2028", "\x85"])
def test_row_5_lines_end_with_lf_only(char):
    assert place(f"# a{char}b\nnet A {{ relu }}") == (1, 4)


def test_row_5_a_tab_is_four_columns_wide_in_the_drawing():
    lines = render(found("net A {\n\tinput x: 8\n\tdens(3)\n}")).splitlines()
    assert lines[3] == " 3 |     dens(3)" and lines[4] == "   |     ^^^^"


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", "\u0430", "\uff41"])
def test_row_6_letters_that_look_alike(name):
    shown = render(found(net(f"{name}: relu")))
    assert "\u202e" not in shown and "\u200b" not in shown


def test_row_7_escape_sequences_are_shown_escaped(tmp_path):
    shown = render(check_file(tmp_path / "\x1b[31mred.net")[1])
    assert "\x1b" not in shown and "\\u{1b}" in shown


TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|\w+|->|\*\*|//|[<>=!]=|\n|\S')


def mutations(text, rng, count):
    tokens = [m.span() for m in TOKEN.finditer(text)]
    for _ in range(count):
        i = rng.randrange(len(tokens) - 1)
        (a, b), (c, d) = tokens[i], tokens[i + 1]
        yield text[:a] + text[b:]
        yield text[:b] + " " + text[a:b] + text[b:]
        yield text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


@pytest.mark.parametrize("name", NAMES)
def test_row_8_single_token_edits(name):
    for text in mutations(TEXTS[name], random.Random(name), 25):
        try:
            parse(text)
        except NetError as error:
            assert render(error.diagnostics)


def test_row_9_every_truncation():
    text = TEXTS["lenet5"]
    for end in range(0, len(text), 7):
        try:
            parse(text[:end])
        except NetError as error:
            assert render(error.diagnostics)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (net("conv(4, 3x3\n  relu"), (3, 7)),
        (net("let a = [1, 2\n  relu"), (3, 11)),
        (net('assert true, "x'), (3, 16)),
        ("net A {\n input x: 8\n relu\n", (1, 7)),
        (net("if true {\n relu"), (1, 7)),
    ],
)
def test_row_10_at_the_opener(text, where):
    assert place(text) == where


@pytest.mark.parametrize("text", ["(" * 10**5, "net A { relu | " + "(" * 10**5, "[" * 10**5 + "]" * 10**5])
def test_row_11_nesting(text):
    assert code(text) == "N108"


@pytest.mark.parametrize(
    "nest", ["add {{ - {} }}", "if true {{ {} }}", "({} | relu)", "f {{ {} }}", "for i in 1 {{ {} }}"]
)
def test_row_11_sixty_levels_are_fine(nest):
    body = "relu"
    for _ in range(60):
        body = nest.format(body)
    assert parse("block f { body }\n" + net(body)).nodes


def test_row_11_blocks_that_call_blocks():
    blocks = "".join(f"block b{i} {{ b{i + 1} }}\n" for i in range(500)) + "block b500 { relu }\n"
    assert code(blocks + net("b0")) == "N108"
    assert parse(blocks + net("b450")).nodes


def test_row_11_deep_expressions_in_deep_blocks():
    blocks = "".join(f"block b{i} {{ add {{ - b{i + 1} }} }}\n" for i in range(30)) + (
        "block b30 { conv(" + "(" * 55 + "1" + " + 1)" * 55 + ", 1x1) }\n"
    )
    assert parse(blocks + net("b0")).nodes


@pytest.mark.parametrize(
    "line", ["let k = " + "1 + " * 20000 + "1", "let k = " + "-" * 20001 + "1", "let k = " + "not " * 20000 + "true"]
)
def test_row_12_long_lines(line):
    assert parse(net(line + "\n  relu")).nodes


def test_row_12_time_is_linear():
    def seconds(count):
        text = net("\n".join(f"c{i}: conv(3, 1x1)" for i in range(count)))
        start = time.process_time()
        parse(text)
        return time.process_time() - start

    seconds(500)
    small, large = (min(seconds(n) for _ in range(2)) for n in (1000, 4000))
    assert large / small < 8  # 4 where linear, 16 where quadratic


def test_row_13_a_name_of_4_mib_is_not_echoed():
    shown = render(found(net("a" * (4 * 2**20 - 100) + ": relu")))
    assert max(map(len, shown.splitlines())) <= 1024


def test_row_14_a_file_that_is_too_large(tmp_path):
    path = write(tmp_path, b"")
    os.truncate(path, 3 * 2**30)
    start = time.monotonic()
    assert codes_of(path) == ["N002"] and time.monotonic() - start < 1


def test_row_15_what_is_not_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.net")
    (tmp_path / "loop.net").symlink_to("loop.net")
    start = time.monotonic()
    for path in (tmp_path, tmp_path / "pipe.net", "/dev/zero", tmp_path / "loop.net", tmp_path / "no.net"):
        assert codes_of(path) == ["N001"]
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("body", ["C1: relu\n  add(C2, _)", "C1: relu\n  from C2 | tanh"])
def test_row_16_undefined_names(body):
    first = found(net(body))[0]
    assert first.code == "N201" and first.fixes[0].words == "`C1`"


def test_row_17_a_cycle_of_blocks_is_listed():
    blocks = "block a { b }\nblock b { relu | c }\nblock c { a }\n"
    assert found(blocks + net("a"))[0].message == "block `a` calls itself: a → b → c → a"


def test_row_17_a_value_of_itself():
    assert found(net("x: from x | relu"))[0].message == "`x` is used in its own definition"


def test_row_18_a_name_used_twice():
    first = found(net("x: relu\n  x: tanh"))[0]
    assert first.code == "N211" and first.notes[0][0].line == 3


@pytest.mark.parametrize(("body", "fixed"), [("cnov(4, 3x3)", "conv"), ("conv(4, 3x3, strid=2)", "stride")])
def test_row_19_unknown_layers_and_arguments(body, fixed):
    assert f"`{fixed}`" in found(net(body))[0].fixes[0].words


def test_row_20_an_argument_twice():
    assert code(net("conv(4, 3x3, stride=1, stride=2)")) == "N205"
    assert code(net("relu", head="net A(n=1, n=2)")) == "N205"


def test_row_21_a_missing_argument():
    assert "`kernel`" in found(net("conv(4)"))[0].message


@pytest.mark.parametrize("value", ["4.5", "nan", "inf", '"3"', "true", "[3]", "3x3", "same"])
def test_row_22_wrong_kinds(value):
    assert code(net(f"conv({value}, 3x3)")) in ("N207", "N201")


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 5000 + "x3", "1e5000", "{" + "9" * 5000 + "}x3"])
def test_row_23_huge_numbers(text):
    assert code(net(f"conv(4, {text})")) == "N306"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net A { input x: 8 }", "N217"),
        ("net A { relu }", "N217"),
        ("net A { input a: 8; dense(2); input b: 8; dense(3) }", "N228"),
        ("net A { input a: 8; input b: 8; dense(3) }", "N228"),
    ],
)
def test_row_24_nets_that_are_none(text, expected):
    assert code(text) == expected


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd"])
def test_row_25_an_import_does_not_echo_files(path):
    shown = render(found(f'import "{path}"\n' + net("relu")))
    assert "N218" in shown and "root:" not in shown


@pytest.mark.parametrize(
    "body",
    [
        "relu * 1000000000",
        "(relu | tanh) * 60000",
        "(conv(4, 3x3, pad=same) | (relu | tanh) * 2) * 65536",
        "for i in 1000000000 { relu }",
        "for i in 1000 { for j in 1000 { for k in 1000 { relu } } }",
        "for i in 100000 { for j in 100000 { let a = 1 } }",
    ],
)
def test_row_26_too_many_nodes(body):
    start = time.process_time()
    assert code(net(body)) == "N231" and time.process_time() - start < 5


@pytest.mark.parametrize("body", ["wrong(1) * 65536", "for i in 65536 { wrong(i) }"])
def test_row_26_what_comes_behind_a_mistake_is_not_run_for_ever(body):
    block = "block wrong(n) { conv(4, 3x3); conv(0 * n, 3x3); add { - relu; - id } }\n"
    start = time.process_time()
    assert code(block + net(body)) == "N208" and time.process_time() - start < 5


@pytest.mark.parametrize(
    "body", ["__class__", "__import__(os)", "relu.__class__", "conv(_.__class__, 3)", "conv({0}, 1x1)"]
)
def test_row_27_names_of_python_mean_nothing(body):
    assert code(net(body))


def test_row_28_at_most_twenty_in_order():
    errors = found(net("\n  ".join(f"x{i}: cnov(4, 3x3)" for i in range(30))))
    shown = render(errors)
    lines = [int(n) for n in re.findall(r"text.net:(\d+):", shown)]
    assert lines == list(range(3, 23)) and shown.endswith("10 more not shown")


def test_row_29_the_same_bytes_each_time(tmp_path):
    path = write(tmp_path, net("a: cnov(4, 3x3)\n  b: conv(4, 3x3, strid=2)\n  d: add(a, foo)").encode())
    program = (
        "import sys; from netdsl.language.check import check_file; from netdsl.errors import render;"
        "print(render(check_file(sys.argv[1])[1]))"
    )
    outputs = set()
    for seed in ("0", "1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(
            subprocess.run(
                [sys.executable, "-P", "-c", program, str(path)], env=env, capture_output=True, check=True
            ).stdout
        )
    assert len(outputs) == 1


@pytest.mark.parametrize("value", ["0", "-1"])
def test_row_30_stride(value):
    text = net(f"conv(4, 3x3, stride={value})")
    assert code(text) == "N208" and place(text) == (3, 23)


@pytest.mark.parametrize("argument", ["kernel=0", "dilation=0", "groups=0", "kernel=0x3"])
def test_row_31_nothing_to_see(argument):
    kernel = "" if "kernel" in argument else "kernel=3, "
    assert code(net(f"conv(filters=3, {kernel}{argument})")) in ("N208", "N115")


@pytest.mark.parametrize(
    "body", ["conv(4, 3x3, pad=-1)", "conv(4, 3x3, pad=1048577)", "maxpool(2x2, pad=2)", "avgpool(3x3, pad=(3, 0))"]
)
def test_row_32_pads(body):
    assert code(net(body)) in ("N208", "N304")


@pytest.mark.parametrize(("body", "number"), [("conv(4, 3x3, groups=2)", "3"), ("conv(4, 3x3, groups=3)", "4")])
def test_row_33_groups(body, number):
    message = found(net(body))[0].message
    assert number in message and "groups=" in message


def test_row_34_the_formula_is_shown_with_its_numbers():
    assert ("height", "floor((28 + 0 - 30)/1) + 1 = -1") in found(net("conv(4, 30x30)"))[0].facts


@pytest.mark.parametrize("size", ["0", "2147483648", "9223372036854775808", "18446744073709551616"])
def test_row_35_sizes_out_of_range(size):
    assert code(f"net A {{ input x: {size}; dense(3) }}") in ("N311", "N306")
    assert code(net(f"dense({size})")) in ("N208", "N306")


@pytest.mark.parametrize(
    "text",
    [
        "net A { input x: 65536x65536x65536x65536; relu }",
        net("dense(2147483647) | dense(2147483647) | dense(2147483647)"),
    ],
)
def test_row_36_products_beyond_64_bits(text):
    assert code(text) == "N306"


def test_row_38_inputs_of_nothing():
    assert code("net A { input x: 0x28x1; relu }") == "N311"
    assert code("net A { input x: {-3}x28x1; relu }") == "N311"


@pytest.mark.parametrize("merge", ["add", "concat"])
def test_row_39_both_shapes_and_their_lines(merge):
    first = found(net(f"a: conv(6, 5x5)\n  b: conv(6, 3x3)\n  {merge}(a, b)"))[0]
    assert first.span.line == 5 and "24x24x6 and 22x22x6" in first.message
    assert [span.line for span, _ in first.notes] == [3, 4]


def test_row_40_reshape_keeps_the_count():
    message = found(net("reshape(28x28x2)"))[0].message
    assert "28x28x2" in message and "28x28x3" in message
