"""Situations in which SageMaker's answers were recorded."""

from __future__ import annotations

from typing import Any

from tests.support import job_requests as jobs
from tests.support.recorded_answers import Provoker, Shown, provokes, refused

NOTEBOOK = "ml.t3.medium"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serving:1"
NO_PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/none/1"

# --- what is not there -------------------------------------------------------------------------

refused("sm-01", "sagemaker", "describe_model", ModelName="none")
refused("sm-02", "sagemaker", "delete_model", ModelName="none")
refused("sm-04", "sagemaker", "describe_endpoint", EndpointName="none")
refused("sm-05", "sagemaker", "delete_endpoint", EndpointName="none")
refused("sm-06", "sagemaker", "describe_endpoint_config", EndpointConfigName="none")
refused("sm-07", "sagemaker", "describe_notebook_instance", NotebookInstanceName="none")
_APP = {"UserProfileName": "none", "AppType": "JupyterLab", "AppName": "none"}
refused("sm-09", "sagemaker", "describe_app", DomainId="d-none", **_APP)
refused("sm-10", "sagemaker", "describe_space", DomainId="d-none", SpaceName="none")
refused("sm-12", "sagemaker", "describe_domain", DomainId="d-none")
refused("sm-13", "sagemaker", "describe_user_profile", DomainId="d-none", UserProfileName="none")
refused("sm-14", "sagemaker", "describe_feature_group", FeatureGroupName="none")
refused("sm-18", "sagemaker", "describe_code_repository", CodeRepositoryName="none")
refused(
    "sm-19",
    "sagemaker",
    "describe_notebook_instance_lifecycle_config",
    NotebookInstanceLifecycleConfigName="none",
)
refused("sm-20", "sagemaker", "describe_inference_component", InferenceComponentName="none")
refused("sm-23", "sagemaker", "describe_model_package_group", ModelPackageGroupName="none")
refused("sm-24", "sagemaker", "delete_model_package", ModelPackageName=NO_PACKAGE)
refused("sm-25", "sagemaker", "describe_training_job", TrainingJobName="none")
_TUNING = {"HyperParameterTuningJobName": "none"}
refused("sm-26", "sagemaker", "describe_hyper_parameter_tuning_job", **_TUNING)
refused("sm-27", "sagemaker", "delete_hyper_parameter_tuning_job", **_TUNING)
refused("smr-01", "sagemaker-runtime", "invoke_endpoint", EndpointName="none", Body=b"")

# --- notebooks ---------------------------------------------------------------------------------


def notebook(world: Provoker, name: str, **more: Any) -> dict[str, str]:
    """Make a notebook instance; return what names it."""
    world.sagemaker.create_notebook_instance(
        NotebookInstanceName=name,
        **{"InstanceType": NOTEBOOK, "RoleArn": world.seat, **more},
    )
    return {"NotebookInstanceName": name}


def status(world: Provoker, operation: str, member: str, **named: str) -> str:
    """Return one member of a description."""
    return str(getattr(world.sagemaker, f"describe_{operation}")(**named)[member])


def notebook_status(world: Provoker, named: dict[str, str]) -> str:
    return status(world, "notebook_instance", "NotebookInstanceStatus", **named)


@provokes("sm-43")
def role_cannot_be_assumed(world: Provoker) -> None:
    notebook(world, world.name(), RoleArn="arn:aws:iam::000000000000:role/none")


@provokes("sm-45")
def platform_is_not_offered(world: Provoker) -> None:
    notebook(world, world.name(), PlatformIdentifier="notebook-al1-v1")


@provokes("sm-46")
def no_more_notebooks_of_the_type(world: Provoker) -> None:
    world.cloud.quotas(sagemaker={"ml.p3.2xlarge for notebook instance usage": 0})
    notebook(world, world.name(), InstanceType="ml.p3.2xlarge")


@provokes("sm-49")
def no_more_notebooks(world: Provoker) -> None:
    world.cloud.quotas(sagemaker={"Total number of notebook instances": 0})
    try:
        notebook(world, world.name())
    finally:
        world.cloud.quotas(sagemaker={"Total number of notebook instances": 1000})


@provokes("sm-52")
def a_failed_notebook_is_stopped(world: Provoker) -> None:
    with world.faults({"effect": "capacity", "instance_type": "ml.m5.xlarge"}):
        named = notebook(world, world.name(), InstanceType="ml.m5.xlarge")
        world.pass_time()
        world.sagemaker.stop_notebook_instance(**named)


