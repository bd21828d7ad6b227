"""Every SageMaker action that could start something that costs is decided about.

A new release of botocore may bring an action that runs machines and knows no
``sagemaker:InstanceTypes``: nothing could cap it. Then the first test fails until somebody puts it
among the denied or, with the reason, among those that start nothing.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from localcloud.iam import reference
from localcloud.protocol import models
from workshop.policies.actions import (
    CLOSED_BY_AWS,
    COMPUTE_WITHOUT_TYPE,
    MADE_OF,
    MODEL_PACKAGES,
    NEVER,
    SAGEMAKER_OF_A_SEAT,
)

STARTING = (
    "Add",
    "Associate",
    "Attach",
    "Batch",
    "Create",
    "Deploy",
    "Enable",
    "Extend",
    "Import",
    "Put",
    "Register",
    "Retry",
    "Run",
    "Send",
    "Start",
    "Train",
    "Update",
)
"""How the names of actions begin that make, change or start something."""

STARTS_NOTHING = {
    "a record, a name or a setting": """
        AddAssociation AddTags AssociateTrialComponent
        BatchDescribeModelPackage BatchGetMetrics BatchGetRecord BatchPutMetrics BatchWriteRecord
        CreateAction CreateAppImageConfig CreateArtifact CreateCodeRepository
        CreateContext CreateDeviceFleet CreateExperiment CreateFeatureGroup CreateHub
        CreateHubContentPresignedUrls CreateHubContentReference CreateHumanTaskUi CreateImage
        CreateImageVersion CreateModel CreateModelCard
        CreateModelPackageGroup CreatePipeline CreateProject CreateSharedModel
        CreateTrial CreateTrialComponent CreateWorkteam
        ImportHubContent PutRecord RegisterDevices SendHeartbeat
        SendPipelineExecutionStepFailure SendPipelineExecutionStepSuccess SendSharedModelEvent
        UpdateAction UpdateAppImageConfig UpdateArtifact UpdateCodeRepository UpdateContext
        UpdateDeviceFleet UpdateDevices UpdateExperiment UpdateFeatureGroup UpdateFeatureMetadata
        UpdateHub UpdateHubContent UpdateHubContentReference UpdateImage UpdateImageVersion
        UpdateModelCard UpdateModelPackage UpdateMonitoringAlert UpdatePipeline
        UpdatePipelineExecution UpdatePipelineVersion UpdateProject UpdateReward
        UpdateSharedModel UpdateTrial UpdateTrialComponent UpdateWorkteam
    """,
    "runs on machines whose types are capped where they are chosen": """
        CreateEndpoint CreateInferenceComponent RetryPipelineExecution StartNotebookInstance
        StartPipelineExecution UpdateEndpoint UpdateEndpointWeightsAndCapacities
        UpdateInferenceComponentRuntimeConfig
    """,
    "a way into something that exists": """
        CreatePresignedMlflowAppUrl CreatePresignedMlflowTrackingServerUrl
        CreatePresignedNotebookInstanceUrl
    """,
    "closed unless the YAML opens it, which check warns of": "CreateModelPackage",
    "people label, and nobody is in a workshop's work force": "CreateFlowDefinition",
}
"""Why an action without ``sagemaker:InstanceTypes`` is harmless -> such actions."""


def harmless() -> set[str]:
    return {action for actions in STARTS_NOTHING.values() for action in actions.split()}


def denied(action: str) -> bool:
    patterns = (*COMPUTE_WITHOUT_TYPE, *CLOSED_BY_AWS, *NEVER)
    return any(fnmatchcase(f"sagemaker:{action}", pattern) for pattern in patterns)


def actions() -> set[str]:
    """Every action of the reference and of botocore's model."""
    return reference.load().actions.keys() | set(models.service_model("sagemaker").operation_names)


def uncapped() -> set[str]:
    """Actions of the reference and of botocore's model that may start something uncapped."""
    known = reference.load().actions
    return {
        action
        for action in actions()
        if action.startswith(STARTING)
        and (action not in known or "sagemaker:InstanceTypes" not in known[action].keys)
    }


def typed() -> set[str]:
    """Actions that tell a policy which instance types they are about."""
    return {
        name
        for name, action in reference.load().actions.items()
        if "sagemaker:InstanceTypes" in action.keys
    }


def test_every_action_that_nothing_could_cap_is_denied_or_known_to_start_nothing() -> None:
    undecided = {one for one in uncapped() if not denied(one)} - harmless()
    assert undecided == set(), "decide about these: workshop/policies/actions.py, or here"


def test_what_is_said_to_start_nothing_exists_and_is_not_denied_besides() -> None:
    assert harmless() - uncapped() == set()
    assert {action for action in harmless() if denied(action)} == set()


def test_every_action_with_instance_types_is_capped_or_denied() -> None:
    capped = {
        "CreateEndpointConfig",
        "CreateHyperParameterTuningJob",
        "CreateProcessingJob",
        "CreateTrainingJob",
        "CreateTransformJob",
    }
    # Allowed to nobody in scoped mode: it changes warm pools and the debugger of a running job.
    capped |= {"UpdateTrainingJob"}
    assert {action for action in typed() if not denied(action)} == capped


def let_through(action: str) -> bool:
    return any(fnmatchcase(f"sagemaker:{action}", pattern) for pattern in SAGEMAKER_OF_A_SEAT)


def test_the_boundary_lets_nothing_through_that_runs_uncapped_or_opens_others_work() -> None:
    """Whatever is attached to a role, and whatever name AWS adds below one of the wildcards."""
    opened = {action for action in actions() if let_through(action) and denied(action)}
    # To see, to stop and to delete what nobody can make.
    harmless_verbs = ("Describe", "List", "Stop", "Delete")
    assert {action for action in opened if not action.startswith(harmless_verbs)} == set()
    assert not let_through(MODEL_PACKAGES[0].partition(":")[2])


def test_what_the_boundary_lets_be_made_is_known_by_name() -> None:
    """What a teardown looks for; algorithms, images, hubs and work teams are not among it."""
    assert {
        action for action in actions() if action.startswith("Create") and let_through(action)
    } == {
        *("CreateAction", "CreateArtifact", "CreateContext", "CreateEndpoint"),
        *("CreateEndpointConfig", "CreateExperiment", "CreateHyperParameterTuningJob"),
        "CreateInferenceComponent",
        *("CreateModel", "CreateModelPackageGroup", "CreatePipeline"),
        *("CreatePresignedNotebookInstanceUrl", "CreateProcessingJob", "CreateTrainingJob"),
        *("CreateTransformJob", "CreateTrial", "CreateTrialComponent"),
    }


def test_what_is_made_of_something_that_exists_is_asked_for_its_tags() -> None:
    """An action on two resources could otherwise be done to one's own and the organiser's."""
    known = reference.load().actions
    assert {
        f"sagemaker:{action}": one.types
        for action, one in known.items()
        if action.startswith("Create") and let_through(action) and len(one.types) > 1
    } == {action: tuple(sorted(parts)) for action, parts in MADE_OF.items()}
