"""Which operations the classes of the SageMaker Python SDK stand for, in its releases 2 and 3.

Classes are known by their last name, whatever module they are imported from: releases move them.
"""

from __future__ import annotations

from collections.abc import Mapping

_LOGS = ("logs:DescribeLogStreams", "logs:GetLogEvents")
_STAGED = ("s3:PutObject", "iam:PassRole")
"""The code of a job goes to the seat's bucket first, and the job gets the seat's role."""

_TRAIN = ("sagemaker:CreateTrainingJob", *_STAGED, "sagemaker:DescribeTrainingJob", *_LOGS)
_PROCESS = ("sagemaker:CreateProcessingJob", *_STAGED, "sagemaker:DescribeProcessingJob", *_LOGS)
_TRANSFORM = ("sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", *_LOGS)
_TUNE = (
    *("sagemaker:CreateHyperParameterTuningJob", *_STAGED),
    "sagemaker:DescribeHyperParameterTuningJob",
)
_MODEL = ("sagemaker:CreateModel", *_STAGED)
_DEPLOY = (
    *_MODEL,
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateEndpoint",
    "sagemaker:DescribeEndpoint",
)
_REGISTER = (
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:CreateModelPackage",
    "sagemaker:DescribeModelPackage",
)
_PIPELINE = (
    "sagemaker:CreatePipeline",
    "sagemaker:UpdatePipeline",
    "sagemaker:AddTags",
    "iam:PassRole",
)
_START = ("sagemaker:StartPipelineExecution",)
_EXECUTION = ("sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutionSteps")
_MONITOR = (
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateDataQualityJobDefinition",
    "sagemaker:DescribeMonitoringSchedule",
)
_FEATURES = ("sagemaker:CreateFeatureGroup", "iam:PassRole")
_ATHENA = (
    *("glue:GetTable", "athena:StartQueryExecution"),
    *("athena:GetQueryExecution", "athena:GetQueryResults"),
)
_EXPERIMENT = (
    *("sagemaker:CreateExperiment", "sagemaker:DescribeExperiment", "sagemaker:CreateTrial"),
    *("sagemaker:CreateTrialComponent", "sagemaker:AssociateTrialComponent"),
    *("sagemaker:UpdateTrialComponent", "sagemaker:BatchPutMetrics", "sagemaker:Search"),
)
_AUTOML = ("sagemaker:CreateAutoMLJob", "sagemaker:DescribeAutoMLJob")

CLASSES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "PyTorch",
            "TensorFlow",
            "HuggingFace",
            "SKLearn",
            "XGBoost",
            "MXNet",
            "Chainer",
            "KMeans",
            "PCA",
            "LinearLearner",
            "FactorizationMachines",
            "NTM",
            "LDA",
            "KNN",
            "RandomCutForest",
            "Object2Vec",
            "IPInsights",
            "AlgorithmEstimator",
            "ModelTrainer",
            "SFTTrainer",
            "DPOTrainer",
            "RLAIFTrainer",
            "RLVRTrainer",
        ),
        "estimator",
    ),
    "HyperparameterTuner": "tuner",
    "MultiDataModel": "model",
    "ModelPackage": "model",
    "ModelBuilder": "model",
    "Transformer": "transformer",
    "SageMakerClarifyProcessor": "clarify",
    "ClarifyCheckStep": "clarify_step",
    "QualityCheckStep": "monitor_step",
    "ModelQualityMonitor": "monitor",
    "AutoML": "automl",
    "AutoMLV2": "automl",
    "AutoMLStep": "automl_step",
    "Pipeline": "pipeline",
    "FeatureGroup": "feature_group",
    "FeatureGroupManager": "feature_group",
    "FeatureStore": "feature_store",
    "Session": "session",
    "PipelineSession": "session",
    "LocalSession": "local_session",
    "LocalPipelineSession": "local_session",
    "Run": "run",
    "load_run": "run",
    "Experiment": "experiment",
    "Trial": "experiment",
    "Tracker": "experiment",
    "TrainingStep": "training_step",
    "ProcessingStep": "processing_step",
    "TransformStep": "transform_step",
    "TuningStep": "tuning_step",
    "ModelStep": "model_step",
    "CreateModelStep": "model_step",
    "RegisterModel": "register_step",
    "LambdaStep": "lambda_step",
    "Lambda": "lambda",
    "CallbackStep": "callback_step",
    "EMRStep": "emr_step",
    "NotebookJobStep": "notebook_step",
    "LineageQuery": "lineage",
    "LineageTableVisualizer": "lineage",
    "ServerlessInferenceConfig": "serverless",
    "AsyncInferenceConfig": "options",
    "Compute": "options",
    "SourceCode": "options",
    "StoppingCondition": "options",
    "ResourceRequirements": "component",
    "DataCaptureConfig": "options",
    "S3Uploader": "uploader",
    "S3Downloader": "downloader",
    **dict.fromkeys(("ParameterString", "ParameterInteger", "ParameterFloat"), "parameter"),
}
"""Class -> its family, where the end of its name does not tell."""

