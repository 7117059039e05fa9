import pytest
from click.testing import CliRunner

from netdsl.cli import main
from netdsl.cli.amount import parse_amount
from netdsl.errors import NetError


@pytest.mark.parametrize(
    ("text", "count"),
    [("7", 7), ("2k", 2048), ("800M", 800 * 2**20), ("1.5GiB", 3 * 2**29), (" 2 gb ", 2**31), ("1T", 2**40)],
)
def test_amounts_of_memory(text, count):
    assert parse_amount(text) == count


@pytest.mark.parametrize("text", ["", "G", "-1", "2X", "1e9", "two", "nan", "9" * 400])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(NetError) as error:
        parse_amount(text)
    assert error.value.code == "N714"


def test_compile_prints_what_is_made_again_to_fit():
    shown = CliRunner().invoke(
        main, ["compile", "resnet18", "--train", "--memory", "400M", "--batch", "16", "--until", "recompute"]
    )
    assert ":again = map(" in shown.stdout and ":again = conv(" not in shown.stdout
