"""Series in the `.ts` format: what the head says, channels, labels, and what is refused."""

import pytest

from netdsl.data.open import open_data
from netdsl.errors import NetError

HEAD = "%comment\n#comment\n@problemName Toy\n@timeStamps false\n@classLabel true up down\n@data\n"


@pytest.fixture
def series(tmp_path):
    """Opens a `.ts` file of this text."""

    def write(text):
        (tmp_path / "x.ts").write_text(text)
        return open_data(tmp_path / "x.ts")

    return write


def test_channels_are_the_last_axis(series):
    train = series(HEAD + "1,2,3:4,5,6:up\n7,8,9:0,0,0:down\n").train
    assert train.images[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (train.labels.tolist(), train.classes) == ([1, 0], ("down", "up"))


def test_numbers_to_learn_are_kept(series):
    train = series("@targetLabel true\n@data\n1,2:0.5\n3,4:0.25\n").train
    assert (train.labels.tolist(), train.classes) == ([[0.5], [0.25]], ())


def test_test_part_stands_beside_the_training_part(tmp_path):
    (tmp_path / "Toy_TRAIN.ts").write_text(HEAD + "1,2:up\n3,4:down\n")
    (tmp_path / "Toy_TEST.ts").write_text(HEAD + "5,6:down\n")
    assert open_data(tmp_path / "Toy_TRAIN.ts").test.images.tolist() == [[[5], [6]]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no line `@data`"),
        ("1,2:up\n", "line 1: the head of a .ts file is lines that begin with `@`"),
        (HEAD, "no series after `@data`"),
        (HEAD.replace("timeStamps false", "timeStamps true") + "1:up\n", "time stamps"),
        ("@classLabel false\n@data\n1,2\n", "neither `@classLabel true` nor `@targetLabel true`"),
        (HEAD + "1,2:up\n1,2,3:down\n", "line 8 is 3x1, but line 7 is 2x1"),
        (HEAD + "1,2:up\n1,2:1,2:down\n", "line 8 is 2x2, but line 7 is 2x1"),
        (HEAD + "1,?:up\n", "line 7: `?` is not a finite number"),
        (HEAD + "1 2\n", "line 7 has no label"),
    ],
)
def test_bad_file_is_refused_with_its_line(series, text, words):
    with pytest.raises(NetError) as caught:
        series(text)
    assert caught.value.code == "N611"
    assert words in str(caught.value)