_ENDS = (
    *(("Estimator", "estimator"), ("Processor", "processor"), ("Model", "model")),
    *(("Predictor", "predictor"), ("Monitor", "monitor")),
)

METHODS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("estimator", "fit"): _TRAIN,
    ("estimator", "train"): _TRAIN,
    ("estimator", "deploy"): _DEPLOY,
    ("estimator", "register"): _REGISTER,
    ("estimator", "create_model"): (),
    ("estimator", "logs"): _LOGS,
    ("tuner", "fit"): _TUNE,
    ("tuner", "tune"): _TUNE,
    ("tuner", "wait"): ("sagemaker:DescribeHyperParameterTuningJob",),
    ("tuner", "analytics"): ("sagemaker:ListTrainingJobsForHyperParameterTuningJob",),
    ("tuner", "best_training_job"): ("sagemaker:DescribeHyperParameterTuningJob",),
    ("tuner", "deploy"): _DEPLOY,
    ("processor", "run"): _PROCESS,
    ("clarify", "run"): _PROCESS,
    ("clarify", "run_bias"): _PROCESS,
    ("clarify", "run_pre_training_bias"): _PROCESS,
    ("clarify", "run_post_training_bias"): _PROCESS,
    ("clarify", "run_explainability"): _PROCESS,
    ("clarify", "run_bias_and_explainability"): _PROCESS,
    ("transformer", "transform"): _TRANSFORM,
    ("transformer", "wait"): ("sagemaker:DescribeTransformJob",),
    ("model", "deploy"): _DEPLOY,
    ("model", "build"): _MODEL,
    ("model", "create"): _MODEL,
    ("model", "register"): _REGISTER,
    ("model", "delete_model"): ("sagemaker:DeleteModel",),
    ("predictor", "predict"): ("sagemaker:InvokeEndpoint",),
    ("predictor", "predict_stream"): ("sagemaker:InvokeEndpointWithResponseStream",),
    ("predictor", "predict_async"): ("sagemaker:InvokeEndpointAsync",),
    ("predictor", "update_endpoint"): ("sagemaker:UpdateEndpoint",),
    ("monitor", "suggest_baseline"): ("sagemaker:CreateProcessingJob", *_STAGED),
    ("monitor", "create_monitoring_schedule"): _MONITOR,
    ("monitor", "delete_monitoring_schedule"): ("sagemaker:DeleteMonitoringSchedule",),
    ("monitor", "stop_monitoring_schedule"): ("sagemaker:StopMonitoringSchedule",),
    ("monitor", "start_monitoring_schedule"): ("sagemaker:StartMonitoringSchedule",),
    ("monitor", "describe_schedule"): ("sagemaker:DescribeMonitoringSchedule",),
    ("monitor", "list_executions"): ("sagemaker:ListMonitoringExecutions",),
    ("automl", "fit"): _AUTOML,
    ("automl", "list_candidates"): ("sagemaker:ListCandidatesForAutoMLJob",),
    ("automl", "deploy"): _DEPLOY,
    ("pipeline", "create"): _PIPELINE,
    ("pipeline", "upsert"): _PIPELINE,
    ("pipeline", "update"): _PIPELINE,
    ("pipeline", "start"): _START,
    ("pipeline", "describe"): ("sagemaker:DescribePipeline",),
    ("pipeline", "delete"): ("sagemaker:DeletePipeline",),
    ("pipeline", "list_executions"): ("sagemaker:ListPipelineExecutions",),
    ("execution", "wait"): _EXECUTION,
    ("execution", "describe"): ("sagemaker:DescribePipelineExecution",),
    ("execution", "list_steps"): ("sagemaker:ListPipelineExecutionSteps",),
    ("execution", "stop"): ("sagemaker:StopPipelineExecution",),
    ("feature_group", "create"): _FEATURES,
    ("feature_group", "describe"): ("sagemaker:DescribeFeatureGroup",),
    ("feature_group", "delete"): ("sagemaker:DeleteFeatureGroup",),
    ("feature_group", "ingest"): ("sagemaker:PutRecord",),
    ("feature_group", "put_record"): ("sagemaker:PutRecord",),
    ("feature_group", "get_record"): ("sagemaker:GetRecord",),
    ("feature_group", "delete_record"): ("sagemaker:DeleteRecord",),
    ("feature_group", "update"): ("sagemaker:UpdateFeatureGroup",),
    ("feature_group", "athena_query"): _ATHENA,
    ("feature_store", "create_dataset"): _ATHENA,
    ("feature_store", "list_feature_groups"): ("sagemaker:ListFeatureGroups",),
    ("session", "upload_data"): ("s3:PutObject",),
    ("session", "upload_string_as_file_body"): ("s3:PutObject",),
    ("session", "download_data"): ("s3:GetObject",),
    ("session", "read_s3_file"): ("s3:GetObject",),
    ("session", "list_s3_files"): ("s3:ListBucket",),
    ("session", "default_bucket"): ("s3:ListBucket",),
    ("session", "account_id"): ("sts:GetCallerIdentity",),
    ("session", "delete_endpoint"): ("sagemaker:DeleteEndpoint",),
    ("session", "delete_endpoint_config"): ("sagemaker:DeleteEndpointConfig",),
    ("session", "delete_model"): ("sagemaker:DeleteModel",),
    ("session", "create_model"): _MODEL,
    ("session", "create_endpoint"): ("sagemaker:CreateEndpoint",),
    ("session", "endpoint_from_production_variants"): _DEPLOY[-3:],
    ("session", "describe_training_job"): ("sagemaker:DescribeTrainingJob",),
    ("session", "logs_for_job"): ("sagemaker:DescribeTrainingJob", *_LOGS),
    ("session", "logs_for_processing_job"): ("sagemaker:DescribeProcessingJob", *_LOGS),
    ("session", "wait_for_job"): ("sagemaker:DescribeTrainingJob",),
    ("session", "wait_for_endpoint"): ("sagemaker:DescribeEndpoint",),
    ("session", "stop_training_job"): ("sagemaker:StopTrainingJob",),
    ("lineage", "query"): ("sagemaker:QueryLineage",),
    ("lineage", "show"): ("sagemaker:ListAssociations",),
    ("lambda", "create"): ("lambda:CreateFunction",),
    ("lambda", "upsert"): ("lambda:CreateFunction",),
    ("lambda", "invoke"): ("lambda:InvokeFunction",),
    ("lambda", "delete"): ("lambda:DeleteFunction",),
    ("experiment", "create"): _EXPERIMENT[:2],
    ("experiment", "load"): _EXPERIMENT[1:2],
    ("experiment", "delete"): ("sagemaker:DeleteExperiment",),
    ("experiment", "delete_all"): ("sagemaker:DeleteExperiment", "sagemaker:DeleteTrial"),
    ("experiment", "create_trial"): _EXPERIMENT[2:3],
    ("uploader", "upload"): ("s3:PutObject",),
    ("uploader", "upload_string_as_file_body"): ("s3:PutObject",),
    ("uploader", "upload_bytes"): ("s3:PutObject",),
    ("downloader", "download"): ("s3:GetObject",),
    ("downloader", "read_file"): ("s3:GetObject",),
    ("downloader", "read_bytes"): ("s3:GetObject",),
    ("downloader", "list"): ("s3:ListBucket",),
}
"""Family and method -> the actions of what it does."""

