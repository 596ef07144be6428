//! The calls to AWS that each function makes, as IAM names them. `tests/tests/aws` compares them with the roles of
//! `infra/template.yaml`, and with what the functions ask for while a whole outage is told.

use super::Function;

const TABLE: [&str; 4] =
    ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"];
const SECRET: &str = "secretsmanager:GetSecretValue";
const SEND: &str = "sqs:SendMessage";
const DELETE: &str = "dynamodb:DeleteItem";

/// What the hands call that move names: the latch, and the records of one zone.
pub const NAMES: [&str; 10] = [
    "route53:ChangeResourceRecordSets",
    "route53:GetChange",
    "route53:GetHealthCheck",
    "route53:GetHealthCheckStatus",
    "route53:GetHostedZone",
    "route53:ListResourceRecordSets",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
];

impl Function {
    /// Every call that its code makes, in the order of the alphabet; texts by SNS are in no role unless they are wanted.
    pub fn calls(self) -> Vec<&'static str> {
        let mut calls = match self {
            Self::UptimeWebhook => vec!["dynamodb:PutItem", DELETE, SECRET],
            Self::Relay => vec![SEND],
            Self::Hear => [&TABLE[..], &["dynamodb:UpdateItem"]].concat(),
            Self::Callbacks => [&TABLE[..], &[SECRET]].concat(),
            Self::Status => TABLE.into_iter().filter(|call| !call.ends_with("PutItem")).collect(),
            Self::Act => [&TABLE[..], &[DELETE, SECRET], &NAMES].concat(),
            Self::Page => [&TABLE[..], &[DELETE, SECRET]].concat(),
            Self::Tell | Self::Archive => [&TABLE[..], &[DELETE]].concat(),
            Self::Sweep => [&TABLE[..], &[DELETE, SECRET, SEND]].concat(),
            Self::Probe => vec!["dynamodb:PutItem", SEND],
        };
        calls.sort_unstable();
        calls
    }
}
