"""Why a cluster can't be used: asked step by step, so that each cause gets its own sentence and its own remedy."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from learnkafka.broker.environment import split_address
from learnkafka.broker.finding import Finding

SECONDS = 5.0
_ILLEGAL_SASL_STATE = 34  # a listener without SASL answers a SASL handshake with this


def probe(bootstrap_servers: str, config: Mapping[str, Any]) -> Finding | None:
    """What keeps a client with these settings from using the cluster; None when nothing does."""
    first: Finding | None = None
    for address in bootstrap_servers.split(","):
        finding = probe_address(address, config)
        if finding is None:  # one way in is enough
            return probe_login(bootstrap_servers, config)
        first = first or finding
    return first


def probe_address(address: str, config: Mapping[str, Any]) -> Finding | None:
    """What keeps a client from one address, without logging in: its name, its port, TLS, and the SASL mechanism."""
    host, port = split_address(address)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return Finding(
            f"The name {host!r} is not resolved",
            "check its spelling in KAFKA_BOOTSTRAP_SERVERS, and your network or VPN.",
        )
    try:
        socket.create_connection((host, port), SECONDS).close()
    except ConnectionRefusedError:
        return Finding(
            f"Nothing listens at {address} (connection refused)",
            "check the port in KAFKA_BOOTSTRAP_SERVERS, and that the broker runs.",
        )
    except OSError as error:
        return Finding(f"{address} doesn't answer ({error})", "check your network, VPN or firewall.")
    return _probe_security(host, port, config)


def _probe_security(host: str, port: int, config: Mapping[str, Any]) -> Finding | None:
    protocol = config.get("security_protocol", "PLAINTEXT")
    address = f"{host}:{port}"
    if "SSL" in protocol:
        if finding := _probe_tls(host, port, config):
            return finding
    elif _speaks_tls(host, port):
        return Finding(
            f"{address} speaks TLS, but TLS was not asked for", "set KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL."
        )
    mechanisms = _sasl_mechanisms(host, port, _tls_context(config) if "SSL" in protocol else None)
    if mechanisms and not protocol.startswith("SASL"):
        wanted = "SASL_SSL" if "SSL" in protocol else "SASL_PLAINTEXT"
        return Finding(
            f"{address} asks for SASL ({', '.join(mechanisms)}), but no SASL was given",
            f"set KAFKA_SECURITY_PROTOCOL={wanted}, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.",
        )
    if mechanisms and config.get("sasl_mechanism") not in mechanisms:
        return Finding(
            f"{address} takes the SASL mechanisms {', '.join(mechanisms)}, not {config.get('sasl_mechanism')}",
            "set KAFKA_SASL_MECHANISM to one of them.",
        )
    if mechanisms == [] and protocol.startswith("SASL"):
        plain = protocol.removeprefix("SASL_")
        return Finding(
            f"{address} has no SASL, but KAFKA_SECURITY_PROTOCOL asks for it", f"set KAFKA_SECURITY_PROTOCOL={plain}."
        )
    return None


def _tls_context(config: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.get("ssl_cafile"))
    context.check_hostname = bool(config.get("ssl_check_hostname", True))
    if config.get("ssl_certfile"):
        context.load_cert_chain(config["ssl_certfile"], config.get("ssl_keyfile"), config.get("ssl_password"))
    return context


def _probe_tls(host: str, port: int, config: Mapping[str, Any]) -> Finding | None:
    address = f"{host}:{port}"
    try:
        context = _tls_context(config)
    except OSError as error:
        return Finding(
            f"The TLS files can't be used ({error})",
            "check KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE.",
        )
    try:
        with socket.create_connection((host, port), SECONDS) as raw, context.wrap_socket(raw, server_hostname=host):
            return None
    except ssl.SSLCertVerificationError as error:
        return Finding(
            f"TLS is refused: the certificate of {address} doesn't hold ({error.verify_message.rstrip('.')})",
            "set KAFKA_SSL_CAFILE to the file of the authority that signed it, and use the host name that it is made out to.",
        )
    except OSError as error:
        return Finding(
            f"{address} doesn't speak TLS ({getattr(error, 'reason', None) or error})",
            "set KAFKA_SECURITY_PROTOCOL to PLAINTEXT or SASL_PLAINTEXT, or name the TLS listener's port.",
        )


def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), SECONDS) as raw, context.wrap_socket(raw):
            return True
    except OSError:
        return False


def _sasl_mechanisms(host: str, port: int, context: ssl.SSLContext | None) -> list[str] | None:
    """The mechanisms that the listener takes, [] where it has no SASL, None where it didn't say.

    Asks with a SaslHandshake request, version 1 (Kafka's protocol guide), which every listener answers.
    """
    client, mechanism = b"learnkafka", b"?"
    body = struct.pack(
        f">hhih{len(client)}sh{len(mechanism)}s", 17, 1, 1, len(client), client, len(mechanism), mechanism
    )
    with suppress(OSError, struct.error, UnicodeDecodeError):
        with socket.create_connection((host, port), SECONDS) as raw:
            connection = context.wrap_socket(raw, server_hostname=host) if context else raw
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = _read(connection, struct.unpack(">i", _read(connection, 4))[0])
        error, count = struct.unpack_from(">hi", answer, 4)
        if error == _ILLEGAL_SASL_STATE:
            return []
        return _strings(answer[10:], count)
    return None


def _strings(content: bytes, count: int) -> list[str]:
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from(">h", content)
        found.append(content[2 : 2 + length].decode())
        content = content[2 + length :]
    return found


def _read(connection: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < min(count, 65536):
        part = connection.recv(count - len(content))
        if not part:
            raise ConnectionResetError("closed")
        content += part
    return content


def probe_login(bootstrap_servers: str, config: Mapping[str, Any]) -> Finding | None:
    """Log in, and look whether the brokers' advertised addresses can be reached from here."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError, SaslAuthenticationFailedError

    try:
        with KafkaAdminClient(
            bootstrap_servers=bootstrap_servers, **config, bootstrap_timeout_ms=int(SECONDS * 1000)
        ) as admin:
            # As they are advertised. A request, even for this, would go to such an address.
            brokers = admin._manager.cluster.brokers()
    except SaslAuthenticationFailedError:
        return _login_refused(config)
    except KafkaError as error:
        if config.get("sasl_mechanism"):
            return _login_refused(config)
        return Finding(
            f"{bootstrap_servers} doesn't answer as a Kafka broker does ({type(error).__name__})",
            "check that the port is Kafka's.",
        )
    for broker in brokers:
        try:
            socket.create_connection((broker.host, broker.port), SECONDS).close()
        except OSError as error:
            return Finding(
                f"The cluster answers at {bootstrap_servers}, but advertises broker {broker.node_id} as "
                f"{broker.host}:{broker.port}, which can't be reached from here ({error})",
                "have advertised.listeners name an address that this machine can reach.",
            )
    return None


def _login_refused(config: Mapping[str, Any]) -> Finding:
    return Finding(
        f"The cluster refuses the SASL login of {config.get('sasl_plain_username')!r} ({config.get('sasl_mechanism')})",
        "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.",
    )