MADE: Mapping[str, tuple[str, ...]] = {
    "run": _EXPERIMENT,
    "training_step": ("sagemaker:CreateTrainingJob",),
    "processing_step": ("sagemaker:CreateProcessingJob",),
    "transform_step": ("sagemaker:CreateTransformJob",),
    "tuning_step": ("sagemaker:CreateHyperParameterTuningJob",),
    "model_step": ("sagemaker:CreateModel",),
    "register_step": ("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage"),
    "clarify_step": ("sagemaker:CreateProcessingJob",),
    "monitor_step": ("sagemaker:CreateProcessingJob",),
    "automl_step": ("sagemaker:CreateAutoMLJob",),
    "lambda_step": ("lambda:InvokeFunction",),
    "callback_step": ("sqs:SendMessage",),
    "emr_step": ("elasticmapreduce:AddJobFlowSteps",),
    "notebook_step": ("sagemaker:CreateTrainingJob",),
    "session": ("sts:GetCallerIdentity",),
    "component": ("sagemaker:CreateInferenceComponent",),
}
"""Family -> what to make one of it does, or lets a pipeline do."""

RESULTS: Mapping[tuple[str, str], str] = {
    ("estimator", "transformer"): "transformer",
    ("model", "transformer"): "transformer",
    ("estimator", "create_model"): "model",
    ("estimator", "deploy"): "predictor",
    ("model", "deploy"): "predictor",
    ("tuner", "deploy"): "predictor",
    ("automl", "deploy"): "predictor",
    ("tuner", "best_estimator"): "estimator",
    ("pipeline", "start"): "execution",
    ("feature_group", "athena_query"): "query",
    ("monitor", "suggest_baseline"): "processor",
}
"""Family and method -> the family of what it returns."""

