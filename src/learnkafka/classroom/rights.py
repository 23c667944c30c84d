"""What a learner may do: everything with names under the own prefix, and nothing else."""

from __future__ import annotations

from typing import Any

from learnkafka.errors import ClassroomError

# Nothing on the cluster itself: the right to describe it would show everybody's groups.
RESOURCES = ("TOPIC", "GROUP", "TRANSACTIONAL_ID")


def give_rights(admin: Any, prefixes: dict[str, str]) -> None:
    """Each user's right to all topics, groups and transactional ids under the prefix. To give it again changes nothing."""
    from kafka.admin import (
        ACL,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePattern,
        ResourceType,
    )

    acls = [
        ACL(
            principal=f"User:{user}",
            host="*",
            operation=ACLOperation.ALL,
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(ResourceType[resource], prefix, ACLResourcePatternType.PREFIXED),
        )
        for user, prefix in prefixes.items()
        for resource in RESOURCES
    ]
    if refusals := admin.create_acls(acls)["failed"]:
        raise _refused(refusals[0])


def take_rights(admin: Any, user: str) -> None:
    """Every right that the user has."""
    from kafka.errors import NoError

    for _, _, error in admin.delete_acls([_all_of(user)]):
        if error is not NoError:
            raise _refused(error)


def prefixes_of(admin: Any, user: str) -> set[str]:
    """The prefixes under which the user may do everything with topics; raises ClassroomError without an authorizer."""
    from kafka.admin import ACLOperation, ACLResourcePatternType, ResourceType
    from kafka.errors import KafkaError

    try:
        found, _ = admin.describe_acls(_all_of(user))
    except KafkaError as error:
        raise _refused(type(error)) from None
    return {
        acl.resource_pattern.resource_name
        for acl in found
        if acl.operation is ACLOperation.ALL
        and acl.resource_pattern.resource_type is ResourceType.TOPIC
        and acl.resource_pattern.pattern_type is ACLResourcePatternType.PREFIXED
    }


def _all_of(user: str) -> Any:
    from kafka.admin import (
        ACLFilter,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePatternFilter,
        ResourceType,
    )

    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def _refused(error: type[Exception]) -> ClassroomError:
    if error.__name__ == "SecurityDisabledError":
        return ClassroomError(
            "This cluster knows no rights, so learners can't be kept apart on it; its brokers need authorizer.class.name, "
            "as docs/teaching.md shows."
        )
    return ClassroomError(
        f"The cluster refused to give or take rights ({error.__name__}); connect as one of its super users, "
        "with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD."
    )
