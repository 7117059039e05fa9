"""The cache folder: where it is, and when there is none."""

import os
from pathlib import Path

import pytest

from netdsl.files.cache import cache_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NETDSL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_a_word_it_lies_in_the_home_folder(home):
    assert cache_folder() == home / ".cache" / "netdsl"
    assert (home / ".cache" / "netdsl").stat().st_mode & 0o777 == 0o700


def test_netdsl_cache_goes_before_xdg_cache_home(home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert cache_folder() == home / "xdg" / "netdsl"
    monkeypatch.setenv("NETDSL_CACHE", str(home / "own"))
    assert cache_folder() == home / "own"


def test_a_relative_xdg_cache_home_is_ignored(home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache_folder() == home / ".cache" / "netdsl"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_none(home):
    (home / ".cache").mkdir(mode=0o500)
    assert cache_folder() is None


def test_a_folder_that_others_may_write_to_is_none(home, monkeypatch):
    (home / "open").mkdir()
    (home / "open").chmod(0o777)
    monkeypatch.setenv("NETDSL_CACHE", str(home / "open"))
    assert cache_folder() is None


def test_a_file_in_its_place_is_none(home, monkeypatch):
    (home / "file").write_text("")
    monkeypatch.setenv("NETDSL_CACHE", str(home / "file"))
    assert cache_folder() is None
