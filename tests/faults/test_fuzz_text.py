"""The fuzzer of texts finds what is planted, makes it small, and counts what it sees."""

from __future__ import annotations

from collections import Counter

import pytest

from fuzz.judge import Outcome, judge
from fuzz.minimise import minimise
from fuzz.mutate import corpus, program
from fuzz_text import fuzz, tally
from netdsl.errors import Diagnostic, Source, Span

NET = b"net A { input x: 8; dense(2) }"


def outcome_of(found: list[Diagnostic]) -> Outcome:
    return judge(NET, lambda data: (True, found))


def test_a_program_with_a_net_succeeds() -> None:
    assert judge(NET) == Outcome("success")


def test_a_wrong_layer_is_diagnosed_and_a_wrong_bracket_is_of_the_text() -> None:
    assert judge(NET.replace(b"dense", b"dnse")) == Outcome("diagnosed", codes=("N202",))
    assert judge(NET.replace(b"}", b"")) == Outcome("text", codes=("N106",))


def test_an_exception_is_a_failure() -> None:
    def broken(data: bytes) -> tuple[bool, list[Diagnostic]]:
        raise KeyError("x")

    assert judge(NET, broken).words == "KeyError: test_fuzz_text.py:broken"


def test_a_program_that_takes_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(data: bytes) -> tuple[bool, list[Diagnostic]]:
        while True:
            pass

    monkeypatch.setattr("fuzz.judge.LONGEST", 0.05)
    assert judge(NET, slow).words.startswith("slow")


def test_a_mistake_has_to_be_found_sooner_than_a_large_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.judge.SECONDS", -1.0)  # the clock may stand still in so short a time
    assert judge(b"net A { input x: 3; nothing }").words.startswith("slow") and judge(NET).kind == "success"
    assert judge(b"net A { input x: 3; dense(2); assert params == 9 }").kind == "diagnosed"


@pytest.mark.parametrize(
    ("code", "message", "start", "why"),
    [
        ("N999", "unknown", 0, "has no page"),
        ("N202", "x\x1b[31m", 0, "control character"),
        ("N202", "beyond", 40, "outside the text"),
    ],
)
def test_a_diagnostic_without_what_a_user_needs_is_a_failure(code: str, message: str, start: int, why: str) -> None:
    span = Span(Source("fuzz.net", NET.decode()), start, start + 1)
    assert why in outcome_of([Diagnostic(code, message, span)]).words
    assert "no place" in outcome_of([Diagnostic("N202", "no span")]).words


def test_a_failing_program_becomes_small() -> None:
    text = b"a b c\nd (e f) g\nh\n" * 40
    assert minimise(text, lambda data: b"(" in data and b")" in data, 2000) == b"()"


def test_programs_are_the_same_for_the_same_seed_alone() -> None:
    among = corpus()
    made = [program(number, 1, among) for number in range(40)]
    assert made == [program(number, 1, among) for number in range(40)]
    assert made != [program(number, 2, among) for number in range(40)]


def test_row_8_mutated_programs_end_in_success_or_a_diagnosed_error(tmp_path) -> None:
    outcomes = fuzz(0, 300, seed=7, folder=tmp_path)
    assert not list(tmp_path.iterdir()) and outcomes.total() == 300
    assert outcomes["success"] + outcomes["diagnosed"] > 60


def test_the_last_line_counts_outcomes() -> None:
    line = tally(Counter(success=1000, diagnosed=200, text=30))
    assert line == "1,230 programs: 1,200 parsed (1,000 succeeded, 200 diagnosed), 30 diagnosed in the text, 0 failed"
