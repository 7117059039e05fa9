"""Imports: what they bring, and what they may reach."""

import pytest

from netdsl.errors import NetError
from netdsl.language.load import load

BLOCK = "let k = 3\nblock b(n) { conv(n, k, pad=same) }\n"


def write(folder, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.net"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "main.net"


def main(line, call="b(4)"):
    return f"{line}\nnet A {{ input x: 8x8x3; {call} }}\n"


def code(path):
    with pytest.raises(NetError) as error:
        load(path)
    return error.value.code


def test_an_import_brings_blocks(tmp_path):
    made = load(write(tmp_path, main=main('import "sub/blocks.net"'), sub__blocks=BLOCK))
    assert made.nodes["b_1.conv_1"].layer.kernel == 3
    assert sorted(made.texts) == ["main.net", "sub/blocks.net"]


def test_an_alias_keeps_names_apart(tmp_path):
    made = load(write(tmp_path, main=main('import "sub/blocks.net" as r', "r.b(4)"), sub__blocks=BLOCK))
    assert "b_1.conv_1" in made.nodes


def test_an_import_does_not_bring_what_it_imports(tmp_path):
    files = {"main": main('import "middle.net"'), "middle": 'import "blocks.net"\nblock m { b(4) }', "blocks": BLOCK}
    assert code(write(tmp_path, **files)) == "N202"


def test_a_clash_names_both_lines(tmp_path):
    path = write(tmp_path, main=main('import "blocks.net"\nblock b(n) { relu }'), blocks=BLOCK)
    with pytest.raises(NetError) as error:
        load(path)
    assert error.value.code == "N212" and error.value.diagnostics[0].notes


def test_files_cannot_import_each_other(tmp_path):
    path = write(tmp_path, main=main('import "other.net"'), other='import "main.net"\nblock b(n) { relu }')
    with pytest.raises(NetError, match=r"main\.net → other\.net → main\.net"):
        load(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.net").write_text("block b(n) { relu }")
    (tmp_path / "in" / "link.net").symlink_to(tmp_path / "secret.net")
    assert code(write(tmp_path / "in", main=main('import "link.net"'))) == "N218"


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "blocks.txt", "a\\\\b.net", "../x.net"])
def test_only_files_below_the_folder_are_read(tmp_path, path):
    assert code(write(tmp_path, main=main(f'import "{path}"'))) == "N218"


def test_texts_are_enough_to_load_again(tmp_path):
    from netdsl.language.load import load_texts

    made = load(write(tmp_path, main=main('import "sub/blocks.net"'), sub__blocks=BLOCK))
    again = load_texts(made.texts, made.main, made.parameters, net=made.name)
    assert list(again.nodes) == list(made.nodes)
