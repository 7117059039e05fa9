"""`netdsl compile`: the program between the passes."""

import json

import pytest
from click.testing import CliRunner, Result

from netdsl.cli import main
from netdsl.compiler.passes import PASSES
from netdsl.compiler.stages import STAGES

SMALL = "net S {\n  input x: 6x6x1\n  C: conv(4, 3x3, bias=false) | batchnorm | relu\n  out: dense(2)\n}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compile", *arguments])


def test_every_pass_has_a_name_of_its_own():
    assert len(set(STAGES)) == len(STAGES) == len(PASSES) + 7
    assert STAGES.index("remove_dead") == 1 < STAGES.index("fold_weights") < STAGES.index("remove_dead:2")


def test_help_lists_every_pass_in_order():
    assert ", ".join(STAGES) in " ".join(run("--help").stdout.split())


@pytest.mark.parametrize("name", [name for name in STAGES if name != "plan"])
def test_until_prints_the_program_after_that_pass_alone(small, name):
    lines = run(small, "--until", name).stdout.splitlines()
    assert lines
    assert all(" = " in line for line in lines)
    assert any(":panel = convert(" in line for line in lines) == (name == "layout")


def test_until_fold_weights_has_no_batch_normalisation_left_and_its_activation_is_apart(small):
    lines = run(small, "--until", "fold_weights").stdout.splitlines()
    assert "C.batchnorm_1 = map(C.conv_1:folded, C.conv_1:shift, expression=x0 + x1)" in lines
    assert "C.relu_1 = map(C.batchnorm_1, expression=max(x0, 0))" in lines


def test_show_prints_what_each_pass_takes_away_and_puts_in(small):
    shown = run(small, "--until", "fuse_epilogues", "--show").stdout
    assert shown.startswith("lower: 6 operations\n  C.conv_1 = conv(x, C.conv_1.weight, ")
    assert "\nmerge_common: nothing to do\n" in shown
    fused = shown.partition("\nfuse_epilogues: 9 → 6 operations\n")[2]
    assert "\n- C.relu_1 = map(C.batchnorm_1, expression=max(x0, 0))\n+ C.relu_1 = conv(x, " in fused
    assert "\nafter fuse_epilogues:\n" in fused
    assert "fuse_maps" not in shown


def test_show_alone_ends_with_the_steps(small):
    shown = run(small, "--show").stdout
    assert shown.index("\nafter layout:\n") < shown.index("\nstep  node ")


def test_until_plan_is_what_compile_prints_anyway(small):
    assert run(small, "--until", "plan").stdout == run(small).stdout


def test_training_shows_gradients_and_updates(small):
    shown = run(small, "--train", "--until", "lower").stdout
    assert " = conv_dw(" in shown
    assert "\nassign(C.conv_1.weight, " in shown


def test_programs_come_as_json_too(small):
    found = json.loads(run(small, "--until", "fold_weights", "--show", "--format", "json").stdout)
    assert [one["name"] for one in found["passes"]] == list(STAGES[: STAGES.index("fold_weights") + 1])
    assert found["passes"][0]["operations"][-1] == "out = map(%12, out.bias, expression=x0 + x1)"


@pytest.mark.parametrize(("given", "meant"), [("fold", "fold_weights"), ("chose", "choose"), ("zzz", None)])
def test_unknown_pass_is_an_error_that_lists_them(small, given, meant):
    result = run(small, "--until", given)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error[N720]: there is no pass `{given}`\n")
    assert (f"did you mean `{meant}`?" in result.stderr) == bool(meant)
    assert ", ".join(STAGES) in result.stderr


def test_a_table_of_steps_needs_no_weights(monkeypatch):
    monkeypatch.setattr("netdsl.graph.net.Net.initialise", lambda *_: pytest.fail("weights were drawn"))
    assert run("resnet18", "--no-tune").exit_code == 0
    assert CliRunner().invoke(main, ["why", "resnet18", "out"]).exit_code == 0
