"""The environment variables that describe a cluster that exists already."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from learnkafka.errors import BrokerError

BOOTSTRAP = "KAFKA_BOOTSTRAP_SERVERS"

# Variable → kafka-python's name for it.
SECURITY = {
    "KAFKA_SECURITY_PROTOCOL": "security_protocol",
    "KAFKA_SASL_MECHANISM": "sasl_mechanism",
    "KAFKA_SASL_USERNAME": "sasl_plain_username",
    "KAFKA_SASL_PASSWORD": "sasl_plain_password",
    "KAFKA_SSL_CAFILE": "ssl_cafile",
    "KAFKA_SSL_CERTFILE": "ssl_certfile",
    "KAFKA_SSL_KEYFILE": "ssl_keyfile",
    "KAFKA_SSL_PASSWORD": "ssl_password",
    "KAFKA_SSL_CHECK_HOSTNAME": "ssl_check_hostname",
}
PATIENCE = "LEARNKAFKA_PATIENCE"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def bootstrap_servers() -> str:
    """The address in `KAFKA_BOOTSTRAP_SERVERS`, checked for its form."""
    given = os.environ.get(BOOTSTRAP, "").strip()
    addresses = [part.strip() for part in given.split(",") if part.strip()]
    for address in addresses:
        split_address(address)
    if not addresses:
        raise BrokerError(f'No cluster is named: set {BOOTSTRAP} to its address, like "kafka.example.com:9092".')
    return ",".join(addresses)


def variables() -> dict[str, str]:
    """Those of the variables that are set, to hand them to another process."""
    return {name: os.environ[name] for name in (BOOTSTRAP, *SECURITY) if name in os.environ}


def patience() -> float:
    """How many times as long as on a quiet machine an answer may take here, as `LEARNKAFKA_PATIENCE` says: 1 without it.

    It makes nothing slower: what is waited for as long as it takes is only given up later. A class needs it, in which
    thirty ask at once. Raises BrokerError for what is no number from 1 on.
    """
    given = os.environ.get(PATIENCE, "").strip() or "1"
    try:
        times = float(given)
    except ValueError:
        times = 0.0
    if not 1 <= times <= 1_000:
        raise BrokerError(f"{PATIENCE} is {given!r}; expected how many times as long to wait, a number from 1 to 1000.")
    return times


def split_address(address: str) -> tuple[str, int]:
    """`host:port` as its two parts; an IPv6 host stands in brackets."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})", address)
    if not found or not 0 < int(found[3]) < 65536:
        raise BrokerError(
            f'{address!r} is not the address of a Kafka broker: expected "host:port", like "kafka.example.com:9092".'
        )
    return found[1] or found[2], int(found[3])


class Password(str):
    """Text whose repr hides it: a notebook that shows the clients' settings doesn't show this."""

    def __repr__(self) -> str:
        return "'…'"


def client_config() -> dict[str, Any]:
    """What kafka-python needs beside the address, from `KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_*` and `KAFKA_SSL_*`."""
    return config_of(os.environ)


def config_of(variables: Mapping[str, str]) -> dict[str, Any]:
    """The same from these variables."""
    given = {name: variables[variable] for variable, name in SECURITY.items() if variables.get(variable)}
    config: dict[str, Any] = {name: Password(value) if "password" in name else value for name, value in given.items()}
    if "ssl_check_hostname" in config:
        config["ssl_check_hostname"] = given["ssl_check_hostname"].lower() not in ("false", "0", "no")
    _one_of("KAFKA_SECURITY_PROTOCOL", given.get("security_protocol"), PROTOCOLS)
    _one_of("KAFKA_SASL_MECHANISM", given.get("sasl_mechanism"), MECHANISMS)
    if given.get("security_protocol", "").startswith("SASL"):
        for variable in ("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"):
            if not variables.get(variable):
                raise BrokerError(f"KAFKA_SECURITY_PROTOCOL asks for SASL, but {variable} isn't set; set it too.")
    return config


def _one_of(variable: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise BrokerError(f"{variable} is {value!r}; expected one of {', '.join(allowed)}.")


def java_properties(config: dict[str, Any]) -> dict[str, str]:
    """The same security settings as Kafka's own tools take them in a properties file."""
    properties = {"security.protocol": config.get("security_protocol", "PLAINTEXT")}
    if mechanism := config.get("sasl_mechanism"):
        module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
        user, password = (
            config[key].replace("\\", "\\\\").replace('"', '\\"')
            for key in ("sasl_plain_username", "sasl_plain_password")
        )
        properties["sasl.mechanism"] = mechanism
        properties["sasl.jaas.config"] = (
            f'org.apache.kafka.common.security.{module} required username="{user}" password="{password}";'
        )
    if authority := config.get("ssl_cafile"):
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": authority}
    if config.get("ssl_check_hostname") is False:
        properties["ssl.endpoint.identification.algorithm"] = ""
    # Java's properties files have "\" for an escape.
    return {key: value.replace("\\", "\\\\") for key, value in properties.items()}
