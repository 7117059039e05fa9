import errno
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest
from click.testing import CliRunner, Result

from netdsl.cli import VERBS, main

BROKEN = "net A {\n  input x: 3x3x1\n  conv(4, 5x5)\n}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def command(*arguments: str, **rest) -> subprocess.CompletedProcess:
    code = "from netdsl.cli import main; main()"
    return subprocess.run([sys.executable, "-P", "-c", code, *arguments], capture_output=True, text=True, **rest)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.net"
    path.write_text(BROKEN)
    return str(path)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb):
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_verbs_are_listed_once_list_itself_was_run():
    assert run("list").exit_code == 0
    assert run("no_such_verb").exit_code == 2 and main.list_commands(None) == [*VERBS]


def test_overview_names_every_verb():
    listed = run("--help").stdout
    assert all(f"  {verb} " in listed for verb in VERBS)


def test_check_of_a_sound_net_counts_its_parameters():
    result = run("check", "lenet5")
    assert (result.exit_code, result.stdout) == (0, "LeNet5: 8 nodes, 61,706 parameters\n")


def test_check_of_a_broken_file_writes_only_to_stderr(broken):
    result = run("check", broken)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error[N301]")
    assert f"{broken}:3:" in result.stderr


def test_check_as_json_gives_code_and_place(broken):
    result = run("check", broken, "--format", "json")
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert (result.exit_code, found["code"], found["line"]) == (1, "N301", 3)


