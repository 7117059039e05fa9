"""Tables: where the label stands, what becomes of the numbers, and what is refused."""

import gzip

import numpy as np
import pytest

from netdsl.data.open import open_data
from netdsl.errors import NetError


@pytest.fixture
def table(tmp_path):
    """Opens a table of this text."""

    def write(text, column="", name="t.csv", **how):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return open_data(f"{path}:{column}" if column else path, **how)

    return write


def refused(table, text, *column):
    with pytest.raises(NetError) as caught:
        table(text, *column)
    assert caught.value.code == "N611"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_label_is_found_in_the_last_column(table):
    train = table("0.5,1.5,a\n2.5,3.5,b\n0,0,a\n").train
    assert train.images.tolist() == [[0.5, 1.5], [2.5, 3.5], [0, 0]]
    assert (train.labels.tolist(), train.classes) == ([0, 1, 0], ("a", "b"))


def test_label_is_found_in_the_first_column(table):
    train = table("2,0.5,0.25\n-1,0.5,0.5\n2,0.5,0.75\n-1,1,1\n").train
    assert train.images[:, 1].tolist() == [0.25, 0.5, 0.75, 1]
    assert (train.labels.tolist(), train.classes) == ([1, 0, 1, 0], ("-1", "2"))


def test_label_is_found_by_its_name(table):
    train = table("a,label,b\n1,x,3\n4,y,6\n").train
    assert train.images.tolist() == [[1, 3], [4, 6]]
    assert train.classes == ("x", "y")


@pytest.mark.parametrize(("column", "labels"), [("first", [0, 1]), ("last", [1, 0]), ("middle", [0, 1])])
def test_label_is_taken_from_the_column_that_is_asked_for(table, column, labels):
    assert table("start,middle,end\n0,1,4\n1,2,3\n", column).train.labels.tolist() == labels


def test_whole_numbers_up_to_255_are_kept_as_bytes(table):
    assert table("0,255,a\n1,2,b\n").train.images.dtype == np.uint8
    assert table("0,256,a\n1,2,b\n").train.images.dtype == np.float32


def test_numbers_take_the_shape_of_the_input(table):
    text = "".join(f"{','.join(str(i) for i in range(16))},{label}\n" for label in "ab")
    assert table(text, size=(4, 4, 1)).train.images[0, 1, 0, 0] == 4
    assert table(text, size=(8, 2)).train.shape == (8, 2)
    assert table(text, size=(8, 8, 1)).train.shape == (4, 4, 1)  # a square, which `pad` may bring to 8x8
    assert table(text, size=(10,)).train.shape == (16,)


def test_named_column_of_fractions_holds_numbers_to_learn(table):
    train = table("x,y\n1,0.5\n2,0.75\n").train
    assert train.labels.tolist() == [[0.5], [0.75]]
    assert train.classes == ()


@pytest.mark.parametrize("mark", [";", "\t", " "])
def test_other_marks_part_columns_as_well(table, mark):
    assert table(f"1{mark}2{mark}a\n3{mark}4{mark}b\n").train.images.tolist() == [[1, 2], [3, 4]]


def test_gzip_marks_of_order_and_line_ends_are_understood(table):
    train = table("\ufeff1,2,a\r\n\r\n3,4,b", name="t.csv.gz").train
    assert train.images.tolist() == [[1, 2], [3, 4]]


def test_quoted_words_may_hold_commas(table):
    assert table('1,2,"a,b"\n3,4,"c"\n').train.classes == ("a,b", "c")


def test_other_parts_stand_beside_a_file_that_ends_in_train(tmp_path):
    for part, text in (("train", "1,a\n2,b\n"), ("val", "3,b\n"), ("test", "4,b\n")):
        (tmp_path / f"x_{part}.csv").write_text(text)
    split = open_data(tmp_path / "x_train.csv")
    assert split.validation.images.tolist() == [[3]]
    assert split.test.labels.tolist() == [1]


def test_label_that_training_lacks_is_refused(tmp_path):
    (tmp_path / "train.csv").write_text("1,a\n2,b\n")
    (tmp_path / "test.csv").write_text("1,a\n1,c\n")
    with pytest.raises(NetError, match="label 1, `c`, is not among those of the training part"):
        open_data(tmp_path / "train.csv")


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("a,b,a\n1,2,3\n2,3,4\n", "a", "has 2 columns called `a`"),
        ("", "", "line 1 has 0 columns"),
        ("a\nb\n", "", "line 1 has 1 columns"),
        ("x,label\n", "", "no line with numbers"),
        ("1,2,a\n1,b\n", "", "line 2 has 2 columns, line 1 has 3"),
        ("1,oops,a\n1,2,b\n", "", "line 1, column 2: `oops` is not a finite number"),
        ("1,2,a\n1,nan,b\n", "", "line 2, column 2: `nan` is not a finite number"),
        ("1,2,a\n1,1_0,b\n", "", "line 2, column 2: `1_0` is not a finite number"),
        ("1,2,a\n1,1e39,b\n", "", "line 2, column 2: `1e39` is not a finite number"),
        ("1,2,a\n1,,b\n", "", "line 2, column 2: a number is missing"),
        ("1,2,a\n1,2,\n", "", "example 1 has no label"),
        ("1,2,1\n1,2,0\n2,2,1\n2,2,0\n", "", "both the first and the last column could be the labels; say which"),
        ("0.5,2,1.5\n0.5,2,0.5\n", "", "neither the first nor the last column could be the labels"),
        ("x,y\n1,2\n3,4\n", "z", "has no column `z`: there are `x`, `y`, and `first` and `last`"),
        ('1,2,"a\n1,2,b\n', "", "unexpected end of data"),
    ],
)
def test_bad_table_is_refused_with_its_place(table, text, column, words):
    assert words in refused(table, text, column)


def test_words_with_an_underscore_are_names_and_no_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("2020_01,2020_02,label\n1,2,1_1\n1,2,11\n")
    assert open_data(tmp_path / "t.csv").train.classes == ("11", "1_1")


def test_what_is_not_utf_8_is_refused_with_its_byte(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"1,2,a\n1,2,\xff\n")
    with pytest.raises(NetError, match="byte 10 is not UTF-8"):
        open_data(tmp_path / "t.csv")


def test_file_whose_name_has_a_colon_is_found(tmp_path):
    (tmp_path / "a:b.csv").write_text("1,a\n2,b\n")
    assert len(open_data(tmp_path / "a:b.csv").train) == 2


def test_a_test_part_whose_columns_stand_otherwise_is_refused(tmp_path):
    (tmp_path / "x_train.csv").write_text("a,b,label\n1,2,u\n3,4,v\n")
    (tmp_path / "x_test.csv").write_text("label,a,b\nu,1,2\n")
    assert open_data(tmp_path / "x_train.csv").test.images.tolist() == [[1, 2]]
    (tmp_path / "x_test.csv").write_text("b,a,label\n2,1,u\n")
    with pytest.raises(NetError, match="the column `b` stands where the part to train on has `a`") as caught:
        open_data(tmp_path / "x_train.csv")
    assert caught.value.code == "N611"