FREE: Mapping[str, tuple[str, ...]] = {
    # Names that mean one thing, whatever they are called on.
    "deploy": _DEPLOY,
    "delete_endpoint": ("sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig"),
    "delete_predictor": ("sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig"),
    "delete_model": ("sagemaker:DeleteModel",),
    "delete_endpoint_config": ("sagemaker:DeleteEndpointConfig",),
    "transformer": (),
    "register": _REGISTER,
    "upsert": _PIPELINE,
    "upload_data": ("s3:PutObject",),
    "default_bucket": ("s3:ListBucket",),
    "create_monitoring_schedule": _MONITOR,
    "delete_monitoring_schedule": ("sagemaker:DeleteMonitoringSchedule",),
    "suggest_baseline": ("sagemaker:CreateProcessingJob", *_STAGED),
}
"""Methods of objects whose class the code does not say -> the actions."""

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "get_execution_role": ("sts:GetCallerIdentity", "sagemaker:DescribeNotebookInstance"),
    "remote": ("sagemaker:CreateTrainingJob", *_STAGED, *_LOGS, "sagemaker:DescribeTrainingJob"),
    "step": ("sagemaker:CreateTrainingJob",),
}
"""Functions of the SDK -> the actions."""

CLOSED_KINDS: Mapping[str, str] = {
    "clarify": "Clarify",
    "clarify_step": "Clarify",
    "monitor": "Model Monitor",
    "monitor_step": "Model Monitor",
}
"""Family -> the feature of AWS's that it belongs to, which AWS has closed."""

_VERBS = {
    "create": "Create",
    "get": "Describe",
    "wait": "Describe",
    "delete": "Delete",
    "stop": "Stop",
    "update": "Update",
    "start": "Start",
}


def family(name: str) -> str:
    """Return the family of a class of the SDK by its last name; empty for any other name."""
    known = CLASSES.get(name)
    if known is not None:
        return known
    if not name[:1].isupper():
        return ""
    return next((found for end, found in _ENDS if name.endswith(end)), "")


def of_resource(name: str, method: str) -> str:
    """Return the operation of a resource class's method: ``CreateEndpoint`` of Endpoint.create."""
    if method == "get_all":
        return f"List{name}s"
    return f"{_VERBS[method]}{name}" if method in _VERBS else ""
