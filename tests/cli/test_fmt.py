"""The command: files, folders, stdin, and files that are left alone."""

import os
from pathlib import Path

from click.testing import CliRunner, Result

from netdsl.cli import main

ROUGH, FINE = "net A{input x:4;dense( 2 )}", "net A { input x: 4; dense(2) }\n"


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["fmt", *map(str, arguments)], input=stdin)


def test_files_and_folders_are_rewritten_and_named(tmp_path):
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "a.net", tmp_path / "in" / "b.net"]
    for path in paths:
        path.write_text(ROUGH)
    result = run(paths[0], tmp_path / "in")
    assert (result.exit_code, result.stdout) == (0, f"{paths[0]}\n{paths[1]}\n")
    assert [path.read_text() for path in paths] == [FINE, FINE]
    assert (run(tmp_path).exit_code, run(tmp_path).stdout) == (0, "")


def test_check_names_files_and_writes_nothing(tmp_path):
    path = tmp_path / "a.net"
    path.write_text(ROUGH)
    result = run("--check", path)
    assert (result.exit_code, result.stdout, path.read_text()) == (1, f"{path}\n", ROUGH)


def test_check_of_canonical_files_is_silent():
    folder = Path(__file__).parents[2] / "architectures"
    assert (run("--check", folder).exit_code, run("--check", folder).stdout) == (0, "")


def test_stdin_goes_to_stdout():
    assert run("-", stdin=ROUGH).stdout == FINE
    assert run("--check", "-", stdin=ROUGH).exit_code == 1


def test_explicit_finds_imports_beside_the_file(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.net").write_text("block conv(w) { dense(w) }")
    path = tmp_path / "in" / "a.net"
    path.write_text('import "b.net"\nnet A { input x: 4; conv(2) }\n')
    assert run("--explicit", path).exit_code == 0
    assert path.read_text() == 'import "b.net"\nnet A { input x: 4; conv(2) }\n'


def test_broken_file_is_diagnosed_and_left_and_the_others_are_written(tmp_path):
    broken, rough = tmp_path / "a.net", tmp_path / "b.net"
    broken.write_text("net A {")
    rough.write_text(ROUGH)
    result = run(tmp_path)
    assert result.exit_code == 1
    assert f"{broken}:1:7" in result.stderr
    assert (broken.read_text(), rough.read_text()) == ("net A {", FINE)
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_file_is_one_error():
    result = run("nowhere.net")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error[N001]")


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "a.net", tmp_path / "link.net"
    path.write_text(ROUGH)
    path.chmod(0o640)
    link.symlink_to(path)
    run(link)
    assert link.is_symlink() and path.read_text() == FINE
    assert os.stat(path).st_mode & 0o777 == 0o640
