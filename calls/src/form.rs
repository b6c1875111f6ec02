//! The form that a provider posts: every name with all of its values, as they came.

/// A form of at most so many bytes is read: headers of caller verification make some long.
pub(crate) const BODY_MAX: usize = 64 * 1024;

/// Names and values in the order in which they came; a name may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`. Names that nobody knows stay: what is signed is all of it.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let pairs = body.split(|b| *b == b'&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let mut parts = pair.splitn(2, |b| *b == b'=');
                    let mut next = || decoded(parts.next().unwrap_or_default());
                    (next(), next())
                })
                .collect(),
        )
    }

    /// The first value of a name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(it, _)| it == name);
        let (_, value) = found.next()?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// Each distinct pair, by name and then by value.
    pub(crate) fn signed(&self) -> Vec<(&str, &str)> {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut pairs: Vec<(&str, &str)> = pairs.collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// A plus is a space and `%XX` a byte; what is no such pair of digits stays as it is.
fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match (escaped, first) {
            (Some((high, low)), _) => {
                bytes.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (None, b'+') => bytes.push(b' '),
            (None, other) => bytes.push(*other),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_name_stays_and_empty_ones_too() {
        let form = Form::parse(b"A=x&B=&A=y&A=x&=z&C");
        assert_eq!(form.get("A"), Some("x"));
        assert_eq!(form.get("B"), None);
        let signed = [("", "z"), ("A", "x"), ("A", "y"), ("B", ""), ("C", "")];
        assert_eq!(form.signed(), signed);
    }

    #[test]
    fn what_is_escaped_is_read_and_what_is_escaped_badly_stays() {
        let form = Form::parse("To=%2B1555+0&S=%d7%A9%D7%9c&Bad=%zz%4".as_bytes());
        assert_eq!(form.get("To"), Some("+1555 0"));
        assert_eq!(form.get("S"), Some("של"));
        assert_eq!(form.get("Bad"), Some("%zz%4"));
    }
}
