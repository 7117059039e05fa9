"""RESULTS.md and the tables of README.md and docs/speed.md, from results.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from comparison.cases import CASES, COLUMNS, RUNNERS, Case
from comparison.results import QUIET, Entry, Results

PEERS = {"torch": "torch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
TUNED = {"torch_kept": "torch with memory kept"}
"""Peers in a process that was set up for them: shown with their own ratio. Targets are of peers as they come."""
PAGES = ("README.md", "docs/speed.md")
NONE = "–"
CLOSE = 0.10
"""How near a peer has to come to the figure that a target was derived from."""


def write_tables(results: Results, root: Path) -> None:
    """Write benchmarks/RESULTS.md, and the tables between the markers of README.md and docs/speed.md."""
    remarks = root / "benchmarks" / "remarks.md"
    text = page(results) + ("\n" + remarks.read_text("utf-8") if remarks.exists() else "")
    (root / "benchmarks" / "RESULTS.md").write_text(text, "utf-8")
    for page_name in PAGES:
        file = root / page_name
        file.write_text(with_tables(file.read_text("utf-8"), results), "utf-8")


def with_tables(text: str, results: Results) -> str:
    """A page with each of the tables put between its markers, `<!-- peers:begin -->` and `<!-- peers:end -->`."""
    for name, table in {"peers": short_table, "direct": direct_table}.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        if begin in text:
            before, _, rest = text.partition(begin)
            text = f"{before}{begin}{table(results)}{end}{rest.partition(end)[2]}"
    return text


def direct_table(results: Results) -> str:
    """One row a network: inference of one image by the algorithms that netdsl chooses, and by direct sums alone."""
    rows = []
    for case in CASES.values():
        cell = results.cell(case.name, "latency")
        chosen, direct = cell.get("netdsl:call", {}), cell.get("netdsl:direct", {})
        _, peer, theirs = _pair(results, case, "latency")
        if "best_ms" in chosen and "best_ms" in direct and theirs:
            times = [f"{_ms(entry)} ms" for entry in (chosen, direct, theirs)]
            errors = [f"{entry['error']:.0e}" for entry in (chosen, direct, theirs)]
            rows.append([case.title, *times[:2], f"{times[2]} ({PEERS[peer]})", *errors])
    header = ["network", "netdsl", "netdsl, direct", "best peer"]
    return _table([*header, *(f"error, {name.removeprefix('netdsl, ')}" for name in header[1:])], rows) if rows else ""


def short_table(results: Results) -> str:
    """One row a measured network: netdsl's milliseconds, and how many times faster that is than the best peer."""
    rows = []
    for case in CASES.values():
        row = [case.title]
        for column in COLUMNS:
            ours, peer, theirs = _pair(results, case, column)
            if ours and theirs:
                cell = f"{_ms(ours)} ms, **{theirs['best_ms'] / ours['best_ms']:.2f}x** ({PEERS[peer]} {_ms(theirs)})"
                row.append("; ".join([cell, *_beside(ours, results, case, column)]))
            else:
                row.append(NONE)
        if any(cell != NONE for cell in row[1:]):
            rows.append(row)
    return _table(["network", *COLUMNS.values()], rows) if rows else ""


def page(results: Results) -> str:
    """All of RESULTS.md but the remarks."""
    parts = [_HEAD.format(**_facts(results))]
    for column, title in COLUMNS.items():
        parts.append(f"## {title[0].upper()}{title[1:]}\n\n{_times(results, column)}")
    parts.append(f"## Peak memory and error\n\n{_MEMORY}\n{_memory(results)}")
    parts.append(f"## Every variant\n\n{_variants(results)}")
    parts.append(f"## The peers, then and now\n\n{_THEN}\n{_drift(results)}")
    return "\n".join(parts)


_HEAD = """\
# netdsl beside its peers

Written by `python benchmarks/peers.py`; the numbers are in [results.json](results.json), how they are taken is told in
[docs/speed.md](../docs/speed.md).

- machine: {processor}, {cores} cores, {memory_gib} GiB, {system}, Python {python}
- {threads} threads, float32; netdsl at {commits}
- {versions}

Milliseconds are of the fastest sample; of a peer, those of its fastest variant. Targets are of the peers as they come;
a process can also be told, by two settings of the C library, to keep what a step of torch frees for the next one: that
stands beside, with its own ratio. U-Net's batch is 4 in place of 16, the
training step of LeNet-5 has 64 images. † marks a ratio of figures that were not taken side by side in one run,
‡ figures taken while other processes had more than {quiet:.0%} of the machine in some round.
"""
_MEMORY = """\
MiB at most in the whole life of the process, with Python and the library. The error is the largest difference from
float64 over the largest number of the output. Of a training step it is the norm of the gradients' difference over their
norm: rounding moves ReLUs and maxima from one element to another, and gradients jump there.
"""
_THEN = """\
The targets were derived from times that the peers had on a machine of this kind. A peer that is more than 10 % away
from its time then is marked.
"""


