"""The parts of `benchmarks/peers.py`: nets, files that every runner reads, runners, tables.

`serve`, `torch_module` and the `run_…` modules of the peers run without netdsl, in the peers' own virtual environment.
"""
