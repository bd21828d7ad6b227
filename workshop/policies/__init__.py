"""The policy documents, as pure functions that return plain dictionaries.

Each takes :class:`workshop.naming.Names`: with real values it returns the document as IAM will see
it, with :meth:`Names.placeholders` the text that CloudFormation's ``Fn::Sub`` completes. IAM's own
variables (``${aws:PrincipalTag/attendee}``) are left for IAM; whoever hands a document to
``Fn::Sub`` escapes them (``workbench.fn_sub`` does).

Which action knows which resource type and condition key follows the Service Authorization
Reference for SageMaker
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html).
"""
