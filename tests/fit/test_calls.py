"""What a lab's code asks of AWS: boto3, the SageMaker SDK of two releases, the command line."""

from __future__ import annotations

import pytest

from workshop.fit import labs
from workshop.fit.calls import BUCKET, REGION, LabCall, LabFindings
from workshop.fit.content import LabContent, LabFile
from workshop.fit.notebook import cell


def found_in(*cells: str) -> LabFindings:
    """Return what is found in a notebook of these cells."""
    made = tuple(cell(number, source) for number, source in enumerate(cells, 1))
    return labs.read(LabContent((LabFile("lab.ipynb", "notebook", made),)))


def actions_in(*cells: str) -> set[str]:
    return {call.action for call in found_in(*cells).calls}


def call_in(action: str, *cells: str) -> LabCall:
    """Return the one call of an action."""
    (one,) = (call for call in found_in(*cells).calls if call.action == action)
    return one


BOTO = "import boto3\nsm = boto3.client('sagemaker')\ns3 = boto3.client('s3')\n"


@pytest.mark.parametrize(
    ("code", "actions"),
    [
        ("sm.describe_endpoint(EndpointName='a')", {"sagemaker:DescribeEndpoint"}),
        ("s3.list_objects_v2(Bucket=b)", {"s3:ListBucket"}),
        ("s3.head_object(Bucket=b, Key='a')", {"s3:GetObject"}),
        ("s3.copy_object(Bucket=b, Key='a')", {"s3:GetObject", "s3:PutObject"}),
        ("s3.get_paginator('list_objects_v2').paginate(Bucket=b)", {"s3:ListBucket"}),
        ("w = sm.get_waiter('endpoint_in_service')\nw.wait(E='a')", {"sagemaker:DescribeEndpoint"}),
        ("s3.generate_presigned_url('get_object')", set()),
        (
            "boto3.Session().client('sagemaker-runtime').invoke_endpoint(EndpointName='a')",
            {"sagemaker:InvokeEndpoint"},
        ),
        ("boto3.client('stepfunctions').start_execution()", {"states:StartExecution"}),
        ("boto3.client('cloudwatch').get_metric_data()", {"cloudwatch:GetMetricData"}),
        ("boto3.client('no-such-service').do_it()", set()),
        ("boto3.resource('s3').Bucket('b-1').upload_file('a', 'b')", {"s3:PutObject"}),
        ("boto3.resource('s3').Object('b-1', 'k').get()", {"s3:GetObject"}),
        ("for page in boto3.resource('s3').Bucket(b).objects.all(): pass",
         {"s3:ListBucket"}),
        ("def f(client):\n    client.create_endpoint(EndpointName='a')",
         {"sagemaker:CreateEndpoint"}),
        ("class A:\n  def __init__(self):\n    self.c = boto3.client('sns')\n"
         "  def go(self):\n    self.c.publish()", {"sns:Publish"}),
        ("def make(): return boto3.client('sqs')\nmake().send_message()", {"sqs:SendMessage"}),
        ("client = sm if x else s3\nclient.list_endpoints()", {"sagemaker:ListEndpoints"}),
        ("try:\n  a()\nexcept ValueError:\n  boto3.client('iam').get_role(RoleName='r')", set()),
    ],
)  # fmt: skip
def test_methods_of_boto3_are_actions(code: str, actions: set[str]) -> None:
    assert actions_in(BOTO + code) == actions


