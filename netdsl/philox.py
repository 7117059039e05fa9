"""Random words that depend on a key and a counter alone: Philox4x32-10 (Salmon et al. 2011), in NumPy.

Arithmetic is on unsigned 32-bit words.

    key words      k0, k1
    counter words  c = (c0, c1, c2, c3)
    a round        c ← (high(M1·c2) ^ c1 ^ k0, low(M1·c2), high(M0·c0) ^ c3 ^ k1, low(M0·c0))
                   M0 = 0xD2511F53, M1 = 0xCD9E8D57
    ten rounds     between two of them k0 += 0x9E3779B9, k1 += 0xBB67AE85
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ROUNDS = 10
M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85
MASK = 0xFFFFFFFF


def stream_key(path: str, purpose: str) -> int:
    """The 64-bit name of a stream: the first 8 bytes, little-endian, of BLAKE2b over `path NUL purpose`."""
    return int.from_bytes(blake2b(f"{path}\0{purpose}".encode(), digest_size=8).digest(), "little")


def philox(counter: Array, key: tuple[int, int]) -> Array:
    """Words (…, 4) uint32 of counters (…, 4) uint32."""
    import numpy as np

    c0, c1, c2, c3 = (counter[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(ROUNDS):
        low, high = c0 * np.uint64(M0), c2 * np.uint64(M1)
        c0, c1, c2, c3 = (
            (high >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            high & np.uint64(MASK),
            (low >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            low & np.uint64(MASK),
        )
        k0, k1 = (k0 + W0) & MASK, (k1 + W1) & MASK
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)
