"""Whether a signature was made with the private half of a public key, by the library `cryptography`."""

from __future__ import annotations

from typing import Literal

Kind = Literal["rsa", "rsa-pss", "ecdsa", "dsa"]


class UncheckedError(Exception):
    """A signature that cannot be checked here; the message says why in one sentence."""


def fits(key: bytes, kind: Kind, digest: str, signature: bytes, data: bytes) -> bool:
    """Whether ``signature`` over ``data`` fits a public key (SubjectPublicKeyInfo, DER).

    ``digest``: md5 · sha1 · sha224 · sha256 · sha384 · sha512. Raises `UncheckedError` where the library does
    not know the key or the algorithm.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        algorithm: hashes.HashAlgorithm = getattr(hashes, digest.upper())()
        public = load_der_public_key(key)
        if isinstance(public, rsa.RSAPublicKey) and kind in ("rsa", "rsa-pss"):
            salt = algorithm.digest_size
            pss = padding.PSS(padding.MGF1(algorithm), salt)
            public.verify(signature, data, padding.PKCS1v15() if kind == "rsa" else pss, algorithm)
        elif isinstance(public, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            public.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(public, dsa.DSAPublicKey) and kind == "dsa":
            public.verify(signature, data, algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        words = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UncheckedError(f"its key or algorithm is not known here: {words}") from None
    return True