SDK = "import sagemaker\nsession = sagemaker.Session()\n"
TRAINS = {
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "s3:PutObject",
    "iam:PassRole",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
}


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("from sagemaker.sklearn import SKLearn\nSKLearn(instance_type='a').fit()", TRAINS),
        ("e = sagemaker.estimator.Estimator('i', 'r', 1, 'ml.m5.large')\ne.fit()", TRAINS),
        ("from sagemaker.train import ModelTrainer\nModelTrainer().train()", TRAINS),
        ("from sagemaker.processing import ScriptProcessor as S\nS().run()",
         {"sagemaker:CreateProcessingJob"}),
        ("from sagemaker.tuner import HyperparameterTuner\nHyperparameterTuner(e).fit()",
         {"sagemaker:CreateHyperParameterTuningJob"}),
        ("from sagemaker.transformer import Transformer\nTransformer('m').transform('s3://b1b/c')",
         {"sagemaker:CreateTransformJob"}),
        ("from sagemaker.workflow.pipeline import Pipeline\np = Pipeline()\np.upsert()\n"
         "p.start().wait()",
         {"sagemaker:CreatePipeline", "sagemaker:UpdatePipeline",
          "sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution"}),
        ("from sagemaker.experiments.run import Run\nwith Run() as run: pass",
         {"sagemaker:CreateExperiment", "sagemaker:Search"}),
        ("from sagemaker.core.resources import Endpoint\nEndpoint.get('a').delete()",
         {"sagemaker:DescribeEndpoint", "sagemaker:DeleteEndpoint"}),
        ("from sagemaker.jumpstart.model import JumpStartModel\nJumpStartModel('m').deploy()",
         {"sagemaker:CreateEndpoint", "s3:GetObject"}),
        ("from sagemaker.s3 import S3Uploader\nS3Uploader.upload('a', 's3://b1b/c')",
         {"s3:PutObject"}),
        ("session.upload_data('a')", {"s3:PutObject"}),
        ("session.sagemaker_client.list_models()", {"sagemaker:ListModels"}),
        ("def f(model):\n    model.deploy(instance_type='ml.m5.large')",
         {"sagemaker:CreateEndpointConfig"}),
        ("import mlflow\nmlflow.set_tracking_uri(arn)", {"sagemaker-mlflow:CreateExperiment"}),
        ("e = {'MLFLOW_TRACKING_ARN': arn}", {"sagemaker-mlflow:CreateExperiment"}),
    ],
)  # fmt: skip
def test_classes_of_the_sdk_stand_for_what_they_do(code: str, some: set[str]) -> None:
    assert some <= actions_in(SDK + code)


@pytest.mark.parametrize(
    "code",
    [
        "from sklearn.svm import SVC\nSVC().fit(x, y)",
        "import torch\nmodel.register(x)\nmodel.deploy()",
        "import mlflow\nmlflow.set_tracking_uri('file:./runs')",
        "class Estimator:\n    def fit(self): pass\nEstimator().fit()",
        "e = sagemaker.estimator.Estimator(instance_type='local')\ne.fit()",
    ],
)
def test_what_only_looks_like_it_asks_for_nothing(code: str) -> None:
    found = actions_in(f"import sagemaker\n{code}")
    assert not {each for each in found if each.partition(":")[2].startswith("Create")}


def test_machines_are_followed_through_names_and_cells() -> None:
    one = call_in(
        "sagemaker:CreateTrainingJob",
        "size = '2xlarge'\nkind = f'ml.g5.{size}'",
        "from sagemaker.pytorch import PyTorch\n"
        "options = dict(a=1)\noptions = {'instance_type': kind, 'instance_count': 1 + 1}\n"
        "e = PyTorch(max_run=2 * 3600, use_spot_instances=True, **options)",
        "e.fit()",
    )
    assert (one.use, one.types, one.count, one.max_run, one.spot, one.place.cell) == (
        "training",
        ("ml.g5.2xlarge",),
        2,
        7200,
        True,
        3,
    )


def test_either_machine_of_a_condition_is_needed() -> None:
    code = "kind = 'ml.m5.large'\nif gpu:\n    kind = 'ml.g5.xlarge'\n"
    one = call_in("sagemaker:CreateTrainingJob", f"{SDK}{code}M(instance_type=kind)\n"
                  "sagemaker.estimator.Estimator(instance_type=kind).fit()")  # fmt: skip
    assert one.types == ("ml.m5.large", "ml.g5.xlarge")


def test_a_pipelines_parameter_has_its_default() -> None:
    one = call_in(
        "sagemaker:CreateProcessingJob",
        "from sagemaker.workflow.parameters import ParameterString\n"
        "from sagemaker.workflow.steps import ProcessingStep\n"
        "from sagemaker.processing import ScriptProcessor\n"
        "kind = ParameterString(name='Type', default_value='ml.m5.xlarge')\n"
        "p = ScriptProcessor(instance_type=kind)\nProcessingStep('a', processor=p)",
    )
    assert one.types == ("ml.m5.xlarge",)


