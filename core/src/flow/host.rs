//! Whose host an address is on: the provider signs what it fetches, so no flow has it fetch anything from ourselves.

use super::{CallFlow, Fault, FaultCode, Node};

impl CallFlow {
    /// The recordings that it plays from the host of our own address `base`, whatever the port.
    pub fn faults_of_host(&self, base: &str) -> Vec<Fault> {
        let played = self.nodes.iter().filter_map(|(id, node)| match node {
            Node::Play { url, .. } if is_same_host(url, base) => Some(id),
            _ => None,
        });
        let faults = played.map(|id| Fault {
            at: format!("nodes.{id}.url"),
            code: FaultCode::OwnAddress,
            detail: "nothing is played from our own address: put the recording elsewhere"
                .to_owned(),
        });
        faults.collect()
    }
}

/// Whether two addresses are on one host, whatever their schemes and ports.
pub fn is_same_host(one: &str, other: &str) -> bool {
    host(one).is_some_and(|one| host(other).is_some_and(|other| one == other))
}

fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host.trim_end_matches('.').to_ascii_lowercase()).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_same_whatever_its_port_case_and_last_dot() {
        let base = "https://calls.example.test";
        for (url, is_same) in [
            ("https://calls.example.test/twilio/x/status", true),
            ("https://CALLS.example.test:8443/a", true),
            ("https://calls.example.test./a", true),
            ("https://calls.example.test?a", true),
            ("https://calls.example.test.evil.test/a", false),
            ("https://other.test/calls.example.test", false),
            ("", false),
        ] {
            assert_eq!(is_same_host(url, base), is_same, "{url}");
        }
        assert!(is_same_host("http://[::1]:80/", "http://[::1]:9000"));
        assert!(!is_same_host("https:///a", "https:///b"));
    }
}