@provokes("sm-67")
def a_notebook_without_a_machine(world: Provoker) -> Shown:
    with world.faults({"effect": "capacity", "instance_type": "ml.m5.xlarge"}):
        named = notebook(world, world.name(), InstanceType="ml.m5.xlarge")
        world.pass_time()
        return Shown(status(world, "notebook_instance", "FailureReason", **named))


@provokes("sm-53")
def a_pending_notebook_is_started(world: Provoker) -> None:
    world.sagemaker.start_notebook_instance(**notebook(world, world.name()))


@provokes("sm-54")
def a_pending_notebook_is_stopped(world: Provoker) -> None:
    world.sagemaker.stop_notebook_instance(**notebook(world, world.name()))


@provokes("sm-56", "sm-57", "sm-58")
def a_notebook_is_stopped_started_and_deleted(
    world: Provoker,
) -> dict[str, Shown]:
    named = notebook(world, world.name())
    world.pass_time()
    stopping = [notebook_status(world, named)]
    world.sagemaker.stop_notebook_instance(**named)
    stopping.append(notebook_status(world, named))
    world.pass_time()
    stopping.append(notebook_status(world, named))
    starting = [stopping[-1]]
    world.sagemaker.start_notebook_instance(**named)
    starting.append(notebook_status(world, named))
    world.pass_time()
    starting.append(notebook_status(world, named))
    world.sagemaker.stop_notebook_instance(**named)
    world.pass_time()
    deleting = [notebook_status(world, named)]
    world.sagemaker.delete_notebook_instance(**named)
    deleting.append(notebook_status(world, named))
    return {
        "sm-56": Shown(states=tuple(starting)),
        "sm-57": Shown(states=tuple(stopping)),
        "sm-58": Shown(states=tuple(deleting)),
    }


@provokes("sm-08")
def a_new_notebook_is_described(world: Provoker) -> None:
    stale = {"effect": "stale", "operation": "sagemaker:Describe*", "seconds": 10}
    with world.faults(stale):
        world.sagemaker.describe_notebook_instance(**notebook(world, world.name()))


@provokes("sm-37")
def a_new_role_is_used(world: Provoker) -> None:
    stale = {"effect": "stale", "operation": "sagemaker:CreateModel", "seconds": 10}
    with world.faults(stale):
        arn = world.role("just-made")
        world.sagemaker.create_model(
            ModelName=world.name(), PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=arn
        )


# --- jobs --------------------------------------------------------------------------------------


def stopped(world: Provoker, kind: str, request: dict[str, Any], after: float = 0.0) -> Shown:
    """Make a job and stop it after some seconds; return its statuses."""
    key = next(member for member in request if member.endswith("JobName"))
    named, shown = {key: request[key]}, f"{key.removesuffix('Name')}Status"
    getattr(world.sagemaker, f"create_{kind}")(**request)
    world.advance(after)
    before = status(world, kind, shown, **named)
    getattr(world.sagemaker, f"stop_{kind}")(**named)
    return Shown(states=(before, status(world, kind, shown, **named)))


@provokes("sm-59")
def a_training_job_is_stopped(world: Provoker) -> Shown:
    request = jobs.training(world.account_region, world.name())
    return stopped(world, "training_job", request)


@provokes("sm-60")
def a_transform_job_is_stopped(world: Provoker) -> Shown:
    model(world)
    request = jobs.transform(world.account_region, world.name())
    jobs.put(world, "in/table.csv")
    return stopped(world, "transform_job", request)


@provokes("sm-61")
def a_processing_job_is_stopped(world: Provoker) -> Shown:
    request = jobs.processing(world.account_region, world.name())
    return stopped(world, "processing_job", request)


@provokes("sm-62")
def an_automl_job_is_stopped(world: Provoker) -> Shown:
    request = jobs.automl(world.account_region, world.name())
    jobs.put(world, "in/table.csv")
    world.sagemaker.create_auto_ml_job_v2(**request)
    named = {"AutoMLJobName": request["AutoMLJobName"]}
    before = status(world, "auto_ml_job_v2", "AutoMLJobStatus", **named)
    world.sagemaker.stop_auto_ml_job(**named)
    return Shown(states=(before, status(world, "auto_ml_job_v2", "AutoMLJobStatus", **named)))


@provokes("sm-63")
def a_tuning_job_is_stopped(world: Provoker) -> Shown:
    request = jobs.tuning(world.account_region, world.name())
    kind = "hyper_parameter_tuning_job"
    return stopped(world, kind, request)