def test_a_tuner_has_the_machines_of_its_estimator_and_an_endpoint_its_own() -> None:
    code = (
        "from sagemaker.tuner import HyperparameterTuner\n"
        "e = sagemaker.estimator.Estimator(instance_type='ml.c5.xlarge')\n"
        "t = HyperparameterTuner(estimator=e)\nt.fit()\n"
        "t.best_estimator().deploy(1, 'ml.m5.large')"
    )
    tuned = call_in("sagemaker:CreateHyperParameterTuningJob", SDK + code)
    served = call_in("sagemaker:CreateEndpointConfig", SDK + code)
    assert (tuned.types, served.types) == (("ml.c5.xlarge",), ("ml.m5.large",))


def test_a_request_of_boto3_has_its_machines_however_deep_they_stand() -> None:
    one = call_in(
        "sagemaker:CreateTrainingJob",
        BOTO + "config = {'InstanceType': 'ml.p3.2xlarge', 'InstanceCount': 3,\n"
        "  'KeepAlivePeriodInSeconds': 60}\n"
        "request = {'StoppingCondition': {'MaxRuntimeInSeconds': 100}}\n"
        "request['ResourceConfig'] = config\nsm.create_training_job(**request)",
    )
    assert (one.types, one.count, one.keep_alive, one.max_run) == (("ml.p3.2xlarge",), 3, 60, 100)


def test_serverless_endpoints_ask_for_no_machine() -> None:
    sdk = call_in(
        "sagemaker:CreateEndpointConfig",
        "from sagemaker.serverless import ServerlessInferenceConfig\n"
        "from sagemaker.model import Model\n"
        "c = ServerlessInferenceConfig(memory_size_in_mb=4096, max_concurrency=2)\n"
        "Model().deploy(serverless_inference_config=c)",
    )
    assert (sdk.serverless, sdk.types, sdk.untyped) == ((2, 4096), (), False)


def test_a_remote_function_asks_for_no_pool_and_says_so() -> None:
    code = "from sagemaker.remote_function import remote\n@remote\ndef f(): pass"
    one = call_in("sagemaker:CreateTrainingJob", code)
    assert (one.keep_alive, one.untyped) == (0, True)


def test_a_type_that_stands_alone_in_the_file_is_the_one_that_is_meant() -> None:
    one = call_in(
        "sagemaker:CreateTrainingJob",
        f"{SDK}settings = load()\ntrain_type = 'ml.g5.xlarge'\nhosting = 'ml.c5.large'\n"
        "sagemaker.estimator.Estimator(instance_type=settings.kind).fit()",
    )
    assert (one.types, one.untyped) == (("ml.g5.xlarge",), False)


def test_a_type_that_an_image_is_looked_up_by_is_no_machine() -> None:
    found = found_in(f"{SDK}sagemaker.image_uris.retrieve('xgboost', instance_type='ml.p2.xlarge')")
    assert not found.loose_types
    assert not any(call.types for call in found.calls)


@pytest.mark.parametrize(
    ("code", "action", "bucket"),
    [
        ("a = 's3://sample-files/x'", "s3:GetObject", "sample-files"),
        ("output_path = 's3://mine-1/x'", "s3:PutObject", "mine-1"),
        ("df.to_csv('s3://mine-1/x')", "s3:PutObject", "mine-1"),
        ("n = 'mine-1'\ns3.upload_file('a', n, 'k')", "s3:PutObject", "mine-1"),
        ("s3.download_file('mine-1', 'k', 'a')", "s3:GetObject", "mine-1"),
        ("s3.get_object(Bucket='a-b.c', Key='k')", "s3:GetObject", "a-b.c"),
        ("p = 's3://{}/x'.format(unknown)", "s3:GetObject", BUCKET),
        ("p = 's3://' + session.default_bucket()", "s3:GetObject", BUCKET),
        ("p = 's3://%s/x' % b", "s3:GetObject", BUCKET),
        ("import os\np = os.path.join('s3://', os.environ['WORKSHOP_BUCKET'])", "", ""),
        ("r = boto3.Session().region_name\np = f's3://sagemaker-sample-data-{r}/x'",
         "s3:GetObject", f"sagemaker-sample-data-{REGION}"),
        ("p = f's3://jumpstart-cache-prod-{what}/x'", "s3:GetObject",
         f"jumpstart-cache-prod-{REGION}"),
    ],
)  # fmt: skip
def test_buckets_are_known_by_their_names(code: str, action: str, bucket: str) -> None:
    calls = found_in(f"{BOTO}import sagemaker\nsession = sagemaker.Session()\n{code}").calls
    named = {(call.action, call.bucket) for call in calls if call.service == "s3" and call.bucket}
    assert (action, bucket) in named or not action


