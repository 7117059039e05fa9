"""The comparison with other libraries, as far as it runs without them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from comparison.cases import CASES, COLUMNS, NETS_FOLDER, Runner, chosen_runners
from comparison.check import error_of, norms_of, relative_error
from comparison.describe import describe
from comparison.prepare import prepare
from comparison.results import Results
from comparison.serve import samples, share_of_others
from comparison.table import PAGES, direct_table, page, short_table, with_tables
from comparison.workers import Failed, Worker, ended

import netdsl

ROOT = Path(__file__).parents[2]
PYTHON = Path(sys.executable)
NETDSL = Runner("netdsl", "call", "run_netdsl", tuple(COLUMNS))
SHIPPED = {"alexnet": "alexnet_torchvision", "unet": "unet"}


def entry(ms, run="a", others=0.0):
    return {
        "best_ms": ms,
        "median_ms": 2 * ms,
        "memory_mib": 100.0,
        "error": 1e-6,
        "versions": {},
        "commit": "c",
        "run": run,
        "samples": 5,
        "threads": 2,
        "others": others,
    }


@pytest.fixture
def results():
    cell = {"netdsl:call": entry(8.0), "torch:eager": entry(20.0), "torch:frozen": entry(18.0, "b", 0.2)}
    cell |= {"netdsl:direct": entry(16.0)}
    return Results({}, {"resnet18/latency": cell | {"openvino:pinned": {"failed": "no such thing"}}})


@pytest.fixture(scope="module")
def lenet5(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers") / "lenet5"
    prepare(CASES["lenet5"], [], folder, PYTHON, print)
    return folder


def load(case):
    source = NETS_FOLDER / case.source if case.source.endswith(".net") else case.source
    return netdsl.load(source, **case.parameters)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_net_is_described_with_every_tensor_and_counts_as_the_one_that_ships(case):
    net, shipped = (
        load(case),
        netdsl.load(SHIPPED.get(case.name, case.name), **({} if case.name != "googlenet" else {"aux": False})),
    )
    owners = {step["name"] for step in describe(net) if step["op"] in ("conv", "conv_transpose", "dense", "batchnorm")}
    assert owners == {name.rpartition(".")[0] for name in net.tensors}
    assert net.params == shipped.params


def test_layer_that_the_peers_nets_lack_is_refused():
    with pytest.raises(ValueError, match="`norm`: the peers' nets have no `lrn`"):
        describe(netdsl.parse("net A { input x: 4x4x8; norm: lrn(5) }"))


def test_fastest_variant_of_a_peer_counts(results):
    assert results.best("resnet18", "latency")["torch"]["runner"] == "torch:frozen"


def test_ratio_is_that_of_the_fastest_samples(results):
    assert "| ResNet-18 | 8 ms, **2.25x** (torch 18) | – | – |" in short_table(results)


def test_torch_with_memory_kept_stands_beside_torch_as_it_comes(results):
    results.put("resnet18", "training", {"netdsl:call": entry(8), "torch:channels_last": entry(18)})
    results.put("resnet18", "training", {"torch_kept:fused": entry(12)})
    beside = "1.50x (torch with memory kept 12)"
    assert f"8 ms, **2.25x** (torch 18); {beside} |" in short_table(results)
    assert f"| ResNet-18 | 8 | 18 | 12 | 2.25 (torch); {beside} | 1.8 | yes |" in page(results)


def test_figures_of_two_runs_are_marked_and_a_failure_is_shown(results):
    assert "| ResNet-18 | 8 | 18 | – | – | 2.25 (torch) † ‡ | 1.6 | yes |" in page(results)
    assert "| openvino:pinned | failed: no such thing |" in page(results)


@pytest.mark.parametrize("name", PAGES)
def test_page_shows_the_results(name):
    text = (ROOT / name).read_text("utf-8")
    assert text.count("<!-- peers:begin -->") == text.count("<!-- peers:end -->") == 1
    assert with_tables(text, Results.read()) == text


def test_table_goes_between_its_markers_alone(results):
    text = "a\n<!-- direct:begin -->\nold\n<!-- direct:end -->\nb"
    made = with_tables(text, results)
    assert made == f"a\n<!-- direct:begin -->\n{direct_table(results)}<!-- direct:end -->\nb"
    assert "| ResNet-18 | 8 ms | 16 ms | 18 ms (torch) | 1e-06 | 1e-06 | 1e-06 |" in made


def test_page_of_results_shows_the_results():
    remarks = (ROOT / "benchmarks" / "remarks.md").read_text("utf-8")
    assert (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8") == page(Results.read()) + "\n" + remarks


def test_runners_are_named_by_peer_or_in_full():
    assert [r.name for r in chosen_runners(["openvino", "torch:compiled"], "latency")] == [
        "openvino:pinned",
        "openvino:unpinned",
        "torch:compiled",
    ]
    assert chosen_runners(["onnxruntime"], "training") == []


def test_short_call_is_timed_many_at_once_and_a_long_one_not_beyond_the_limit():
    calls = []
    assert len(samples(lambda: calls.append(1), 0.001, seconds=0.0, runs=3, most=9.0)) == 3
    assert len(calls) == 6
    assert len(samples(lambda: None, 10.0, seconds=9.0, runs=5, most=0.0)) == 1


def test_others_had_what_was_busy_and_not_ours(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert share_of_others((0.0, 10.0, 1.0), (2.0, 16.0, 5.0)) == 0.25


def test_error_is_relative_to_the_largest_number():
    assert relative_error(np.array([4.0, 1.0]), np.array([4.0, 1.5])) == 0.125
    assert norms_of(np.array([3.0, 4.0]), np.array([3.0, 5.0])) == (1.0, 5.0)


def test_error_of_a_step_is_that_of_all_gradients_and_no_tensor_may_be_wrong(tmp_path):
    right = {"loss": np.float64(2.0), "a": np.array([30.0, 40.0]), "b": np.array([1.0])}
    np.savez(tmp_path / "right.npz", **right)
    np.savez(tmp_path / "given.npz", **right | {"a": np.array([30.0, 41.0])})
    np.savez(tmp_path / "wrong.npz", **right | {"b": np.array([0.0])})
    assert error_of(tmp_path / "right.npz", tmp_path / "given.npz", "training") == pytest.approx(1 / np.sqrt(2501))
    with pytest.raises(Failed, match=r"`b` is off by 1\.0e"):
        error_of(tmp_path / "right.npz", tmp_path / "wrong.npz", "training")


def test_wrong_answer_is_not_timed(tmp_path):
    np.savez(tmp_path / "right.npz", out=np.ones(3))
    np.savez(tmp_path / "wrong.npz", out=np.array([1.0, 1.0, np.nan]))
    with pytest.raises(Failed, match="`out` is off by nan"):
        error_of(tmp_path / "right.npz", tmp_path / "wrong.npz", "latency")


@pytest.mark.parametrize("column", COLUMNS)
def test_netdsl_serves_times_and_memory(lenet5, column):
    with ended([Worker(NETDSL, lenet5, column, [0], PYTHON)]) as (worker,):
        assert "isa" in worker.start()["versions"]
        found = worker.times(seconds=0.0, runs=2, most=5.0)
    assert len(found["milliseconds"]) == 2 and min(found["milliseconds"]) > 0
    assert found["memory_mib"] > 20


def test_netdsl_answers_a_training_step_with_every_gradient(lenet5, tmp_path):
    with ended([Worker(NETDSL, lenet5, "training", [0], PYTHON)]) as (worker,):
        worker.check(tmp_path / "answer.npz")
    with np.load(tmp_path / "answer.npz") as arrays:
        assert set(arrays) == {"loss", *load(CASES["lenet5"]).tensors}
        assert all(np.any(arrays[name]) for name in arrays)


def test_runner_that_ends_says_why(lenet5, tmp_path):
    with (
        ended([Worker(NETDSL, tmp_path, "latency", [0], PYTHON)]) as (worker,),
        pytest.raises(Failed, match="No such file"),
    ):
        worker.start()


def test_missing_peers_are_told_how_to_be_installed(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks" / "peers.py"), "--python", str(tmp_path / "python")]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    assert "make one:" in said and "requirements.txt" in said


def test_results_come_back_from_their_file(results, tmp_path):
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results
    assert json.loads((tmp_path / "results.json").read_text())["cells"]
