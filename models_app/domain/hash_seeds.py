"""Under which seed this process hashes strings.

Sets of strings are walked in an order that depends on it, and River walks some: `compose.Select` does. A
model is the same fold of the same journal in two processes only where both hash alike. Python reads the seed
(PYTHONHASHSEED) at its start and does not report it afterwards: the environment may have been changed since,
or ignored (`-E`, `-R`). So a hash is computed here and compared with Python's own.
"""

import os
import sys

VARIABLE = "PYTHONHASHSEED"
#: The seeds that Python takes; 0 switches the randomization off.
MAX_SEED = 2**32 - 1
# Rounds of SipHash, after a block and at the end, by Python's name of the algorithm.
_ROUNDS = {"siphash13": (1, 3), "siphash24": (2, 4)}
_PROBE = "hash seed"
_MASK = 2**64 - 1


def is_in_force(seed: int, *, algorithm: str = sys.hash_info.algorithm) -> bool:
    """Say whether this process hashes strings under `seed`.

    Where Python has another algorithm than SipHash, the environment is believed.
    """
    rounds = _ROUNDS.get(algorithm)
    if rounds is None:
        return os.environ.get(VARIABLE) == str(seed)
    return hash(_PROBE) == string_hash(seed, _PROBE.encode(), rounds)


def string_hash(seed: int, data: bytes, rounds: tuple[int, int] = _ROUNDS["siphash13"]) -> int:
    """Return what Python started under `seed` gives as the hash of an ASCII string that is not empty.

    The key is drawn from the seed as CPython does (`lcg_urandom` in Python/bootstrap_hash.c); the hash is
    SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
    """
    k0, k1 = _key(seed)
    v0, v1 = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    v2, v3 = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573
    # The last block has what is left, and the length in its highest byte.
    padded = data.ljust(len(data) // 8 * 8 + 7, b"\0") + bytes([len(data) & 0xFF])
    for start in range(0, len(padded), 8):
        block = int.from_bytes(padded[start : start + 8], "little")
        v0, v1, v2, v3 = _mix((v0, v1, v2, v3 ^ block), rounds[0])
        v0 ^= block
    v0, v1, v2, v3 = _mix((v0, v1, v2 ^ 0xFF, v3), rounds[1])
    unsigned = v0 ^ v1 ^ v2 ^ v3
    signed = unsigned - (unsigned >> 63 << 64)
    # -1 stands for an error in C.
    return -2 if signed == -1 else signed


def _key(seed: int) -> tuple[int, int]:
    if seed == 0:
        return 0, 0
    drawn = bytearray()
    for _ in range(16):
        seed = (seed * 214013 + 2531011) & 0xFFFFFFFF
        drawn.append(seed >> 16 & 0xFF)
    return int.from_bytes(drawn[:8], "little"), int.from_bytes(drawn[8:], "little")


def _mix(state: tuple[int, int, int, int], rounds: int) -> tuple[int, int, int, int]:
    v0, v1, v2, v3 = state
    for _ in range(rounds):
        v0 = (v0 + v1) & _MASK
        v1 = _rotated(v1, 13) ^ v0
        v0 = _rotated(v0, 32)
        v2 = (v2 + v3) & _MASK
        v3 = _rotated(v3, 16) ^ v2
        v0 = (v0 + v3) & _MASK
        v3 = _rotated(v3, 21) ^ v0
        v2 = (v2 + v1) & _MASK
        v1 = _rotated(v1, 17) ^ v2
        v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


def _rotated(value: int, n: int) -> int:
    return (value << n | value >> (64 - n)) & _MASK