@pytest.mark.parametrize(
    ("line", "actions"),
    [
        ("aws s3 cp a s3://mine-1/b", {"s3:PutObject"}),
        ("aws s3 sync s3://mine-1/b .", {"s3:GetObject", "s3:ListBucket"}),
        ("aws s3 cp s3://mine-1/b . --no-sign-request", set()),
        ("aws --region us-east-1 s3 ls s3://mine-1", {"s3:ListBucket"}),
        ("aws s3 ls", {"s3:ListAllMyBuckets"}),
        ("aws s3api head-object --bucket b --key k", {"s3:GetObject"}),
        ("aws ecr get-login-password | docker login x", {"ecr:GetAuthorizationToken"}),
        ("$(aws ecr get-login --no-include-email)", {"ecr:GetAuthorizationToken"}),
        ('id=$(aws sts get-caller-identity --query "Account")', {"sts:GetCallerIdentity"}),
        ("if ! aws ecr create-repository --repository-name a; then", {"ecr:CreateRepository"}),
        ("aws configure get region", set()),
        ("echo 'aws s3 ls", set()),
        ("# aws s3 ls", set()),
        ("sm-docker build .", {"codebuild:StartBuild"}),
    ],
)  # fmt: skip
def test_commands_are_actions(line: str, actions: set[str]) -> None:
    assert actions_in(f"%%bash\n{line}") == actions


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("create-training-job", "CreateTrainingJob"),
        ("create-hyper-parameter-tuning-job", "CreateHyperParameterTuningJob"),
    ],
)
def test_a_machine_may_stand_in_a_command(command: str, operation: str) -> None:
    call = call_in(
        f"sagemaker:{operation}",
        f"!aws sagemaker {command} --resource-config InstanceType=ml.m5.xlarge",
    )
    assert (call.use, call.types) == ("training", ("ml.m5.xlarge",))


HOSTILE = (
    "a = 'x'\n" + "a = a + a\n" * 200,
    "a = '{0}{0}{0}{0}'\n" + "a = a.format(a)\n" * 50,
    "a = []\n" + "a = [a, a, a, a]\n" * 200 + "b = a if x else [a]\n",
    "d = {}\nd['d'] = d\nimport boto3\nboto3.client('sagemaker').create_model(**d)\n" * 3,
    "import sagemaker\ne = sagemaker.E.Estimator()\n"
    + ("e = sagemaker.E.Estimator(" + ", ".join(["e"] * 200) + ")\n") * 20
    + "e.fit()",
    "x = " + " + ".join(["a"] * 900),
    "f" + ".g()" * 300,
    "x = 10 ** 9\n" + "x = x * x\n" * 100,
    "def f(" + ", ".join(f"a{n}='s3://b{n}b/'" for n in range(200)) + "): return f\nf()()()",
)


@pytest.mark.parametrize("source", HOSTILE)
def test_code_that_was_written_to_be_read_for_ever_comes_to_an_end(source: str) -> None:
    found = found_in(source)
    assert len(found.calls) < 5_000
    assert all(len(call.bucket) < 5_000 for call in found.calls)


def test_a_file_that_is_too_much_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.fit.expressions.MOST_STEPS", 50)
    found = found_in("x = 1\n" * 100, "y = = 1")
    assert [str(place) for place in found.unread] == ["lab.ipynb cell 1", "lab.ipynb cell 2"]
