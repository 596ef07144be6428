//! Claims: who performs an effect at this moment. A message may be brought to two functions at the same time, and a page
//! must not go out twice for that.
//!
//! A claim is an item of its own, taken by one conditional write and given back after the outcome was committed. Who dies
//! with it loses it when its time is over; what is owed is then performed again, as after any crash.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::EffectKey;
use shared::store::StoreError;
use shared::time::Ts;

use crate::store::dynamo::Table;

/// A claim that is ours.
pub struct Claim {
    table: Table,
    key: String,
    /// Names this attempt.
    token: String,
}

impl Claim {
    /// Claims an effect until a moment; `None` while somebody else performs it. `token` names this attempt.
    pub async fn take(
        table: &Table,
        effect: &EffectKey,
        token: String,
        now: Ts,
        until: Ts,
    ) -> Result<Option<Self>, StoreError> {
        let key = format!("claim#{effect}");
        let put = table.client.put_item().table_name(&table.name);
        let put = put
            .item("pk", text(&key))
            .item("sk", number(0))
            .item("token", text(&token))
            .item("until", number(until.0))
            .condition_expression("attribute_not_exists(pk) OR #until < :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":now", number(now.0));
        match put.send().await {
            Ok(_) => Ok(Some(Self { table: table.clone(), key, token })),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
            Err(error) => Err(unavailable(error.code(), error.message())),
        }
    }

    /// Gives it back. What is lost here ends with its time.
    pub async fn give_back(self) {
        let delete = self.table.client.delete_item().table_name(&self.table.name);
        let deleted = delete
            .key("pk", text(&self.key))
            .key("sk", number(0))
            .condition_expression("#token = :ours")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":ours", text(&self.token))
            .send()
            .await;
        if let Err(error) = deleted {
            tracing::warn!(code = error.code(), "failed to give a claim back; it ends by itself");
        }
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn unavailable(code: Option<&str>, says: Option<&str>) -> StoreError {
    let said = format!("{}: {}", code.unwrap_or("no answer"), says.unwrap_or("no reason given"));
    StoreError::Unavailable(said)
}