def _facts(results: Results) -> dict[str, object]:
    entries = [entry for cell in results.cells.values() for entry in cell.values() if "best_ms" in entry]
    own = sorted({e["commit"] for c in results.cells.values() for n, e in c.items() if n.startswith("netdsl:")})
    versions = sorted({f"{k} {v}" for e in entries for k, v in e["versions"].items() if k != "isa"})
    threads = sorted({e["threads"] for e in entries})
    empty = dict.fromkeys(("processor", "cores", "memory_gib", "system", "python"), "unknown")
    return {
        **empty,
        **results.machine,
        "commits": ", ".join(own) or "no commit yet",
        "versions": ", ".join(versions) or "no versions yet",
        "threads": " or ".join(map(str, threads)) or "no",
        "quiet": QUIET,
    }


def _times(results: Results, column: str) -> str:
    rows = []
    for case in CASES.values():
        best = results.best(case.name, column)
        ours, peer, theirs = _pair(results, case, column)
        goal = case.goals[column].ratio
        names = _peers_of(column)
        row = [case.title, _ms(ours), *(_ms(best.get(name)) for name in names)]
        if ours and theirs:
            ratio = theirs["best_ms"] / ours["best_ms"]
            verdict = "yes" if ratio >= goal else "no" if ratio >= 1 else "no, slower than the peer"
            times = "; ".join(
                [f"{ratio:.2f} ({PEERS[peer]}){_mark(ours, theirs)}", *_beside(ours, results, case, column)]
            )
            row += [times, f"{goal:g}", verdict]
        else:
            row += [NONE, f"{goal:g}", NONE]
        rows.append(row)
    peers = [f"{title}, ms" for title in _peers_of(column).values()]
    return _table(["network", "netdsl, ms", *peers, "times faster than the best", "target", "met"], rows)


def _peers_of(column: str) -> dict[str, str]:
    """The titles, by name, of the peers that a column has."""
    return {
        name: title
        for name, title in (PEERS | TUNED).items()
        if any(runner.peer == name and column in runner.columns for runner in RUNNERS)
    }


def _beside(ours: Entry, results: Results, case: Case, column: str) -> list[str]:
    """How many times faster netdsl is than each peer that was set up."""
    best = results.best(case.name, column)
    found = ((title, best.get(name)) for name, title in TUNED.items())
    return [f"{e['best_ms'] / ours['best_ms']:.2f}x ({title} {_ms(e)})" for title, e in found if e]


def _memory(results: Results) -> str:
    rows = []
    for case in CASES.values():
        for column, title in COLUMNS.items():
            best = results.best(case.name, column)
            found = [best.get(name) for name in ("netdsl", *PEERS, *TUNED)]
            if any(found):
                memory = (f"{e['memory_mib']:,.0f}" if e else NONE for e in found)
                rows.append([case.title, title, *memory, *(f"{e['error']:.0e}" if e else NONE for e in found)])
    names = ["netdsl", *PEERS.values(), *TUNED.values()]
    return _table(["network", "column", *(f"{n}, MiB" for n in names), *(f"{n}, error" for n in names)], rows)


def _variants(results: Results) -> str:
    rows = []
    for case in CASES.values():
        for column, title in COLUMNS.items():
            cell = results.cell(case.name, column)
            for runner in RUNNERS:
                entry = cell.get(runner.name)
                if entry and "best_ms" in entry:
                    numbers = f"{entry['memory_mib']:,.0f}", f"{entry['error']:.0e}", str(entry["samples"])
                    numbers = (*numbers, f"{entry['others']:.0%}")
                    median = f"{entry['median_ms']:,.4g}"
                    rows.append([case.title, title, runner.name, _ms(entry), median, *numbers, entry["run"]])
                elif entry:
                    rows.append([case.title, title, runner.name, f"failed: {entry.get('failed', NONE)}", *[""] * 6])
    header = [
        "network",
        "column",
        "variant",
        "best, ms",
        "median, ms",
        "MiB",
        "error",
        "samples",
        "others",
        "run (UTC)",
    ]
    return _table(header, rows)


def _drift(results: Results) -> str:
    rows = []
    for case in CASES.values():
        for column, title in COLUMNS.items():
            best = results.best(case.name, column)
            for peer, then in case.goals[column].peers.items():
                if entry := best.get(peer):
                    drift = entry["best_ms"] / then - 1
                    mark = " (!)" if abs(drift) > CLOSE else ""
                    rows.append([case.title, title, PEERS[peer], f"{then:g}", _ms(entry), f"{drift:+.0%}{mark}"])
    return _table(["network", "column", "peer", "then, ms", "now, ms", "difference"], rows)


def _pair(results: Results, case: Case, column: str) -> tuple[Entry | None, str, Entry | None]:
    """The entry of netdsl, and the name and the entry of the fastest peer."""
    best = results.best(case.name, column)
    peers = {name: best[name] for name in PEERS if name in best}
    peer = min(peers, key=lambda name: peers[name]["best_ms"], default="")
    return best.get("netdsl"), peer, peers.get(peer)


def _mark(ours: Entry, theirs: Entry) -> str:
    aside = "" if ours["run"] == theirs["run"] else " †"
    return aside + (" ‡" if max(ours["others"], theirs["others"]) > QUIET else "")


def _ms(entry: Entry | None) -> str:
    """Milliseconds to three digits: 0.0243, 16.9, 2,219."""
    if not entry:
        return NONE
    ms = float(entry["best_ms"])
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.3g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
