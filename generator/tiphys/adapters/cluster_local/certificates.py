"""Throw-away certificates for one cluster: an authority, what it signs, a signing key."""

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
class Identity:
    """PEM texts: a certificate and its key."""

    certificate: bytes
    key: bytes = field(repr=False)


class Authority:
    """A new authority, gone with this object: its key is never stored.

    `certificate` is a PEM text.
    """

    def __init__(self, name: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding

        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        signed = self._sign(self._name, self._key, identifier, is_authority=True)
        self.certificate = signed.public_bytes(Encoding.PEM)

    def server(self, name: str, hosts: Sequence[str]) -> Identity:
        """A server's, for `hosts` (names and IPs)."""
        from cryptography import x509

        return self._identity(
            _name(name), x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        )

    def client(self, name: str, organization: str) -> Identity:
        """A client's: a user and its group, in the words of Kubernetes."""
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._identity(_name(name, organization), use)

    def _identity(self, name: x509.Name, extension: x509.ExtensionType) -> Identity:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding

        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(name, key, extension, is_authority=False)
        return Identity(signed.public_bytes(Encoding.PEM), _pem(key))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256

        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(extension, critical=False)
        )
        return builder.sign(self._key, SHA256())


def signing_key() -> bytes:
    """A new private key (PEM) for service accounts' tokens."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _name(name: str, organization: str = "") -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    pairs = [(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    named = [*pairs, (NameOID.COMMON_NAME, name)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in named])


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
