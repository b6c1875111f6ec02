//! What a dead letter shows of its payload: ids, numbers and the kind; everything else is masked.

use serde_json::{Map, Value, json};

/// A payload for an operator's eyes. Jobs carry ids and no text; should one ever carry some, it is not shown.
pub(super) fn masked(payload: &str) -> Value {
    match serde_json::from_str(payload) {
        Ok(Value::Object(fields)) => {
            let shown = fields.into_iter().map(|(name, value)| {
                let value = if name == "kind" { value } else { field(value) };
                (name, value)
            });
            Value::Object(shown.collect())
        }
        _ => Value::Object(Map::new()),
    }
}

fn field(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
        Value::String(text) if is_id(&text) => Value::String(text),
        Value::Array(items) => json!(format!("{} of them", items.len())),
        Value::String(_) | Value::Object(_) => json!("…"),
    }
}

/// `prefix_` and 32 digits of a UUID.
fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, digits)| {
        prefix.len() <= 4
            && prefix.bytes().all(|it| it.is_ascii_lowercase())
            && digits.len() == 32
            && digits.bytes().all(|it| it.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use switchyard_core::SessionId;
    use switchyard_core::job::{Job, Receipt, ReceiptKind};

    use super::*;

    #[test]
    fn ids_are_shown_and_what_might_be_anything_is_not() {
        let session = SessionId::generate();
        let receipt = Receipt {
            kind: ReceiptKind::Read,
            wa_id: "3EB0C0FFEE".to_owned(),
            at: switchyard_core::Timestamp(0),
        };
        let job = Job::ApplyReceipts {
            session,
            receipts: vec![receipt.clone(), receipt],
        };
        let shown = masked(&serde_json::to_string(&job).unwrap());
        let expected = json!({
            "kind": "apply_receipts", "session": session.to_string(), "receipts": "2 of them",
        });
        assert_eq!(shown, expected);
        let strange =
            r#"{"kind":"x","text":"hello","n":3,"deep":{"text":"hello"},"chat":"chat_hello"}"#;
        assert!(!masked(strange).to_string().contains("hello"));
        assert_eq!(masked("hello"), json!({}));
    }
}
