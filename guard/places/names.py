"""Which programs land somewhere that a provider here can tell, and which variables say where. Small: every start reads it."""

from __future__ import annotations

PROVIDERS = {
    **dict.fromkeys(("aws", "cdk", "sam", "eksctl", "copilot", "eb"), "aws"),
    **dict.fromkeys(("kubectl", "helm", "oc", "k9s", "flux", "istioctl", "helmfile"), "kube"),
    **dict.fromkeys(("terraform", "tofu", "terragrunt"), "terraform"),
}
"""Program → the module that knows its places."""

_SERVICES = frozenset(
    [
        "APIGATEWAY",
        "AUTO_SCALING",
        "BACKUP",
        "CLOUDFORMATION",
        "CLOUDFRONT",
        "CLOUDTRAIL",
        "CLOUDWATCH",
        "CLOUDWATCH_LOGS",
        "CONFIG_SERVICE",
        "DYNAMODB",
        "EC2",
        "ECR",
        "ECS",
        "EFS",
        "EKS",
        "ELASTICACHE",
        "ELASTIC_BEANSTALK",
        "ELASTIC_LOAD_BALANCING_V2",
        "EMR",
        "EVENTBRIDGE",
        "FIREHOSE",
        "GLUE",
        "GUARDDUTY",
        "IAM",
        "KINESIS",
        "KMS",
        "LAMBDA",
        "OPENSEARCH",
        "ORGANIZATIONS",
        "RDS",
        "REDSHIFT",
        "ROUTE_53",
        "S3",
        "SECRETS_MANAGER",
        "SFN",
        "SNS",
        "SQS",
        "SSM",
        "STS",
    ]
)
_AWS = frozenset(
    {
        *(
            "HOME",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ),
        *("AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_VAULT"),
        *(f"AWS_ENDPOINT_URL_{service}" for service in _SERVICES),
    }
)
_KUBE = frozenset({"HOME", "KUBECONFIG", "HELM_KUBECONTEXT", "HELM_NAMESPACE", "HELM_KUBEAPISERVER", "HELMFILE_ENVIRONMENT"})
_TERRAFORM = frozenset({"TF_WORKSPACE", "TF_DATA_DIR"})

ENV_NAMES = _AWS | _KUBE | _TERRAFORM
"""The variables that say where something lands; no others need be read of a process."""

SEALED_NAMES = frozenset(
    {
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CLOUDFLARE_API_TOKEN", "DIGITALOCEAN_TOKEN", "HCLOUD_TOKEN", "GITHUB_TOKEN"),
        *("TF_CLI_CONFIG_FILE", "HELM_KUBETOKEN"),
    }
)
SEALED_PREFIXES = ("TF_VAR_", "TF_TOKEN_", "ARM_", "GOOGLE_", "VAULT_")
"""Variables that change what a command means and may be secrets: only whether they changed is ever looked at."""
