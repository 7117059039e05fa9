"""Each kind of statement, by what it does to the graph."""

import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse


def net(body, head="net A", pre=""):
    return parse(f"{pre}\n{head} {{\n input image: 8x8x3\n{body}\n}}")


def code(body, **rest):
    with pytest.raises(NetError) as error:
        net(body, **rest)
    return error.value.code


def test_a_chain_reads_from_left_to_right():
    made = net("conv(4, 1x1) | relu")
    assert made.nodes["relu_1"].inputs == ("conv_1",)


def test_the_last_value_is_the_output():
    assert net("a: relu\nb: tanh").outputs == {"b": "b"}


def test_output_names_several():
    assert net("a: relu\nb: tanh\noutput a, b").outputs == {"a": "a", "b": "b"}


def test_unnamed_calls_count_named_ones():
    assert list(net("x: relu\nrelu\nrelu").nodes) == ["image", "x", "relu_2", "relu_3"]


def test_a_long_chain_is_a_scope():
    made = net("x: relu | tanh")
    assert list(made.nodes) == ["image", "x.relu_1", "x.tanh_1"]
    assert made.scopes[0].output == "x.tanh_1"


def test_from_starts_elsewhere():
    assert net("a: relu\ntanh\nb: from a | sigmoid\nadd(a, b, tanh_1)").nodes["b"].inputs == ("a",)


def test_a_label_of_a_value_is_another_name_for_it():
    assert net("a: relu\nb: from a\nconv(b.c, 1x1)").nodes["conv_1"].shape == (8, 8, 3)


def test_repeats_make_calls_of_their_own():
    assert [n for n in net("(relu | tanh) * 2").nodes if n.startswith("relu")] == ["relu_1", "relu_2"]


def test_a_repeat_of_zero_is_left_out():
    assert net("relu | tanh * (1 - 1)").outputs == {"relu_1": "relu_1"}


def test_branches_start_where_the_merge_stands():
    made = net("relu\nadd {\n - tanh\n - id\n}")
    assert made.nodes["add_1"].inputs == ("tanh_1", "relu_1")


def test_a_branch_with_a_false_condition_is_left_out():
    assert net("concat {\n - relu\n - tanh if _.c > 3\n}").nodes["concat_1"].inputs == ("relu_1",)


def test_for_and_if_stand_round_branches():
    made = net("concat {\n for n in [1, 2] {\n - conv(n, 1x1)\n }\n if false { - relu }\n}")
    assert made.nodes["concat_1"].shape == (8, 8, 3)


def test_a_choice_without_else_is_identity():
    assert list(net("relu | (tanh if _.c == 4)").nodes) == ["image", "relu_1"]


def test_a_value_may_be_read_twice():
    made = net("a: relu\nadd(a, a)")
    assert sorted(key for _, _, key in made.graph.in_edges("add_1", keys=True)) == [0, 1]


def test_underscore_is_the_value_entering_the_call():
    assert net("a: relu\ntanh\nadd(a, _)").nodes["add_1"].inputs == ("a", "tanh_1")


def test_a_family_stands_for_its_elements():
    made = net("for i in 3 { x[i]: conv(i + 1, 1x1) }\nconcat(x)")
    assert made.nodes["concat_1"].inputs == ("x[0]", "x[1]", "x[2]")


def test_a_family_of_two_indices():
    made = net("for i in 2 { for j in 2 { x[i][j]: relu } }\nadd(x[1])")
    assert made.nodes["add_1"].inputs == ("x[1][0]", "x[1][1]")


def test_loops_give_index_and_element():
    made = net("for i, n in [4, 6] { a[i]: conv(n, 1x1) }")
    assert made.nodes["a[1]"].shape == (8, 8, 6)


def test_loops_take_rows_apart():
    made = net("for [n, s] in [[4, 1], [6, 2]] { conv(n, 1x1, stride=s) }")
    assert made.nodes["conv_2"].shape == (4, 4, 6)


def test_else_if_takes_the_first_that_holds():
    made = net("if _.c == 1 { relu } else if _.c == 3 { tanh }\nelse { sigmoid }")
    assert list(made.nodes) == ["image", "tanh_1"]


def test_a_default_holds_for_the_calls_written_below_it():
    made = net("conv(4, 3x3)\ndefault conv(pad=same)\nconv(4, 3x3)\nconv(4, 3x3, pad=valid)")
    assert [n.shape[0] for n in made] == [8, 6, 6, 4]


def test_a_default_does_not_reach_into_blocks():
    assert net("default conv(pad=same)\nb", pre="block b { conv(4, 3x3) }").nodes["b_1.conv_1"].shape == (6, 6, 4)


