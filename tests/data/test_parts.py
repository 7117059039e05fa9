"""Parts of a data set: to train on, to validate on, to test on."""

import pytest
from PIL import Image

from netdsl.data.open import open_data


@pytest.mark.parametrize(
    ("parts", "test", "validation"),
    [((), None, None), (("test",), 7, None), (("val",), 9, 9), (("val", "test"), 7, 9)],
)
def test_folders_are_parts_and_validation_serves_as_test_where_there_is_none(tmp_path, parts, test, validation):
    for part, level in (("train", 1), *((part, 7 if part == "test" else 9) for part in parts)):
        for name in "ab":
            (tmp_path / part / name).mkdir(parents=True)
            Image.new("L", (2, 2), level).save(tmp_path / part / name / "1.png")
    split = open_data(tmp_path)
    found = [part and int(part.images[0, 0, 0, 0]) for part in (split.train, split.test, split.validation)]
    assert found == [1, test, validation]
