"""The receipt of an erasure: it says what was done, and anybody with the public key can check its signature.

It names nobody: it has an HMAC of each person's id, by the key of the list of the forgotten. The shop has the key and
the id, so it can show that the receipt is about that person; nobody else can.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_VARIABLE = "NIGHTMARKET_RECEIPT_KEY"


class NoReceiptKey(ValueError):
    """The key that signs receipts is missing or cannot be read."""


class BadReceipt(ValueError):
    """A file that is no receipt, a receipt signed by another key, or one that was changed after it was signed."""


def signing_key() -> Ed25519PrivateKey:
    """The private key in the environment: 32 bytes as 64 hex digits. Raises NoReceiptKey."""
    text = os.environ.get(KEY_VARIABLE, "")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except ValueError:
        fault = f"is not 64 hex digits (it has {len(text)} characters)" if text else "is not set"
        raise NoReceiptKey(
            f"{KEY_VARIABLE} {fault}; receipts are signed with it: set it to the 64 hex digits of an Ed25519 key, such "
            "as `openssl rand -hex 32` prints, and keep it safe; nothing was changed"
        ) from None


def public_text(key: Ed25519PrivateKey) -> str:
    """The public key as receipts have it: 64 hex digits."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def signed(facts: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The receipt: the facts, the public key, and an Ed25519 signature of both."""
    body = facts | {"public_key": public_text(key)}
    return body | {"signature": base64.b64encode(key.sign(_canonical(body))).decode()}


def verified(receipt: Any, public_key: str = "") -> dict[str, Any]:
    """The facts of a genuine receipt. Raises BadReceipt; with `public_key`, also where another key signed it."""
    if not isinstance(receipt, dict) or not {"public_key", "signature"} <= set(receipt):
        raise BadReceipt("this is no receipt: it has no public_key and signature")
    body = {name: value for name, value in receipt.items() if name != "signature"}
    if public_key and body["public_key"] != public_key:
        raise BadReceipt(f"the receipt was signed by the key {body['public_key']}, not by {public_key}")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(body["public_key"]))
        key.verify(base64.b64decode(receipt["signature"]), _canonical(body))
    except (InvalidSignature, ValueError, TypeError):
        raise BadReceipt("the signature does not fit: the receipt was changed after it was signed") from None
    return body


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
