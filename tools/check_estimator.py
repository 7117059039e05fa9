"""Runs scikit-learn's estimator checks on `NetClassifier`, and the tests beside them.

Usage: python tools/check_estimator.py, where `pip install 'netdsl[sklearn]' pytest` has been done; the tests' closing
line comes last, and the exit status is theirs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sklearn

if __name__ == "__main__":
    print(f"scikit-learn {sklearn.__version__}")
    tests = Path(__file__).parent.parent / "tests" / "test_sklearn.py"
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--import-mode=importlib", str(tests)]))