@provokes("sm-64")
def a_compilation_job_is_stopped(world: Provoker) -> Shown:
    request = jobs.compilation(world.account_region, world.name())
    jobs.put(world, "in/model.tar.gz")
    return stopped(world, "compilation_job", request, after=30)


@provokes("sm-66")
def an_ended_training_job_is_stopped(world: Provoker) -> None:
    request = jobs.training(world.account_region, world.name())
    world.sagemaker.create_training_job(**request)
    world.sagemaker.stop_training_job(TrainingJobName=request["TrainingJobName"])
    world.pass_time(2)
    world.sagemaker.stop_training_job(TrainingJobName=request["TrainingJobName"])


@provokes("sm-28")
def a_running_tuning_job_is_deleted(world: Provoker) -> None:
    request = jobs.tuning(world.account_region, world.name())
    world.sagemaker.create_hyper_parameter_tuning_job(**request)
    world.sagemaker.delete_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=request["HyperParameterTuningJobName"]
    )


@provokes("sm-48")
def no_more_processing_jobs(world: Provoker) -> None:
    quota = "Number of instances across all processing jobs"
    world.cloud.quotas(sagemaker={quota: 0})
    try:
        world.sagemaker.create_processing_job(**jobs.processing(world.account_region, world.name()))
    finally:
        world.cloud.quotas(sagemaker={quota: 400})


@provokes("sm-78")
def an_automl_jobs_arn_keeps_its_case(world: Provoker) -> Shown:
    request = jobs.automl(world.account_region, "Canvas78")
    jobs.put(world, "in/table.csv")
    made = world.sagemaker.create_auto_ml_job_v2(**request)
    assert made["AutoMLJobArn"].endswith("automl-job/Canvas78")
    return Shown()


# --- models and endpoints ----------------------------------------------------------------------


def model(world: Provoker) -> None:
    """Make the model ``model`` once."""
    request = {"PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": world.seat}
    world.once("model", lambda: world.sagemaker.create_model(ModelName="model", **request))


def endpoint(world: Provoker, name: str, instance_type: str = "ml.m5.large") -> dict[str, str]:
    """Make an endpoint with a configuration of its own name."""
    model(world)
    variant = {"VariantName": "all", "ModelName": "model", "InitialInstanceCount": 1}
    world.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": instance_type}]
    )
    world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return {"EndpointName": name}


def endpoint_status(world: Provoker, named: dict[str, str]) -> str:
    return status(world, "endpoint", "EndpointStatus", **named)


@provokes("sm-47")
def no_more_endpoint_instances(world: Provoker) -> None:
    world.cloud.quotas(sagemaker={"ml.p3.2xlarge for endpoint usage": 0})
    endpoint(world, world.name(), "ml.p3.2xlarge")


@provokes("sm-51")
def an_endpoint_configuration_is_made_twice(world: Provoker) -> None:
    model(world)
    variant = {"VariantName": "all", "ModelName": "model", "InitialInstanceCount": 1}
    request = {
        "EndpointConfigName": world.name(),
        "ProductionVariants": [{**variant, "InstanceType": "ml.m5.large"}],
    }
    world.sagemaker.create_endpoint_config(**request)
    world.sagemaker.create_endpoint_config(**request)


@provokes("sm-65")
def an_endpoint_is_deleted(world: Provoker) -> Shown:
    named = endpoint(world, world.name())
    world.pass_time()
    before = endpoint_status(world, named)
    world.sagemaker.delete_endpoint(**named)
    return Shown(states=(before, endpoint_status(world, named)))


@provokes("sm-71")
def an_updating_endpoint_is_deleted(world: Provoker) -> None:
    named = endpoint(world, world.name())
    world.pass_time()
    world.sagemaker.update_endpoint(EndpointConfigName=named["EndpointName"], **named)
    world.sagemaker.delete_endpoint(**named)


@provokes("sm-74")
def an_endpoint_stays_in_creation(world: Provoker) -> Shown:
    with world.faults({"effect": "stuck", "noun": "Endpoint", "status": "Creating"}):
        named = endpoint(world, world.name())
        world.advance(3600)
        return Shown(states=(endpoint_status(world, named),))


@provokes("sm-77")
def an_endpoints_arn_is_in_lower_case(world: Provoker) -> Shown:
    named = endpoint(world, "Mixed-Case")
    arn = status(world, "endpoint", "EndpointArn", **named)
    assert arn.endswith(":endpoint/mixed-case")
    return Shown()


