"""A kubeconfig file as an HTTPS connection pool: where to connect, and as whom.

Certificates and tokens are read here, because the `kubernetes` package takes a second to import.
It is imported only for the users that need its logic, such as `exec` plugins.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from tiphys.domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    import urllib3


@dataclass(frozen=True, slots=True)
class Connection:
    """What a request needs: `pool` speaks to the server, `headers` carry the identity.

    `base` is the path in front of every API path, "" for most servers.
    """

    pool: urllib3.HTTPConnectionPool
    base: str
    headers: Mapping[str, str] = field(repr=False)


def connect(kubeconfig: Path, *, timeout: float, pool_size: int = 8) -> Connection:
    """Prepare (without a request) the connection of the kubeconfig's current context.

    `timeout` in seconds holds for connecting and for each read. NotFound without the file,
    InvalidInput when it cannot be understood.
    """
    import urllib3

    cluster, user = _current(kubeconfig)
    try:
        address = urlsplit(str(cluster["server"]))
        host, port = address.hostname or "", address.port
        pool_class: type[urllib3.HTTPConnectionPool] = urllib3.HTTPConnectionPool
        options: dict[str, Any] = {}
        if address.scheme == "https":
            if "exec" in user or "auth-provider" in user:
                user = _resolve_plugin(kubeconfig)
            pool_class = urllib3.HTTPSConnectionPool
            options["ssl_context"] = _ssl_context(cluster, user, kubeconfig.parent)
            if name := cluster.get("tls-server-name"):
                options |= {"server_hostname": name, "assert_hostname": name}
        headers = _headers(user, kubeconfig.parent)
    except (KeyError, ValueError, TypeError, OSError, binascii.Error) as error:
        raise InvalidInput(f"kubeconfig {kubeconfig} cannot be used: {error}") from error
    pool = pool_class(
        host,
        port,
        maxsize=pool_size,
        timeout=urllib3.Timeout(connect=min(timeout, 5.0), read=timeout),
        # A kept connection may die between two requests: only reads may be sent twice.
        retries=urllib3.Retry(
            connect=1, read=1, redirect=0, status=0, other=0, allowed_methods={"GET"}
        ),
        **options,
    )
    return Connection(pool=pool, base=address.path.rstrip("/"), headers=headers)


def _current(kubeconfig: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cluster and the user of the current context."""
    try:
        text = kubeconfig.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"there is no kubeconfig at {kubeconfig}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"kubeconfig {kubeconfig} cannot be read: {error}") from error
    try:
        config = yaml.safe_load(text)
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"] or {}
        return dict(cluster), dict(user)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, LookupError) as error:
        raise InvalidInput(
            f"kubeconfig {kubeconfig} has no usable current context: {error!r}"
        ) from error


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next((entry for entry in entries if entry["name"] == name), {})


def _ssl_context(
    cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path
) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", folder)
    if authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=authority.decode("ascii"))
    else:
        context = ssl.create_default_context()  # reads every authority of the system
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _content(user, "client-certificate", folder)
    key = _content(user, "client-key", folder)
    if certificate and key:
        with ExitStack() as stack:  # OpenSSL takes a client's certificate only from files
            chain = stack.enter_context(_temporary(certificate))
            context.load_cert_chain(chain, stack.enter_context(_temporary(key)))
    return context


def _content(source: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    """`<name>-data` decoded, else the file called `name`, relative to the kubeconfig's folder."""
    if data := source.get(f"{name}-data"):
        return base64.b64decode(data, validate=True)
    if path := source.get(name):
        return Path(folder, str(path)).read_bytes()
    return None


@contextmanager
def _temporary(content: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="tiphys-") as file:  # created with mode 0600
        file.write(content)
        file.flush()
        yield file.name


def _headers(user: Mapping[str, Any], folder: Path) -> dict[str, str]:
    token = user.get("token")
    if not token and (path := user.get("tokenFile")):
        token = (folder / path).read_text(encoding="ascii").strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    if "username" in user:
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
    return {}


def _resolve_plugin(kubeconfig: Path) -> dict[str, Any]:
    """The user's credentials as the `kubernetes` package's credential plugins answer them, once."""
    from kubernetes import client, config

    configuration = client.Configuration()
    load: Any = config.load_kube_config  # the package has no type hints
    try:
        load(str(kubeconfig), client_configuration=configuration)
    except config.ConfigException as error:
        raise InvalidInput(f"kubeconfig {kubeconfig}: {error}") from error
    user: dict[str, Any] = {}
    for name in ("BearerToken", "authorization"):  # it was renamed in one of its releases
        if token := configuration.api_key.get(name):
            user["token"] = token.removeprefix("Bearer ")
    if configuration.cert_file and configuration.key_file:
        user["client-certificate"] = configuration.cert_file
        user["client-key"] = configuration.key_file
    return user