def test_a_default_of_the_file_holds_below_it():
    assert net("conv(4, 3x3)", pre="default conv(pad=same)").nodes["conv_1"].shape == (8, 8, 4)


def test_the_inner_default_wins():
    assert net("default conv(pad=same)\nif true {\n default conv(pad=2)\n conv(4, 3x3)\n}").nodes["conv_1"].shape == (
        10,
        10,
        4,
    )


def test_let_names_a_value():
    assert net("let k = 3\nconv(k * 2, 1x1)").nodes["conv_1"].shape == (8, 8, 6)


def test_indices_count_from_either_end():
    assert net("let a = [3, 4, 6]\nconv(a[0], 1x1) | conv(a[-1], 1x1)").nodes["conv_2"].shape == (8, 8, 6)


def test_let_is_not_assigned_again():
    assert code("let k = 3\nlet k = 4\nrelu") == "N212"


def test_a_file_let_precedes_its_use():
    assert code("conv(k, 1x1)", pre="block b { conv(k, 1x1) }\nlet q = 3") == "N201"


def test_a_block_is_a_scope_with_parameters():
    made = net("a: b(4)\nb(5, k=3)", pre="block b(n, k=1) { conv(n, k, pad=k//2) }")
    assert list(made.nodes) == ["image", "a.conv_1", "b_2.conv_1"]
    assert [(s.path, s.kind) for s in made.scopes] == [("a", "b"), ("b_2", "b")]


def test_a_default_of_a_parameter_may_use_earlier_ones():
    assert net("b(4)", pre="block b(n, m=2*n) { conv(m, 1x1) }").nodes["b_1.conv_1"].shape == (8, 8, 8)


def test_a_default_of_a_parameter_has_no_current_value():
    assert code("b", pre="block b(n=_.c) { conv(n, 1x1) }") == "N224"


def test_names_inside_a_block_are_seen_as_paths():
    assert net("a: b\nadd(a.x, _)", pre="block b { x: relu\n tanh }").nodes["add_1"].inputs == ("a.x", "a.tanh_1")


def test_a_block_does_not_see_its_callers_labels():
    assert code("a: relu\nb", pre="block b { add(a, _) }") == "N201"


def test_what_stands_in_the_braces_belongs_to_the_caller():
    made = net("wrap { x: tanh }\nadd(x, _)", pre="block wrap { relu\n body\n sigmoid }")
    assert list(made.nodes) == ["image", "wrap_1.relu_1", "x", "wrap_1.sigmoid_1", "add_1"]


def test_head_keeps_the_current_value():
    made = net("a: relu\nhead aux(weight=0.3) from a { dense(2) }\ntanh")
    assert (made.heads[0].weight, made.heads[0].output) == (0.3, "aux.dense_1")
    assert made.nodes["tanh_1"].inputs == ("a",)


def test_braces_in_sizes_hold_expressions():
    assert parse("net A(n=4) { input x: {n}x{2*n}x3; relu }").nodes["relu_1"].shape == (4, 8, 3)


def test_a_declared_shape_follows_its_parameter():
    assert parse("net A(n=4) { input x: 8; dense(n) -> {n} }", n=7).nodes["dense_1"].shape == (7,)


def test_lines_go_on_with_bar_arrow_and_else():
    made = net("relu # | comment\n # else\n | tanh |\n sigmoid\n -> 8x8x3")
    assert list(made.nodes) == ["image", "relu_1", "tanh_1", "sigmoid_1"]


def test_a_comment_with_a_bar_stays_a_comment():
    assert list(net("relu\n# a | b\n# else c -> d\ntanh").nodes) == ["image", "relu_1", "tanh_1"]


def test_newlines_do_not_count_inside_brackets():
    assert net("conv(4,\n 1x1, # filters\n)").nodes["conv_1"].shape == (8, 8, 4)


def test_words_may_be_parameters():
    assert (
        net("b(act=tanh)", pre="block b(act=relu) { activation(act) }").nodes["b_1.activation_1"].layer.name == "tanh"
    )


def test_every_setting_is_parsed():
    made = parse(
        'net A { input x: 4; dense(2) }\ntrain A { data d | pad(2); loss cls=mse, box=mse; checkpoint "a.{epoch:02d}" }'
    )
    assert [(s.name, s.key, repr(s.steps)) for s in made.settings] == [
        ("data", "", "(d, pad(2))"),
        ("loss", "cls", "(mse,)"),
        ("loss", "box", "(mse,)"),
        ("checkpoint", "", "('a.{epoch:02d}',)"),
    ]


def test_a_net_may_have_several_inputs():
    made = parse("net A { input a: 4; input b: 4; add(a, b) | dense(2) }")
    assert made.inputs == ("a", "b")
