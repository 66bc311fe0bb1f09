"""Specifications: models described in JSON, from any language, without a line of code.

`reading` turns a text into parts and refuses what is not allowed (`allowing`, `bounds`); `building` makes the
model of them; `writing` describes a model again. The classes, their parameters and the functions that can be
named are in lists: no attribute is looked up by what a client sends.
"""
