"""`kernel_cases.steps` as a fixture; the instruction sets and numbers of threads that every kernel is run with."""

from types import SimpleNamespace

import numpy as np
import pytest

from kernel_cases.steps import code, fixed, geometry, grouped, images, ordered, panel, patches, record, run, unpanel
from netdsl import core


@pytest.fixture
def steps():
    made = (run, record, images, fixed, code, ordered, panel, unpanel, patches, grouped, geometry)
    return SimpleNamespace(**{function.__name__: function for function in made})


@pytest.fixture(params=core.isas())
def isa(request):
    return request.param


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(7)