def component_request(name: str, endpoint_name: str) -> dict[str, Any]:
    needs = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 256}
    return {
        "InferenceComponentName": name,
        "EndpointName": endpoint_name,
        "VariantName": "all",
        "Specification": {"ModelName": "model", "ComputeResourceRequirements": needs},
        "RuntimeConfig": {"CopyCount": 1},
    }


def component(world: Provoker) -> tuple[dict[str, str], str]:
    """Make an endpoint with an inference component; return what names both."""
    model(world)
    name = world.name()
    variant = {"VariantName": "all", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    world.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], ExecutionRoleArn=world.seat
    )
    world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    world.pass_time()
    world.sagemaker.create_inference_component(**component_request(name, name))
    world.pass_time()
    return {"EndpointName": name}, name


@provokes("sm-21")
def an_inference_component_is_deleted_twice(world: Provoker) -> None:
    _, name = component(world)
    world.sagemaker.delete_inference_component(InferenceComponentName=name)
    world.sagemaker.delete_inference_component(InferenceComponentName=name)


@provokes("sm-22")
def a_base_of_adapters_is_deleted(world: Provoker) -> None:
    named, name = component(world)
    world.sagemaker.create_inference_component(
        InferenceComponentName=world.name(),
        Specification={
            "BaseInferenceComponentName": name,
            "Container": {"ArtifactUrl": "s3://conformance-bucket/adapter.tar.gz"},
        },
        **named,
    )
    world.sagemaker.delete_inference_component(InferenceComponentName=name)


@provokes("sm-73")
def an_endpoint_with_components_is_deleted(world: Provoker) -> Shown:
    named, _ = component(world)
    try:
        world.sagemaker.delete_endpoint(**named)
    except world.sagemaker.exceptions.ClientError as error:
        return Shown(error.response["Error"]["Message"])
    raise AssertionError("it was deleted")


@provokes("sm-79")
def versions_of_a_model_have_no_name(world: Provoker) -> Shown:
    world.sagemaker.create_model_package_group(ModelPackageGroupName="group")
    container = [{"Image": IMAGE, "ModelDataUrl": "s3://conformance-bucket/model.tar.gz"}]
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    world.sagemaker.create_model_package(
        ModelPackageGroupName="group", InferenceSpecification={"Containers": container, **types}
    )
    listed = world.sagemaker.list_model_packages(ModelPackageGroupName="group")
    assert all("ModelPackageName" not in one for one in listed["ModelPackageSummaryList"])
    return Shown()


# --- Studio ------------------------------------------------------------------------------------


def domain(world: Provoker) -> str:
    """Make a domain with the user profile ``ada`` once; return its id."""

    def make() -> str:
        network = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"]}
        settings = {"DefaultUserSettings": {"ExecutionRole": world.seat}, "AuthMode": "IAM"}
        made = world.sagemaker.create_domain(DomainName="studio", **settings, **network)
        world.pass_time()
        named = {"DomainId": made["DomainId"]}
        world.sagemaker.create_user_profile(UserProfileName="ada", **named)
        world.pass_time()
        return str(made["DomainId"])

    return str(world.once("domain", make))


def app(world: Provoker, **more: Any) -> dict[str, str]:
    """Make an app; return what names it."""
    named = {"DomainId": domain(world), "UserProfileName": "ada", "AppType": "JupyterServer"}
    named["AppName"] = world.name("app")
    world.sagemaker.create_app(**named, **more)
    return named


@provokes("sm-11")
def a_deleted_app_is_described(world: Provoker) -> Shown:
    named = app(world)
    world.pass_time()
    world.sagemaker.delete_app(**named)
    states = [status(world, "app", "Status", **named)]
    world.pass_time()
    states.append(status(world, "app", "Status", **named))
    return Shown(states=tuple(states))


@provokes("sm-50")
def no_more_apps(world: Provoker) -> None:
    quota = "Maximum number of running Studio apps allowed per account"
    domain(world)
    world.cloud.quotas(sagemaker={quota: 0})
    try:
        app(world)
    finally:
        world.cloud.quotas(sagemaker={quota: 100})


@provokes("sm-68")
def an_app_without_a_machine(world: Provoker) -> Shown:
    with world.faults({"effect": "capacity", "instance_type": "ml.m5.xlarge"}):
        named = app(world, ResourceSpec={"InstanceType": "ml.m5.xlarge"})
        world.pass_time()
        return Shown(status(world, "app", "FailureReason", **named))
