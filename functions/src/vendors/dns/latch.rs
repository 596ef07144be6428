//! The latch: an object in the standby's Region. While it is there, the primary's health check fails, whatever the
//! primary says of itself; so traffic stays on the standby until a person takes it away (safety rule 6).
//!
//! Only the data planes of S3 and Route 53 are needed. Source: "Creating Disaster Recovery Mechanisms Using Amazon
//! Route 53", AWS Networking & Content Delivery Blog.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use shared::effect::{Change, Toward};
use shared::id::EffectKey;
use shared::plan::Latch;

use super::Acted;
use crate::perform::Hold;
use crate::vendors::aws::{Trouble, trouble};

const ABSENT: &str = "absent";
const PRESENT: &str = "present";

/// The latch of a plan.
pub struct LatchDriver<'a> {
    /// S3 in the latch's Region.
    pub s3: Client,
    /// Where it is.
    pub latch: &'a Latch,
}

impl LatchDriver<'_> {
    /// What would change; nothing if it is so already.
    pub async fn changes(&self, toward: Toward) -> Result<Vec<Change>, Trouble> {
        let closed = self.holder().await?.is_some();
        Ok(match (toward, closed) {
            (Toward::Standby, false) => vec![self.change(ABSENT, PRESENT)],
            (Toward::Primary, true) => vec![self.change(PRESENT, ABSENT)],
            (Toward::Standby, true) | (Toward::Primary, false) => Vec::new(),
        })
    }

    /// Puts the object there, or takes it away.
    pub async fn act(&self, key: &EffectKey, toward: Toward, hold: &Hold) -> Acted {
        if let Err(why) = hold.stands().await {
            return Acted::Halted(why);
        }
        match toward {
            Toward::Standby => self.close(key).await,
            Toward::Primary => self.open().await,
        }
    }

    /// Whether it is as wanted now.
    pub async fn is_toward(&self, toward: Toward) -> Result<bool, Trouble> {
        Ok(self.holder().await?.is_some() == (toward == Toward::Standby))
    }

    /// Creates only: who was first is in the object.
    async fn close(&self, key: &EffectKey) -> Acted {
        let body = ByteStream::from(format!("{key}\n").into_bytes());
        let put = self.s3.put_object().bucket(&self.latch.bucket).key(&self.latch.key);
        match put.if_none_match("*").content_type("text/plain").body(body).send().await {
            Ok(_) => Acted::Done(vec![self.change(ABSENT, PRESENT)]),
            Err(error) => match trouble(&error) {
                // It is there: by our own first attempt, or by somebody who had the same idea.
                Trouble::Refused { code, .. } if code == "PreconditionFailed" => {
                    Acted::Done(Vec::new())
                }
                other => Acted::from(other),
            },
        }
    }

    async fn open(&self) -> Acted {
        let delete = self.s3.delete_object().bucket(&self.latch.bucket).key(&self.latch.key);
        match delete.send().await {
            Ok(_) => Acted::Done(vec![self.change(PRESENT, ABSENT)]),
            Err(error) => Acted::from(trouble(&error)),
        }
    }

    /// Who put the object there; `None` while it isn't.
    async fn holder(&self) -> Result<Option<String>, Trouble> {
        let get = self.s3.get_object().bucket(&self.latch.bucket).key(&self.latch.key);
        match get.send().await {
            Ok(object) => {
                let body = object.body.collect().await.map_err(|_| lost())?;
                let text = String::from_utf8_lossy(&body.into_bytes()).trim().to_owned();
                Ok(Some(text))
            }
            Err(error) => match trouble(&error) {
                Trouble::Refused { code, .. } if code == "NoSuchKey" => Ok(None),
                other => Err(other),
            },
        }
    }

    fn change(&self, before: &str, after: &str) -> Change {
        let target = format!("s3://{}/{}", self.latch.bucket, self.latch.key);
        Change { target, before: before.into(), after: after.into() }
    }
}

fn lost() -> Trouble {
    Trouble::Lost("the connection broke in the middle of the object".into())
}
