"""Throw-away certificates for one cluster: an authority, a server's certificate, a signing key."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_LIFETIME = datetime.timedelta(days=365)
_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """PEM texts: the authority's certificate, and a server's certificate signed by it.

    The authority's key is never stored, so nothing else can be signed by it.
    """

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def server_identity(name: str, hosts: Sequence[str]) -> ServerIdentity:
    """A new authority called `name` and a server's certificate for `hosts` (names and IPs)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    now = datetime.datetime.now(datetime.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    server = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kube-apiserver")])

    def sign(
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
        *,
        is_authority: bool,
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(extension, critical=False)
        )
        return builder.sign(authority_key, SHA256()).public_bytes(Encoding.PEM)

    return ServerIdentity(
        authority=sign(
            authority,
            authority_key,
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()),
            is_authority=True,
        ),
        certificate=sign(
            server,
            server_key,
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]),
            is_authority=False,
        ),
        key=_pem(server_key),
    )


def signing_key() -> bytes:
    """A new private key (PEM) for service accounts' tokens."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    # Kubernetes reads signing keys of elliptic curves only in this older form.
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
