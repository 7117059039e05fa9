"""The command: what it prints, and its exit codes."""

import json

from click.testing import CliRunner, Result

from netdsl.cli import main

SMALL = "net A {\n  input x: 9x9x3\n  conv(4, 3) | batchnorm\n}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lint", *arguments])


def test_findings_are_printed_and_fail_only_when_strict(small):
    result = run(small)
    assert result.exit_code == 0
    assert "warning[W311]" in result.stdout and result.stdout.endswith(f"{small}: 1 found\n")
    assert run("--strict", small).exit_code == 1
    assert run("--strict", "lenet5").exit_code == 0


def test_several_nets_and_json(small):
    result = json.loads(run("lenet5", small, "--format", "json").stdout)
    assert (result["ok"], [d["code"] for d in result["diagnostics"]]) == (True, ["W311"])


def test_error_of_one_net_leaves_the_others(small):
    result = run("nowhere.net", small)
    assert (result.exit_code, result.stderr[:11]) == (1, "error[N001]")
    assert "W311" in result.stdout


def test_parameter_may_change_what_is_found():
    assert "nothing found" in run("googlenet", "-p", "aux=false").stdout
