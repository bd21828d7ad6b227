"""All policies of one seat's role, by the names under which the role carries them."""

from __future__ import annotations

from workshop.naming import Names
from workshop.policies.compute import limits_policy, sagemaker_policy
from workshop.policies.data import data_policy, network_policy, observation_policy
from workshop.policies.documents import Document
from workshop.policies.extra import extra_policy
from workshop.settings import Profile


def seat_policies(names: Names, profile: Profile) -> dict[str, Document]:
    """What a seat of this profile may do in ``scoped`` mode; in ``managed`` mode, beside AWS's.

    AWS's managed policies take the place of all but what the YAML opens on purpose.
    """
    access = profile.access
    policies: dict[str, Document] = {}
    if access.mode == "scoped":
        policies["data"] = data_policy(
            names,
            buckets=tuple(profile.storage.buckets),
            repositories=tuple(profile.registry.repositories),
            public_buckets=access.public_buckets,
            feature_store=access.feature_store,
        )
        policies["sagemaker"] = sagemaker_policy(
            names,
            feature_store=access.feature_store,
            search=access.search,
            model_prefix=access.model_prefix,
        )
        policies["limits"] = limits_policy(
            training_instance_types=access.training_instance_types,
            processing_instance_types=access.processing_instance_types,
            endpoint_instance_types=access.endpoint_instance_types,
            max_runtime_hours=access.max_runtime_hours,
            warm_pools=access.warm_pools,
        )
        policies["observation"] = observation_policy(names, logs=access.logs)
        vpc = profile.notebook.vpc
        if vpc is not None:
            policies["network"] = network_policy(
                names, subnet_id=vpc.subnet_id, security_group_ids=vpc.security_group_ids
            )
    if access.extra_statements:
        policies["extra"] = extra_policy(access.extra_statements)
    return policies
