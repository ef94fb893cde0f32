"""Erasure, measured: how long, how thorough, how safe."""
