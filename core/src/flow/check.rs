//! What is wrong with a call flow, and where: every fault at once, each with a place and a sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{Fault, FaultCode, Faults, SPANS_MAX};
use super::hours::zone;
use super::{CallFlow, Capacity, DIGITS, NODES_MAX, Node};
use crate::address::Phone;
use crate::message::text_is_sendable;

impl CallFlow {
    /// Everything that is wrong with it, in the order of its fields; nothing: it may be kept. `own`: the numbers of the
    /// business that take calls.
    pub fn faults(&self, own: &[Phone]) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        self.check_hours(&mut faults);
        let entries = [("open", &self.entry.open), ("closed", &self.entry.closed)];
        for (field, node) in entries {
            faults.must_exist(self, format!("entry.{field}"), node);
        }
        if let Capacity::Say { text } = &self.entry.capacity {
            faults.spoken("entry.capacity.text".to_owned(), text);
        }
        if self.nodes.len() > NODES_MAX {
            let most = format!("a flow has at most {NODES_MAX} nodes");
            faults.add("nodes".to_owned(), FaultCode::TooMany, most);
        }
        for (id, node) in &self.nodes {
            self.check_node(id, node, own, &mut faults);
        }
        self.check_ways(&mut faults);
        self.check_rest(&mut faults);
        faults.0
    }

    fn check_hours(&self, faults: &mut Faults) {
        if zone(&self.time_zone).is_none() {
            let what = "this is no time zone of the IANA database, such as Asia/Jerusalem";
            faults.add("time_zone".to_owned(), FaultCode::BadTimeZone, what);
        }
        for (day, spans) in self.hours.iter().flat_map(super::hours::Week::days) {
            for (n, span) in spans.iter().enumerate().take(SPANS_MAX) {
                if span.minutes().is_none() {
                    let what = "hours are HH:MM, the end after the beginning on the same day";
                    faults.add(format!("hours.{day}.{n}"), FaultCode::BadTime, what);
                }
            }
            faults.at_most(spans.len(), format!("hours.{day}"));
        }
        for (n, closure) in self.closures.iter().enumerate().take(SPANS_MAX) {
            if closure.days().is_none() {
                let what = "days are YYYY-MM-DD, the last one not before the first";
                faults.add(format!("closures.{n}"), FaultCode::BadTime, what);
            }
        }
        faults.at_most(self.closures.len(), "closures".to_owned());
    }

    fn check_node(&self, id: &str, node: &Node, own: &[Phone], faults: &mut Faults) {
        let at = |field: &str| format!("nodes.{id}.{field}");
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !(1..=32).contains(&id.len()) || !id.bytes().all(plain) {
            let what = "the id of a node is 1 to 32 lower-case letters, digits and underscores";
            faults.add(format!("nodes.{id}"), FaultCode::BadName, what);
        }
        match node {
            Node::Say { text, .. } => faults.spoken(at("text"), text),
            Node::Play { url, .. } => faults.url(at("url"), url, "https://", "http://"),
            Node::Menu {
                prompt,
                options,
                timeout_s,
                retries,
                ..
            } => {
                faults.spoken(at("prompt"), prompt);
                faults.within(at("timeout_s"), *timeout_s, 1, 30);
                faults.within(at("retries"), *retries, 0, 5);
                self.check_options(id, options, faults);
            }
            Node::Dial {
                targets, ring_s, ..
            } => {
                faults.within(at("ring_s"), *ring_s, 5, 60);
                faults.targets(&at("targets"), targets, own);
            }
            Node::Voicemail { prompt, max_s } => {
                faults.spoken(at("prompt"), prompt);
                faults.within(at("max_s"), *max_s, 5, 600);
            }
            Node::Bridge { url, max_s, .. } => {
                faults.url(at("url"), url, "wss://", "ws://");
                faults.within(at("max_s"), *max_s, 10, 3_600);
            }
            Node::Hangup { text } => {
                if let Some(text) = text {
                    faults.spoken(at("text"), text);
                }
            }
        }
        for (field, to) in node.ways_on() {
            faults.must_exist(self, at(field), to);
        }
    }

    fn check_options(&self, id: &str, options: &BTreeMap<String, String>, faults: &mut Faults) {
        if options.is_empty() {
            let what = "a menu offers at least one digit";
            faults.add(format!("nodes.{id}.options"), FaultCode::Empty, what);
        }
        for (digit, to) in options {
            let at = format!("nodes.{id}.options.{digit}");
            if digit.chars().count() != 1 || !DIGITS.contains(digit.as_str()) {
                let what = "a menu offers 0 to 9, * and #, each one alone";
                faults.add(at.clone(), FaultCode::BadDigit, what);
            }
            faults.must_exist(self, at, to);
        }
    }

    /// Every node has a way to it, and whoever presses nothing comes to an end. Of the ways that need no digit none
    /// leads back: all of them then end at a node without any.
    fn check_ways(&self, faults: &mut Faults) {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![self.entry.open.as_str(), self.entry.closed.as_str()];
        while let Some(id) = open.pop() {
            let Some(node) = self.nodes.get(id) else {
                continue;
            };
            if reached.insert(id) {
                open.extend(node.ways_on().into_iter().map(|(_, to)| to));
                if let Node::Menu { options, .. } = node {
                    open.extend(options.values().map(String::as_str));
                }
            }
        }
        for id in self.nodes.keys() {
            if !reached.contains(id.as_str()) {
                let what = "no call ever comes to this node";
                faults.add(format!("nodes.{id}"), FaultCode::Unreachable, what);
            }
        }
        // Nodes from which every way without a digit ends, found from the ends backwards; the rest goes round.
        let mut ending: BTreeSet<&str> = BTreeSet::new();
        loop {
            let before = ending.len();
            for (id, node) in &self.nodes {
                let ends = |to: &str| ending.contains(to) || !self.nodes.contains_key(to);
                if node.ways_on().iter().all(|(_, to)| ends(to)) {
                    ending.insert(id);
                }
            }
            if ending.len() == before {
                break;
            }
        }
        for id in self.nodes.keys() {
            if !ending.contains(id.as_str()) {
                let what = "whoever presses nothing is led round for ever from here";
                faults.add(format!("nodes.{id}"), FaultCode::EndlessLoop, what);
            }
        }
    }

    fn check_rest(&self, faults: &mut Faults) {
        let missed = &self.missed_call;
        if (missed.enabled || !missed.text.is_empty()) && !text_is_sendable(&missed.text) {
            let (code, what) = if missed.text.trim().is_empty() {
                (FaultCode::Empty, "say what whoever is missed is sent")
            } else {
                (FaultCode::TooLong, "a message has at most 4,096 characters")
            };
            faults.add("missed_call.text".to_owned(), code, what);
        }
        faults.within("missed_call.window_h".to_owned(), missed.window_h, 1, 168);
        if missed
            .quiet
            .as_ref()
            .is_some_and(|it| it.minutes().is_none())
        {
            let what = "quiet hours are HH:MM, from one time to another";
            faults.add("missed_call.quiet".to_owned(), FaultCode::BadTime, what);
        }
        if let Some(days) = self.recording.keep_days {
            faults.within("recording.keep_days".to_owned(), days, 1, 3_650);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Language, SPOKEN_MAX};
    use serde_json::{Value, json};

    const OWN: &str = "972501110000";

    fn sound() -> Value {
        json!({
            "language": "en", "time_zone": "Asia/Jerusalem",
            "entry": {"open": "greet", "closed": "vm"},
            "nodes": {
                "greet": {"kind": "say", "text": "Hello", "next": "menu"},
                "menu": {"kind": "menu", "prompt": "Press 1", "options": {"1": "ring", "9": "greet"},
                    "no_input": "vm"},
                "ring": {"kind": "dial", "targets": ["+972501234567"], "no_answer": "vm"},
                "vm": {"kind": "voicemail", "prompt": "Speak"},
            },
        })
    }

    fn found(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
        let mut flow = sound();
        change(&mut flow);
        let flow: CallFlow = serde_json::from_value(flow).unwrap();
        let faults = flow.faults(&[Phone::parse(OWN).unwrap()]);
        let shown = faults.into_iter().map(|it| (it.at, it.code.name()));
        shown.collect()
    }

    fn one(at: &str, code: &'static str) -> Vec<(String, &'static str)> {
        vec![(at.to_owned(), code)]
    }

    #[test]
    fn a_loop_that_a_digit_is_needed_for_is_sound() {
        assert_eq!(found(|_| ()), []);
    }

    #[test]
    fn a_loop_without_a_digit_is_found_at_every_node_of_it() {
        let faults = found(|flow| flow["nodes"]["menu"]["no_input"] = json!("greet"));
        let round = [
            ("nodes.greet", "endless_loop"),
            ("nodes.menu", "endless_loop"),
        ];
        assert_eq!(faults, round.map(|(at, code)| (at.to_owned(), code)));
        let faults = found(|flow| flow["nodes"]["ring"]["no_answer"] = json!("ring"));
        assert_eq!(faults, one("nodes.ring", "endless_loop"));
    }

    #[test]
    fn every_way_leads_somewhere_and_every_node_is_reached() {
        let faults = found(|flow| flow["nodes"]["menu"]["options"]["2"] = json!("nowhere"));
        assert_eq!(faults, one("nodes.menu.options.2", "no_such_node"));
        let faults = found(|flow| flow["entry"]["closed"] = json!("nowhere"));
        assert_eq!(faults, one("entry.closed", "no_such_node"));
        let faults = found(|flow| flow["nodes"]["left"] = json!({"kind": "hangup"}));
        assert_eq!(faults, one("nodes.left", "unreachable"));
    }

    #[test]
    fn nobody_is_rung_who_would_call_back_here_or_is_no_number() {
        for (target, code) in [
            ("+972501110000", "own_number"),
            ("0501234567", "bad_number"),
            ("972501234567", "bad_number"),
            ("client:bob", "bad_number"),
        ] {
            let faults = found(|flow| flow["nodes"]["ring"]["targets"][0] = json!(target));
            assert_eq!(faults, one("nodes.ring.targets.0", code), "{target}");
        }
        let faults = found(|flow| flow["nodes"]["ring"]["targets"] = json!([]));
        assert_eq!(faults, one("nodes.ring.targets", "empty"));
    }

    #[test]
    fn what_is_said_and_every_number_have_their_limits() {
        let long = "ש".repeat(SPOKEN_MAX + 1);
        let faults = found(|flow| flow["nodes"]["greet"]["text"] = json!(long));
        assert_eq!(faults, one("nodes.greet.text", "too_long"));
        let faults = found(|flow| flow["nodes"]["vm"]["prompt"] = json!("  "));
        assert_eq!(faults, one("nodes.vm.prompt", "empty"));
        let faults = found(|flow| flow["nodes"]["ring"]["ring_s"] = json!(4));
        assert_eq!(faults, one("nodes.ring.ring_s", "out_of_range"));
        let faults = found(|flow| flow["nodes"]["menu"]["options"]["12"] = json!("vm"));
        assert_eq!(faults, one("nodes.menu.options.12", "bad_digit"));
        let faults = found(|flow| flow["time_zone"] = json!("Mars/Olympus"));
        assert_eq!(faults, one("time_zone", "bad_time_zone"));
        let faults = found(|flow| flow["missed_call"] = json!({"enabled": true, "text": ""}));
        assert_eq!(faults, one("missed_call.text", "empty"));
        let quiet = json!({"enabled": false, "text": "", "quiet": {"from": "22:00", "to": "7:00"}});
        let faults = found(|flow| flow["missed_call"] = quiet);
        assert_eq!(faults, one("missed_call.quiet", "bad_time"));
    }

    #[test]
    fn an_address_is_secure_or_on_this_machine() {
        for (url, is_good) in [
            ("wss://voice.example.com/x?y=1", true),
            ("ws://127.0.0.1:4000/x", true),
            ("ws://voice.example.com/x", false),
            ("wss://me:secret@voice.example.com/", false),
            ("wss://voice.ex%61mple.com/", false),
            ("wss://", false),
            ("https://voice.example.com/", false),
            ("wss://voice.example.com/a b", false),
        ] {
            let node = json!({"kind": "bridge", "url": url, "done": "vm", "failed": "vm"});
            let faults = found(|flow| flow["nodes"]["ring"] = node);
            assert_eq!(faults.is_empty(), is_good, "{url}: {faults:?}");
        }
    }

    #[test]
    fn a_flow_of_nothing_names_what_it_lacks() {
        let mut flow = CallFlow::standard(Language::En);
        flow.nodes.clear();
        let faults = flow.faults(&[]);
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
