"""Pickles written by hand: of instructions, as an attacker would."""

import pickle
import struct


def text(value: str) -> bytes:
    encoded = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + pickle.STACK_GLOBAL


def reduced(module: str, name: str, *arguments: bytes) -> bytes:
    """Return the instructions that call something."""
    return stack_global(module, name) + listed(*arguments) + pickle.REDUCE


def listed(*members: bytes) -> bytes:
    """Return the instructions of a tuple."""
    return pickle.MARK + b"".join(members) + pickle.TUPLE


def made(module: str, name: str) -> bytes:
    """Return the instructions that make an object without calling its class."""
    return stack_global(module, name) + pickle.EMPTY_TUPLE + pickle.NEWOBJ


def filled(instructions: bytes, **attributes: bytes) -> bytes:
    """Return the instructions of an object with attributes."""
    items = b"".join(text(name) + value for name, value in attributes.items())
    return instructions + pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS + pickle.BUILD


def whole(instructions: bytes, protocol: int = 4) -> bytes:
    return pickle.PROTO + bytes([protocol]) + instructions + pickle.STOP
