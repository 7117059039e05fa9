"""What the pages show is what comes out; generated pages and pictures are fresh."""

import re
import runpy
from pathlib import Path

import pytest

from netdsl.report.shipped import shipped_nets

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"
CHECKER = runpy.run_path(str(TOOLS / "check_pages.py"))
README = (ROOT / "README.md").read_text("utf-8")


def wrong_in(path: Path) -> list[str]:
    return CHECKER["Page"](path).wrong


@pytest.mark.parametrize("path", CHECKER["PAGES"], ids=lambda path: path.name)
def test_page_shows_what_comes_out(path):
    assert not wrong_in(path), "\n\n".join(wrong_in(path))


@pytest.mark.parametrize("tool", ["make_layers_page", "make_nets_page", "make_pictures"])
def test_generated_page_or_picture_is_up_to_date(tool):
    assert runpy.run_path(str(TOOLS / f"{tool}.py"))["main"](["--check"]) == 0


def test_first_block_of_the_readme_holds_the_two_commands_of_a_newcomer():
    block = re.search(r"^```\w*\n(.*?)^```$", README, re.M | re.S)[1]
    assert block == "pip install . && netdsl train lenet5\npip install '.[test]' && pytest -n auto\n"


def test_readme_counts_the_nets_that_ship():
    said = int(re.search(r"More than (\d+) networks ship", README)[1])
    assert said < len(shipped_nets()) <= said + 15


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("```console\n$ netdsl check lenet5\nLeNet5: 8 nodes, 61,706 parameters\n```\n", False),
        ("```console\n$ netdsl check lenet5\nLeNet5: 8 nodes, 61,707 parameters\n```\n", True),
        ("```console\n$ netdsl check lenet5\nLeNet5: … parameters\n```\n", False),
        ("```console\n$ netdsl summary lenet5\n…\n```\n", False),
        ("```console\n$ netdsl summary lenet5\n```\n", True),
        ("```pycon\n>>> 6 * 7\n41\n```\n", True),
        ("```net\nnet A { input x: 4; dense(2) }\n```\n", False),
        ("```net\nnet A { input x: 4; dense(0) }\n```\n", True),
        ("```net body\ndense(2) -> 3\n```\n", True),
        ("[there](nowhere.md)\n", True),
    ],
)
def test_checker_finds_what_is_wrong(tmp_path, shown, wrong):
    page = tmp_path / "page.md"
    page.write_text(shown)
    assert bool(wrong_in(page)) == wrong


def test_checker_puts_what_comes_out_in_place(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ netdsl check lenet5\n```\n")
    assert CHECKER["Page"](page).text == "```console\n$ netdsl check lenet5\nLeNet5: 8 nodes, 61,706 parameters\n```\n"


def test_numbers_of_a_training_may_differ_and_its_words_may_not():
    alike = CHECKER["_looks_alike"]
    assert alike("epoch  1/30  loss 0.5\n…\nepoch 30/30  loss 0.1\nsaved\n", "epoch 1/1  loss 12.75\nsaved\n")
    assert not alike("epoch 1/30  cost 0.5\n", "epoch 1/2  loss 12.75\n")


def test_what_a_page_leaves_out_of_a_training_is_marked():
    alike, got = CHECKER["_looks_alike"], "weights\nepoch 1/1  loss 0.5\nwaited\nsaved\n"
    assert not alike("weights\nepoch 1/1  loss 0.5\nsaved\n", got)
    assert not alike("weights\nepoch 1/1  loss 0.5\nwaited\n", got)
    assert alike("weights\n…\nsaved\n", got)