@pytest.mark.parametrize("verb", ["check", "summary", "compile"])
def test_missing_file_is_one_error_without_a_traceback(verb):
    result = run(verb, "nowhere.net")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error[N0")


ODD, SHOWN = "a\n\u202eb", r"a\u{a}\u{202e}b"


@pytest.mark.parametrize(
    "words",
    [
        ["check", ODD],
        ["check", f"{ODD}/a.net"],
        ["check", "TWO:C"],
        ["summary", "TWO"],
        ["fmt", "TWO"],
        ["lint", "TWO:A"],
        ["check", "lenet5", "-p", ODD],
        ["draw", "lenet5", "-o", ODD],
        ["diff", "lenet5", "alexnet", "-o", ODD],
        ["compile", "lenet5", "-o", ODD],
        ["compile", "lenet5", "-o", f"{ODD}.plan"],
        ["bench", f"{ODD}.plan", "--train"],
        ["trace", "lenet5", "C1", "--input", "1", "--at", ODD],
        ["report", ODD],
    ],
)
def test_what_was_typed_is_shown_escaped(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Path(f"{ODD}.net").write_text("net A  { input x: 4; dense(2) }\nnet B { input x: 4; dense(3) }\n")
    result = run(*(word.replace("TWO", f"{ODD}.net") for word in words))
    assert SHOWN in result.output and ODD not in result.output


def test_parameter_changes_the_net():
    assert "6,998,552 parameters" in run("check", "googlenet", "-p", "aux=false").stdout


def test_parameter_without_a_value_is_an_error_of_the_file_or_data():
    assert run("check", "googlenet", "-p", "aux").exit_code == 1


def test_one_of_several_nets_is_chosen_by_name(tmp_path):
    path = tmp_path / "two.net"
    path.write_text("net A { input x: 4; dense(2) }\nnet B { input x: 4; dense(3) }\n")
    assert run("summary", str(path)).exit_code == 1
    assert json.loads(run("summary", f"{path}:B", "--format", "json").stdout)["name"] == "B"


def test_summary_as_json_can_be_read():
    assert json.loads(run("summary", "lenet5", "--format", "json").stdout)["totals"]["params"] == 61_706


def test_summary_has_no_colour_in_a_pipe():
    assert "\x1b" not in command("summary", "lenet5", env={**os.environ, "FORCE_COLOR": "1"}).stdout


@pytest.mark.parametrize("suffix", ["svg", "dot"])
def test_draw_writes_a_file(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    assert run("draw", "lenet5", "-o", str(path)).exit_code == 0
    assert "C1" in path.read_text()


def test_draw_writes_a_png_at_its_scale(tmp_path):
    assert run("draw", "lenet5", "-o", str(tmp_path / "a.png"), "--scale", "1").exit_code == 0
    assert (tmp_path / "a.png").read_bytes()[16:24] == (151).to_bytes(4, "big") + (584).to_bytes(4, "big")


@pytest.mark.parametrize("scale", ["nan", "inf", "0"])
def test_draw_refuses_a_scale_that_is_out_of_range(tmp_path, scale):
    assert run("draw", "lenet5", "-o", str(tmp_path / "a.png"), "--scale", scale).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_draw_refuses_another_suffix_and_makes_no_file(tmp_path):
    assert run("draw", "lenet5", "-o", str(tmp_path / "a.jpg")).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_draw_of_a_broken_file_makes_no_file(tmp_path, broken):
    assert run("draw", broken, "-o", str(tmp_path / "a.svg")).exit_code == 1
    assert not (tmp_path / "a.svg").exists()


def test_draw_into_a_missing_folder_names_the_file(tmp_path):
    result = run("draw", "lenet5", "-o", str(tmp_path / "none" / "a.svg"))
    assert result.exit_code == 1
    assert "error[N505]" in result.stderr and "a.svg` cannot be written: no such file" in result.stderr


@pytest.mark.parametrize("suffix", ["svg", "png", "dot"])
def test_draw_on_a_full_disk_leaves_the_old_file(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_text("old")
    done = command("draw", "lenet5", "-o", str(path), preexec_fn=partial(setrlimit, RLIMIT_FSIZE, (500, 500)))
    assert (done.returncode, path.read_text(), [*tmp_path.iterdir()]) == (1, "old", [path])
    assert f"error[N505]: `{path}` cannot be written: file too large" in done.stderr


def test_list_names_nets_and_data():
    found = json.loads(run("list", "--format", "json").stdout)
    assert "lenet5" in [net["name"] for net in found["nets"]]
    assert [data["name"] for data in found["data"]] == ["fashion_mnist"]
    assert all(entry["about"] for kind in found.values() for entry in kind)


def test_explain_prints_the_page_of_a_code_in_either_case():
    assert run("explain", "n301").stdout.startswith("N301: ")


def test_explain_of_an_unknown_code_is_a_mistake_of_the_command_line():
    assert run("explain", "N999").exit_code == 2


def test_unknown_verb_is_a_mistake_of_the_command_line():
    assert run("chekc", "lenet5").exit_code == 2


def test_closed_pipe_leaves_no_traceback():
    python = f"{sys.executable} -P -c 'from netdsl.cli import main; main()'"
    shell = subprocess.run(f"{python} summary resnet152 | head -1", shell=True, capture_output=True, text=True)
    assert (shell.stdout, shell.stderr) == ("ResNet152\n", "")


def test_interrupt_ends_with_130_and_no_traceback(monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("netdsl.codes.find", interrupted)
    result = run("explain", "N301")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


def test_importing_netdsl_imports_nothing_else():
    code = "import sys, netdsl; print([m for m in sys.modules if m in ('numpy', 'networkx', 'lark', 'click', 'rich')])"
    assert subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_check_imports_neither_numpy_nor_rich():
    code = (
        "import sys; from netdsl.cli import main; main(['check', 'lenet5'], standalone_mode=False); "
        "print([m for m in sys.modules if m in ('numpy', 'rich', 'pydot')])"
    )
    assert command_of(code).splitlines()[-1] == "[]"


def command_of(code: str) -> str:
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True).stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("verb", [["summary", "lenet5"], ["list"], ["--help"], ["--version"], ["draw", "-h"]])
def test_output_that_cannot_be_written_is_an_error_without_traceback(verb):
    code = "from netdsl.cli import main; main()"
    with open("/dev/full", "w") as full:
        line = [sys.executable, "-P", "-c", code, *verb]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: no space left on device\n"


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """Nothing called `closed` can be opened or looked at; permissions would be no bar to root."""

    def refusing(real):
        def call(path, *rest, **more):
            if str(path).endswith("closed"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *rest, **more)

        return call

    path = tmp_path / "closed"
    path.write_text("net A { input x: 4; dense(2) }\n")
    monkeypatch.setattr(os, "open", refusing(os.open))
    monkeypatch.setattr(os, "access", lambda at, *rest, **more: not str(at).endswith("closed"))
    return path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["filter", "box", "CLOSED", "-o", "a.png"], "N601"),
        (["receptive", "lenet5", "C1", "--image", "CLOSED", "-o", "a.png"], "N601"),
        (["predict", "CLOSED", "a.png"], "N601"),
        (["fmt", "CLOSED"], "N001"),
        (["check", "CLOSED"], "N001"),
    ],
)
def test_a_file_that_may_not_be_read_is_one_error(closed, words, code):
    result = run(*(word.replace("CLOSED", str(closed)) for word in words))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error[{code}]: ") and "permission denied" in result.stderr


@pytest.mark.parametrize("verb", ["predict", "eval", "report", "replay"])
def test_a_folder_that_may_not_be_entered_is_named(tmp_path, monkeypatch, verb):
    def refuse(path, *rest, **more):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", refuse)
        patch.setattr(Path, "is_file", refuse)
        result = run(verb, str(tmp_path), *(["a.png"] if verb == "predict" else []))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error[N601]: `{tmp_path}/") and "permission denied" in result.stderr


def test_memory_that_cannot_be_had_is_an_error_without_traceback(monkeypatch):
    def load(*_, **__):
        raise MemoryError

    monkeypatch.setattr("netdsl.language.load.load", load)
    result = run("summary", "lenet5")
    assert (result.exit_code, result.stderr) == (1, "error: there is not enough memory\n")


def test_a_relative_cache_folder_is_ignored(tmp_path):
    done = command("check", "lenet5", cwd=tmp_path, env={"XDG_CACHE_HOME": "cache", "HOME": str(tmp_path / "home")})
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    ("form", "first"), [("csv", "name,layer,inputs,"), ("markdown", "### LeNet5\n"), ("tree", "LeNet5  ")]
)
def test_summary_can_be_printed_in_that_form(form, first):
    assert run("summary", "lenet5", "--format", form).stdout.startswith(first)


def test_sizes_prints_the_law_of_unet():
    result = run("sizes", "unet")
    assert result.exit_code == 0 and "H = 16k + 124, k ≥ 4" in result.stdout
    assert json.loads(run("sizes", "unet", "--format", "json").stdout)["sides"][0]["period"] == 16
